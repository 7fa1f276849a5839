"""The HTTP server under honest and hostile clients: everything is recorded, nothing stops it."""

import random
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from dui_conformance.simulators import server
from dui_conformance.simulators.faults import ANSWER, Fault
from dui_conformance.simulators.scenario import Served, Wanted, free
from dui_conformance.simulators.session import Session
from tests.simulators.recorded import exchanges, said

Playing = Callable[..., Session]
Client = Callable[[Session], requests.Session]


def faulty(operation: str, fault: str, **values: object) -> dict[str, object]:
    """Settings of a session that serves one fault."""
    return {"scenario": free(("psc",), (Served(Wanted("psc", operation), Fault(fault, values)),))}


def opened(session: Session, *, tls: bool = True) -> socket.socket:
    """A raw connection to the service."""
    port = urlsplit(session.variables["DUI_PSC_ISSUER"]).port
    sock: socket.socket = socket.create_connection(("127.0.0.1", port or 0), timeout=10)
    if tls:
        context = ssl.create_default_context(cafile=session.variables["DUI_CA_FILE"])
        sock = context.wrap_socket(sock, server_hostname="localhost")
    return sock


def alive(session: Session, client: Client) -> None:
    """The service still answers."""
    assert client(session).get(session.variables["DUI_PSC_DISCOVERY_URL"], timeout=10).ok


def test_an_exchange_is_recorded_as_it_was(playing: Playing, client: Client) -> None:
    session = playing()
    answer = client(session).get(session.variables["DUI_PSC_DISCOVERY_URL"], params={"a": "b c"})
    session.stop()
    (exchange,) = exchanges(session.settings.folder)
    assert exchange.kind == "exchange"
    assert exchange.name == "0001-psc-discovery"
    assert said(exchange, "request/@method") == "GET"
    assert said(exchange, "request/query[@name='a']") == "b c"
    assert said(exchange, "response/@status") == "200"
    assert said(exchange, "response/json/value/value[@name='issuer']") == answer.json()["issuer"]
    assert said(exchange, "tls/@version") in ("TLSv1.2", "TLSv1.3")
    assert said(exchange, "tls/@sni") == "localhost"
    assert "ECDHE-RSA-AES256-GCM-SHA384" in said(exchange, "tls/@offered").split()
    assert (
        (session.settings.folder / exchange.id.split("/", 1)[1] / "response.http").read_bytes().endswith(answer.content)
    )


def test_requests_of_one_connection_are_told_apart(playing: Playing) -> None:
    session = playing()
    path = urlsplit(session.variables["DUI_PSC_DISCOVERY_URL"]).path
    one = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with opened(session) as sock:
        sock.sendall(one + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b""
        while data := sock.recv(65536):
            received += data
    session.stop()
    assert received.count(b"HTTP/1.1 200") == 2
    first, second = exchanges(session.settings.folder)
    assert said(first, "request/@size") == str(len(one))
    assert said(second, "request/header[@name='connection']") == "close"


def test_a_client_certificate_is_described(playing: Playing, client: Client) -> None:
    session = playing()
    http = client(session)
    http.cert = session.variables["DUI_CLIENT_CERTIFICATE_FILE"]
    http.get(session.variables["DUI_PSC_DISCOVERY_URL"])
    session.stop()
    (exchange,) = exchanges(session.settings.folder)
    assert said(exchange, "tls/certificate/@ou") == "1539990010"
    assert "IGC-SANTE" in said(exchange, "tls/certificate/@issuer")


@pytest.mark.parametrize("fault", [*ANSWER, "slow"])
def test_each_fault_of_an_answer(fault: str, playing: Playing, client: Client) -> None:
    session = playing(**faulty("discovery", fault, seconds=0.01))
    http = client(session)
    try:
        status = http.get(session.variables["DUI_PSC_DISCOVERY_URL"], timeout=10).status_code
    except (requests.RequestException, ValueError):
        status = 0
    expected = {"server_error": 500, "soap_fault": 500, "unavailable": 503, "reset": 0, "garbage": 0, "cut": 0}
    assert status == expected.get(fault, 200)
    session.stop()
    (exchange,) = exchanges(session.settings.folder)
    assert said(exchange, "@fault") == fault


@pytest.mark.parametrize("fault", ["expired", "not_yet", "wrong_host", "wrong_ca", "self_signed", "old_tls", "no_tls"])
def test_a_good_client_refuses_a_bad_connection(fault: str, playing: Playing, client: Client) -> None:
    session = playing(**faulty("handshake", fault))
    with pytest.raises(requests.ConnectionError):
        client(session).get(session.variables["DUI_PSC_DISCOVERY_URL"], timeout=10)
    session.stop()
    (exchange,) = exchanges(session.settings.folder)
    assert said(exchange, "@operation") == "handshake" or fault == "no_tls"
    assert said(exchange, "@fault") == fault


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_verifies_the_chain_and_the_crl(playing: Playing, client: Client, tmp_path: Path) -> None:
    """`openssl s_client`, with the CRL that the session serves: the sound certificate passes, the revoked one not."""
    for fault, verdict in (("", "0 (ok)"), ("revoked", "23 (certificate revoked)")):
        session = playing(**(faulty("handshake", fault) if fault else {}))
        address = urlsplit(session.variables["DUI_PSC_ISSUER"])
        crls = b""
        for name in ("organisations", "racine"):
            der = client(session).get(f"{session.addresses['pki']['crl']}/{name}.crl").content
            made = subprocess.run(["openssl", "crl", "-inform", "DER"], input=der, capture_output=True, check=True)
            crls += made.stdout
        (tmp_path / "crl.pem").write_bytes(crls)
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{address.port}", "-servername", "localhost"]
        command += ["-CAfile", session.variables["DUI_CA_FILE"], "-crl_check", "-CRL", str(tmp_path / "crl.pem")]
        done = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)
        assert f"Verify return code: {verdict}" in done.stdout.decode()
        session.stop()
        shutil.rmtree(session.settings.folder)


