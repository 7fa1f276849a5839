"""Damage of a PDF that readers mend in silence: each kind is told, good files and unusual ones are not."""

import io
import re
import zlib

import pikepdf
import pytest

from dui_conformance.subjects import pdf_file
from tests.subjects.opening import codes, fixture, opened, within

GOOD = "pdf/grille-evaluation.pdf"


def found(data: bytes, offset: int = 0) -> list[str]:
    return [code for code, _ in pdf_file.faults(data, offset)]


def with_stream(head: bytes, content: bytes, extra: bytes = b"") -> bytes:
    return b"%%PDF-1.4\n4 0 obj<<%s>>stream\n%s\nendstream endobj\n%s" % (head, content, extra)


def saved(**saving: object) -> bytes:
    document = pikepdf.new()
    for _ in range(3):
        document.add_blank_page()
    document.Root.Extra = pikepdf.Stream(document, b"q Q " * 200)
    out = io.BytesIO()
    document.save(out, **saving)
    return out.getvalue()


def test_good_files_have_no_fault() -> None:
    for data in (
        fixture(GOOD),
        saved(),
        saved(linearize=True),
        saved(object_stream_mode=pikepdf.ObjectStreamMode.generate),
        saved(compress_streams=False),
        saved(stream_decode_level=pikepdf.StreamDecodeLevel.none),
    ):
        assert found(data) == []
        assert codes(opened(data)) == []


def test_an_incremental_update_replaces_what_it_gives() -> None:
    data = fixture(GOOD)
    start = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    at = len(data)
    table = b"xref\n900 1\n%010d 00000 n \ntrailer\n<</Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    added = b"900 0 obj\nnull\nendobj\n"
    assert found(data + added + table % (at, start, at + len(added))) == []
    assert found(data + added + table % (at + 3, start, at + len(added))) == ["pdf.offsets"]


def test_bytes_before_the_header_move_the_table() -> None:
    assert found(b"\r\n" + fixture(GOOD), 2) == []


@pytest.mark.parametrize("entry", range(3, 9))
def test_a_wrong_offset_is_told(entry: int) -> None:
    data = fixture(GOOD)
    places = list(re.finditer(rb"\d{10} 00000 n", data))
    at = places[entry].start()
    wrong = b"%010d" % (int(data[at : at + 10]) + 1)
    assert found(data[:at] + wrong + data[at + 10 :]) == ["pdf.offsets"]


def test_a_wrong_generation_is_told() -> None:
    data = fixture(GOOD)
    at = list(re.finditer(rb"\d{10} 00000 n", data))[4].start()
    assert found(data[: at + 11] + b"00005" + data[at + 16 :]) == ["pdf.offsets"]


def test_an_object_without_end_is_told() -> None:
    data = fixture(GOOD)
    assert found(data.replace(b"endobj\n17 0 obj", b"endobz\n17 0 obj")) == ["pdf.object"]


def test_a_stream_without_beginning_is_told() -> None:
    data = fixture(GOOD)
    for wrong in (b"strea_", b"_tream"):
        assert found(data.replace(b"\nstream\nx", b"\n" + wrong + b"\nx", 1)) == ["pdf.length"]


def test_length() -> None:
    content = b"BT ET"
    assert found(with_stream(b"/Length 5", content)) == []
    assert found(with_stream(b"/Length 6 0 R", content, b"6 0 obj 5 endobj")) == []
    assert found(with_stream(b"/Length 60 0 R", content)) == []  # it may lie in a stream of objects
    assert found(with_stream(b"/Length 6 0 R", content, b"6 0 obj 2 endobj")) == ["pdf.length"]
    for head in (b"", b"/Lengtz 5", b"/Length1 5", b"/Length 3", b"/Length 999999"):
        assert found(with_stream(head, content)) == ["pdf.length"], head
    assert found(b"%PDF-1.4\n4 0 obj<</Length 5>>stream\nBT E") == ["pdf.length"]


def test_a_stream_inflates_to_its_end() -> None:
    content = zlib.compress(bytes(range(256)) * 9)
    head = b"/Filter/FlateDecode/Length %d"
    assert found(with_stream(head % len(content), content)) == []
    assert found(with_stream(b"/Filter/FlateDecode/Length 0", b"")) == []
    for wrong in (content[:-9], content[:40] + b"\x00\xff" + content[42:], b"BT ET"):
        assert found(with_stream(head % len(wrong), wrong)) == ["pdf.stream"]
    assert found(with_stream(b"/Filter[/ASCII85Decode/FlateDecode]/Length 5", b"BT ET")) == []
    assert found(with_stream(b"/Filter 7 0 R/Length 5", b"BT ET")) == []


def test_a_filter_is_known() -> None:
    assert found(with_stream(b"/Filter/FlatzDecode/Length 5", b"BT ET")) == ["pdf.filter"]
    assert found(with_stream(b"/Filter/Flate#44ecode/Length 5", b"BT ET")) == []  # an escaped name is not read


def test_where_the_reader_complains_it_is_said_once() -> None:
    data = fixture(GOOD)
    broken = data.replace(b"/Length 28 /Filter", b"/Lengtz 28 /Filter")
    assert codes(opened(broken)) == ["pdf.length"]
    assert codes(opened(broken[:-20])) == ["pdf.repaired"]


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4\n" + b"4 0 obj<</Length 1 0 R>>stream\n" * 100_000,
        b"%PDF-1.4\n" + b"obj" * 1_000_000 + b">>stream\n" * 100_000,
        b"%PDF-1.4\nxref\n0 9999999999\n" + b"0000000009 00000 f \n" * 300_000 + b"startxref\n9\n%%EOF\n",
        b"%PDF-1.4\n" + b"xref\ntrailer<</Prev 9>>\nstartxref\n9\n%%EOF\n" * 1_000,
        with_stream(b"/Filter/FlateDecode/Length 300000", zlib.compress(bytes(200 << 20), 9)),
        b"%PDF-1.4\n" + b"1 " * 2_000_000,
    ],
)
def test_hostile_files_take_no_time(data: bytes) -> None:
    with within(5):
        found(data)
