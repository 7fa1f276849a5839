"""The interface engine over MLLP, driven by a client that nobody here wrote (`test_variants` plays the scenario)."""

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hl7.client import MLLPClient

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import plan
from dui_conformance.rules import catalogue
from dui_conformance.simulators import mllp, pfi
from dui_conformance.simulators.faults import Fault
from dui_conformance.simulators.scenario import Served, Wanted, free
from dui_conformance.simulators.session import Session
from dui_conformance.subjects.model import Budget
from tests.places import READY, settings_of
from tests.simulators.recorded import exchanges, said

EXPORTS = READY / "exports" / "hl7v2"
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def message(name: str = "mdm-t02.hl7") -> bytes:
    return (EXPORTS / name).read_bytes()


class TestAnswers:
    def test_a_good_message_is_accepted_and_named(self) -> None:
        read = pfi.received(message())
        ack = pfi.acknowledgement(read, "A1", NOW, pfi.refusal(read)).decode()
        assert "|PFI-CLAIRVAL|1539990010|DUI-CLV|1539990010|20260504080000+0000||ACK^T02^ACK|A1|T|2.6|" in ack
        assert ack.endswith("\rMSA|AA|CLV00001\r")

    @pytest.mark.parametrize(
        ("old", "new", "code", "place"),
        [
            (b"MDM^T02^MDM_T02", b"ADT^A01^ADT_A01", "200", "MSH^1^9"),
            (b"MDM^T02^MDM_T02", b"MDM^T01^MDM_T01", "201", "MSH^1^9"),
            (b"|T|2.6|", b"|T|2.5|", "203", "MSH^1^12"),
            (b"|T|2.6|", b"|X|2.6|", "202", "MSH^1^11"),
            (b"|CLV00001|", b"||", "101", "MSH^1^10"),
            (b"EVN||20260421110700+0200\r", b"", "100", ""),
            (b"ORC|NW", b"ORC|XX", "103", "ORC^1^1"),
            (b"ORC|NW", b"ORC|RO", "199", "ORC^1^1"),
            (b"^XML^Base64^", b"^XML^A^", "102", "OBX^1^5"),
        ],
    )
    def test_what_is_refused_and_why(self, old: bytes, new: bytes, code: str, place: str) -> None:
        assert old in message()
        refused = pfi.refusal(pfi.received(message().replace(old, new)))
        assert refused is not None
        assert (refused.code, refused.place) == (code, place)
        ack = pfi.acknowledgement(pfi.received(message()), "A1", NOW, refused)
        assert f"\rERR||{place}|{code}^".encode() in ack

    @pytest.mark.parametrize("data", [b"", b"\x0b\x1c\r", b"bonjour", b"\x0bMSH|\x1c\r", b"\x0bMSH|^~\\&\r\x1c\r"])
    def test_anything_is_answered(self, data: bytes) -> None:
        read = pfi.received(data)
        assert pfi.acknowledgement(read, "A1", NOW, pfi.refusal(read)).startswith(b"MSH|^~\\&|")

    def test_business_acknowledgements_are_those_asked_for(self) -> None:
        asked = pfi.asked(pfi.received(message()))
        assert [what.event for what in asked] == ["Z01", "Z02", "Z02", "Z03", "Z03"]
        assert pfi.asked(pfi.received(message("mdm-t04-suppression.hl7"))) == []

    @pytest.mark.parametrize("event", ["Z01", "Z02", "Z03"])
    @pytest.mark.parametrize("error", ["", "550^Boîte non disponible^SMTPERRORCODE"])
    def test_they_are_silent_under_the_rules(self, event: str, error: str) -> None:
        zam = pfi.business(pfi.received(message()), pfi.Business(event, "a@b.mssante.fr", error), "A1", NOW)
        assert spoken(zam) == set()

    def test_what_is_copied_is_escaped(self) -> None:
        data = message().replace(b"|DUI-CLV|", b"|A\\S\\B\\F\\C|")
        assert b"|A\\S\\B\\F\\C|1539990010|" in pfi.acknowledgement(pfi.received(data), "A1", NOW)

    def test_the_character_set_is_that_of_the_message(self) -> None:
        zam = pfi.business(pfi.received(message("mdm-t10-remplacement.hl7")), pfi.Business("Z01"), "A1", NOW)
        assert b"|8859/15|" in zam
        assert "réception".encode("iso8859-15") in zam


def spoken(data: bytes) -> set[str]:
    from dui_conformance.subjects.intake import open_bytes

    found = plan(catalogue.load(), settings_of(READY / "dui.toml"))
    return {finding.rule for finding in evaluate(open_bytes("message.hl7", data, Budget()), found).findings}


