"""Files, MLLP blocks and batches of HL7 v2 become messages; the documents they carry become subjects."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.subjects import er7, hl7v2
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Subject
from dui_conformance.subjects.positions import locate
from tests.places import READY

EXPORTS = READY / "exports" / "hl7v2"
HEAD = b"MSH|^~\\&|A|B|C|D|20260101||MDM^T02^MDM_T02|1|T|2.6|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2"


def opened(data: bytes) -> Subject:
    return open_bytes("lot.hl7", data, Budget())


def codes(subject: Subject) -> list[str]:
    return [defect.code for defect in subject.defects]


def texts(subject: Subject, path: str) -> list[str]:
    assert subject.view is not None
    return [str(found) for found in subject.view.xpath(path)]


class TestSegments:
    @pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
    def test_any_end_of_line_will_do_in_a_file(self, end: bytes) -> None:
        subject = opened(end.join([HEAD, b"PID|1||X", b""]))
        assert codes(subject) == []
        assert texts(subject, "message/segment/@name") == ["MSH", "PID"]

    def test_the_delimiters_of_the_header_count(self) -> None:
        subject = opened(b"MSH#*!?%#A#B*C!D\rPID#1##X*Y%Z\r")
        assert texts(subject, "//segment[@name='PID']/field[@n='3']//component[1]/text()") == ["X"]
        assert texts(subject, "//segment[@name='PID']//subcomponent/text()") == ["Y", "Z"]
        assert texts(subject, "//segment[@name='MSH']/field[@n='4']/repetition[2]/component/text()") == ["D"]

    def test_what_is_empty_is_not_there(self) -> None:
        subject = opened(HEAD + b"\rPID|||^^^A&&B~||\r")
        pid = "//segment[@name='PID']"
        assert texts(subject, f"{pid}/field/@n") == ["3"]
        assert texts(subject, f"{pid}//component/@n") == ["4"]
        assert texts(subject, f"{pid}//subcomponent/@n") == ["1", "3"]

    def test_participations_lie_in_the_observation_they_follow(self) -> None:
        subject = opened((EXPORTS / "mdm-t02.hl7").read_bytes())
        assert len(texts(subject, "message/segment[@name='OBX'][1]/segment[@name='PRT']/@index")) == 4
        assert texts(subject, "message/segment[@name='PRT']/@index") == []
        assert texts(subject, "//segment[@name='NTE']/../@rank") == ["9"]

    def test_a_line_that_is_no_segment_is_told_with_its_place(self) -> None:
        subject = opened(HEAD + b"\rOBX|1|TX|||une phrase\rsuite de la phrase\r")
        assert [(d.code, d.location.line, d.values["found"]) for d in subject.defects] == [
            ("hl7v2.segment", 3, "18 octets")
        ]

    def test_escape_sequences_are_read(self) -> None:
        subject = opened(HEAD + rb"||A\F\B\S\C\T\D\R\E\E\F\X41C3A9\G\.br\H\H\I" + b"\rPID|1\r")
        value = texts(subject, "//field[@n='23']//component/text()")
        assert value == ["A|B^C&D~E\\FAéG\nHI"]
        assert codes(subject) == []

    def test_an_escape_that_is_none_is_told(self) -> None:
        subject = opened(HEAD + b"\rPID|1|C:\\dossier\\fichier\r")
        assert "hl7v2.escape" in codes(subject)
        assert texts(subject, "//segment[@name='PID']/field[@n='2']//component/text()") == ["C:\\dossier\\fichier"]


class TestBlocks:
    def test_blocks_of_mllp(self) -> None:
        subject = opened((EXPORTS / "acquittements.mllp").read_bytes())
        assert subject.view is not None
        assert (subject.view.get("framing"), subject.view.get("messages"), codes(subject)) == ("mllp", "3", [])

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"\x0b" + HEAD + b"\r\x1c", ["hl7v2.mllp"]),
            (b"\x0b" + HEAD + b"\r", ["hl7v2.mllp"]),
            (b"\x0b" + HEAD + b"\r\x0b" + HEAD + b"\r\x1c\r", ["hl7v2.mllp"]),
            (b"\x0b" + HEAD + b"\r\x1c\rMSA|AA\r", ["hl7v2.outside"]),
            (b"\x0b" + HEAD + b"\r\x1c\rMSA|AA\r\x0b" + HEAD + b"\r\x1c\r", ["hl7v2.outside"]),
            (b"\x0b" + HEAD + b"\r\nPID|1\r\x1c\r", ["hl7v2.separator"]),
            (HEAD + b"\r\x1c\r", ["hl7v2.mllp"]),
            (b"\x0bPID|1\r\x1c\r", []),
        ],
    )
    def test_what_is_wrong_with_a_block(self, data: bytes, expected: list[str]) -> None:
        if data.startswith(b"\x0bPID"):
            assert opened(data).kind == "text", "without a header it is no HL7 v2"
        else:
            assert codes(opened(data)) == expected

    def test_batches(self) -> None:
        subject = opened((EXPORTS / "recu-zam.hl7").read_bytes())
        assert texts(subject, "segment/@name") == ["BHS", "BTS"]
        assert texts(subject, "message/@trigger") == ["Z01", "Z02", "Z03"]
        assert codes(subject) == []

    def test_a_batch_without_message(self) -> None:
        assert codes(opened(b"BHS|^~\\&|A\rBTS|0\r")) == ["hl7v2.no_message"]

    def test_segments_before_any_header(self) -> None:
        assert "hl7v2.no_header" in codes(opened(b"FHS|^~\\&|A\rFTS|1\rPID|1\r" + HEAD))


class TestCharacterSets:
    ADDRESS = "\rPID|||||||||||Rue des Lavandières\r"

    @pytest.mark.parametrize(
        ("declared", "codec", "found"),
        [
            ("UNICODE UTF-8", "utf-8", ""),
            ("8859/15", "iso8859-15", ""),
            ("UNICODE UTF-8", "iso8859-15", "8859/15"),
            ("8859/15", "utf-8", "UNICODE UTF-8"),
            ("", "utf-8", ""),
            ("", "iso8859-15", ""),
            ("ASCII", "iso8859-15", "8859/15"),
        ],
    )
    def test_the_bytes_are_read_as_they_are(self, declared: str, codec: str, found: str) -> None:
        head = HEAD.replace(b"UNICODE UTF-8", declared.encode())
        subject = opened(head + self.ADDRESS.encode(codec))
        assert texts(subject, "//segment[@name='PID']/field[@n='11']//component/text()") == ["Rue des Lavandières"]
        assert [d.values["found"] for d in subject.defects if d.code == "hl7v2.charset"] == ([found] if found else [])

    def test_letters_of_windows_are_not_8859_15(self) -> None:
        head = HEAD.replace(b"UNICODE UTF-8", b"8859/15")
        subject = opened(head + "\rPID|||||||||||L’œuvre\r".encode("cp1252"))
        assert [d.values["found"] for d in subject.defects] == ["Windows-1252"]
        assert texts(subject, "//segment[@name='PID']/field[@n='11']//component/text()") == ["L’œuvre"]


class TestDocuments:
    def test_the_document_is_a_subject(self) -> None:
        subject = opened((EXPORTS / "mdm-t02.hl7").read_bytes())
        assert [(child.id, child.kind) for child in subject.children] == [("lot.hl7!/OBX-1", "cda")]
        original = (READY / "exports" / "documents" / "grille-evaluation.xml").read_bytes()
        assert subject.children[0].data == original
        assert texts(subject, "message/@subject") == ["lot.hl7!/OBX-1"]
        assert texts(subject, "message/@carries") == ["cda"]
        assert texts(subject, "//segment[@kind]/@kind") == ["cda", "text", "text"]
        assert max(map(len, texts(subject, "//text()"))) < 500, "the data is not kept twice"

    def test_those_of_later_messages_have_names_of_their_own(self) -> None:
        message = (EXPORTS / "mdm-t02.hl7").read_bytes()
        subject = opened(message * 2)
        assert [child.id for child in subject.children] == ["lot.hl7!/OBX-1", "lot.hl7!/message2/OBX-1"]

    @pytest.mark.parametrize(
        ("value", "kind", "defects"),
        [
            (b"^text^XML^Base64^" + base64.b64encode(b"<a/>"), "xml", []),
            (b"^text^XML^Base64^PGEvPg", "xml", ["hl7v2.padding"]),
            (b"^text^XML^Base64^PGEvPg=", "none", ["hl7v2.base64"]),
            (b"^text^XML^Base64^PGEv*g==", "none", ["hl7v2.base64"]),
            (b"^text^XML^Hex^3c612f3e", "xml", []),
            (b"^text^XML^Hex^3c6", "none", ["hl7v2.base64"]),
            (b"^text^^Base64^" + base64.b64encode(b"Bonjour."), "text", []),
            (b"^text^XML^A^bonjour", "", []),
        ],
    )
    def test_what_an_observation_carries(self, value: bytes, kind: str, defects: list[str]) -> None:
        subject = opened(HEAD + b"\rOBX|1|ED|X||" + value + b"||||||F\r")
        assert texts(subject, "string(//segment[@name='OBX']/@kind)") == list(kind)
        assert codes(subject) == defects


class TestPlaces:
    @pytest.mark.parametrize(
        ("path", "line", "told"),
        [
            ("message/segment[@name='PID']/field[@n='3']/repetition[2]/component", 3, "PID-3.1"),
            ("message/segment[@name='OBX'][2]/field[@n='5']", 13, "OBX[2]-5"),
            ("message//segment[@name='PRT']", 9, "PRT"),
            ("message", 1, ""),
        ],
    )
    def test_a_place_is_a_line_and_a_field(self, path: str, line: int, told: str) -> None:
        subject = opened((EXPORTS / "mdm-t02.hl7").read_bytes())
        assert subject.view is not None
        location = locate(subject, subject.view.xpath(path)[0])
        assert (location.line, location.path) == (line, told)

    def test_the_message_is_told_where_there_are_several(self) -> None:
        subject = opened((EXPORTS / "recu-zam.hl7").read_bytes())
        assert subject.view is not None
        assert locate(subject, subject.view.find("message[2]/segment[@name='ERR']")).path == "message[2]/ERR"


class TestHostileBytes:
    @given(st.binary(max_size=400))
    def test_any_bytes_are_read(self, data: bytes) -> None:
        subject = opened(b"MSH|^~\\&|" + data)
        assert subject.kind in ("hl7v2", "zip", "pdf")

    @given(st.lists(st.text(alphabet="\x0b\x1c\r\nMSHPIDOBX|^~\\&1=A", max_size=30), max_size=12))
    def test_any_arrangement_of_delimiters_is_read(self, pieces: list[str]) -> None:
        opened(b"\x0b" + HEAD + "\r".join(pieces).encode())

    @given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\x0b\x1c"), max_size=60))
    def test_what_is_escaped_comes_back(self, value: str) -> None:
        written = value
        for mark, name in (("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")):
            written = written.replace(mark, f"\\{name}\\") if mark != "\\" else value.replace("\\", "\\E\\")
        marks = er7.Delimiters("|", "^", "~", "\\", "&")
        assert er7.unescaped(written, marks, "utf-8") == (value, "")

    @pytest.mark.parametrize(
        "data",
        [
            HEAD + b"\r" + b"\x0bX" * 300_000,
            b"\x0b" + HEAD + b"\r" + b"\x0bX" * 300_000,
            HEAD + b"\rPID|" + b"^" * 3_000_000,
            HEAD + b"\rPID|" + b"~&" * 600_000,
            HEAD + b"\rPID|" + b"a^" * 600_000,
            HEAD + b"\rPID|" + b"\\" * 3_000_000,
            HEAD + b"\r" + b"OBX|1|ED|||^^^Base64^AA==\r" * 20_000,
            HEAD + b"\r" + b"OBX|1\rPRT|1\r" * 9_000,
            (HEAD + b"\r") * 15_000,
            HEAD + b"\rOBX|1|ED|||^^^Base64^" + b"QUFB" * 3_000_000,
        ],
        ids=lambda data: f"{len(data)} {data[-12:]!r}",
    )
    def test_large_inputs_end(self, data: bytes) -> None:
        assert opened(data).kind == "hl7v2", "read or refused, in a time that grows as the size"

    def test_too_many_segments_are_refused(self) -> None:
        subject = opened(HEAD + b"\r" + b"OBX|1\r" * (hl7v2.SEGMENTS + 1))
        assert codes(subject) == ["hl7v2.too_large"]
        assert subject.view is None
