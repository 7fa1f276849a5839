"""Beside the services: the CRLs of the test authorities, their certificates, and where the scenario stands.

`GET /crl/organisations.crl` and `GET /ac/igc-sante.pem` are recorded (a DUI that fetches the CRL shows that it looks
at revocation); `/scenario` is for whoever runs the session, and is not: `GET` tells the step, `POST /scenario/next`
goes to the next one, `POST /scenario/answer?step=…&answer=yes|no` notes what a person saw.
"""

import json

from dui_conformance.simulators.scenario import Progress
from dui_conformance.simulators.server import Exchange, Request, Response
from dui_conformance.simulators.service import Scene

NAME = "pki"


class Trust:
    """The application that serves them, in clear, as CRLs are."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def operation(self, request: Request) -> str:
        if request.path.startswith("/crl/"):
            return "crl"
        if request.path.startswith("/ac/"):
            return "authority"
        return "" if request.path.startswith("/scenario") else "unknown"

    async def answer(self, request: Request, operation: str, exchange: Exchange) -> Response:
        if operation == "crl":
            crl = self.scene.pki.crl(request.path.removeprefix("/crl/").removesuffix(".crl"))
            return Response(404) if crl is None else Response(200, crl, "application/pkix-crl")
        if operation == "authority":
            files = {"igc-sante.pem": self.scene.pki.trusted, "autorite-web.pem": self.scene.pki.web_trusted}
            file = files.get(request.path.removeprefix("/ac/"))
            return Response(404) if file is None else Response(200, file.read_bytes(), "application/x-pem-file")
        if not operation:
            return self._scenario(request)
        return Response(404)

    def _scenario(self, request: Request) -> Response:
        progress = self.scene.progress
        if request.method == "POST":
            if request.path == "/scenario/next":
                progress.advance()
            elif request.path == "/scenario/answer":
                query = request.query
                if not progress.answer(query.get("step", ""), query.get("answer", "")):
                    return Response(400)
        return Response(200, json.dumps(_state(progress), ensure_ascii=False).encode(), "application/json")


def _state(progress: Progress) -> dict[str, object]:
    step = progress.step
    return {
        "scenario": progress.scenario.id,
        "step": step.id,
        "over": progress.states[progress.at].over,
        "complete": progress.complete,
        "do": step.do.as_dict(),
        "confirm": step.confirm.as_dict() if step.confirm else None,
        "steps": progress.as_json(),
    }
