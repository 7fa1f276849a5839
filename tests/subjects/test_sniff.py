"""Which format bytes are in: by content, never by name, and never wrong by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.subjects import sniff
from tests.subjects.opening import EXPORTS, QUICK, opened, within

MAIL = b"From: a@b.fr\r\nTo: c@d.fr\r\nSubject: x\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"%PDF-1.4\n", "pdf"),
        (b"\r\n\r\n%PDF-1.4\n", "pdf"),
        (b"<a/>", "xml"),
        (b"\xef\xbb\xbf<a/>", "xml"),
        (b"  \r\n\t<a/>", "xml"),
        ("<a/>".encode("utf-16"), "xml"),
        ("\n <a/>".encode("utf-16"), "xml"),
        ("<a/>".encode("utf-16-be"), "xml"),
        ("<a/>".encode("utf-16-le"), "xml"),
        (b"<!DOCTYPE html><html>", "html"),
        (b"<!doctype HTML>", "html"),
        (b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"/>', "html"),
        (b"<htmlx/>", "xml"),
        (b"<a>%PDF-1.4</a>", "xml"),
        (b'{"resourceType": "Bundle"}', "json"),
        (b"\xef\xbb\xbf [1]", "json"),
        (b'{"data": "%PDF-1.4"}', "json"),
        (b"MSH|^~\\&|A", "hl7v2"),
        (b"\x0bMSH|^~\\&|A", "hl7v2"),
        (b"\r\nFHS|^~\\&|A", "hl7v2"),
        (b"MSH, un mot", "text"),
        (MAIL, "mail"),
        (MAIL + b"%PDF-1.4", "mail"),
        (MAIL + b"<a/>", "mail"),
        (b"\xef\xbb\xbf" + MAIL, "mail"),
        (b"Subject: lettre\n", "text"),
        (b"bonjour", "text"),
        ("été".encode("latin-1"), "text"),
        (b"\x89PNG\r\n\x1a\n\x00", "binary"),
        (b"\x00" * 10, "binary"),
        (bytes(range(256)), "binary"),
    ],
)
def test_formats(data: bytes, expected: str) -> None:
    assert sniff.format_of(data) == expected


def test_the_kind_of_each_good_export_is_that_of_its_folder() -> None:
    kinds = {"documents": "cda", "mails": "mail"} | {k: k for k in ("xdm", "xds", "pdf", "hl7v2", "fhir")}
    for path in sorted(EXPORTS.rglob("*")):
        folder = path.relative_to(EXPORTS).parts[0]
        if path.is_file() and folder in kinds:
            assert opened(path.read_bytes(), "sans-nom").kind == kinds[folder], path.name


def test_what_is_not_judged_is_recognised_without_being_read_whole() -> None:
    for data, expected in (
        (b'{"resourceType": "Bundle"}', "fhir"),
        (b'{"resourceType": "Bundle", "entry": [' + b"1," * 5_000_000 + b"1]}", "fhir"),
        (b'{"nom": "x"}', "text"),
        (b"[" * 100_000, "text"),
        (b'{"a":' * 100_000, "text"),
        (b"[" + b"[],[]," * 5_000_000 + b"1]", "text"),
        (b'{"resourceType": 3}', "text"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "text"),
    ):
        with within(2):
            assert opened(data).kind == expected


@pytest.mark.parametrize(
    "piece", [b"\n", b" ", b"\r", b"\x0b", b"<?xml ", b"<!--", b"a:b\n", b"{", b"%PDF", b"a", b"\xef\xbb\xbf"]
)
def test_no_format_takes_time_to_tell(piece: bytes) -> None:
    with within(2):
        sniff.format_of(piece * (20_000_000 // len(piece)))


@QUICK
@given(st.binary(max_size=200))
def test_random_bytes_have_a_format(data: bytes) -> None:
    assert sniff.format_of(data)
    assert sniff.is_fhir_json(data) in (True, False)
