"""masked.txt: a reviewer reads what was said; no secret and no personal value is in it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from fixtures.dui_client.play import play

from dui_conformance.simulators.masking import mask
from dui_conformance.simulators.psc.people import PROFESSIONALS
from dui_conformance.simulators.recording import Recorder
from dui_conformance.simulators.session import Session
from tests.places import READY

_SECRET = re.compile(
    r"(?:code|state|nonce|code_verifier|id_token_hint|session_state|client_secret|auth_req_id|refresh_token|"
    r'access_token|id_token)(?:=|": ?")([^&\s"#]{8,})|(?:Basic|Bearer) ([\w.~+/-]{8,}=*)(?=\s)'
)


def masked(folder: Path) -> str:
    mask(folder)
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("masked.txt")))


def raw(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.rglob("*.http")))


@pytest.mark.parametrize("scenario", ["psc-connexion", "psc-renouvellement"])
def test_no_secret_and_no_person(scenario: str, tmp_path: Path) -> None:
    play(scenario, tmp_path / "session")
    secrets = {one or other for one, other in _SECRET.findall(raw(tmp_path))}
    assert len(secrets) > 8
    text = masked(tmp_path / "session")
    who = PROFESSIONALS[0]
    left = [value for value in (*secrets, who.family, who.given, who.rpps) if value.casefold() in text.casefold()]
    assert not left
    assert "response_type=code" in text
    assert "acr_values=eidas1" in text
    assert '"SubjectOrganization": "EHPAD LES GLYCINES"' in text, "what names nobody is there to be read"


def test_the_sessions_of_the_fixtures_are_masked() -> None:
    """Each exchange in it, with what its own raw files hold."""
    found = sorted((READY / "sessions").glob("psc-*/exchanges/*/masked.txt"))
    assert len(found) > 50
    left = {}
    for path in found:
        text = path.read_text(encoding="utf-8")
        secrets = {one or other for one, other in _SECRET.findall(raw(path.parent))}
        shown = [value for value in secrets if value in text]
        if shown:
            left[path.parent.name] = shown
    assert not left


def recorded(folder: Path, request: bytes) -> Path:
    recording = Recorder(folder).begin("essai")
    recording.operation = "envoi"
    recording.request(request)
    recording.close()
    return folder


def posted(body: bytes, kind: str, target: str = "/") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    "request_",
    [
        posted(b"", "text/plain", "/?family_name=x&given_name=J%C3%A9r%C3%B4me%20Ozwaxx"),
        posted(b"given_name=J%C3%A9r%C3%B4me+Ozwaxx", "application/x-www-form-urlencoded"),
        posted(json.dumps({"given_name": "Jérôme Ozwaxx"}).encode(), "application/json"),
        posted(json.dumps({"given_name": "Jérôme Ozwaxx"}, ensure_ascii=False).encode(), "application/json"),
    ],
)
def test_however_a_value_is_written(request_: bytes, tmp_path: Path) -> None:
    text = masked(recorded(tmp_path / "session", request_))
    assert "zwaxx" not in text.casefold()
    assert "given_name" in text


def test_base64_is_not_shown_and_digests_are(tmp_path: Path) -> None:
    block, digest = "Q2VjaSBlc3QgdW4gZG9jdW1lbnQ" * 5, "0123456789abcdef" * 4
    text = masked(recorded(tmp_path / "session", posted(f"{block}=\n{digest}".encode(), "text/plain")))
    assert block[:40] not in text
    assert f"‹base64: {len(block) + 1}›" in text
    assert digest in text


def test_masks_are_those_of_a_session_alone(tmp_path: Path) -> None:
    request_ = posted(b"given_name=Ozwaxx", "application/x-www-form-urlencoded")
    masks = [re.findall(r"given_name=(‹[0-9a-f]{6}›)", masked(recorded(tmp_path / name, request_))) for name in "ab"]
    assert [len(found) for found in masks] == [1, 1]
    assert masks[0] != masks[1]


def test_what_cannot_be_read_is_masked_too(
    playing: Callable[..., Session], client: Callable[[Session], requests.Session]
) -> None:
    session = playing()
    client(session).get(session.variables["DUI_PSC_DISCOVERY_URL"])
    session.stop()
    folder = session.settings.folder
    (found,) = (folder / "exchanges").iterdir()
    (found / "exchange.json").write_text("{", encoding="utf-8")
    (found / "response.http").unlink()
    assert "GET /auth/realms" in masked(folder)
