"""The door for PDF: garbage is damage, hostile streams stay small, PDF/A claims are read."""

import io
import zlib

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.rules.hostile import pdf_crowded
from dui_conformance.subjects.model import Subject
from tests.subjects.opening import QUICK, codes, damaged, fixture, opened, within

GOOD = "pdf/grille-evaluation.pdf"
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
    'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</r:RDF></x:xmpmeta><?xpacket end="w"?>'
)
NAMESPACE = 'xmlns:p="http://www.aiim.org/pdfa/ns/id/"'


def pdf(metadata: bytes | None = None, pages: int = 1, **saving: object) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    if metadata is not None:
        document.Root.Metadata = pikepdf.Stream(document, metadata)
    out = io.BytesIO()
    document.save(out, **saving)
    return out.getvalue()


def with_catalogue(extra: bytes, objects: bytes = b"") -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R" + extra + b">>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n" + objects + b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


def attributes(subject: Subject) -> dict[str, str]:
    assert subject.kind == "pdf"
    assert subject.view is not None
    return {str(name): str(value) for name, value in subject.view.attrib.items()}


def test_a_good_pdf_is_read_whole() -> None:
    subject = opened(fixture(GOOD))
    assert codes(subject) == []
    found = attributes(subject)
    assert found["pdfa_part"] == "1"
    assert found["pdfa_conformance"] in ("A", "B")
    assert int(found["pages"]) >= 1
    assert (found["encrypted"], found["offset"]) == ("false", "0")


@pytest.mark.parametrize(
    "description",
    [
        f"<r:Description {NAMESPACE}><p:part>1</p:part><p:conformance>B</p:conformance></r:Description>",
        f'<r:Description {NAMESPACE} p:part="1" p:conformance="B"/>',
        f"<r:Description {NAMESPACE}><p:part> 1\n</p:part><p:conformance>B</p:conformance></r:Description>",
    ],
)
def test_the_pdfa_claim_is_read_as_element_and_as_attribute(description: str) -> None:
    for codec in ("utf-8", "utf-16"):
        found = attributes(opened(pdf(XMP.format(description).encode(codec))))
        assert (found.get("pdfa_part"), found.get("pdfa_conformance")) == ("1", "B"), codec


def test_no_claim_no_attribute() -> None:
    assert "pdfa_part" not in attributes(opened(pdf()))
    assert "pdfa_part" not in attributes(opened(pdf(XMP.format("").encode())))
    assert "pdfa_part" not in attributes(opened(pdf(b"<not xml")))


def test_a_claim_in_a_comment_or_in_another_namespace_is_none() -> None:
    for text in ("<!-- <p:part>1</p:part> -->", '<p:part xmlns:p="urn:autre">1</p:part>'):
        assert "pdfa_part" not in attributes(opened(pdf(XMP.format(text).encode())))


def test_encryption_is_seen_with_and_without_a_password_to_open() -> None:
    for user in ("", "secret"):
        data = pdf(encryption=pikepdf.Encryption(owner="a", user=user))
        subject = opened(data)
        assert attributes(subject)["encrypted"] == "true"
        assert codes(subject) == []


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4",
        b"%PDF-1.4\n%%EOF",
        b"%PDF-" + bytes(range(256)) * 40,
        b"%PDF-1.4\n1 0 obj" + b"[" * 200_000,
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n"
        b"trailer<</Root 1 0 R>>",
        b"%PDF-1.4\ntrailer<</Root 1 0 R/Prev 0>>\nstartxref\n0\n%%EOF",
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>",
    ],
)
def test_garbage_is_damage(data: bytes) -> None:
    with within(5):
        assert codes(opened(data)) == ["pdf.damaged"]


def test_a_truncated_pdf_is_never_taken_for_whole() -> None:
    data = fixture(GOOD)
    for length in (*range(6, len(data), len(data) // 60), len(data) - 8):
        assert codes(opened(data[:length])) in (["pdf.damaged"], ["pdf.repaired"])


def test_a_wrong_cross_reference_table_is_repaired_and_said_so() -> None:
    data = fixture(GOOD)
    at = data.rindex(b"startxref")
    subject = opened(data[:at] + b"startxref\n17\n%%EOF\n")
    assert codes(subject) == ["pdf.repaired"]
    assert int(attributes(subject)["pages"]) >= 1


def test_metadata_that_inflate_without_end_are_cut() -> None:
    bomb = zlib.compress(bytes(300 << 20), 9)
    stream = b"4 0 obj<</Type/Metadata/Filter/FlateDecode/Length %d>>stream\n" % len(bomb)
    with within(3):
        subject = opened(with_catalogue(b"/Metadata 4 0 R", stream + bomb + b"\nendstream endobj\n"))
    assert "pdfa_part" not in attributes(subject)


def test_filters_piled_up_on_the_metadata_are_not_followed() -> None:
    bomb = zlib.compress(zlib.compress(bytes(300 << 20), 9), 9)
    stream = b"4 0 obj<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n" % len(bomb)
    with within(3):
        subject = opened(with_catalogue(b"/Metadata 4 0 R", stream + bomb + b"\nendstream endobj\n"))
    assert "pdfa_part" not in attributes(subject)


def test_a_cross_reference_stream_that_inflates_without_end_is_damage() -> None:
    bomb = zlib.compress(bytes(500 << 20), 9)
    head = b"%PDF-1.5\n"
    stream = b"1 0 obj<</Type/XRef/W[1 2 1]/Size 10/Root 2 0 R/Length %d/Filter/FlateDecode>>stream\n" % len(bomb)
    with within(5):
        subject = opened(head + stream + bomb + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % len(head))
    assert codes(subject) == ["pdf.damaged"]


def test_what_cannot_be_bounded_is_not_opened() -> None:
    assert codes(opened(with_catalogue(b"/A<</Filter/LZWDecode>>"))) == ["pdf.lzw"]
    assert codes(opened(with_catalogue(b"/A<</Filter/L#5aWDecode>>"))) == ["pdf.lzw"]
    with within(2):
        assert codes(opened(pdf_crowded())) == ["pdf.too_large"]


def test_metadata_that_are_no_stream_are_no_crash() -> None:
    for value in (b"/Metadata 12", b"/Metadata[]", b"/Metadata 99 0 R", b"/Metadata 1 0 R"):
        assert "pdfa_part" not in attributes(opened(with_catalogue(value)))


def test_bytes_before_the_header_are_counted() -> None:
    assert attributes(opened(b"\r\nHTTP junk\r\n" + fixture(GOOD)))["offset"] == "13"


@QUICK
@given(st.binary(max_size=800))
def test_random_bytes_never_raise(data: bytes) -> None:
    opened(b"%PDF-1.4\n" + data)
    opened(with_catalogue(b"/Metadata 4 0 R", b"4 0 obj<</Length 9>>stream\n" + data + b"\nendstream endobj\n"))


@QUICK
@given(damaged(GOOD))
def test_damaged_files_never_raise(data: bytes) -> None:
    with within(5):
        opened(data)
