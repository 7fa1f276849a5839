"""The base types: shape, primitives, cardinality, choices, references (R4 §2.6, datatypes)."""

import json
from typing import Any

import pytest

from dui_conformance.fhir import Validator
from tests.fhir.building import OBSERVATION, PATIENT, changed, told, validate


@pytest.mark.parametrize("resource", [PATIENT, OBSERVATION], ids=["patient", "observation"])
def test_a_right_resource_raises_nothing(resource: dict[str, Any]) -> None:
    assert validate(resource).issues == ()


BREAKS = [
    # path changed, value, id and path of the one issue
    ("zorglub", 1, "PROPERTY-UNKNOWN", "Patient"),
    ("name.0.famly", "X", "PROPERTY-UNKNOWN", "Patient.name[0]"),
    ("deceased", True, "PROPERTY-CHOICE", "Patient"),
    ("deceasedString", "x", "PROPERTY-UNKNOWN", "Patient"),
    ("active", "true", "PRIMITIVE-TYPE", "Patient.active"),
    ("multipleBirthInteger", 1.5, "PRIMITIVE-INTEGER", "Patient.multipleBirth.ofType(integer)"),
    ("telecom.0.rank", 0, "PRIMITIVE-RANGE", "Patient.telecom[0].rank"),
    ("telecom.0.rank", 2**31, "PRIMITIVE-RANGE", "Patient.telecom[0].rank"),
    ("name.0.family", "", "PRIMITIVE-EMPTY", "Patient.name[0].family"),
    ("name.0.given.1", None, "JSON-NULL-ITEM", "Patient.name[0].given[1]"),
    ("name.0.given", [], "JSON-ARRAY-EMPTY", "Patient.name[0].given"),
    ("name.0.given", "ANNE", "JSON-ARRAY-EXPECTED", "Patient.name[0].given"),
    ("gender", ["female"], "JSON-ARRAY-UNEXPECTED", "Patient.gender"),
    ("name.0", "TEST", "JSON-OBJECT-EXPECTED", "Patient.name[0]"),
    ("contact.1", {}, "ELEMENT-EMPTY", "Patient.contact[1]"),
    ("contact.1", {"id": "a"}, "ELEMENT-EMPTY", "Patient.contact[1]"),
    ("gender", "dame", "BINDING-CODE", "Patient.gender"),
    ("birthDate", "1979-02-30", "PRIMITIVE-DATE", "Patient.birthDate"),
    ("birthDate", "05/03/1979", "PRIMITIVE-DATE", "Patient.birthDate"),
    ("birthDate", "1979-3-5", "PRIMITIVE-DATE", "Patient.birthDate"),
    ("deceasedDateTime", "2024-01-02T03:04:05", "PRIMITIVE-ZONE", "Patient.deceased.ofType(dateTime)"),
    ("deceasedDateTime", "2024-01-02T03:04Z", "PRIMITIVE-DATE", "Patient.deceased.ofType(dateTime)"),
    ("id", "p_1", "PRIMITIVE-ID-CHARACTERS", "Patient.id"),
    ("id", "p" * 65, "PRIMITIVE-ID-LONG", "Patient.id"),
    ("identifier.0.system", "a b", "PRIMITIVE-URI-SPACE", "Patient.identifier[0].system"),
    ("identifier.0.system", "urn:oid:1.02", "PRIMITIVE-OID", "Patient.identifier[0].system"),
    ("identifier.0.system", "urn:uuid:ABC", "PRIMITIVE-UUID", "Patient.identifier[0].system"),
    ("identifier.0.system", "urn:ietf:rfc:3986", "IDENTIFIER-URI", "Patient.identifier[0]"),
    ("photo", [{"contentType": "image/png", "data": "%%"}], "PRIMITIVE-BASE64", "Patient.photo[0].data"),
    ("photo", [{"contentType": "image/png", "data": "AAAA", "size": 9}], "ATTACHMENT-SIZE", "Patient.photo[0]"),
    ("communication", [{"preferred": True}], "CARDINALITY-MIN", "Patient.communication[0]"),
    ("deceasedBoolean", True, "", ""),
    ("multipleBirthBoolean", True, "CHOICE-SEVERAL", "Patient"),
    ("managingOrganization", {"reference": "Organisme/1"}, "REFERENCE-TYPE-UNKNOWN", "Patient.managingOrganization"),
    ("managingOrganization", {"reference": "x y"}, "REFERENCE-FORM", "Patient.managingOrganization"),
    ("managingOrganization", {"reference": "#o"}, "REFERENCE-CONTAINED-MISSING", "Patient.managingOrganization"),
    ("managingOrganization", {"reference": "Organization/1", "type": "Patient"}, "REFERENCE-TYPE-DIFFERS",
     "Patient.managingOrganization"),
    ("meta", {"profile": ["x"]}, "CANONICAL-RELATIVE", "Patient.meta.profile[0]"),
    ("_gender", {"id": 3}, "PRIMITIVE-TYPE", "Patient.gender.id"),
    ("_name", {"id": "x"}, "PROPERTY-UNKNOWN", "Patient"),
    ("contact.0", {"gender": "female"}, "INVARIANT-FAILED", "Patient.contact[0]"),
    ("maritalStatus", {"coding": [{"system": "local", "code": "M"}]}, "CODING-RELATIVE",
     "Patient.maritalStatus.coding[0].system"),
    ("maritalStatus", {"coding": [{"system": "http://hl7.org/fhir/ValueSet/marital-status", "code": "M"}]},
     "CODING-VALUE-SET", "Patient.maritalStatus.coding[0].system"),
    ("contact.0.id", "twice", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "rule", "place"), BREAKS, ids=[f"{b[2]} {b[0]}" for b in BREAKS])
