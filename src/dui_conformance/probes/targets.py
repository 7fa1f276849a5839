"""What may be probed: endpoints of the manifest, on this machine or explicitly authorised, and nothing else."""

import ipaddress
import socket
import urllib.parse
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dui_conformance.readiness.manifest import Endpoint
from dui_conformance.text import Text

DEFAULT_PATHS: Mapping[str, str] = {"fhir": "Patient?_count=1", "tddui-consumer": "", "web": ""}


class TargetError(ValueError):
    """An endpoint that is not probed; `why` says so in both languages."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint ready to be probed. `url` has no final slash; secrets come from the environment, never from a file.

    `protected`: a path below the URL that wants authentication; `logout`: one that ends the session. `hosts`: where
    revocation lists may be fetched, beside the endpoint's own host.
    """

    name: str
    kind: str
    url: str
    host: str
    port: int
    tls: bool
    authorised: bool = False
    hosts: frozenset[str] = frozenset()
    ca: Path | None = None
    certificate: Path | None = None
    protected: str = ""
    logout: str = ""
    claims: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    expired: str = field(default="", repr=False)
    session: str = field(default="", repr=False)

    @property
    def has_credentials(self) -> bool:
        return bool(self.token or self.certificate)

    def address(self, path: str) -> str:
        """The address of a path below the URL."""
        if not path:
            return self.url
        return f"{self.url}/{path.lstrip('/')}"

    def may_fetch(self, url: str) -> bool:
        """Whether an address that the endpoint names (of a revocation list) may be called."""
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname or "").lower()
        return (
            parts.scheme in ("http", "https")
            and bool(host)
            and (host in self.hosts or (is_loopback(host) and is_loopback(self.host)))
        )


def is_loopback(host: str) -> bool:
    """Whether a name or an address is that of this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def target_of(endpoint: Endpoint, folder: Path, environment: Mapping[str, str]) -> Target:
    """The target of a declared endpoint. Raises TargetError."""
    try:
        parts = urllib.parse.urlsplit(endpoint.url)
        port = parts.port
    except ValueError as error:
        raise TargetError(
            Text(f"{endpoint.name} : l'URL n'est pas lisible", f"{endpoint.name}: the URL cannot be read")
        ) from error
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.query or parts.fragment:
        raise TargetError(
            Text(
                f"{endpoint.name} : une URL http(s) sans identifiants ni paramètres est attendue",
                f"{endpoint.name}: an http(s) URL without credentials nor parameters is expected",
            )
        )
    if not endpoint.authorised and not is_loopback(host):
        raise TargetError(
            Text(
                f"{endpoint.name} : {host} n'est pas cette machine ; ajouter authorised = true à ce [[endpoints]] si "
                "vous avez le droit de le sonder",
                f"{endpoint.name}: {host} is not this machine; add authorised = true to this [[endpoints]] if you have "
                "the right to probe it",
            )
        )
    for name, file in (("ca", endpoint.ca), ("client_certificate", endpoint.client_certificate)):
        if file and not (folder / file).is_file():
            raise TargetError(
                Text(
                    f"{endpoint.name} : {name} = {file} n'existe pas",
                    f"{endpoint.name}: {name} = {file} does not exist",
                )
            )
    tls = parts.scheme == "https"
    return Target(
        endpoint.name,
        endpoint.kind,
        endpoint.url.rstrip("/"),
        host,
        port or (443 if tls else 80),
        tls,
        endpoint.authorised,
        frozenset((host, *(name.lower() for name in endpoint.hosts))),
        folder / endpoint.ca if endpoint.ca else None,
        folder / endpoint.client_certificate if endpoint.client_certificate else None,
        endpoint.protected or DEFAULT_PATHS.get(endpoint.kind, ""),
        endpoint.logout,
        endpoint.claims,
        environment.get(endpoint.token_env, "") if endpoint.token_env else "",
        environment.get(endpoint.expired_token_env, "") if endpoint.expired_token_env else "",
        environment.get(endpoint.session_env, "") if endpoint.session_env else "",
    )


def targets(
    endpoints: Sequence[Endpoint], folder: Path, environment: Mapping[str, str], names: Collection[str] = ()
) -> list[Target]:
    """The targets of the endpoints of these names, or of all. Raises TargetError."""
    wanted = [endpoint for endpoint in endpoints if not names or endpoint.name in names]
    return [target_of(endpoint, folder, environment) for endpoint in wanted]


def resolved(target: Target) -> None:
    """Look the host up once more before anything is sent: a name of this machine must lead to this machine.

    Raises TargetError, OSError.
    """
    if target.authorised:
        return
    addresses = {info[4][0] for info in socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)}
    if not all(is_loopback(str(address).partition("%")[0]) for address in addresses):
        raise TargetError(
            Text(
                f"{target.name} : {target.host} ne mène pas à cette machine",
                f"{target.name}: {target.host} does not lead to this machine",
            )
        )
