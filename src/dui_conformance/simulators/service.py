"""What a simulated service is, and what it is given to work with."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from dui_conformance.simulators.pki import Pki
from dui_conformance.simulators.recording import Recorder
from dui_conformance.simulators.scenario import Progress
from dui_conformance.text import Text

Mode = Literal["strict", "record"]

# name of a service → where its class is; each is loaded when it is asked for
SERVICES: Mapping[str, str] = {
    "psc": "dui_conformance.simulators.psc.service:ProSanteConnect",
    "pfi": "dui_conformance.simulators.mllp:InterfaceEngine",
}


@dataclass(frozen=True, slots=True)
class TestIdentity:
    """An invented person or structure to sign in, send or search with; `values`: what to type, by name."""

    __test__ = False  # pytest would take it for a test
    title: Text
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Started:
    """What a started service tells: addresses by use, environment variables, identities to test with."""

    addresses: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    identities: Sequence[TestIdentity] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that Pro Santé Connect issued; `subject` is its SubjectNameID, `expires` a monotonic time."""

    value: str
    subject: str
    expires: float
    session: str
    thumbprint: str = ""  # SHA-256 of the client certificate it is bound to (RFC 8705), in hexadecimal

    @property
    def alive(self) -> bool:
        return time.monotonic() < self.expires


class Tokens:
    """The access tokens of the session, which other services ask about (MSSanté's XOAUTH2, INSi, DMP)."""

    def __init__(self) -> None:
        self._known: dict[str, Token] = {}

    def issue(self, token: Token) -> None:
        self._known[token.value] = token
        while len(self._known) > 10_000:
            del self._known[next(iter(self._known))]

    def get(self, value: str) -> Token | None:
        """The token of a value, alive or not; None if it was never issued."""
        return self._known.get(value)

    def revoke(self, session: str) -> None:
        """Forget the tokens of a session of Pro Santé Connect."""
        for value in [v for v, token in self._known.items() if token.session == session]:
            del self._known[value]


@dataclass(slots=True)
class Scene:
    """What services share. `mode`: strict refuses as the real service would, record accepts and lets rules tell.

    `scratch` is a folder for files of the services, removed at the end; `options`: what the command line set.
    """

    recorder: Recorder
    progress: Progress
    pki: Pki
    mode: Mode
    scratch: Path
    host: str = "127.0.0.1"
    name: str = "localhost"  # in addresses; certificates are for it
    ports: dict[str, int] = field(default_factory=dict)  # asked for, by service; 0 or none: any free one
    client_authorities: Sequence[Path] = ()  # PEM files of further authorities of client certificates
    tokens: Tokens = field(default_factory=Tokens)
    addresses: dict[str, str] = field(default_factory=dict)  # of the services started before
    options: Mapping[str, Any] = field(default_factory=dict)

    def setting(self, service: str, name: str, default: Any) -> Any:
        """A value that the scenario sets for a service, or the default."""
        return self.progress.setting(service, name, default)


class Service(Protocol):
    """A simulated service. Made without arguments, started and stopped in the loop of the session."""

    name: str

    async def start(self, scene: Scene) -> Started:
        """Listen; must not wait for anybody. Raises OSError if a port cannot be had."""
        ...

    async def stop(self) -> None:
        """Close everything that start opened."""
        ...


def service(name: str) -> Service:
    """A new service of a name of `SERVICES`. Raises LookupError."""
    import importlib

    module, _, found = SERVICES[name].partition(":")
    made: Service = getattr(importlib.import_module(module), found)()
    return made


def secret(size: int = 24) -> str:
    """A random value that can stand in a URL."""
    return secrets.token_urlsafe(size)
