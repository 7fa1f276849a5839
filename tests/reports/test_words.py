"""The words of the reports: complete in both languages, all of them used, set as their language wants."""

import re
from collections.abc import Mapping

import pytest

from dui_conformance.reports import arrange, console, html_words, junit, markdown, sarif, typography, words
from dui_conformance.reports.typography import NARROW, NBSP
from dui_conformance.reports.words import Words
from tests.reports.test_formats import PACKAGE

TABLES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "words": words.COMMON,
    "console": console._PHRASES,
    "html_words": html_words.PHRASES,
    "junit": junit._PHRASES,
    "markdown": markdown._PHRASES,
    "sarif": sarif._PHRASES,
}


def _sources() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.*") if file.suffix in (".py", ".j2"))


@pytest.mark.parametrize("table", sorted(TABLES))
def test_both_languages_have_the_same_places_and_plurals(table: str) -> None:
    for key, (fr, en) in TABLES[table].items():
        assert fr, key
        assert en, key
        assert set(re.findall(r"\{\w+\}", fr)) == set(re.findall(r"\{\w+\}", en)), key
        assert fr.count("|") == en.count("|") <= 1, key
        assert "'" not in fr, f"{key}: typographic apostrophe"


def test_every_phrase_is_used() -> None:
    """By `w.key` in a template or `"key"` in code, besides the lines that define it."""
    text = _sources()
    defined = re.findall(r'^ {4}"(\w+)": \(', text, re.MULTILINE)
    for key in {key for table in TABLES.values() for key in table}:
        uses = len(re.findall(rf"\bw\.{key}\b", text)) + len(re.findall(rf"[\"']{key}[\"']", text))
        assert uses > defined.count(key), key


def test_no_phrase_hides_a_method() -> None:
    for table in TABLES.values():
        assert [key for key in table if hasattr(Words, key)] == []


def test_statuses_and_severities_have_words() -> None:
    assert set(words.STATUSES) == set(words.STATUS_MEANINGS) == set(arrange.STATUSES)
    assert set(words.SEVERITIES) == set(words.SEVERITY_COUNTS) == set(arrange.SEVERITIES)


def test_plurals() -> None:
    table = {"k": ("{n} constat|{n} constats", "{n} finding|{n} findings")}
    fr, en = Words("fr", table), Words("en", table)
    assert [fr.count("k", n) for n in (0, 1, 2)] == ["0 constat", "1 constat", "2 constats"]
    assert [en.count("k", n) for n in (0, 1, 2)] == ["0 findings", "1 finding", "2 findings"]
    assert fr.count("k", 12_345) == f"12{NARROW}345 constats"


@pytest.mark.parametrize(
    ("euros", "fr", "en"),
    [
        (93_000, f"93{NARROW}000{NBSP}€", "€93,000"),
        (0, f"0{NBSP}€", "€0"),
        (1234.5, f"1{NARROW}234,50{NBSP}€", "€1,234.50"),
        (1_000_000.0, f"1{NARROW}000{NARROW}000{NBSP}€", "€1,000,000"),
    ],
)
def test_amounts(euros: float, fr: str, en: str) -> None:
    assert (typography.amount(euros, "fr"), typography.amount(euros, "en")) == (fr, en)


@pytest.mark.parametrize(
    ("iso", "fr", "en"),
    [
        ("2026-06-01", "1er juin 2026", "1 June 2026"),
        ("2022-05-18", "18 mai 2022", "18 May 2022"),
        ("2022-05", "mai 2022", "May 2022"),
        ("2022", "2022", "2022"),
        ("undated", "undated", "undated"),
        ("2022-13-01", "2022-13-01", "2022-13-01"),
    ],
)
def test_dates(iso: str, fr: str, en: str) -> None:
    assert typography.date(iso, "fr").replace(NBSP, " ") == fr
    assert typography.date(iso, "en").replace(NBSP, " ") == en


def test_sizes() -> None:
    assert [typography.size(n, "fr") for n in (12, 36_512, 1_240_000)] == [
        f"12{NBSP}o",
        f"37{NBSP}ko",
        f"1,2{NBSP}Mo",
    ]
    assert typography.size(1_240_000, "en") == f"1.2{NBSP}MB"


def test_french_typography() -> None:
    assert typography.typeset("« l'export » : 2 % ?", "fr") == (f"«{NBSP}l’export{NBSP}»{NBSP}: 2{NBSP}%{NBSP}?")
    assert typography.typeset("the DUI's export: 2% ?", "en") == "the DUI's export: 2% ?"


def test_sentences() -> None:
    assert [typography.sentence(s) for s in ("abc", "Abc.", "", "fini ?")] == ["Abc.", "Abc.", "", "Fini ?"]


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\u202e", "\u2066", "\ufeff", "\ud800", "\ue000", "\uffff", "\x9b"])
def test_nothing_unsafe_is_left(bad: str) -> None:
    assert bad not in typography.clean(f"a{bad}b")


def test_clean_keeps_one_line_and_cuts() -> None:
    assert typography.clean("a\r\n\tb\u2028c") == "a b c"
    assert typography.clean("é" * 10, 5) == "éééé…"
    assert typography.clean("déjà « vu »") == "déjà « vu »"
