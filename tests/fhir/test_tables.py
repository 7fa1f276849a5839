"""Tables of profiles: what each word of a row becomes, and what is told of a wrong one."""

from typing import Any

import pytest

from dui_conformance.fhir.definitions import Definitions
from dui_conformance.fhir.tables import TablesError, compile_tables
from dui_conformance.fhir.validator import Validator

HEAD = {
    "canonical": "https://example.org/fhir",
    "version": "1.0",
    "prefixes": {"x": "https://other.example/{}", "n": "https://n.example/{}/FHIR/{-}", "loinc": "http://loinc.org"},
}
CONSTRAINTS = {"k-1": {"fr": "Un nom", "path": "name.exists()"}, "k-2": {"severity": "warning", "path": "$SD"}}


def resources(**sections: Any) -> dict[str, dict[str, Any]]:
    package = compile_tables({"package.yaml": HEAD, "tables.yaml": sections})
    return {f"{r['resourceType']}/{r['id']}": r for r in package.resources}


def elements(rows: dict[str, Any], of: str = "Patient", **more: Any) -> dict[str, dict[str, Any]]:
    table = {"of": of, "elements": rows, "constraints": CONSTRAINTS, **more}
    compiled = resources(profiles={"mine": table, "other": {"of": "Patient"}})["StructureDefinition/mine"]
    return {e["id"]: e for e in compiled["differential"]["element"]}


def row(text: str) -> dict[str, Any]:
    held = elements({"name": text})["Patient.name"]
    return {k: v for k, v in held.items() if k not in ("id", "path")}


@pytest.mark.parametrize(
    ("text", "facets"),
    [
        ("1..1", {"min": 1, "max": "1"}),
        ("0..*", {"min": 0, "max": "*"}),
        ("2..", {"min": 2}),
        ("..0", {"max": "0"}),
        ("1.. MS", {"min": 1, "mustSupport": True}),
        ("MS 1..", {"min": 1, "mustSupport": True}),
        ("max-length 20", {"maxLength": 20}),
        ("string", {"type": [{"code": "string"}]}),
        ("date|Period", {"type": [{"code": "date"}, {"code": "Period"}]}),
        (
            "Reference(other | Group)",
            {
                "type": [
                    {
                        "code": "Reference",
                        "targetProfile": [
                            "https://example.org/fhir/StructureDefinition/other",
                            "http://hl7.org/fhir/StructureDefinition/Group",
                        ],
                    }
                ]
            },
        ),
        ("HumanName(x:n)", {"type": [{"code": "HumanName", "profile": ["https://other.example/n"]}]}),
        ("required VS:a", {"binding": {"strength": "required", "valueSet": "https://example.org/fhir/ValueSet/a"}}),
        (
            "extensible n:JDV_A-b_c",
            {"binding": {"strength": "extensible", "valueSet": "https://n.example/JDV_A-b_c/FHIR/JDV-A-b-c"}},
        ),
        (
            "by value:type by pattern:extension('$SD/d').value closed ordered",
            {
                "slicing": {
                    "discriminator": [
                        {"type": "value", "path": "type"},
                        {"type": "pattern", "path": "extension('https://example.org/fhir/StructureDefinition/d').value"},
                    ],
                    "rules": "closed",
                    "ordered": True,
                }
            },
        ),
        (
            "= CS:a#B",
            {"patternCodeableConcept": {"coding": [{"system": "https://example.org/fhir/CodeSystem/a", "code": "B"}]}},
        ),
        (
            '== Coding loinc:#1-8 "Un deux"',
            {"fixedCoding": {"system": "http://loinc.org", "code": "1-8", "display": "Un deux"}},
        ),
        ("= code usual", {"patternCode": "usual"}),
        ("= uri x:s", {"patternUri": "https://other.example/s"}),
        ("= uri urn:oid:1.2.3", {"patternUri": "urn:oid:1.2.3"}),
        ('= string "deux mots"', {"patternString": "deux mots"}),
        ("= boolean false", {"patternBoolean": False}),
        ("= positiveInt 3", {"patternPositiveInt": 3}),
        ('= Identifier {"use": "usual", "type": {"text": "a b"}} 1..', {
            "patternIdentifier": {"use": "usual", "type": {"text": "a b"}}, "min": 1,
        }),
        ("", {}),
    ],
)  # fmt: skip
def test_a_word_is_a_facet(text: str, facets: dict[str, Any]) -> None:
    assert row(text) == facets


