"""Predicates on the header block of mails: each clause with what it admits, what it refuses, what it does not judge."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dui_conformance.checks import headers
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict


def failed(verdict: Verdict) -> bool:
    return verdict.answer == "failed"


@pytest.mark.parametrize(
    "value",
    [
        "Wed, 28 Jan 2026 09:40:00 +0100",
        "28 Jan 2026 09:40 +0100",
        "Wed, 28 Jan 2026 09:40:00 +0100 (CET)",
        "wed, 28 jan 2026 09:40:00 GMT",
        "Thu, 29 Feb 2024 23:59:60 -0000",
        "Sun, 1 Mar 2026 00:00:00 +0000",
    ],
)
def test_dates_that_are_real(value: str) -> None:
    assert headers.date_is_real(value) == PASSED


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1.0",
        "2026-01-28T09:40:00+01:00",
        "Tue, 28 Jan 2026 09:40:00 +0100",  # a Wednesday
        "Mer, 28 Jan 2026 09:40:00 +0100",
        "Sun, 29 Feb 2026 09:40:00 +0100",
        "28 Fév 2026 09:40:00 +0100",
        "28 Jan 26 09:40:00 +0100",
        "28 Jan 0026 09:40:00 +0100",
        "Wed, 28 Jan 2026 24:00:00 +0100",
        "Wed, 28 Jan 2026 09:60:00 +0100",
        "Wed, 28 Jan 2026 09:40:61 +0100",
        "Wed, 28 Jan 2026 09:40:00 +0170",
        "Wed, 28 Jan 2026 09:40:00",
        "(" * 100_000,
        "Wed, 28 Jan 2026 09:40:00 +0100" + " " * 10_000,
    ],
)
def test_dates_that_are_not(value: str) -> None:
    assert failed(headers.date_is_real(value))


def test_mime_version() -> None:
    assert headers.version_is_one(("1.0",)) == PASSED
    assert headers.version_is_one(("1.0 (fait par MaisonClaire)",)) == PASSED
    assert headers.version_is_one(("(a) 1 . 0", "1.0")) == PASSED
    for values in ((), ("",), ("1.9",), ("1.0", "2.0"), ("1.0.0",)):
        assert failed(headers.version_is_one(values)), values


def test_headers_that_occur_once() -> None:
    assert headers.headers_occur_once(("date", "from", "received", "received", "x-a", "x-a")) == PASSED
    assert headers.headers_occur_once(("message-id", "message-id")) == PASSED  # a rule of its own counts them
    verdict = headers.headers_occur_once(("to", "subject", "to", "subject", "subject", "date"))
    assert failed(verdict)
    assert verdict.values == {"names": "subject, to"}


@pytest.mark.parametrize(
    "raw",
    [
        "Service des urgences",
        "=?UTF-8?Q?In=C3=A8s?= LACOMBE",
        "=?utf-8?b?SW7DqHM=?=",
        "=?UTF-8?B?SW7DqHM?=",  # padding forgotten
        "=?ISO-8859-1?Q?In=E8s?=",
        "=?UTF-8*fr?Q?In=C3=A8s?=",
        "=?UTF-8?Q?a_b?= =?UTF-8?Q?c?=",
        "a =? b",
    ],
)
def test_words_that_decode(raw: str) -> None:
    assert headers.words_decode(raw) == PASSED


@pytest.mark.parametrize(
    "raw",
    [
        "=?UTF-8?Q?In=C1=A8s?=",
        "=?UTF-4?Q?In=C3=A8s?=",
        "=?UTF-8?7?In=C3=A8s?=",
        "=?UTF-8?Q?In=C3=ZZs?=",
        "=?UTF-8?B?SW7=DqHM?=",
        "=?UTF-8?B?SW7DqHMab?=",
        "=?UTF-8?Q?In=C3?= =?UTF-8?Q?=A8s?=",  # a letter cut in two
        "bonjour =?UTF-8?Q?é?=",
        "=?base64?Q?abc?=",  # a codec of Python, not a charset
    ],
)
def test_words_that_do_not(raw: str) -> None:
    assert failed(headers.words_decode(raw))


def test_a_receipt_goes_to_who_asked() -> None:
    asked = ("Dr X <a@ch.mssante.fr>",)
    assert headers.receipt_goes_to_who_asked(("Ines <A@CH.mssante.fr>",), asked) == PASSED
    assert headers.receipt_goes_to_who_asked(("b@ch.mssante.fr, a@ch.mssante.fr",), asked) == PASSED
    assert failed(headers.receipt_goes_to_who_asked(("b@ch.mssante.fr",), asked))
    assert headers.receipt_goes_to_who_asked(("b@ch.mssante.fr",), ()) == NOT_APPLICABLE
    assert headers.receipt_goes_to_who_asked(("undisclosed:;",), asked) == NOT_APPLICABLE


def test_the_nil_of_a_receipt() -> None:
    assert headers.receipt_has_nil("CLV-0042", "VDO-0007", "CLV-0042") == PASSED
    assert failed(headers.receipt_has_nil("", "VDO-0007", "CLV-0042"))
    assert failed(headers.receipt_has_nil(" ", "", ""))
    # an answer to a mail of ours: written by a correspondent's software
    assert headers.receipt_has_nil("", "CLV-0042", "CLV-0042") == NOT_APPLICABLE
    assert headers.receipt_nil_is_declared("CLV-0042", "", "CLV-0042") == PASSED
    assert failed(headers.receipt_nil_is_declared("CLV-0043", "VDO-0007", "CLV-0042"))
    assert headers.receipt_nil_is_declared("VDO-0007", "CLV-0042", "CLV-0042") == NOT_APPLICABLE
    assert headers.receipt_nil_is_declared("", "VDO-0007", "CLV-0042") == NOT_APPLICABLE


def test_a_failure_names_the_mail() -> None:
    original = "XDM/1.0/DDM+CR ALBARET LUCIEN 03/10/1935"
    assert headers.failure_names_the_mail(f"[KO Intégration système !][902] {original}", original) == PASSED
    assert failed(headers.failure_names_the_mail("[KO Intégration système !][902] XDM/1.0/DDM+CR", original))
    assert headers.failure_names_the_mail("[KO Intégration système !][902] x", "") == NOT_APPLICABLE
    assert headers.failure_names_the_mail("Echec", original) == NOT_APPLICABLE


@pytest.mark.parametrize(
    ("kind", "declared", "answer"),
    [
        ("pdf", "application/pdf", "passed"),
        ("pdf", "text/html", "failed"),
        ("pdf", "application/zip", "failed"),
        ("pdf", "application/octet-stream", "not_applicable"),
        ("zip", "application/zip", "passed"),
        ("zip", "application/vnd.oasis.opendocument.text", "passed"),
        ("zip", "text/plain", "failed"),
        ("zip", "application/pdf", "not_applicable"),  # a rule of its own
        ("cda", "text/xml", "passed"),
        ("xml", "image/svg+xml", "passed"),
        ("text", "application/zip", "failed"),
        ("text", "text/csv", "passed"),
        ("text", "image/png", "failed"),
        ("unknown", "image/png", "not_applicable"),
    ],
)
def test_the_type_of_a_part(kind: str, declared: str, answer: str) -> None:
    assert headers.type_is_of_the_bytes(kind, declared).answer == answer


def test_a_type_that_says_nothing() -> None:
    assert failed(headers.type_says_something("pdf", "application/octet-stream"))
    assert headers.type_says_something("pdf", "application/pdf") == PASSED
    assert headers.type_says_something("unknown", "application/octet-stream") == NOT_APPLICABLE


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=60), st.sampled_from([headers.date_is_real, headers.words_decode]))
def test_any_text_gets_a_verdict(text: str, check: Callable[[str], Verdict]) -> None:
    for value in (text, f"=?{text}?Q?{text}?=", f"=?utf-8?B?{text}?=", f"Wed, {text} +0100"):
        assert check(value).answer in ("passed", "failed")