class TestService:
    def test_a_client_of_others_is_answered(self, playing: Callable[..., Session]) -> None:
        session = playing(services=("pfi",))
        with MLLPClient("localhost", int(session.variables["DUI_PFI_PORT"])) as client:
            first = client.send_message(message())
            second = client.send_message(message("oru-r01.hl7"))
        session.stop()
        assert b"\rMSA|AA|CLV00001\r" in first
        assert b"ACK^R01^ACK" in second
        recorded = exchanges(session.settings.folder)
        assert [said(e, "@operation") for e in recorded] == ["mdm-t02", "oru-r01"]
        assert [child.kind for child in recorded[0].children] == ["hl7v2"]
        assert said(recorded[0], "message/@kind") == "hl7v2"
        assert recorded[0].children[0].data == b"\x0b" + message() + b"\x1c\r"

    def test_over_tls(self, playing: Callable[..., Session]) -> None:
        session = playing(services=("pfi",))
        context = ssl.create_default_context(cafile=session.variables["DUI_CA_FILE"])
        port = int(session.variables["DUI_PFI_TLS_PORT"])
        with (
            socket.create_connection(("localhost", port), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as link,
        ):
            link.sendall(pfi.framed(message()))
            assert b"MSA|AA" in link.recv(65536)
        session.stop()
        assert said(exchanges(session.settings.folder)[0], "tls/@version") == "TLSv1.3"

    def test_strict_refuses_as_an_engine_would(self, playing: Callable[..., Session]) -> None:
        session = playing(services=("pfi",), mode="strict")
        with MLLPClient("localhost", int(session.variables["DUI_PFI_PORT"])) as client:
            answer = client.send_message(message().replace(b"ORC|NW", b"ORC|CA"))
        assert b"\rMSA|AE|CLV00001\rERR||ORC^1^1|199^" in answer

    @pytest.mark.parametrize(
        ("fault", "values", "expected"),
        [
            ("refused_message", {"code": "207", "application": "902^Patient inconnu^applicationErrorCode"}, b"|902^"),
            ("wrong_control", {}, b"MSA|AA|INCONNU"),
            ("reset", {}, b""),
            ("garbage", {}, b"\x00\xff"),
            ("cut", {}, b"\x0bMSH|^~\\&|PFI"),
            ("empty", {}, b"\x0b\x1c\r"),
            ("slow", {"seconds": 0.01}, b"MSA|AA|CLV00001"),
        ],
    )
    def test_faults(
        self, playing: Callable[..., Session], fault: str, values: dict[str, object], expected: bytes
    ) -> None:
        served = Served(Wanted("pfi", "mdm-t02"), Fault(fault, values))
        session = playing(services=("pfi",), scenario=free(("pfi",), [served]))
        with socket.create_connection(("localhost", int(session.variables["DUI_PFI_PORT"])), 10) as link:
            link.sendall(pfi.framed(message()))
            try:
                answer = link.recv(65536)
            except ConnectionResetError:
                answer = b""
        assert expected in answer
        assert bool(answer) == bool(expected)
        session.stop()
        assert said(exchanges(session.settings.folder)[0], "@fault") == fault

    def test_silence_is_one(self, playing: Callable[..., Session]) -> None:
        served = Served(Wanted("pfi", "mdm-t02"), Fault("silent"), 1)
        session = playing(services=("pfi",), scenario=free(("pfi",), [served]))
        with socket.create_connection(("localhost", int(session.variables["DUI_PFI_PORT"])), 10) as link:
            link.sendall(pfi.framed(message()) + pfi.framed(message("oru-r01.hl7")))
            assert b"MSA|AA|CLV00004" in link.recv(65536), "the first message has no answer"

    def test_hostile_bytes_stop_nothing(self, playing: Callable[..., Session]) -> None:
        session = playing(services=("pfi",))
        address = ("localhost", int(session.variables["DUI_PFI_PORT"]))
        for data in (b"\x1c\r" * 50, b"\x00" * 100_000 + b"\x1c", b"\x0bMSH|" + b"~" * 100_000 + b"\x1c\r", b"\x0bMSH"):
            with socket.create_connection(address, 10) as link:
                link.sendall(data)
        with MLLPClient(*address) as client:
            assert b"MSA|AA" in client.send_message(message())

    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ("localhost:2576", ("localhost", 2576)),
            ("127.0.0.1:2576", ("127.0.0.1", 2576)),
            ("[::1]:2576", ("::1", 2576)),
            ("dui.example:2576", None),
            ("192.0.2.1:2576", None),
            ("localhost:70000", None),
            ("localhost", None),
            ("", None),
        ],
    )
    def test_only_this_machine_is_called(self, address: str, found: tuple[str, int] | None) -> None:
        assert mllp.target(address) == found
