"""Identifiers, codes, addresses and declared types of the header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import datatypes


@pytest.mark.parametrize("oid", ["1.2.250.1.71.4.2.1", "2.999.0.1", "0.9", "2.16.840.1.113883.2.8.2.1"])
def test_oids(oid: str) -> None:
    assert datatypes.is_oid(oid).answer == "passed"


@pytest.mark.parametrize("oid", ["", "1", "3.1", "1.", ".1", "1..2", "1.02", "1.2 ", "1.2\n", "LOINC", "1.2.x", "١.٢"])
def test_what_is_not_an_oid(oid: str) -> None:
    assert datatypes.is_oid(oid).answer == "failed"


@pytest.mark.parametrize(
    ("root", "answer"),
    [
        ("1.2.250", "passed"),
        ("6F0855C1-F67D-58DA-A322-69AD43C6CBF3", "passed"),
        ("6f0855c1-f67d-58da-a322-69ad43c6cbf3", "passed"),
        ("6F0855C1F67D58DAA32269AD43C6CBF3", "failed"),
        ("urn:uuid:6F0855C1-F67D-58DA-A322-69AD43C6CBF3", "failed"),
        ("DUI-4711", "failed"),
    ],
)
def test_roots(root: str, answer: str) -> None:
    assert datatypes.root_is_oid_or_uuid(root).answer == answer


def test_identifiers_of_one_root_differ_by_their_extension() -> None:
    assert datatypes.identifiers_differ(("1.2", "1.2", "1.3"), ("a", "b", "a"), ("1.4",)).answer == "passed"
    assert datatypes.identifiers_differ(("1.2", "1.2"), ("a", "a"), ()).values == {"root": "1.2"}
    assert datatypes.identifiers_differ((), (), ("1.4", "1.4")).values == {"root": "1.4"}
    # without extension, it is the same as any other of that root
    assert datatypes.identifiers_differ(("1.2",), ("a",), ("1.2",)).values == {"root": "1.2"}


def test_translations_differ_by_code_or_system() -> None:
    assert datatypes.codes_differ(("A", "A"), ("1.2", "1.3")).answer == "passed"
    assert datatypes.codes_differ(("A", "A"), ("1.2", "1.2")).values == {"code": "A"}


def test_addresses_are_compared_for_one_use_and_without_indentation() -> None:
    assert datatypes.addresses_differ(("3 rue X\n", "3  rue X"), ("H", "WP"), ()).answer == "passed"
    assert datatypes.addresses_differ(("3 rue X\n", "3  rue X"), ("H", "H"), ()).answer == "failed"
    assert datatypes.addresses_differ(("3 rue X",), ("H",), ("3 rue X",)).answer == "passed"
    assert datatypes.addresses_differ((), (), ("3 rue X", "3 rue X")).answer == "failed"
    assert datatypes.addresses_differ((), (), ("", "")).answer == "passed"  # null addresses


@pytest.mark.parametrize(
    ("declared", "name", "owner", "answer"),
    [
        ("IVL_TS", "time", "participant", "passed"),
        ("hl7:IVL_TS", "effectiveTime", "serviceEvent", "passed"),
        ("TS", "time", "participant", "failed"),
        ("TS", "effectiveTime", "ClinicalDocument", "passed"),
        ("IVL_TS", "time", "author", "failed"),
        ("CD", "code", "assignedAuthor", "failed"),
        ("CE", "functionCode", "participant", "passed"),
        ("ON", "name", "representedOrganization", "passed"),
        ("PN", "name", "representedCustodianOrganization", "failed"),
        ("PN", "name", "assignedPerson", "not_applicable"),
        ("X", "somethingElse", "participant", "not_applicable"),
    ],
)
def test_declared_types(declared: str, name: str, owner: str, answer: str) -> None:
    assert datatypes.declared_type_is_expected(declared, name, owner).answer == answer


@pytest.mark.parametrize(
    ("value", "exists", "complete"),
    [
        ("20260310153000+0100", "passed", "passed"),
        ("20260310153000+100", "passed", "failed"),
        ("20260310153000-1", "passed", "failed"),
        ("20260231153000+100", "failed", "failed"),
        ("20260231", "failed", "passed"),
        ("10/03/2026", "failed", "passed"),
        ("", "failed", "passed"),
    ],
)
def test_dates_with_a_truncated_zone_still_exist(value: str, exists: str, complete: str) -> None:
    assert datatypes.date_exists(value).answer == exists
    assert datatypes.zone_is_complete(value).answer == complete


@given(st.text(), st.text(), st.text())
def test_any_text_gets_an_answer(one: str, two: str, three: str) -> None:
    datatypes.is_oid(one)
    datatypes.root_is_oid_or_uuid(one)
    datatypes.date_exists(one)
    datatypes.zone_is_complete(one)
    datatypes.declared_type_is_expected(one, two, three)
    datatypes.identifiers_differ((one, two), (three,), (one,))
