"""A session: chosen services on free ports of loopback, in a thread of their own, recorded until it stops.

    with Session(Settings(folder, services=("psc",))) as session:
        requests.get(session.variables["DUI_PSC_DISCOVERY_URL"], verify=session.variables["DUI_CA_FILE"])

Nothing is left behind but `folder`: keys lie in a folder of their own that is removed, unless `pki_folder` keeps it.
"""

import asyncio
import concurrent.futures
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dui_conformance import __version__
from dui_conformance.simulators import trust
from dui_conformance.simulators.pki import Pki
from dui_conformance.simulators.recording import Recorder
from dui_conformance.simulators.scenario import Progress, Scenario, free
from dui_conformance.simulators.server import HttpServer
from dui_conformance.simulators.service import SERVICES, Mode, Scene, Service, Started, TestIdentity, service

_PATIENCE = 30.0  # seconds that a start or a stop may take before it is given up


class SessionError(RuntimeError):
    """A session that cannot start: a port that is taken, a folder that cannot be written, an unknown service."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session is asked to be. `port_base`: services take the ports from there on; 0: free ones."""

    folder: Path
    services: Sequence[str] = ()
    scenario: Scenario | None = None
    mode: Mode = "record"
    port_base: int = 0
    pki_folder: Path | None = None
    client_authorities: Sequence[Path] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


class Session:
    """Starts and stops the services; a context manager."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scenario = settings.scenario or free(settings.services or tuple(SERVICES))
        self.services = tuple(settings.services) or tuple(self.scenario.services)
        self.variables: dict[str, str] = {}
        self.addresses: dict[str, dict[str, str]] = {}
        self.identities: dict[str, Sequence[TestIdentity]] = {}
        self.scene: Scene | None = None
        self._running: list[Service] = []
        self._trust: HttpServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._own_pki: Path | None = None

    def __enter__(self) -> "Session":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start every service. Raises SessionError; nothing is left running then."""
        unknown = [name for name in self.services if name not in SERVICES]
        if unknown:
            raise SessionError(", ".join(unknown))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_run, args=(loop,), name="dui-conformance-simulators", daemon=True)
        thread.start()
        self._loop, self._thread = loop, thread
        try:
            self._in_loop(self._start)
        except (OSError, TimeoutError) as error:
            self.stop()
            raise SessionError(str(error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every service and write session.json. Safe to call twice."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._loop = None
        with contextlib.suppress(Exception):  # what cannot be stopped ends with its loop
            asyncio.run_coroutine_threadsafe(self._stop(), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        if not thread.is_alive():
            loop.close()
        if self._own_pki is not None:
            shutil.rmtree(self._own_pki, ignore_errors=True)

    def next_step(self) -> bool:
        """Go to the next step of the scenario; False at the end."""

        async def advance() -> bool:
            return self.scene is not None and self.scene.progress.advance()

        return bool(self._in_loop(advance))

    def answer(self, step: str, answer: str) -> None:
        """Note what a person answered to the `confirm` of a step."""

        async def note() -> bool:
            return self.scene is not None and self.scene.progress.answer(step, answer)

        self._in_loop(note)

    def _in_loop(self, coroutine: Callable[[], Any]) -> Any:
        if self._loop is None:
            raise SessionError("the session is not running")
        try:
            return asyncio.run_coroutine_threadsafe(coroutine(), self._loop).result(_PATIENCE)
        except concurrent.futures.TimeoutError as error:
            raise TimeoutError("the services do not answer") from error

    async def _start(self) -> None:
        settings = self.settings
        recorder = Recorder(settings.folder)
        if settings.pki_folder is None:
            self._own_pki = Path(tempfile.mkdtemp(prefix="dui-conformance-"))
        folder = settings.pki_folder or self._own_pki
        assert folder is not None  # noqa: S101  one of the two was just made
        base = settings.port_base
        ports = {name: base + rank for rank, name in enumerate((trust.NAME, *SERVICES))} if base else {}
        self.scene = scene = Scene(
            recorder,
            Progress(self.scenario),
            Pki(folder, ""),
            settings.mode,
            folder,
            ports=ports,
            client_authorities=settings.client_authorities,
            options=settings.options,
        )
        self._trust = HttpServer(scene, trust.NAME, trust.Trust(scene))
        await self._trust.start()
        scene.pki.crl_base = f"{self._trust.address}/crl"
        identity = scene.pki.client()
        self._tell(
            trust.NAME,
            Started(
                {"crl": scene.pki.crl_base, "scenario": f"{self._trust.address}/scenario"},
                {
                    "DUI_CA_FILE": str(scene.pki.trusted),
                    "DUI_CLIENT_CERTIFICATE_FILE": str(identity.path),
                    "DUI_SCENARIO_URL": f"{self._trust.address}/scenario",
                },
            ),
        )
        recorder.write_session(self._content(scene, ended=False))
        for name in (name for name in SERVICES if name in self.services):
            made = service(name)
            self._running.append(made)
            self._tell(name, await made.start(scene))

    def _tell(self, name: str, started: Started) -> None:
        assert self.scene is not None  # noqa: S101
        self.addresses[name] = dict(started.addresses)
        self.scene.addresses.update({f"{name}.{use}": address for use, address in started.addresses.items()})
        self.variables.update(started.variables)
        self.identities[name] = started.identities

    async def _stop(self) -> None:
        for running in reversed(self._running):
            with contextlib.suppress(Exception):
                await running.stop()
        self._running.clear()
        if self._trust is not None:
            await self._trust.stop()
        if self.scene is not None:
            self.scene.recorder.write_session(self._content(self.scene, ended=True))

    def _content(self, scene: Scene, *, ended: bool) -> dict[str, Any]:
        recorder = scene.recorder
        return {
            "tool": __version__,
            "services": list(self.services),
            "scenario": self.scenario.id,
            "mode": self.settings.mode,
            "started": recorder.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ended": recorder.now().strftime("%Y-%m-%dT%H:%M:%SZ") if ended else "",
            "complete": scene.progress.complete if ended else False,
            "steps": scene.progress.as_json(),
        }


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
