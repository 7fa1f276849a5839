"""`resolve()` of the dialect: what a reference of a FHIR view leads to."""

import json
from typing import Any

import pytest

from dui_conformance.rules import catalogue
from dui_conformance.rules.xpath import Expression
from dui_conformance.subjects import fhir

CONSTANTS = catalogue.load().constants
USER = "urn:uuid:097ff8b7-dcbe-57cc-9d37-687df8b90f2e"


def bundle(reference: object, **more: Any) -> Any:
    stay = {"resourceType": "Encounter", "id": "e", "subject": {"reference": reference}, **more}
    entries = [
        {"fullUrl": USER, "resource": {"resourceType": "Patient", "id": "p1", "active": True}},
        {"fullUrl": "https://dui.example.fr/fhir/Patient/p2", "resource": {"resourceType": "Patient", "id": "p2"}},
        {"resource": stay},
        {"request": {"method": "POST"}},
    ]
    view = fhir.view_of_json(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())
    assert view is not None
    return view


def found(view: Any) -> list[str]:
    expression = Expression("resolve(entry/resource/Encounter/subject)/id/@value", "fhir", CONSTANTS)
    return list(expression.strings(view))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (USER, ["p1"]),
        ("Patient/p1", ["p1"]),
        ("Patient/p2", ["p2"]),
        ("https://dui.example.fr/fhir/Patient/p2", ["p2"]),
        ("https://dui.example.fr/fhir/Patient/p2/_history/3", ["p2"]),
        ("Patient/p3", []),
        ("Encounter/p1", []),
        ("#p1", []),
        ("", []),
        (12, []),
        (None, []),
        ({"a": 1}, []),
    ],
)
def test_a_reference_leads_to_an_entry_of_its_bundle(reference: object, expected: list[str]) -> None:
    assert found(bundle(reference)) == expected


def test_a_fragment_leads_to_what_is_contained_there() -> None:
    assert found(bundle("#c", contained=[{"resourceType": "Patient", "id": "c"}])) == ["c"]


def test_two_references_to_one_entry_give_it_once() -> None:
    twice = Expression("count(resolve(entry/resource/Encounter/*[reference]))", "fhir", CONSTANTS)
    assert twice(bundle(USER, partOf={"reference": "Patient/p1"})) == 1.0


def test_outside_a_bundle_nothing_is_found() -> None:
    view = fhir.view_of_json(b'{"resourceType": "Encounter", "subject": {"reference": "Patient/p1"}}')
    assert view is not None
    assert Expression("resolve(subject)", "fhir", CONSTANTS)(view) == []
    assert Expression("resolve(status)", "fhir", CONSTANTS)(view) == []
    assert Expression("resolve('texte')", "fhir", CONSTANTS)(view) == []
