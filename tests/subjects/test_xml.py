"""The door for XML: no DTD, no entity, no network, bounded depth and size, and a plain cause for what is wrong."""

import base64
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.rules.hostile import xml_crowded, xml_deep, xml_external, xml_laughs
from dui_conformance.subjects import xml
from dui_conformance.subjects.model import Budget
from tests.subjects.opening import QUICK, codes, damaged, fixture, opened, within

DOCUMENT = "documents/projet-personnalise.xml"
CDA = b'<ClinicalDocument xmlns="urn:hl7-org:v3">'


def cause(data: bytes) -> str:
    """The code of the only defect; `read` if there is none."""
    parsed = xml.parse(data, Budget())
    assert (parsed.root is None) == any(defect.code != "xml.bom" for defect in parsed.defects)
    return parsed.defects[0].code if parsed.defects else "read"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "xml.empty"),
        (b'<?xml version="1.0"?>\n<!-- rien -->\n', "xml.empty"),
        (b"<a>", "xml.truncated"),
        (b"<a><b></b>", "xml.truncated"),
        (b"<a><b", "xml.truncated"),
        (b'<a b="', "xml.truncated"),
        (b"<a>&am", "xml.truncated"),
        (b"<a><![CDATA[x", "xml.truncated"),
        (b"<a><!-- x", "xml.truncated"),
        ("<a>é".encode()[:-1], "xml.truncated"),
        (b"<a><b></a></b>", "xml.mismatch"),
        (b"<a>\n<b>x</a>", "xml.mismatch"),
        (b"<a/><b/>", "xml.trailing"),
        (b"<a/>x", "xml.trailing"),
        (b"<a/>\x00", "xml.trailing"),
        (b'<a b="1" b="2"/>', "xml.attribute"),
        (b"<a b=1/>", "xml.attribute"),
        (b'<a b="<"/>', "xml.attribute"),
        (b"<a>x & y</a>", "xml.entity"),
        (b"<a>x &y</a>", "xml.entity"),
        (b"<a>&nbsp;</a>", "xml.entity"),
        (b'<a b="&eacute;"/>', "xml.entity"),
        (b"<a>&;</a>", "xml.entity"),
        (b"<a>\x01</a>", "xml.character"),
        (b"<a>\x00</a>", "xml.character"),
        (b"<a>&#1;</a>", "xml.character"),
        (b"<a>&#xZZ;</a>", "xml.character"),
        ("<a>é</a>".encode("latin-1"), "xml.encoding"),
        (b"<a>\xed\xa0\x80</a>", "xml.encoding"),
        (b'<?xml version="1.0" encoding="UTF-99"?><a/>', "xml.encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-', "xml.encoding"),
        ("<a>é</a>".encode("utf-16-le"), "xml.encoding"),
        ("<a>é</a>".encode("utf-16-be"), "xml.encoding"),
        ("<a>é</a>".encode("utf-32"), "xml.encoding"),
        (b"<x:a/>", "xml.namespace"),
        (b'<a x:b="1"/>', "xml.namespace"),
        (b'\n<?xml version="1.0"?><a/>', "xml.late_declaration"),
        (b"<1a/>", "xml.malformed"),
        (b"<>", "xml.malformed"),
        (xml_deep(), "xml.too_deep"),
        (b"\xef\xbb\xbf<a/>", "xml.bom"),
        ("<a>é</a>".encode("utf-16"), "read"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16"), "read"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "read"),
        ('<?xml version="1.0" encoding="windows-1252"?><a>œ</a>'.encode("cp1252"), "read"),
    ],
)
def test_the_cause_is_named(data: bytes, expected: str) -> None:
    assert cause(data) == expected


def test_a_cause_has_its_line_and_column() -> None:
    (defect,) = xml.parse(b"<a>\n <b>\n </c>\n</a>", Budget()).defects
    assert (defect.code, defect.location.line) == ("xml.mismatch", 3)
    assert defect.values == {"opened": "b", "line": "2", "closed": "c"}
    (defect,) = xml.parse(b'<?xml version="1.0"?>\n<!-- <!DOCTYPE x> -->\n  <!DOCTYPE a><a/>', Budget()).defects
    assert (defect.code, defect.location.line, defect.location.column) == ("xml.dtd", 3, 3)


def test_cut_anywhere_it_is_never_read_and_never_raises() -> None:
    data = b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- c -->\n<?pi x?>' + CDA
    data += '<id root="1.2" extension="é"/><title>a &amp; b &#233;</title><![CDATA[ x ]]></ClinicalDocument>'.encode()
    assert cause(data) == "read"
    found = [cause(data[:length]) for length in range(len(data))]
    assert "read" not in found
    body = found[data.index(b"<ClinicalDocument") + 2 :]
    assert body.count("xml.truncated") > len(body) * 0.95


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("hostile", [xml_laughs(), xml_external(), b"<!DOCTYPE a [<!ENTITY % b SYSTEM 'x'>%b;]><a/>"])
def test_a_dtd_is_refused_in_every_encoding(hostile: bytes, codec: str) -> None:
    data = hostile.decode().encode(codec)
    with within(1):
        assert xml.parse(data, Budget()).root is None
        assert cause(data) == "xml.dtd"


