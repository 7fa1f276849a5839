"""National identifiers and OIDs."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import identifiers
from dui_conformance.checks.identifiers import PERSONS, STRUCTURES, luhn
from dui_conformance.checks.verdict import Verdict


@pytest.mark.parametrize("number", ["750803447", "690781810", "0B0127189", "539990010", "99999901400015"])
def test_keys_that_are_right(number: str) -> None:
    assert luhn(number)


@given(st.text(alphabet="0123456789", min_size=2, max_size=14), st.integers(1, 9), st.data())
def test_a_changed_digit_breaks_the_key(digits: str, shift: int, data: st.DataObject) -> None:
    key = next(str(k) for k in range(10) if luhn(digits + str(k)))
    place = data.draw(st.integers(0, len(digits) - 1))
    changed = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :] + key
    assert not luhn(changed)


@pytest.mark.parametrize(
    "identifier",
    [
        "899900000011",
        "0991234567",
        "00B1057294",
        "3539990028/EDU014",
        "518003502400041/1.2.250.1.215.1.2",
        "4999999023/7",
        "1991234567/12",
        "699900000011/3",
    ],
)
def test_forms_of_persons(identifier: str) -> None:
    assert identifiers.person_form_is_right(identifier, "live", "").answer == "passed"


@pytest.mark.parametrize(
    "identifier", ["99900000011", "01234567897", "8999000000112", "E-12", "3539990028", "8²²²²²²²²²²²"]
)
def test_forms_that_are_not_of_persons(identifier: str) -> None:
    assert identifiers.person_form_is_right(identifier, "live", "production").answer == "failed"
    assert identifiers.person_form_is_right(identifier, "live", "test").answer == "not_applicable"
    assert identifiers.person_form_is_right(identifier, "test", "test").answer == "failed"


def test_a_structure_in_the_place_of_a_person() -> None:
    for identifier, kind in (("1539990010", "FINESS"), ("2999999022", "SIREN"), ("399999901400015", "SIRET")):
        said = identifiers.person_is_not_a_structure(identifier)
        assert (said.answer, said.values["kind"]) == ("failed", kind)
        assert identifiers.person_form_is_right(identifier, "live", "").answer == "not_applicable"
    assert identifiers.person_is_not_a_structure("899900000011").answer == "passed"


@pytest.mark.parametrize(
    ("identifier", "rule"),
    [
        ("1539990010", None),
        ("2999999022", None),
        ("399999901400015", None),
        ("499900063480001", None),
        ("00B105729400", None),
        ("R10100000563628", None),  # a technical number
        ("539990010", "structure_has_its_type_digit"),
        ("99999901400015", "structure_has_its_type_digit"),
        ("3539990010", "structure_prefix_is_not_swapped"),
        ("899900000011", "structure_is_not_a_person"),
        ("3539990036/URG", "structure_is_not_a_person"),
        ("153999003", "structure_length_is_known"),
        ("1801234567897", "structure_length_is_known"),
    ],
)
def test_each_fault_of_a_structure_is_said_by_one_rule(identifier: str, rule: str | None) -> None:
    spoken = [
        name
        for name in (
            "structure_has_its_type_digit",
            "structure_prefix_is_not_swapped",
            "structure_length_is_known",
        )
        if getattr(identifiers, name)(identifier).answer == "failed"
    ]
    if identifiers.structure_is_not_a_person(identifier, "live", "").answer == "failed":
        spoken.append("structure_is_not_a_person")
    assert spoken == ([rule] if rule else [])


def test_keys_by_kind_and_place() -> None:
    def said(identifier: str, oid: str, kind: str) -> str:
        return identifiers.structure_key_is_right(identifier, oid, kind, "live", "production").answer

    assert said("1539990010", STRUCTURES, "FINESS") == "passed"
    assert said("1539990011", STRUCTURES, "FINESS") == "failed"
    assert said("1539990011", STRUCTURES, "SIREN") == "not_applicable"
    assert said("1539990011/7", PERSONS, "FINESS") == "not_applicable"  # 1 announces an ADELI there
    assert said("3539990011/7", PERSONS, "FINESS") == "failed"
    assert said("318003502400041/9", PERSONS, "SIRET") == "not_applicable"
    assert said("518003502400041/9", PERSONS, "SIRET") == "passed"
    assert said("2999999023", STRUCTURES, "SIREN") == "failed"
    assert said("335600000049837", STRUCTURES, "SIRET") == "not_applicable"  # La Poste


def test_la_poste() -> None:
    assert identifiers.la_poste_key_is_right("335600000000048", STRUCTURES).answer == "passed"  # its head office
    assert identifiers.la_poste_key_is_right("335600000012345", STRUCTURES).answer == "failed"
    assert identifiers.la_poste_key_is_right("335600000049837", STRUCTURES).answer == "passed"
    assert identifiers.la_poste_key_is_right("399999901400015", STRUCTURES).answer == "not_applicable"


def test_rpps() -> None:
    assert identifiers.rpps_key_is_right("899900000011", PERSONS).answer == "passed"
    assert identifiers.rpps_key_is_right("899900000012", PERSONS).answer == "failed"
    assert identifiers.rpps_key_is_right("899900000012", STRUCTURES).answer == "not_applicable"
    assert identifiers.rpps_key_is_right("499900000012001", STRUCTURES).answer == "failed"


def test_declared_structures() -> None:
    assert identifiers.structure_is_declared("1539990010", ("1539990010",)).answer == "passed"
    assert identifiers.structure_is_declared("1539990010", ("1539990028",)).answer == "failed"
    assert identifiers.structure_is_declared("399999901400015", ("2999999014",)).answer == "passed"
    assert identifiers.structure_is_declared("399999901400015", ("2999999022",)).answer == "failed"


@pytest.mark.parametrize("oid", ["2.999.417.1", "1.2.250.1.213.1.4.10", "0.0", "2.25." + "9" * 39])
def test_oids(oid: str) -> None:
    assert identifiers.oid_is_well_formed(oid).answer == "passed"


@pytest.mark.parametrize("oid", ["", "1", "3.1", "1.02", "1..2", "1.2.", "urn:oid:1.2", "2.25." + "9" * 40, "1.²"])
def test_oids_that_are_not(oid: str) -> None:
    assert identifiers.oid_is_well_formed(oid).answer == "failed"
    assert identifiers.oid_is_short_enough(oid).answer == "not_applicable"


def test_long_oids() -> None:
    assert identifiers.oid_is_short_enough("1." + "2." * 30 + "3").answer == "passed"
    assert identifiers.oid_is_short_enough("1." + "2." * 32 + "3").answer == "failed"


PREDICATES = [
    function
    for name, function in inspect.getmembers(identifiers, inspect.isfunction)
    if function.__module__ == identifiers.__name__ and inspect.signature(function).return_annotation is Verdict
]


@given(st.data())
@pytest.mark.parametrize("predicate", PREDICATES, ids=lambda function: function.__name__)
def test_nothing_raises_on_hostile_values(predicate: object, data: st.DataObject) -> None:
    assert callable(predicate)
    values = st.one_of(st.text(max_size=30), st.text(alphabet="0123456789AB/.²٣", max_size=20))
    arguments = {
        name: data.draw(st.lists(values, max_size=3).map(tuple) if parameter.annotation == tuple[str, ...] else values)
        for name, parameter in inspect.signature(predicate).parameters.items()
    }
    said = predicate(**arguments)
    assert said.answer in ("passed", "failed", "not_applicable")
    assert all(isinstance(value, str) for value in said.values.values())


@pytest.mark.parametrize(
    ("root", "answer"),
    [
        ("1.2.250.1.71.4.2.2", "passed"),
        ("1.2.250.1.71.4.2.1", "passed"),
        ("1.2.250.1.71.4.2.5", "passed"),  # national, too
        ("1.2.250.1.74.4.2.2", "failed"),
        ("1.2.650.1.71.4.2.1", "failed"),
        ("1.2.250.1.71.4.22", "failed"),
        ("1.2.250.1.711.4.2.2", "failed"),
        ("1.2.250.1.213.4.1", "passed"),
        ("2.999.417.30.1539990010", "passed"),
        ("", "passed"),
    ],
)
def test_a_root_one_figure_away_from_a_national_one(root: str, answer: str) -> None:
    assert identifiers.root_is_not_a_slip(root).answer == answer
