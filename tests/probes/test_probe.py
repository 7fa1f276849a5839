"""The invented DUI is probed: nothing is said of the good one, and each fault makes its rules speak."""

import contextlib
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.dui_server.play import play

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import Plan, plan
from dui_conformance.probes import handshakes
from dui_conformance.probes.probe import probe
from dui_conformance.probes.targets import Target, target_of
from dui_conformance.readiness.manifest import Endpoint
from dui_conformance.rules import catalogue
from dui_conformance.subjects.intake import Unit, open_unit, units
from dui_conformance.subjects.model import Budget
from tests.places import READY, settings_of
from tests.simulators.recorded import exchanges, said

PLAN: Plan = plan(catalogue.load(), settings_of(READY / "dui.toml"))
CONSUMER, FACADE, FRONT = ("tddui-consumer",), ("fhir",), ("web",)


def spoken(folder: Path) -> set[str]:
    opened = (unit for unit in units([folder], folder.parent) if isinstance(unit, Unit))
    return {f.rule for unit in opened for f in evaluate(open_unit(unit, Budget()), PLAN).findings}


def missed(folder: Path) -> list[str]:
    """What the probe says it did not try."""
    found: list[str] = []
    for exchange in exchanges(folder):
        assert exchange.view is not None
        found += map(str, exchange.view.xpath("facts/fact[@name='notChecked']/text()"))
    return found


def test_nothing_is_said_of_a_good_dui(tmp_path: Path) -> None:
    dui = play(tmp_path / "session")
    assert spoken(tmp_path / "session") == set()
    assert set(missed(tmp_path / "session")) == {"idle-timeout"}
    assert dui.kept == 35, "the good bundle alone was kept"


@pytest.mark.parametrize(
    ("bad", "kinds", "rules"),
    [
        ("plain", FACADE, {"PRB-NET-002"}),
        ("old_tls", FACADE, {"PRB-TLS-001", "PRB-TLS-004"}),
        ("weak_suites", FACADE, {"PRB-TLS-003", "PRB-TLS-004"}),
        ("expired", FACADE, {"PRB-CRT-002"}),
        ("not_yet", FACADE, {"PRB-CRT-002"}),
        ("wrong_host", FACADE, {"PRB-CRT-003"}),
        ("wrong_ca", FACADE, {"PRB-CRT-001"}),
        ("self_signed", FACADE, {"PRB-CRT-001"}),
        ("revoked", FACADE, {"PRB-CRT-004"}),
        ("open", FACADE, {"PRB-AUT-001", "PRB-AUT-002", "PRB-AUT-003", "PRB-AUT-004", "PRB-AUT-005"}),
        ("open", FRONT, {"PRB-AUT-001", "PRB-SES-001"}),
        ("any_token", FACADE, {"PRB-AUT-002", "PRB-AUT-003", "PRB-AUT-004", "PRB-AUT-005"}),
        ("unsigned_token", FACADE, {"PRB-AUT-003"}),
        ("expired_token", FACADE, {"PRB-AUT-004"}),
        ("no_challenge", FACADE, {"PRB-AUT-006"}),
        ("long_token", FACADE, {"PRB-SES-004"}),
        ("session_stays", FRONT, {"PRB-SES-001"}),
        ("long_cookie", FRONT, {"PRB-SES-003"}),
        ("no_headers", FRONT, {"PRB-WEB-001", "PRB-WEB-002", "PRB-WEB-003", "PRB-WEB-004"}),
        ("bare_cookie", FRONT, {"PRB-WEB-005"}),
        ("tells_versions", FRONT, {"PRB-WEB-006"}),
        ("no_transaction", CONSUMER, {"PRB-CAP-003", "PRB-CAP-004"}),
        ("old_fhir", FACADE, {"PRB-CAP-002", "FHIR-BND-001"}),
        ("takes_anything", CONSUMER, {"PRB-TDD-004", "PRB-TDD-005"}),
        ("takes_half", CONSUMER, {"PRB-TDD-004", "PRB-TDD-005"}),
        ("plain_errors", CONSUMER, {"PRB-TDD-006"}),
        ("status_200", CONSUMER, {"PRB-TDD-002"}),
        ("loses_entries", CONSUMER, {"PRB-TDD-002"}),
        ("no_location", CONSUMER, {"PRB-TDD-003"}),
        ("plain_json", FACADE, {"PRB-TDD-007"}),
    ],
)
def test_each_fault_is_told(tmp_path: Path, bad: str, kinds: tuple[str, ...], rules: set[str]) -> None:
    play(tmp_path / "session", bad, kinds)
    assert spoken(tmp_path / "session") == rules


