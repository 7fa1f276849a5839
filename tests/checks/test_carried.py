"""The documents that DocumentReferences carry, against the Patient they name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import carried
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED

INS, OTHER = "181112A00411763", "190079912231067"


@pytest.mark.parametrize(
    ("patient", "document", "answer"),
    [
        ((INS,), (INS,), "passed"),
        ((INS,), ("1 81 11 2A 004 117 63",), "passed"),
        ((OTHER, INS), (INS,), "passed"),
        ((OTHER,), (INS,), "failed"),
        ((), (INS,), "not_applicable"),
        ((INS,), ("",), "not_applicable"),
    ],
)
def test_the_matricule(patient: tuple[str, ...], document: tuple[str, ...], answer: str) -> None:
    assert carried.matricule_is_that_of_document(patient, document).answer == answer


@pytest.mark.parametrize(
    ("families", "found", "birth", "born", "answer"),
    [
        (("LEGRELLE",), ("Legrelle",), "1941-08-19", "19410819", "passed"),
        (("LE GRELLÉ",), ("LE-GRELLE", "DUVAL"), "1941-08-19", "194108191200", "passed"),
        (("LEGRELLE",), ("DUVAL",), "1941-08-19", "19410819", "failed"),
        (("LEGRELLE",), ("LEGRELLE",), "1941-08-19", "19410820", "failed"),
        (("LEGRELLE",), ("LEGRELLE",), "1941-08", "19410820", "passed"),
        ((), (), "1941-08-19", "19410819", "passed"),
        ((), ("LEGRELLE",), "", "", "not_applicable"),
    ],
)
def test_the_traits(families: tuple[str, ...], found: tuple[str, ...], birth: str, born: str, answer: str) -> None:
    assert carried.person_is_that_of_document((), (INS,), families, found, birth, born).answer == answer


def test_where_matricules_are_compared_the_traits_are_not() -> None:
    compared = carried.person_is_that_of_document((INS,), (OTHER,), ("A",), ("B",), "2000-01-01", "19990101")
    assert compared == NOT_APPLICABLE


def test_the_model() -> None:
    assert carried.declares_its_model("1.2.3", ("1.2", "1.2.3")) == PASSED
    assert carried.declares_its_model("1.2.3", ("1.2",)).answer == "failed"


@given(st.lists(st.text(max_size=8), max_size=3), st.text(max_size=12), st.text(max_size=12))
def test_nothing_makes_it_raise(values: list[str], birth: str, born: str) -> None:
    told = tuple(values)
    carried.matricule_is_that_of_document(told, told)
    carried.person_is_that_of_document((), (), told, told[:1], birth, born)
