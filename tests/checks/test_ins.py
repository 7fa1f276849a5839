"""The INS: keys of the official samples, forms, traits, and hostile values."""

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import ins
from dui_conformance.checks.verdict import Verdict

OFFICIAL = ["279035121518989", "207058575627097", "277076322082910", "185057512345673", "277010115400329"]
WRONG = {"118058599124123": "56", "203068008103070": "79"}  # what the official samples write → the right key

numbers = st.builds(
    lambda sex, year, month, place, order: f"{sex}{year:02d}{month:02d}{place}{order:03d}",
    st.sampled_from("123478"),
    st.integers(0, 99),
    st.integers(1, 12),
    st.one_of(
        st.integers(1001, 99999).map("{:05d}".format),
        st.integers(1, 999).map("2A{:03d}".format),
        st.integers(1, 999).map("2B{:03d}".format),
    ),
    st.integers(1, 999),
)


def matricule(number: str) -> str:
    """The 13 characters and the key, by the other way of reckoning: 2A as 19, 2B as 18."""
    value = int(number.replace("2A", "19").replace("2B", "18")) if number[5] == "2" else int(number)
    return f"{number}{97 - value % 97:02d}"


@pytest.mark.parametrize("value", OFFICIAL)
def test_keys_of_official_samples_are_right(value: str) -> None:
    assert ins.key_is_right(value, "live", "").answer == "passed"


@pytest.mark.parametrize(("value", "expected"), WRONG.items())
def test_wrong_keys_of_official_samples_are_said(value: str, expected: str) -> None:
    said = ins.key_is_right(value, "live", "")
    assert said == Verdict("failed", {"found": value[13:], "expected": expected})


@given(numbers)
def test_the_two_ways_of_reckoning_corsica_agree(number: str) -> None:
    value = f"{number}00"
    read = ins.matricule_of(value)
    assert read is not None
    body = number[:5] + number[5:].replace("2A", "19", 1).replace("2B", "18", 1)
    assert read.expected_key == f"{97 - int(body) % 97:02d}"


@given(numbers, st.integers(0, 12), st.integers(1, 9))
def test_a_changed_digit_breaks_the_key(number: str, place: int, shift: int) -> None:
    read = ins.matricule_of(f"{number}00")
    assert read is not None
    if not number[place].isdigit():
        return
    changed = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :] + read.expected_key
    if ins.matricule_of(changed) is not None:
        assert ins.key_is_right(changed, "live", "").answer == "failed"


@pytest.mark.parametrize(
    ("environment", "live", "test"),
    [
        ("", "failed", "not_applicable"),
        ("production", "failed", "not_applicable"),
        ("test", "not_applicable", "failed"),
    ],
)
def test_a_wrong_key_is_judged_once_whatever_the_environment(environment: str, live: str, test: str) -> None:
    value = "118058599124123"
    assert ins.key_is_right(value, "live", environment).answer == live
    assert ins.key_is_right(value, "test", environment).answer == test


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("2 79 03 51 215 189 89", "has_no_separator"),
        ("1.81.11.2A.004.117-63", "has_no_separator"),
        ("2790351215189", "length_is_right"),
        ("279035121518989 ", "has_no_separator"),
        ("27903512151898O", "characters_are_right"),
        ("181112a00411763", "characters_are_right"),
        ("979035121518922", "sex_digit_is_right"),
        ("279185121518922", "month_is_right"),
    ],
)
def test_each_fault_of_form_is_said_by_one_rule(value: str, rule: str) -> None:
    rules = ["has_no_separator", "length_is_right", "characters_are_right", "sex_digit_is_right", "month_is_right"]
    assert [name for name in rules if getattr(ins, name)(value).answer == "failed"] == [rule]
    assert ins.is_well_formed(value).answer == "failed"


@given(numbers)
def test_a_sound_matricule_raises_nothing(number: str) -> None:
    read = ins.matricule_of(f"{number}00")
    assert read is not None
    value = f"{number}{read.expected_key}"
    for rule in (ins.has_no_separator, ins.length_is_right, ins.characters_are_right, ins.sex_digit_is_right):
        assert rule(value).answer == "passed"
    assert ins.month_is_right(value).answer == "passed"
    assert ins.is_not_a_matricule(value).answer == "failed"


