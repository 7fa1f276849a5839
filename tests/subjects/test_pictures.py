"""The picture of the code of a prescription, read by a process apart."""

import base64
import struct
import zlib

import pytest
from hypothesis import given
from lxml import etree

from dui_conformance.subjects import pdf_pages
from dui_conformance.subjects.model import Subject
from tests.subjects.opening import QUICK, damaged, fixture, opened, within

NAME = "prescriptions/produites/ordonnance-2022.xml"


def picture_of(data: bytes) -> Subject:
    return Subject("a", "a", "picture", data, view=etree.Element("picture"))


def read(data: bytes) -> list[str]:
    picture = picture_of(data)
    pdf_pages.project_pictures(picture)
    assert picture.view is not None
    return [code.get("content", "") for code in picture.view]


def held() -> bytes:
    return next(s.data for s in opened(fixture(NAME)).walk() if s.kind == "picture")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, body: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_the_number_is_read() -> None:
    assert read(held()) == ["01TESTCLAIRVAL0063"]


def test_it_is_read_once() -> None:
    picture = picture_of(held())
    for _ in range(2):
        pdf_pages.project_pictures(picture)
    assert picture.view is not None
    assert len(picture.view) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0" + bytes(64),
        b"GIF89a" + bytes(16),
        base64.b64decode("iVBORw0KGgo="),
        png(40_000, 40_000, zlib.compress(bytes(1_000_000))),
        png(2_000_000_000, 1, zlib.compress(b"\x00")),
        png(8, 8, b"not deflate"),
    ],
    ids=["empty", "signature", "jpeg", "gif", "png", "wide", "wider", "body"],
)
def test_what_is_no_picture_holds_no_code(data: bytes) -> None:
    with within(30):
        assert read(data) == []
    assert read(held()) == ["01TESTCLAIRVAL0063"], "the process goes on"


@QUICK
@given(damaged(NAME))
def test_damage_never_raises(data: bytes) -> None:
    pdf_pages.project_pictures(opened(data))
