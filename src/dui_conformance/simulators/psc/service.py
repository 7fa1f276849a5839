"""The service: its addresses, and what it tells a DUI under test."""

from dui_conformance.simulators.connections import Tls
from dui_conformance.simulators.psc.grants import REALM
from dui_conformance.simulators.psc.people import PROFESSIONALS
from dui_conformance.simulators.psc.provider import Provider
from dui_conformance.simulators.server import HttpServer
from dui_conformance.simulators.service import Scene, Started, secret

CLIENT = "dui-sous-test"


class ProSanteConnect:
    """Pro Santé Connect on one port: the wallet and the authentication server, which are two hosts in reality."""

    name = "psc"

    def __init__(self) -> None:
        self._server: HttpServer | None = None

    async def start(self, scene: Scene) -> Started:
        provider = Provider(scene, CLIENT, secret())
        server = self._server = HttpServer(scene, self.name, provider, Tls(client="optional"))
        await server.start()
        provider.listen(server.address)
        discovery = f"{server.address}{REALM}/.well-known/wallet-openid-configuration"
        return Started(
            {"issuer": provider.grants.issuer, "discovery": discovery},
            {
                "DUI_PSC_ISSUER": provider.grants.issuer,
                "DUI_PSC_DISCOVERY_URL": discovery,
                "DUI_PSC_CLIENT_ID": provider.client,
                "DUI_PSC_CLIENT_SECRET": provider.client_secret,
            },
            [professional.identity() for professional in PROFESSIONALS],
        )

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
