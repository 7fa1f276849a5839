"""The INS DataMatrix against the header."""

import pytest

from dui_conformance.checks import datamatrix
from dui_conformance.checks.verdict import Verdict

ALL = ("S1", "S2", "S3", "S4", "S5", "S6", "S7")
CLASSES = {"57828-6": {"J06": "42"}, "34842-5": {"J06": "11"}}


def test_blocks_are_there_once() -> None:
    assert datamatrix.blocks_are_all_there(ALL).answer == "passed"
    assert datamatrix.blocks_are_all_there(ALL[:-1]).answer == "passed"
    assert datamatrix.blocks_are_all_there(ALL[1:]).values["missing"] == "S1"
    assert datamatrix.blocks_are_all_there((*ALL, "S3")).values["twice"] == "S3"
    assert datamatrix.blocks_are_all_there(()).answer == "not_applicable"


@pytest.mark.parametrize(
    ("date", "answer"),
    [("29-02-1944", "passed"), ("30-02-1944", "failed"), ("1944-02-29", "failed"), ("1-2-1944", "failed")],
)
def test_dates(date: str, answer: str) -> None:
    assert datamatrix.date_is_real(date).answer == answer


@pytest.mark.parametrize(
    ("found", "expected", "answer"),
    [
        ("QUILLEVERE", ("QUILLEVERE",), "passed"),
        ("QUILLEVERE", ("Quillevere",), "passed"),
        ("QUILLEVERE", ("KERLOCH", "QUILLEVERE"), "passed"),
        ("244023523820559", ("2 44 02 35 238 205 59",), "passed"),
        ("JEAN MARIE", ("JEANMARIE",), "failed"),
        ("QUILLEVERE", ("KERLOCH",), "failed"),
        ("QUILLEVERE", (" ",), "not_applicable"),
        ("", ("X",), "not_applicable"),
    ],
)
def test_values_say_the_same(found: str, expected: tuple[str, ...], answer: str) -> None:
    assert datamatrix.says_the_same(found, expected).answer == answer


def test_days_say_the_same() -> None:
    assert datamatrix.dates_the_same("29-02-1944", ("194402291200",)).answer == "passed"
    wrong = datamatrix.dates_the_same("28-02-1944", ("19440229",))
    assert wrong == Verdict("failed", {"found": "28-02-1944", "expected": "29-02-1944"})
    assert datamatrix.dates_the_same("29-02-1944", ("1944",)).answer == "not_applicable"


def test_traits_of_somebody_else_are_not_compared() -> None:
    assert datamatrix.says_the_same("ANNICK", ("YVETTE",), "2", ("1",)).answer == "not_applicable"
    assert datamatrix.says_the_same("ANNICK", ("YVETTE",), "1", ("1",)).answer == "failed"
    assert datamatrix.dates_the_same("28-02-1944", ("19440229",), "2", ("1",)).answer == "not_applicable"
    assert not datamatrix.is_of_another("244023523820559", ("2 44 02 35 238 205 59",))


def test_a_symbol_that_is_not_read_is_for_a_person_but_on_prescriptions() -> None:
    assert datamatrix.is_printed((), "1", ("2",), ("34842-5",), CLASSES).answer == "review"
    assert datamatrix.is_printed(("right",), "1", ("2",), ("34842-5",), CLASSES).answer == "passed"
    assert datamatrix.is_printed((), "1", ("2",), ("57828-6",), CLASSES).answer == "not_applicable"
    assert datamatrix.is_printed((), "1", (), ("34842-5",), CLASSES).answer == "not_applicable"


def test_one_person_a_document() -> None:
    assert datamatrix.symbols_agree(("1", "1")).answer == "passed"
    assert datamatrix.symbols_agree(("1", "2")).values["count"] == "2"
    assert datamatrix.symbols_agree(("1",)).answer == "not_applicable"
    assert datamatrix.is_of_a_qualified_identity(()).answer == "failed"