def test_a_dtd_is_refused_in_a_large_document_whose_limits_are_lifted() -> None:
    for codec in ("utf-8", "utf-16"):
        data = (xml_laughs().decode().removesuffix("</a>") + " " * 10_000_000 + "</a>").encode(codec)
        with within(3):
            assert cause(data) == "xml.dtd"


class _Refuse(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012  one server, one test

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[str]:
    """The address of a local server that remembers what it was asked."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Refuse)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_nothing_is_ever_fetched(listener: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canari")
    for text in (
        f'<!DOCTYPE a SYSTEM "{listener}/a.dtd"><a/>',
        f'<!DOCTYPE a [<!ENTITY b SYSTEM "{listener}/b">]><a>&b;</a>',
        f'<!DOCTYPE a [<!ENTITY b SYSTEM "{secret.as_uri()}">]><a>&b;</a>',
        f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{listener}/c"/></a>',
        f'<?xml-stylesheet href="{listener}/d" type="text/xsl"?><a/>',
        f'<a xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="u {listener}/e"/>',
        f'<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:import href="{listener}/f"/>'
        "</x:stylesheet>",
    ):
        subject = opened(text.encode())
        if subject.view is not None:
            assert "canari" not in "".join(map(str, subject.view.itertext()))
    assert _Refuse.asked == []


@pytest.mark.parametrize("data", [xml_deep(1_000_000) + b" " * 4_000_000, b"<a>" * 5_000_000, xml_crowded()])
def test_outsized_documents_are_refused_at_once(data: bytes) -> None:
    with within(3):
        assert cause(data) in ("xml.too_deep", "xml.too_many")


def test_a_huge_attribute_and_many_attributes_are_read() -> None:
    with within(5):
        assert cause(b'<a b="' + b"x" * 20_000_000 + b'"/>') == "read"
        assert cause(b"<a " + b" ".join(b'a%d="1"' % n for n in range(50_000)) + b"/>") == "read"
        assert cause(b"<a " + b" ".join(b'xmlns:a%d="u%d"' % (n, n) for n in range(5_000)) + b"/>") == "read"


def test_fifty_megabytes_of_base64_are_judged_in_seconds() -> None:
    body = base64.encodebytes(b"\x89PNG" + bytes(37 << 20))
    text = b'<component><nonXMLBody><text mediaType="image/png" representation="B64">'
    data = CDA + text + body + b"</text></nonXMLBody></component></ClinicalDocument>"
    assert len(data) > 50_000_000
    with within(15):
        subject = opened(data)
    assert subject.kind == "cda"
    assert codes(subject) == []
    assert subject.children[0].size == (37 << 20) + 4


def test_base64_that_is_none_is_said_so() -> None:
    for body in (b"@@@", b"QUJ", b"QUJD=QUJD", "é".encode()):
        text = b'<component><nonXMLBody><text representation="B64">' + body + b"</text></nonXMLBody></component>"
        assert codes(opened(CDA + text + b"</ClinicalDocument>")) == ["cda.base64"]


def test_what_cannot_be_read_is_filed_under_what_it_claims_to_be() -> None:
    assert opened(fixture(DOCUMENT)[:-30]).kind == "cda"
    assert opened(b'<x:SubmitObjectsRequest xmlns:x="u"').kind == "xds"
    assert opened(b"<html").kind == "xml"
    assert opened(CDA.decode().encode("utf-16")).kind == "cda"


def test_the_root_decides_not_the_name() -> None:
    assert opened(CDA + b"</ClinicalDocument>", "document.pdf").kind == "cda"
    assert opened(b'<Patient xmlns="http://hl7.org/fhir"/>').kind == "fhir"
    assert opened(b"<a/>").kind == "xml"


@QUICK
@given(st.binary(max_size=2_000))
def test_random_bytes_never_raise(data: bytes) -> None:
    for forgive in (False, True):
        xml.parse(data, Budget(), forgive_leading_blanks=forgive)
        xml.parse(b"<a>" + data, Budget(), forgive_leading_blanks=forgive)
    xml.looks_like_xml(data)
    xml.root_name(data)
    xml.declared_encoding(data)
    assert xml.xml_safe(data.decode("latin-1")) is not None


@QUICK
@given(damaged(DOCUMENT))
def test_damaged_documents_never_raise(data: bytes) -> None:
    with within(5):
        subject = opened(data)
    assert subject.view is not None or subject.kind != "cda" or codes(subject)


@QUICK
@given(st.text(max_size=200))
def test_safe_text_is_text_that_xml_holds(text: str) -> None:
    from lxml import etree

    element = etree.Element("a", b=xml.xml_safe(text))
    assert element.get("b") == xml.xml_safe(text)
