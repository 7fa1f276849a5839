"""The report of a terminal."""

import re

import pytest

from dui_conformance.reports import console, render
from tests.reports.sample import ALONE, ARCHIVE, MAIL, PDF, large, sample

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def test_worst_first_and_the_offender_before_its_message_and_fix() -> None:
    lines = console.render(sample(), "fr").splitlines()
    firsts = [line for line in lines if re.match(r"exports/", line)]
    assert firsts[0] == f"{ALONE}:12:5"
    assert firsts.index(MAIL) < firsts.index(ARCHIVE) < firsts.index(f"{ALONE}:30:5") < firsts.index(PDF)
    at = lines.index(f"{ALONE}:12:5")
    assert "refusée" in lines[at + 2]
    assert lines[at + 3] == "    → Corriger INS-001."
    assert "4 endroits, 2 éléments" in lines[at + 4]


def test_copies_of_the_same_bytes_are_said_once() -> None:
    text = console.render(sample(), "fr")
    assert "(et 1 copie identique)" in text
    assert f"{ARCHIVE}!/IHE_XDM/SUBSET01/DOC0001.XML:12:5" not in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_hold_in_the_width_unless_they_cannot_be_cut(width: int) -> None:
    for line in console.render(sample(), "fr", width=width).splitlines():
        # a place must stay in one piece, to be opened with a click; so must a word longer than the line
        assert len(line) <= width or line.startswith("exports/") or " " not in line.strip(), line


def test_plain_text_has_no_escape_and_colour_says_the_same() -> None:
    plain = console.render(sample(), "fr", width=80)
    coloured = console.render(sample(), "fr", colour=True, width=80)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert ANSI.sub("", coloured) == plain


def test_colour_comes_through_the_package() -> None:
    assert "\x1b[" in render("console", sample(), "fr", colour=True, width=80)
    assert "\x1b" not in render("console", sample(), "fr")


def test_readiness_bonus_and_limits_are_said() -> None:
    text = " ".join(console.render(sample(), "fr", width=200).split())
    assert "Pas encore prêt : 3 exigences sur 9 sont prouvées." in text
    assert "31 ESSMS comptés (sur 80 au projet) × 3 000 € = 93 000 €" in text
    assert "Bloquent : SC.FAILED, SC.MISSING" in text
    assert "format : ressource FHIR" in text
    assert "expirée" in text
    assert "Attestation refusée" in text


def test_places_and_causes_are_limited_and_the_rest_is_counted() -> None:
    run = large()
    text = console.render(run, "en")
    listed = text.count("exports/lot/")
    assert listed <= console.PLACES * 3
    assert "more places" in text
    assert "1,667 errors" in text


def test_values_are_announced() -> None:
    run = sample()
    run["options"]["with_values"] = True
    assert "valeurs personnelles" in console.render(run, "fr")


def test_nothing_found_is_not_nothing_judged() -> None:
    run = sample()
    run["findings"] = []
    assert "Aucun constat." in console.render(run, "fr")
    run["subjects"] = []
    assert "Aucun export n’a été jugé." in console.render(run, "fr")