def test_nothing_is_sent_to_who_cannot_be_trusted(tmp_path: Path) -> None:
    play(tmp_path / "session", "wrong_ca", CONSUMER)
    assert not list((tmp_path / "session").rglob("request.http"))
    assert "requests (untrusted certificate)" in missed(tmp_path / "session")


def test_secrets_are_not_written_down(tmp_path: Path) -> None:
    dui = play(tmp_path / "session")
    written = b"".join(path.read_bytes() for path in (tmp_path / "session").rglob("*") if path.is_file())
    assert written.count(b"Authorization: Bearer ***") > 5
    assert b"Cookie: ***" in written
    head = dui.token().split(".")[0].encode()
    assert head not in written, "no token of the DUI's own"


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers what a test wants to everything."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        if self.path.startswith("/redirects"):
            self.send_response(302)
            self.send_header("Location", self.server.elsewhere)  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path.startswith("/endless"):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"a" * 65536)
        else:
            self.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n")

    do_POST = do_GET  # noqa: N815  as the standard library names it

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[http.server.ThreadingHTTPServer]:
    handler = type("Handler", (_Answers,), {"seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def at(url: str, kind: str = "fhir") -> Target:
    return target_of(Endpoint("essai", kind, url), Path(), {})


class TestHostileEndpoints:
    def test_a_redirection_is_not_followed(self, tmp_path: Path, answering: http.server.ThreadingHTTPServer) -> None:
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            elsewhere.settimeout(0.2)
            answering.elsewhere = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"  # type: ignore[attr-defined]
            probe([at(f"http://localhost:{answering.server_address[1]}/redirects")], tmp_path / "session")
            with pytest.raises(TimeoutError):
                elsewhere.accept()
        assert {said(e, "response/@status") for e in exchanges(tmp_path / "session")} == {"302", ""}

    def test_an_endless_answer_ends(self, tmp_path: Path, answering: http.server.ThreadingHTTPServer) -> None:
        probe([at(f"http://localhost:{answering.server_address[1]}/endless", "web")], tmp_path / "session")
        front = next(e for e in exchanges(tmp_path / "session") if said(e, "@operation") == "front")
        assert said(front, "facts/fact[@name='failure']") == "too large"

    def test_what_is_no_http_is_told(self, tmp_path: Path, answering: http.server.ThreadingHTTPServer) -> None:
        probe([at(f"http://localhost:{answering.server_address[1]}/bruit")], tmp_path / "session")
        assert "PRB-CAP-001" in spoken(tmp_path / "session"), "blocked"

    def test_what_is_no_tls_is_told(self, tmp_path: Path, answering: http.server.ThreadingHTTPServer) -> None:
        probe([at(f"https://localhost:{answering.server_address[1]}/")], tmp_path / "session")
        assert not list((tmp_path / "session").rglob("request.http"))

    def test_nobody_answers(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        probe([at(f"https://localhost:{port}/fhir")], tmp_path / "session")
        assert spoken(tmp_path / "session") == {"PRB-NET-001"}


class TestWithoutCredentials:
    def test_what_needs_them_is_not_tried_and_said_so(self, tmp_path: Path) -> None:
        import tempfile

        from fixtures.dui_server.server import serving

        with tempfile.TemporaryDirectory() as keys, serving(Path(keys)) as (_dui, address, trusted):
            endpoint = Endpoint("import", "tddui-consumer", f"{address}/fhir", ca=trusted.name)
            probe([target_of(endpoint, trusted.parent, {})], tmp_path / "session")
        assert spoken(tmp_path / "session") == set()
        told = missed(tmp_path / "session")
        assert {"bundle-good (no credentials)", "expired-token", "tampered-token"} <= set(told)


class TestSession:
    def test_it_is_whole(self, tmp_path: Path) -> None:
        play(tmp_path / "session", kinds=FACADE)
        content = json.loads((tmp_path / "session" / "session.json").read_bytes())
        assert (content["scenario"], content["complete"], content["services"]) == ("probe", True, ["facade"])


class TestHandshakes:
    def test_this_machine_speaks_today_s_tls(self) -> None:
        assert handshakes.offerable("1.2")
        assert handshakes.offerable("1.3")

    def test_what_cannot_be_offered_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handshakes, "offerable", lambda name: False)
        assert handshakes.offer(at("https://localhost:1/"), "1.0").outcome == "unknown"
