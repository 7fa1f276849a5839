"""Bodies of documents."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import documents


def encoded(data: bytes) -> str:
    return base64.encodebytes(data).decode()


@pytest.mark.parametrize(
    ("media", "data"),
    [
        ("application/pdf", b"%PDF-1.4\n%..."),
        ("application/pdf", b"\n" * 1000 + b"%PDF-1.7"),
        ("image/jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        ("image/tiff", b"II*\x00\x08\x00"),
        ("image/tiff", b"MM\x00*\x00\x00"),
        ("text/rtf", b"{\\rtf1 x}"),
        ("text/plain", "Synthèse".encode()),
        ("text/plain", "\ufeffSynthèse".encode("utf-16")),
    ],
)
def test_bodies_of_their_type(media: str, data: bytes) -> None:
    assert documents.body_is_of_its_type(media, encoded(data)[:1500]).answer == "passed"


@pytest.mark.parametrize(
    ("media", "data", "found"),
    [
        ("application/pdf", b"<html>", "text/plain"),
        ("application/pdf", b"PK\x03\x04....", "application/zip"),
        ("application/pdf", b"\x00\x01\x02", "application/octet-stream"),
        ("text/plain", b"%PDF-1.4", "application/pdf"),
        ("image/jpeg", b"\x89PNG\r\n", "image/png"),
    ],
)
def test_bodies_of_another_type(media: str, data: bytes, found: str) -> None:
    verdict = documents.body_is_of_its_type(media, encoded(data)[:1500])
    assert (verdict.answer, verdict.values["found"]) == ("failed", found)


@pytest.mark.parametrize(
    ("media", "head"),
    [
        ("application/msword", encoded(b"%PDF-")),
        ("application/pdf", ""),
        ("application/pdf", "pas du base64 : é"),
    ],
)
def test_bodies_of_which_nothing_can_be_said(media: str, head: str) -> None:
    assert documents.body_is_of_its_type(media, head).answer == "not_applicable"


def test_references_that_lead_nowhere_are_counted_and_the_first_are_named() -> None:
    assert documents.references_resolve(("#a", "http://x", "b", ""), ("a",)).answer == "passed"
    verdict = documents.references_resolve(("#a", "#b", "#b", "#", "#c", "#d"), ("a",))
    assert verdict.values == {"count": "5", "first": "« #b », « # », « #c », …"}
    assert documents.references_resolve(("#x",), ()).values == {"count": "1", "first": "« #x »"}


def test_objects_are_names_separated_by_blanks() -> None:
    assert documents.objects_exist(("a b", "c"), ("a", "b", "c")).answer == "passed"
    assert documents.objects_exist(("a d",), ("a",)).values == {"count": "1", "first": "« d »"}


def test_ids() -> None:
    assert documents.ids_are_distinct(("a", "A", "b")).answer == "passed"
    assert documents.ids_are_distinct(("a", "b", "a", "a")).values == {"count": "2", "first": "« a »"}
    assert documents.ids_are_names(("a1", "_x", "élan-2", "a.b")).answer == "passed"
    for wrong in ("1a", "", "a b", "a:b", "-a", "#a"):
        assert documents.ids_are_names((wrong,)).answer == "failed"


@given(st.text(), st.text())
def test_any_text_gets_an_answer(one: str, two: str) -> None:
    documents.body_is_of_its_type("application/pdf", one)
    documents.references_resolve((one, two), (two,))
    documents.objects_exist((one,), (two,))
    documents.ids_are_names((one, two))


def test_a_hundred_thousand_references_take_no_time() -> None:
    ids = tuple(f"i{n}" for n in range(100_000))
    references = tuple(f"#j{n}" for n in range(100_000))
    started = time.process_time()
    assert documents.references_resolve(references, ids).values["count"] == "100000"
    documents.ids_are_distinct(ids + ids)
    documents.ids_are_names(ids)
    assert time.process_time() - started < 2