def test_a_local_number_is_not_a_matricule() -> None:
    assert ins.is_not_a_matricule("E00127").answer == "passed"
    assert ins.is_not_a_matricule("279035121518900").answer == "passed"
    assert ins.is_not_a_matricule("2 79 03 51 215 189 89").answer == "failed"


def test_oids_and_environments() -> None:
    assert ins.oid_of_tests_is_allowed("production").answer == "failed"
    assert ins.oid_of_tests_is_allowed("test").answer == "passed"
    assert ins.oid_of_real_use_is_allowed("test").answer == "failed"
    assert ins.oid_of_real_use_is_allowed("production").answer == "passed"


@pytest.mark.parametrize("name", ["PAT-TROIS", "D'ARGENTRE", "DE LA TOUR", "SMITH--JONES", "'T HOOFT", "LE-GALL-"])
def test_birth_names_that_insi_admits(name: str) -> None:
    assert ins.characters_are_admitted(name, "live", "").answer == "passed"
    assert ins.characters_are_arranged(name, "family").answer == "passed"


@pytest.mark.parametrize("name", [" DUPONT", "-DUPONT", "DE  LA", "D''ARC", "L' ARC", "A---B"])
def test_birth_names_that_are_badly_arranged(name: str) -> None:
    assert ins.characters_are_arranged(name, "family").answer == "failed"


@pytest.mark.parametrize("name", ["MARIE--LOUISE", "MARIE-", "JEAN'", "JEAN  PAUL"])
def test_given_names_that_are_badly_arranged(name: str) -> None:
    assert ins.characters_are_arranged(name, "given").answer == "failed"


@pytest.mark.parametrize(("name", "characters"), [("Léa", "a é"), ("DUPONT2", "2"), ("O’BRIEN", "’"), ("DUPONT/", "/")])
def test_characters_that_insi_refuses_are_named(name: str, characters: str) -> None:
    said = ins.characters_are_admitted(name, "live", "production")
    assert (said.answer, said.values["characters"]) == ("failed", characters)
    assert ins.characters_are_arranged(name, "family").answer == "not_applicable"


@given(st.text(alphabet="ABC -'", max_size=12))
def test_arrangement_follows_the_clause(name: str) -> None:
    wrong = not re.match(r"['A-Z]", name) or re.search(r"[ ']{2}|---", name) is not None
    expected = "not_applicable" if not name.strip() else "failed" if wrong else "passed"
    assert ins.characters_are_arranged(name, "family").answer == expected


@pytest.mark.parametrize(
    ("given_name", "names", "answer"),
    [
        ("DOMINIQUE", ("DOMINIQUE MARIE-LOUISE",), "passed"),
        ("MARIE-LOUISE", ("MARIE LOUISE ANNE",), "passed"),
        ("JEAN", ("JEAN-BAPTISTE LEON",), "passed"),
        ("RUTH", ("ISABELLE",), "failed"),
        ("LEON", ("JEAN", "LEON"), "failed"),
        ("JEAN", (), "not_applicable"),
    ],
)
def test_first_given_name_and_list(given_name: str, names: tuple[str, ...], answer: str) -> None:
    assert ins.given_heads_list(given_name, names).answer == answer


def test_birth_dates() -> None:
    assert ins.birth_date_is_real("19380514").answer == "passed"
    assert ins.birth_date_is_real("19380532").answer == "failed"
    assert ins.birth_date_is_real("193805").answer == "failed"
    assert ins.birth_is_not_after("20380514", "20260127165000+0100").answer == "failed"
    assert ins.birth_is_not_after("20260127", "20260127165000+0100").answer == "passed"
    assert ins.birth_is_not_after("2026", "20260127165000+0100").answer == "not_applicable"
    assert ins.birth_date_is_not_interpreted("19380101").answer == "failed"
    assert ins.birth_date_is_not_interpreted("19381231").answer == "failed"
    assert ins.birth_date_is_not_interpreted("19380501").answer == "passed"


