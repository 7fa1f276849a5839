"""A session of the services, on free ports, in a folder of the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from dui_conformance.simulators.session import Session, Settings


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Starts a session; it is stopped at the end of the test if the test did not."""
    started: list[Session] = []

    def start(**settings: Any) -> Session:
        session = Session(Settings(tmp_path / "session", **{"services": ("psc",), **settings}))
        session.start()
        started.append(session)
        return session

    yield start
    for session in started:
        session.stop()


@pytest.fixture
def client(playing: Callable[..., Session]) -> Callable[[Session], requests.Session]:
    """An HTTP client that trusts the session's authorities and nothing of this machine."""

    def made(session: Session) -> requests.Session:
        http = requests.Session()
        http.trust_env = False
        http.verify = session.variables["DUI_CA_FILE"]
        return http

    return made