def test_a_check_takes_constraints_of_the_table() -> None:
    first, second = elements({".": "check k-1 k-2"})["Patient"]["constraint"]
    assert (first["key"], first["severity"], first["expression"]) == ("k-1", "error", "name.exists()")
    assert (second["severity"], second["expression"]) == ("warning", "https://example.org/fhir/StructureDefinition")


@pytest.mark.parametrize(
    "text",
    [
        "1..1 0..1", "..", "required", "required no:such", "Reference(nothing)", "by value", "by shape:x", "= CS:a#",
        "= usual", "= boolean maybe", "check", "check k-9", "string date", "= Identifier {", "HumanName(", "= Coding a",
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_with_its_place(text: str) -> None:
    with pytest.raises(TablesError, match=r"^tables\.yaml: profiles: mine: name: "):
        row(text)


def test_slices_get_their_path_and_the_slicing_they_imply() -> None:
    made = elements({
        "extension:a": "0..1 Extension(x:a)",
        "deceased[x]:deceasedDateTime": "0..1 dateTime",
        "identifier:PI.system": "1..",
    })  # fmt: skip
    assert made["Patient.extension"]["slicing"]["discriminator"] == [{"type": "value", "path": "url"}]
    assert made["Patient.deceased[x]"]["slicing"]["discriminator"] == [{"type": "type", "path": "$this"}]
    assert made["Patient.deceased[x]:deceasedDateTime"]["sliceName"] == "deceasedDateTime"
    assert made["Patient.identifier:PI.system"]["path"] == "Patient.identifier.system"
    assert "slicing" not in made["Patient.identifier"], "how identifiers are told apart is never implied"
    assert made["Patient.identifier:PI"] == {
        "id": "Patient.identifier:PI", "path": "Patient.identifier", "sliceName": "PI",
    }  # fmt: skip


def test_a_row_is_told_once() -> None:
    with pytest.raises(TablesError, match="it is there twice"):
        elements({"name": {".": "1..", "family": "1.."}, "name.family": "1.."})
    assert elements({"name.family": "1..", "name": "1.."})["Patient.name"]["min"] == 1, "implied, then told"


def test_a_group_is_rows_below_an_element() -> None:
    made = elements({"identifier:PI": {".": "1..1", "type": {"coding": "1..", ".": "1.."}}})
    assert list(made) == [
        "Patient", "Patient.identifier", "Patient.identifier:PI", "Patient.identifier:PI.type",
        "Patient.identifier:PI.type.coding",
    ]  # fmt: skip


def test_an_extension_of_parts_is_closed_where_it_should() -> None:
    table = {
        "context": "Patient Encounter.status",
        "parts": {"a": "1..1 CodeableConcept", "b": {"card": "0..*", "parts": {"c": "string"}}},
    }
    made = resources(extensions={"e": table})["StructureDefinition/e"]
    assert [c["expression"] for c in made["context"]] == ["Patient", "Encounter.status"]
    held = {e["id"]: e for e in made["differential"]["element"]}
    assert held["Extension.extension"]["min"] == 1
    assert held["Extension.extension:a.url"]["fixedUri"] == "a"
    assert held["Extension.extension:a.extension"]["max"] == "0"
    assert held["Extension.extension:b.extension:c.value[x]"]["type"] == [{"code": "string"}]
    assert held["Extension.extension:b.value[x]"]["max"] == "0"
    assert held["Extension.url"]["fixedUri"] == "https://example.org/fhir/StructureDefinition/e"


def test_value_sets_and_code_systems() -> None:
    made = resources(
        code_systems={"c": "A B", "parts": {"content": "fragment", "codes": {"A": ["A1"], "B": None}}},
        value_sets={
            "whole": "CS:c",
            "some": {
                "include": [{"from": "CS:c", "codes": "A"}, "x:v", {"sets": ["VS:whole", "x:v"]}],
                "exclude": [{"from": "CS:c", "codes": ["B"]}],
            },
            "asked": {"url": "https://other.example/asked", "include": [{"from": "x:s", "filter": "concept is-a A b"}]},
        },
    )
    assert made["CodeSystem/c"]["concept"] == [{"code": "A"}, {"code": "B"}]
    assert made["CodeSystem/parts"]["concept"] == [{"code": "A", "concept": [{"code": "A1"}]}, {"code": "B"}]
    assert made["ValueSet/whole"]["compose"] == {"include": [{"system": "https://example.org/fhir/CodeSystem/c"}]}
    some = made["ValueSet/some"]["compose"]
    assert some["include"][1:] == [
        {"valueSet": ["https://other.example/v"]},
        {"valueSet": ["https://example.org/fhir/ValueSet/whole", "https://other.example/v"]},
    ]
    assert some["exclude"][0]["concept"] == [{"code": "B"}]
    asked = made["ValueSet/asked"]
    assert asked["url"] == "https://other.example/asked"
    assert asked["compose"]["include"][0]["filter"] == [{"property": "concept", "op": "is-a", "value": "A b"}]


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"profiles": {"p": {"of": "Patient", "element": {}}}}, "it holds"),
        ({"profiles": {"p": {}}}, "names the type"),
        ({"extensions": {"e": {"value": "string"}}}, "`context`"),
        ({"extensions": {"e": {"context": "Patient", "value": "string", "parts": {}}}}, "a value or parts"),
        ({"code_systems": {"c": {"content": "complete"}}}, "holds codes"),
        ({"value_sets": {"v": {"include": [{"codes": "A"}]}}}, "from, codes"),
        ({"value_sets": {"v": {}}}, "includes something"),
        ({"profile": {}}, "no such section: profile"),
        ({"profiles": {"p": {"of": "Patiente"}}}, "Patiente is no type"),
        ({"profiles": {"p": {"of": "Patient", "elements": {"nam": "1.."}}}}, "tables.yaml: profiles: p: nam: “nam” is"),
        ({"profiles": {"p": {"of": "Patient", "elements": {"name:usual.familly": "1.."}}}}, "“familly” is no element"),
        ({"profiles": {"p": {"of": "Observation", "elements": {"value[x].valeur": "1.."}}}}, "“valeur” is no element"),
        (
            {"extensions": {"e": {"context": "Patient", "value": "Coding", "elements": {"value[x].cod": "1.."}}}},
            "“cod” is no element",
        ),
        ({"profiles": {"p": {"of": "Patient", "constraints": {"k": {"fr": "x"}}}}}, "needs a path"),
    ],
)
def test_a_wrong_table_is_told(sections: dict[str, Any], said: str) -> None:
    with pytest.raises(TablesError, match=said):
        resources(**sections)


def test_a_name_is_declared_once() -> None:
    files = {"package.yaml": HEAD, "a.yaml": {"profiles": {"p": {"of": "Patient"}}}}
    with pytest.raises(TablesError, match=r"b\.yaml: p is already in a\.yaml"):
        compile_tables({**files, "b.yaml": {"profiles": {"p": {"of": "Patient"}}}})


def test_the_engine_takes_what_is_compiled() -> None:
    made = resources(
        profiles={"mine": {"of": "Patient", "elements": {"birthDate": "1..", "gender": "required VS:g"}}},
        value_sets={"g": {"include": [{"from": "http://hl7.org/fhir/administrative-gender", "codes": "male"}]}},
    )
    validator = Validator(Definitions.core().with_resources(made.values()))
    profile = "https://example.org/fhir/StructureDefinition/mine"
    result = validator.validate({"resourceType": "Patient", "gender": "female"}, [profile])
    assert [(i.element, i.profile) for i in result.errors] == [
        ("Patient.birthDate", profile), ("Patient.gender", profile),
    ]  # fmt: skip
    assert validator.validate({"resourceType": "Patient", "gender": "male", "birthDate": "1950"}, [profile]).valid
