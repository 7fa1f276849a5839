"""The counter-examples change what they say, there and nowhere else, and put every container together again."""

import base64
import email
import email.policy
import hashlib
import io
import zipfile
from email.message import Message
from typing import Any

import pytest
from lxml import etree

from dui_conformance.rules.mutations import MutationError, mutated
from dui_conformance.rules.xpath import Constants
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Subject
from tests.places import READY

CONSTANTS = Constants({"LOINC": "2.16.840.1.113883.6.1"}, {})
EXPORTS = READY / "exports"
CDA = b"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc">
  <id root="1"/><id root="2"/>
  <title>Titre <b>gras</b></title>
  <code code="A"/>
</ClinicalDocument>"""


def made(change: dict[str, Any], data: bytes = CDA) -> bytes:
    name, out = mutated(lambda top: data, {"in": "a.xml", **change}, CONSTANTS)
    assert name == "a.xml"
    return out


def xml(change: dict[str, Any], data: bytes = CDA) -> Any:
    return etree.fromstring(made(change, data))


def texts(root: Any, path: str) -> list[str]:
    found: Any = root.xpath(path, namespaces={"h": "urn:hl7-org:v3", "sdtc": "urn:hl7-org:sdtc"})
    return [str(item) for item in found]


class TestXml:
    def test_set_an_attribute_of_every_node(self) -> None:
        assert texts(xml({"set": "id/@root", "to": "9"}), "h:id/@root") == ["9", "9"]

    def test_nth(self) -> None:
        assert texts(xml({"set": "id/@root", "to": "9", "nth": 2}), "h:id/@root") == ["1", "9"]

    def test_set_makes_an_attribute(self) -> None:
        assert texts(xml({"set": "code/@displayName", "to": "x"}), "h:code/@displayName") == ["x"]

    def test_set_an_attribute_in_a_namespace(self) -> None:
        root = xml({"set": "code/@xsi:type", "to": "CE"})
        assert root.find("{urn:hl7-org:v3}code").get("{http://www.w3.org/2001/XMLSchema-instance}type") == "CE"

    def test_set_with_a_predicate_on_an_attribute(self) -> None:
        root = xml({"set": "id[@root = '2']", "to": "text"})
        assert texts(root, "h:id[2]/text()") == ["text"]

    def test_set_text_drops_children(self) -> None:
        root = xml({"set": "title", "to": "Autre"})
        assert texts(root, "string(h:title)") == list("Autre")
        assert len(root.find("{urn:hl7-org:v3}title")) == 0

    def test_delete_keeps_the_text_after(self) -> None:
        source = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>a<b/>c<i/>d</title></ClinicalDocument>'
        assert texts(xml({"delete": "title/b"}, source), "h:title/text()") == ["ac", "d"]
        assert texts(xml({"delete": "title/i"}, source), "h:title/text()") == ["a", "cd"]

    def test_delete_an_attribute_and_a_text(self) -> None:
        assert texts(xml({"delete": "code/@code"}), "h:code/@code") == []
        assert texts(xml({"delete": "title/b/text()"}), "h:title/h:b/text()") == []

    def test_duplicate_without_the_text_after(self) -> None:
        source = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><a/>t</ClinicalDocument>'
        root = xml({"duplicate": "a"}, source)
        assert [c.tag for c in root] == ["{urn:hl7-org:v3}a"] * 2
        assert texts(root, "text()") == ["t"]

    def test_rename_keeps_the_namespace(self) -> None:
        assert texts(xml({"rename": "code", "to": "kode"}), "h:kode/@code") == ["A"]

    @pytest.mark.parametrize(
        ("where", "names"),
        [
            ({"into": "."}, ["id", "id", "title", "code", "x", "y"]),
            ({"first_in": "."}, ["x", "y", "id", "id", "title", "code"]),
            ({"before": "title"}, ["id", "id", "x", "y", "title", "code"]),
        ],
    )
    def test_insert(self, where: dict[str, str], names: list[str]) -> None:
        root = xml({"insert": "<x/><y/>", **where})
        assert [etree.QName(c).localname for c in root] == names
        assert {etree.QName(c).namespace for c in root} == {"urn:hl7-org:v3"}

    def test_insert_after(self) -> None:
        root = xml({"insert": "<sdtc:x/>", "after": "title"})
        assert [c.tag for c in root][3] == "{urn:hl7-org:sdtc}x"

    def test_paths_start_at_the_document_of_a_self_presenting_one(self) -> None:
        data = (EXPORTS / "documents" / "dlu-auto-presentable.xml").read_bytes()
        changed = xml({"set": "versionNumber/@value", "to": "77"}, data)
        assert changed.tag == "{http://www.w3.org/1999/XSL/Transform}stylesheet"
        assert texts(changed, ".//h:ClinicalDocument/h:versionNumber/@value") == ["77"]

    def test_metadata_are_in_ebrim(self) -> None:
        data = (EXPORTS / "xds" / "submit-objects-request.xml").read_bytes()
        root = xml({"delete": "RegistryObjectList/ExtrinsicObject"}, data)
        assert b"ExtrinsicObject" not in etree.tostring(root).replace(b"objectType", b"")

    def test_constants(self) -> None:
        assert texts(xml({"set": "code[@code != $LOINC]/@code", "to": "B"}), "h:code/@code") == ["B"]

    def test_steps_follow_each_other(self) -> None:
        steps = [{"set": "code/@code", "to": "B"}, {"set": "code[@code = 'B']/@code", "to": "C"}]
        assert texts(xml({"steps": steps}), "h:code/@code") == ["C"]

    @pytest.mark.parametrize(
        "change",
        [
            {"set": "nothing/@x", "to": "1"},
            {"delete": "nothing"},
            {"delete": "."},
            {"duplicate": "nothing"},
            {"rename": "nothing", "to": "x"},
            {"insert": "<x/>", "into": "nothing"},
            {"replace": "absent", "to": "x"},
            {"truncate": 10_000},
            {"encode": "utf-8"},
            {"steps": [{"set": "code/@code", "to": "B"}, {"delete": "nothing"}]},
            {"nonsense": True},
            {"make": "nothing"},
        ],
        ids=str,
    )
    def test_what_changes_nothing_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(MutationError):
            made(change)


class TestBytes:
    @pytest.mark.parametrize(
        ("change", "out"),
        [
            ({"replace": "b", "to": "xx"}, b"axxc\xc3\xa9"),
            ({"truncate": 2}, b"ab"),
            ({"truncate": -2}, b"abc"),
            ({"prepend": "é"}, b"\xc3\xa9abc\xc3\xa9"),
            ({"append": "z"}, b"abc\xc3\xa9z"),
            ({"content": ""}, b""),
            ({"encode": "latin-1"}, b"abc\xe9"),
            ({"base64": "AAE="}, b"\x00\x01"),
        ],
        ids=str,
    )
    def test_operations(self, change: dict[str, Any], out: bytes) -> None:
        assert made(change, "abcé".encode()) == out

    def test_hostile_bytes_are_made(self) -> None:
        from dui_conformance.rules.hostile import MAKERS

        for name, make in MAKERS.items():
            assert made({"make": name}) == make(), name


def archive(name: str = "xdm/projet-personnalise/IHE_XDM.ZIP") -> bytes:
    return (EXPORTS / name).read_bytes()


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist()}


def changed_in(container: bytes, inside: str, change: dict[str, Any]) -> bytes:
    _, out = mutated(lambda top: container, {"in": f"top!/{inside}", **change}, CONSTANTS)
    return out


class TestContainers:
    DOCUMENT = "IHE_XDM/SUBSET01/DOC0001.XML"
    METADATA = "IHE_XDM/SUBSET01/METADATA.XML"

    def test_hash_and_size_of_a_changed_document_follow(self) -> None:
        before, after = entries(archive()), entries(changed_in(archive(), self.DOCUMENT, {"set": "title", "to": "T"}))
        assert list(before) == list(after)
        document, metadata = after[self.DOCUMENT], after[self.METADATA].decode()
        assert b"<title>T</title>" in document
        assert hashlib.sha1(document).hexdigest().upper() in metadata.upper()  # noqa: S324
        assert f">{len(document)}<" in metadata
        others = {name for name in before if before[name] != after[name]}
        assert others == {self.DOCUMENT, self.METADATA}

    def test_only_the_entry_of_the_changed_document_follows(self) -> None:
        data = archive("xdm/deux-documents/IHE_XDM.ZIP")
        after = entries(changed_in(data, self.DOCUMENT, {"set": "title", "to": "T"}))
        other = hashlib.sha1(after["IHE_XDM/SUBSET01/DOC0002.XML"]).hexdigest().upper()  # noqa: S324
        assert other in after[self.METADATA].decode().upper()

    def test_rehash_false_leaves_the_metadata(self) -> None:
        change = {"set": "title", "to": "T", "rehash": False}
        before, after = entries(archive()), entries(changed_in(archive(), self.DOCUMENT, change))
        assert before[self.METADATA] == after[self.METADATA]
        assert before[self.DOCUMENT] != after[self.DOCUMENT]

    def test_the_body_of_a_level_1_document(self) -> None:
        data = (EXPORTS / "documents" / "projet-personnalise.xml").read_bytes()
        out = etree.fromstring(changed_in(data, "nonXMLBody", {"append": "more"}))
        text: Any = out.find(".//{urn:hl7-org:v3}nonXMLBody/{urn:hl7-org:v3}text")
        assert base64.b64decode(text.text).endswith(b"%%EOF\nmore")

    def test_a_document_of_an_archive_of_a_mail(self) -> None:
        data = (EXPORTS / "mails" / "vers-professionnel.eml").read_bytes()
        out = changed_in(data, f"IHE_XDM.ZIP!/{self.DOCUMENT}", {"set": "title", "to": "T"})
        top = open_bytes("m.eml", out, Budget())
        before = open_bytes("m.eml", data, Budget())
        assert [(s.kind, s.id) for s in top.walk()] == [(s.kind, s.id) for s in before.walk()]
        document: Subject = next(s for s in top.walk() if s.id.endswith(self.DOCUMENT))
        assert b"<title>T</title>" in document.data

    @pytest.mark.parametrize(
        ("change", "names"),
        [
            ({"zip": "rename", "entry": "INDEX.HTM", "to": "x"}, {"INDEX.HTM": "x"}),
            ({"zip": "remove", "entry": "INDEX.HTM"}, {"INDEX.HTM": None}),
        ],
    )
    def test_zip_names(self, change: dict[str, Any], names: dict[str, Any]) -> None:
        expected = [names.get(name, name) for name in entries(archive()) if names.get(name, name) is not None]
        assert list(entries(made(change, archive()))) == expected

    def test_zip_add_and_duplicate(self) -> None:
        added = entries(made({"zip": "add", "entry": "NEW.TXT", "text": "é"}, archive()))
        assert added["NEW.TXT"] == "é".encode()
        doubled = made({"zip": "duplicate", "entry": "INDEX.HTM"}, archive())
        with zipfile.ZipFile(io.BytesIO(doubled)) as opened:
            assert opened.namelist().count("INDEX.HTM") == 2

    def test_zip_encrypt_flags_one_entry(self) -> None:
        out = made({"zip": "encrypt", "entry": self.DOCUMENT}, archive())
        with zipfile.ZipFile(io.BytesIO(out)) as opened:
            assert [i.filename for i in opened.infolist() if i.flag_bits & 1] == [self.DOCUMENT]

    def test_what_is_not_inside_is_refused(self) -> None:
        for change in ({"zip": "remove", "entry": "nothing"}, {"zip": "explode", "entry": "INDEX.HTM"}):
            with pytest.raises(MutationError):
                made(change, archive())
        with pytest.raises(MutationError):
            changed_in(archive(), "nothing.xml", {"append": "x"})


class TestMail:
    DATA = (EXPORTS / "mails" / "vers-professionnel.eml").read_bytes()

    def mail(self, change: dict[str, Any]) -> Message:
        return email.message_from_bytes(made(change, self.DATA), policy=email.policy.compat32)

    def test_headers(self) -> None:
        assert self.mail({"header": "X-MSS-NIL", "to": "Z"})["X-MSS-NIL"] == "Z"
        assert self.mail({"header": "X-New", "to": "Z"})["X-New"] == "Z"
        assert "X-MSS-NIL" not in self.mail({"drop_header": "X-MSS-NIL"})

    def test_parts(self) -> None:
        before = list(email.message_from_bytes(self.DATA).walk())
        assert len(list(self.mail({"drop_part": 2}).walk())) == len(before) - 1
        renamed = self.mail({"part_name": 2, "to": "autre.zip"})
        assert [p.get_filename() for p in renamed.walk()][2] == "autre.zip"
        typed = self.mail({"part_header": 1, "name": "Content-Type", "to": "text/html"})
        assert next(p for p in typed.walk() if not p.is_multipart()).get_content_type() == "text/html"

    def test_a_header_that_is_not_there_cannot_be_dropped(self) -> None:
        with pytest.raises(MutationError):
            self.mail({"drop_header": "X-Nothing"})


class TestHl7:
    DATA = b"MSH|^~\\&|A\rOBX|1|ED|X||^text^XML^Base64^PGEvPg==||||||F\rOBX|2|ST|X||1\r"

    def test_the_document_of_an_observation(self) -> None:
        changed = mutated(lambda _top: self.DATA, {"in": "a.hl7!/OBX-1", "content": "<b/>"}, CONSTANTS)[1]
        assert changed == self.DATA.replace(b"PGEvPg==", b"PGIvPg==")

    @pytest.mark.parametrize("name", ["OBX-2", "OBX-3", "document"])
    def test_an_observation_that_holds_none(self, name: str) -> None:
        with pytest.raises(MutationError):
            mutated(lambda _top: self.DATA, {"in": f"a.hl7!/{name}", "content": "<b/>"}, CONSTANTS)