@pytest.mark.parametrize("place", ["53130", "2A004", "99122", "99999", "97105"])
def test_places_of_the_cog(place: str) -> None:
    assert ins.cog_form_is_right(place).answer == "passed"
    assert ins.place_is_not_a_postcode(place, "").answer == "passed"


def test_postcodes() -> None:
    assert ins.cog_form_is_right("LAVAL").answer == "failed"
    assert ins.place_is_not_a_postcode("53000", "").answer == "failed"
    assert ins.place_is_not_a_postcode("51215", "51215").answer == "failed"
    assert ins.place_is_not_a_postcode("LAVAL", "").answer == "not_applicable"


@pytest.mark.parametrize(
    ("place", "cog", "birth", "answer"),
    [
        ("51215", "51215", "19790328", "passed"),
        ("51215", "63220", "19790328", "failed"),
        ("51215", "99999", "19790328", "not_applicable"),
        ("51215", "51000", "19790328", "not_applicable"),
        ("20004", "2A004", "19700328", "passed"),  # Corsica before its two departments
        ("2A004", "2B033", "19790328", "failed"),
        ("92042", "99352", "19580328", "passed"),  # Oran before 1962
        ("92042", "99352", "19790328", "failed"),
        ("75012", "92012", "19600328", "passed"),  # a commune of the former Seine
        ("75012", "92012", "19790328", "failed"),
    ],
)
def test_place_and_matricule(place: str, cog: str, birth: str, answer: str) -> None:
    number = f"2{birth[2:4]}{birth[4:6]}{place}189"
    read = ins.matricule_of(f"{number}00")
    assert read is not None
    assert ins.place_follows_matricule(f"{number}{read.expected_key}", cog, birth).answer == answer


def test_sex_and_birth_and_matricule() -> None:
    value = "279035121518989"
    assert ins.sex_follows_matricule(value, "F").answer == "passed"
    assert ins.sex_follows_matricule(value, "M").answer == "failed"
    assert ins.sex_follows_matricule(value, "UN").answer == "not_applicable"
    assert ins.birth_follows_matricule(value, "19790328").answer == "passed"
    assert ins.birth_follows_matricule(value, "19760531").answer == "failed"
    special = ins.matricule_of("279205121518900")
    assert special is not None
    assert ins.birth_follows_matricule(f"2792051215189{special.expected_key}", "19790531").answer == "passed"
    assert ins.sex_follows_matricule("279035121518900", "M").answer == "not_applicable"  # wrong key: said elsewhere


def test_address_of_the_user() -> None:
    value = "279035121518989"
    assert ins.addresses_follow_matricule((f"mailto:{value}@patient.mssante.fr",), (value,)).answer == "passed"
    assert ins.addresses_follow_matricule(("mailto:277076322082910@patient.mssante.fr",), (value,)).answer == "failed"
    assert ins.addresses_follow_matricule((f"mailto:{value}@patient.mssante.fr",), ("279",)).answer == "not_applicable"


PREDICATES = [
    function
    for name, function in inspect.getmembers(ins, inspect.isfunction)
    if function.__module__ == ins.__name__ and inspect.signature(function).return_annotation is Verdict
]


@given(st.data())
@pytest.mark.parametrize("predicate", PREDICATES, ids=lambda function: function.__name__)
def test_nothing_raises_on_hostile_values(predicate: object, data: st.DataObject) -> None:
    assert callable(predicate)
    values = st.one_of(st.text(max_size=30), st.text(alphabet="0123456789AB+-²٣", max_size=20))
    arguments = {
        name: data.draw(st.lists(values, max_size=3).map(tuple) if parameter.annotation == tuple[str, ...] else values)
        for name, parameter in inspect.signature(predicate).parameters.items()
    }
    said = predicate(**arguments)
    assert said.answer in ("passed", "failed", "not_applicable")
    assert all(isinstance(value, str) for value in said.values.values())