def test_malformed_traffic_never_stops_the_service(playing: Playing, client: Client) -> None:
    session = playing()
    rng = random.Random(5)  # noqa: S311  the same bytes each time
    hostile = [rng.randbytes(2000) for _ in range(6)]
    hostile += [b"GET / HTTP/1.1\r\nHost", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf"]
    hostile += [b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100_000, b"GET " + b"a" * 200_000]
    hostile += [b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"\r\n\r\n\r\n", b"\x00"]
    for tls in (True, False):
        for data in hostile:
            with opened(session, tls=tls) as sock:
                try:
                    sock.sendall(data)
                    sock.shutdown(socket.SHUT_WR)
                    sock.recv(1000)
                except OSError:
                    pass
    alive(session, client)
    session.stop()
    for exchange in exchanges(session.settings.folder):
        assert exchange.kind == "exchange"
        assert exchange.view is not None


def test_a_body_that_is_too_large_is_refused_unread(playing: Playing, client: Client) -> None:
    session = playing()
    with opened(session) as sock:
        sock.sendall(b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n" + b"x" * 1000)
        assert sock.recv(1000).startswith(b"HTTP/1.1 413")
    alive(session, client)
    session.stop()
    first = exchanges(session.settings.folder)[0]
    assert said(first, "facts/fact[@name='refused']") == "body too large"
    assert int(said(first, "request/@size")) < 10_000


def test_a_slow_client_is_let_go(playing: Playing, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = server.Limits(head_time=0.2, body_time=0.2)
    monkeypatch.setattr(server, "Limits", lambda: quick)
    session = playing()
    with opened(session) as sock:
        sock.sendall(b"GET /auth HTTP/1.1\r\nHost: x\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 408")
    alive(session, client)


def test_nothing_is_left_behind(playing: Playing, client: Client) -> None:
    before = set(threading.enumerate())
    session = playing()
    alive(session, client)
    keys = Path(session.variables["DUI_CA_FILE"]).parent
    port = urlsplit(session.variables["DUI_PSC_ISSUER"]).port
    session.stop()
    assert set(threading.enumerate()) <= before
    assert not keys.exists()
    with pytest.raises(OSError, match=r"."):
        socket.create_connection(("127.0.0.1", port or 0), timeout=1)
    assert {path.name for path in session.settings.folder.iterdir()} == {"session.json", "exchanges"}


def test_a_defect_of_a_service_is_a_500_and_a_fact(
    playing: Playing, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dui_conformance.simulators.psc.provider import Provider

    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(Provider, "_discovery", broken)
    session = playing()
    assert client(session).get(session.variables["DUI_PSC_DISCOVERY_URL"]).status_code == 500
    session.stop()
    (exchange,) = exchanges(session.settings.folder)
    assert said(exchange, "facts/fact[@name='simulatorError']") == "RuntimeError"