def test_one_fault_gives_one_error(path: str, value: Any, rule: str, place: str) -> None:
    assert told(validate(changed(PATIENT, path, value))) == ([(f"FHIR-{rule}", place)] if rule else [])


def test_the_address_of_a_resource_of_another_type_is_a_warning() -> None:
    """What is referred to is not at hand: only its address speaks. One that is at hand is an error (test_bundles)."""
    result = validate(changed(PATIENT, "managingOrganization", {"reference": "Patient/1"}))
    assert told(result) == []
    assert told(result, "warning") == [("FHIR-REFERENCE-TARGET-TYPE", "Patient.managingOrganization")]


def test_an_element_id_is_used_once() -> None:
    twice = changed(changed(PATIENT, "contact.0.id", "a"), "name.0.id", "a")
    assert told(validate(twice)) == [("FHIR-ELEMENT-ID-TWICE", "Patient.contact[0].id")]


def test_all_faults_are_told_at_once() -> None:
    broken = changed(changed(changed(PATIENT, "gender", "x"), "birthDate", "x"), "name.0.given", [])
    assert {path for _, path in told(validate(broken))} == {
        "Patient.gender", "Patient.birthDate", "Patient.name[0].given",
    }  # fmt: skip


@pytest.mark.parametrize("name", [None, "", "Zorglub", "HumanName", "DomainResource", 3])
def test_a_resource_says_what_it_is(name: Any) -> None:
    result = Validator().validate(json.dumps({"resourceType": name} if name is not None else {}))
    assert [i.severity for i in result.issues] == ["fatal"]
    assert not result.valid


def test_twin_lists_may_hold_nulls() -> None:
    given = {"given": ["ANNE", None], "_given": [None, {"extension": [{"url": "http://x/y", "valueBoolean": True}]}]}
    assert told(validate(changed(PATIENT, "name.0", given))) == []
    short = {"given": ["ANNE", "MARIE"], "_given": [{"id": "g"}]}
    assert told(validate(changed(PATIENT, "name.0", short))) == [("FHIR-JSON-TWINS", "Patient.name[0].given")]


def test_decimals_keep_their_digits_and_codes_unknown_here_are_listed() -> None:
    result = validate(OBSERVATION)
    assert [(n.kind, n.subject) for n in result.not_checked] == [
        ("code", "http://loinc.org"), ("reference", "Patient"), ("code", "http://unitsofmeasure.org"),
    ]  # fmt: skip


CONTAINED = {"resourceType": "Organization", "id": "o", "name": "Foyer des Essais"}


def test_contained_resources() -> None:
    linked = changed(changed(PATIENT, "contained", [CONTAINED]), "managingOrganization", {"reference": "#o"})
    assert told(validate(linked)) == []
    alone = changed(PATIENT, "contained", [CONTAINED])
    assert told(validate(alone)) == [("FHIR-CONTAINED-UNREFERENCED", "Patient.contained[0]")]
    nested = changed(linked, "contained.0.contained", [{**CONTAINED, "id": "i"}])
    assert ("FHIR-CONTAINED-NESTED", "Patient.contained[0].contained[0]") in told(validate(nested))
    dated = changed(linked, "contained.0.meta", {"versionId": "1", "security": [{"code": "R"}]})
    assert {rule for rule, _ in told(validate(dated))} == {"FHIR-CONTAINED-VERSION", "FHIR-CONTAINED-SECURITY"}


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
NARRATIVES = [
    ("<div>x</div>", "NAMESPACE"),
    ('<p xmlns="http://www.w3.org/1999/xhtml">x</p>', "ROOT"),
    (DIV.format("<script>1</script>"), "ELEMENT"),
    (DIV.format('<b onclick="x">x</b>'), "ATTRIBUTE"),
    (DIV.format('<a href=" JavaScript:x">x</a>'), "ATTRIBUTE"),
    (DIV.format("a<br>b"), "SYNTAX"),
    (DIV.format("&nbsp;"), "ENTITY"),
    (DIV.format("  "), "EMPTY"),
    ('<!DOCTYPE d [<!ENTITY x "y">]>' + DIV.format("x"), "DOCTYPE"),
]


@pytest.mark.parametrize(("div", "rule"), NARRATIVES, ids=[n[1] for n in NARRATIVES])
def test_narrative_is_safe(div: str, rule: str) -> None:
    assert told(validate(changed(PATIENT, "text.div", div))) == [(f"FHIR-NARRATIVE-{rule}", "Patient.text.div")]


def test_a_narrative_link_leads_somewhere() -> None:
    text = DIV.format('<a href="#nowhere">x</a> <a href="#p1">y</a> <a name="z"/><a href="#z">z</a>')
    result = validate(changed(PATIENT, "text.div", text))
    assert told(result, "warning") == [("FHIR-NARRATIVE-LINK", "Patient.text.div")]
    assert told(validate(changed(PATIENT, "text.div", text), narrative_links="error")) == told(result, "warning")


def test_vital_signs_are_held_to_their_profile() -> None:
    heart = changed(OBSERVATION, "code.coding.0.code", "8867-4")
    rules = {(i.id, i.profile) for i in validate(heart).errors}
    assert ("FHIR-CARDINALITY-MIN", CORE_VITAL) in rules
    assert all(p.startswith("http://hl7.org/fhir/StructureDefinition/") for _, p in rules)


CORE_VITAL = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
