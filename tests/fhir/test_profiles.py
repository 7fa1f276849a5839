"""Profiles laid over their base: cardinality, values, slicing of every kind, parents, what is not held."""

from typing import Any

import pytest

from dui_conformance.fhir import Definitions, Validator
from tests.fhir.building import CORE, OBSERVATION, PATIENT, changed, english, profile, told, validate, validator

NAME = {"path": "Patient.name", "min": 1, "max": "1"}


def test_cardinalities_of_a_profile() -> None:
    asks = profile("Patient", [NAME, {"path": "Patient.active", "min": 1}, {"path": "Patient.contact", "max": "0"}])
    bare = changed(changed(PATIENT, "active", ...), "name", [{"family": "A"}, {"family": "B"}])
    assert told(validate(bare, asks)) == [
        ("FHIR-CARDINALITY-MAX", "Patient"),
        ("FHIR-CARDINALITY-MIN", "Patient"),
        ("FHIR-CARDINALITY-FORBIDDEN", "Patient"),
    ]  # fmt: skip


def test_the_issue_says_who_asked() -> None:
    parent = profile("Patient", [{"path": "Patient.active", "min": 1}], "http://test/parent")
    child = profile(
        "Patient", [{"path": "Patient.gender", "min": 1}], "http://test/child", baseDefinition="http://test/parent"
    )
    broken = changed(changed(PATIENT, "active", ...), "gender", ...)
    issues = validate(broken, child, parent).issues
    assert {(i.profile, i.element) for i in issues} == {
        ("http://test/parent", "Patient.active"), ("http://test/child", "Patient.gender"),
    }  # fmt: skip


FACETS = [
    ("Patient.gender", {"fixedCode": "male"}, "FIXED-DIFFERS", "Patient.gender"),
    ("Patient.name.use", {"patternCode": "usual"}, "PATTERN-DIFFERS", "Patient.name[0].use"),
    ("Patient.name", {"patternHumanName": {"given": ["PAUL"]}}, "PATTERN-MISSING", "Patient.name[0]"),
    ("Patient.name", {"patternHumanName": {"text": "x"}}, "PATTERN-MISSING", "Patient.name[0]"),
    ("Patient.name.family", {"maxLength": 2}, "LENGTH-MAX", "Patient.name[0].family"),
    ("Patient.birthDate", {"minValueDate": "1990-01-01"}, "RANGE-MIN", "Patient.birthDate"),
    ("Patient.birthDate", {"maxValueDate": "1970"}, "RANGE-MAX", "Patient.birthDate"),
    ("Patient.multipleBirth[x]", {"type": [{"code": "boolean"}]}, "TYPE-NOT-ALLOWED",
     "Patient.multipleBirth.ofType(integer)"),
    ("Patient.multipleBirthInteger", {"maxValueInteger": 1}, "RANGE-MAX", "Patient.multipleBirth.ofType(integer)"),
    ("Patient.gender", {"binding": {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/name-use"}},
     "BINDING-CODE", "Patient.gender"),
    ("Patient", {"constraint": [{"key": "t-1", "severity": "error", "expression": "contact.empty()"}]},
     "INVARIANT-FAILED", "Patient"),
    ("Patient.name.given", {"constraint": [{"key": "t-2", "severity": "error", "expression": "$this.length() > 4"}]},
     "INVARIANT-FAILED", "Patient.name[0].given[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "facet", "rule", "place"), FACETS, ids=[f"{f[2]} {f[0]}" for f in FACETS])
def test_facets(path: str, facet: dict[str, Any], rule: str, place: str) -> None:
    assert told(validate(PATIENT, profile("Patient", [{"path": path, **facet}]))) == [(f"FHIR-{rule}", place)]


def test_a_fixed_complex_value_is_that_and_nothing_more() -> None:
    fixed = profile(
        "Patient", [{"path": "Patient.identifier", "fixedIdentifier": {"system": "urn:oid:1.2.3", "use": "usual"}}]
    )
    assert told(validate(PATIENT, fixed)) == [
        ("FHIR-FIXED-MISSING", "Patient.identifier[0]"), ("FHIR-FIXED-DIFFERS", "Patient.identifier[0].system"),
        ("FHIR-FIXED-EXTRA", "Patient.identifier[0].value"),
    ]  # fmt: skip


def test_a_duration_as_limit_counts_from_now() -> None:
    limit = {"value": 10, "system": "http://unitsofmeasure.org", "code": "a"}
    recent = profile("Patient", [{"path": "Patient.birthDate", "minValueDuration": limit}])
    assert told(validate(PATIENT, recent, now="1985-01-01T00:00:00Z")) == []
    assert told(validate(PATIENT, recent, now="2024-01-01T00:00:00Z")) == [("FHIR-RANGE-MIN", "Patient.birthDate")]


def slicing(kind: str, path: str, rules: str = "open", ordered: bool = False) -> dict[str, Any]:
    return {"slicing": {"discriminator": [{"type": kind, "path": path}], "rules": rules, "ordered": ordered}}


def sliced(kind: str, at: str, rules: str = "open", ordered: bool = False, **facet: Any) -> dict[str, Any]:
    inner = (
        [] if at == "$this" else [{"id": f"Patient.identifier:INS.{at}", "path": f"Patient.identifier.{at}", **facet}]
    )
    return profile("Patient", [
        {"path": "Patient.identifier", **slicing(kind, at, rules, ordered)},
        {"id": "Patient.identifier:INS", "path": "Patient.identifier", "sliceName": "INS", "min": 1, "max": "1",
         **(facet if at == "$this" else {})},
        *inner,
    ])  # fmt: skip


INS = "urn:oid:1.2.250.1.213.1.4.10"
OTHER = {"identifier": [{"system": "urn:oid:1.2.3", "value": "1"}]}


@pytest.mark.parametrize(
    "asks",
    [
        sliced("value", "system", fixedUri=INS),
        sliced("pattern", "system", patternUri=INS),
        sliced("pattern", "$this", patternIdentifier={"system": INS}),
    ],
    ids=["value", "pattern", "this"],
)
def test_slices_by_value(asks: dict[str, Any]) -> None:
    assert told(validate(PATIENT, asks)) == []
    result = validate({**PATIENT, **OTHER}, asks)
    assert told(result) == [("FHIR-SLICE-MISSING-NEAR", "Patient")]
    assert "Patient.identifier[0]" in english(result)
    assert INS in english(result)
    twice = {**PATIENT, "identifier": PATIENT["identifier"] * 2}
    assert told(validate(twice, asks)) == [("FHIR-SLICE-MAX", "Patient")]


def test_slices_by_existence() -> None:
    asks = sliced("exists", "period", min=1)
    assert told(validate(changed(PATIENT, "identifier.0.period", {"start": "2020"}), asks)) == []
    assert told(validate(PATIENT, asks)) == [("FHIR-SLICE-MISSING-NEAR", "Patient")]


def test_slices_by_required_binding() -> None:
    bound = {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/identifier-use"}
    asks = sliced("value", "use", binding=bound)
    assert told(validate(changed(PATIENT, "identifier.0.use", "official"), asks)) == []
    assert told(validate(PATIENT, asks)) == [("FHIR-SLICE-MISSING-NEAR", "Patient")]


def test_closed_ordered_and_ambiguous_slices() -> None:
    closed = sliced("value", "system", "closed", fixedUri=INS)
    both = {**PATIENT, "identifier": [*PATIENT["identifier"], *OTHER["identifier"]]}
    result = validate(both, closed)
    assert told(result) == [("FHIR-SLICE-CLOSED", "Patient.identifier[1]")]
    assert "urn:oid:1.2.3" in english(result)
    at_end = sliced("value", "system", "openAtEnd", fixedUri=INS)
    assert told(validate(both, at_end)) == []
    turned = {**PATIENT, "identifier": both["identifier"][::-1]}
    assert told(validate(turned, at_end)) == [("FHIR-SLICE-NOT-AT-END", "Patient.identifier[1]")]
    two = profile("Patient", [
        {"path": "Patient.telecom", **slicing("value", "system", ordered=True)},
        {"id": "Patient.telecom:a", "path": "Patient.telecom", "sliceName": "a"},
        {"id": "Patient.telecom:a.system", "path": "Patient.telecom.system", "fixedCode": "phone"},
        {"id": "Patient.telecom:b", "path": "Patient.telecom", "sliceName": "b"},
        {"id": "Patient.telecom:b.system", "path": "Patient.telecom.system", "fixedCode": "email"},
    ])  # fmt: skip
    wrong = {**PATIENT, "telecom": [{"system": "email", "value": "a@test.fr"}, {"system": "phone", "value": "1"}]}
    assert told(validate(wrong, two)) == [("FHIR-SLICE-ORDER", "Patient.telecom[1]")]
    same = changed(two, "differential.element.4.fixedCode", "phone")
    assert ("FHIR-SLICE-SEVERAL", "Patient.telecom[0]") in told(validate(PATIENT, same))


def test_reslicing() -> None:
    asks = profile("Patient", [
        {"path": "Patient.telecom", **slicing("value", "system")},
        {"id": "Patient.telecom:phone", "path": "Patient.telecom", "sliceName": "phone", **slicing("value", "use")},
        {"id": "Patient.telecom:phone.system", "path": "Patient.telecom.system", "fixedCode": "phone"},
        {"id": "Patient.telecom:phone/home", "path": "Patient.telecom", "sliceName": "phone/home", "min": 1},
        {"id": "Patient.telecom:phone/home.use", "path": "Patient.telecom.use", "fixedCode": "home"},
    ])  # fmt: skip
    assert [r for r, _ in told(validate(PATIENT, asks))] == ["FHIR-SLICE-MISSING-NEAR"]
    assert told(validate(changed(PATIENT, "telecom.0.use", "home"), asks)) == []


def test_slices_by_type() -> None:
    asks = profile("Observation", [
        {"id": "Observation.value[x]", "path": "Observation.value[x]", **slicing("type", "$this", "closed")},
        {"id": "Observation.value[x]:valueQuantity", "path": "Observation.value[x]", "sliceName": "valueQuantity",
         "type": [{"code": "Quantity"}]},
        {"id": "Observation.value[x]:valueQuantity.code", "path": "Observation.value[x].code", "fixedCode": "g"},
    ])  # fmt: skip
    assert told(validate(OBSERVATION, asks)) == [("FHIR-FIXED-DIFFERS", "Observation.value.ofType(Quantity).code")]
    text = changed(changed(OBSERVATION, "valueQuantity", ...), "valueString", "x")
    assert told(validate(text, asks)) == [("FHIR-SLICE-CLOSED", "Observation.value.ofType(string)")]


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-{n:012d}", "resource": r} for n, r in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


ADULT = profile("Patient", [{"path": "Patient.contact", "min": 1}], "http://test/adult")
CARRIES = profile("Bundle", [
    {"path": "Bundle.entry", **slicing("profile", "resource")},
    {"id": "Bundle.entry:adult", "path": "Bundle.entry", "sliceName": "adult", "min": 1, "max": "1"},
    {"id": "Bundle.entry:adult.resource", "path": "Bundle.entry.resource",
     "type": [{"code": "Patient", "profile": ["http://test/adult"]}]},
])  # fmt: skip


def test_slices_by_profile_name_the_nearest_candidate_and_the_cause() -> None:
    assert told(validate(bundle(PATIENT), CARRIES, ADULT)) == []
    lonely = changed(PATIENT, "contact", ...)
    result = validate(bundle({"resourceType": "Basic", "code": {"text": "x"}}, lonely), CARRIES, ADULT)
    assert told(result) == [("FHIR-SLICE-MISSING-NEAR", "Bundle")]
    assert "Bundle.entry[1]" in english(result)
    assert "contact" in english(result)
    assert told(validate(bundle({"resourceType": "Basic", "code": {"text": "x"}}), CARRIES, ADULT)) == [
        ("FHIR-SLICE-MISSING", "Bundle")
    ]
    assert told(validate(bundle(PATIENT, PATIENT), CARRIES, ADULT)) == [("FHIR-SLICE-MAX", "Bundle")]


def test_the_nearest_candidate_is_found_behind_many_others() -> None:
    others = [{"resourceType": "Basic", "code": {"text": "x"}}] * 300
    result = validate(bundle(*others, changed(PATIENT, "contact", ...)), CARRIES, ADULT)
    assert [i.id for i in result.errors if i.location.path == "Bundle"] == ["FHIR-SLICE-MISSING-NEAR"]
    assert "Bundle.entry[300]" in english(result)


def test_a_slice_whose_profile_is_not_held_is_not_checked() -> None:
    result = validate(bundle(PATIENT), CARRIES)
    assert told(result) == []
    assert ("slice", "Bundle.entry:adult") in [(n.kind, n.subject) for n in result.not_checked]


def test_claimed_profiles_are_checked() -> None:
    claim = changed(changed(PATIENT, "meta", {"profile": ["http://test/adult"]}), "contact", ...)
    assert told(validate(claim, ADULT, profiles=[])) == [("FHIR-CARDINALITY-MIN", "Patient")]
    wrong = changed(OBSERVATION, "meta", {"profile": ["http://test/adult"]})
    assert told(validate(wrong, ADULT, profiles=[])) == [("FHIR-PROFILE-WRONG-TYPE", "Observation")]
    unknown = validate(changed(PATIENT, "meta", {"profile": ["http://test/none"]}))
    assert unknown.valid
    assert ("profile", "http://test/none") in [(n.kind, n.subject) for n in unknown.not_checked]


def test_a_parent_that_is_not_held_is_told_and_the_rest_checked() -> None:
    orphan = profile("Patient", [{"path": "Patient.photo", "min": 1}], baseDefinition="http://test/none")
    result = validate(PATIENT, orphan)
    assert told(result) == [("FHIR-CARDINALITY-MIN", "Patient")]
    assert ("profile", "http://test/none") in [(n.kind, n.subject) for n in result.not_checked]


def test_a_profile_with_a_snapshot_alone() -> None:
    asks = profile("Patient", [])
    asks["snapshot"] = {
        "element": [{"id": "Patient", "path": "Patient"}, {"id": "Patient.photo", "path": "Patient.photo", "min": 1}]
    }
    assert told(validate(PATIENT, asks)) == [("FHIR-CARDINALITY-MIN", "Patient")]


def test_elements_without_ids_follow_their_slice() -> None:
    asks = sliced("value", "system", fixedUri=INS)
    for element in asks["differential"]["element"]:
        del element["id"]
    assert [r for r, _ in told(validate({**PATIENT, **OTHER}, asks))] == ["FHIR-SLICE-MISSING-NEAR"]


def test_content_references_and_recursive_elements() -> None:
    questionnaire = {
        "resourceType": "Questionnaire", "status": "draft",
        "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "1.1", "type": "zzz"}]}],
    }  # fmt: skip
    assert told(validate(questionnaire)) == [("FHIR-BINDING-CODE", "Questionnaire.item[0].item[0].type")]


def test_references_and_what_they_may_point_at() -> None:
    target = {"path": "Patient.managingOrganization", "type": [{
        "code": "Reference", "targetProfile": ["http://test/org"], "aggregation": ["contained"]}]}  # fmt: skip
    org = profile("Organization", [{"path": "Organization.telecom", "min": 1}], "http://test/org")
    asks = profile("Patient", [target])
    inside = changed(
        changed(PATIENT, "contained", [{"resourceType": "Organization", "id": "o", "name": "X"}]),
        "managingOrganization", {"reference": "#o"},
    )  # fmt: skip
    result = validate(inside, asks, org)
    assert told(result) == [("FHIR-REFERENCE-TARGET-PROFILE", "Patient.managingOrganization")]
    assert "telecom" in english(result)
    right = changed(inside, "contained.0.telecom", [{"system": "phone", "value": "1"}])
    assert told(validate(right, asks, org)) == []
    outside = changed(PATIENT, "managingOrganization", {"reference": "Organization/1"})
    assert told(validate(outside, asks, org)) == [("FHIR-REFERENCE-AGGREGATION", "Patient.managingOrganization")]


def test_either_of_two_type_profiles_will_do() -> None:
    one = profile("HumanName", [{"path": "HumanName.text", "min": 1}], "http://test/text", kind="complex-type")
    two = profile("HumanName", [{"path": "HumanName.prefix", "min": 1}], "http://test/prefix", kind="complex-type")
    kinds = [{"code": "HumanName", "profile": ["http://test/text", "http://test/prefix"]}]
    asks = profile("Patient", [{"path": "Patient.name", "type": kinds}])
    assert told(validate(PATIENT, asks, one, two)) == [("FHIR-PROFILE-NONE-OF", "Patient.name[0]")]
    assert told(validate(changed(PATIENT, "name.0.text", "x"), asks, one, two)) == []


def test_the_profile_of_an_entry_sees_the_bundle_in_its_expressions() -> None:
    inside = {"key": "b-1", "severity": "error", "expression": "%resource is Bundle and %context is Patient"}
    asks = profile("Bundle", [{"path": "Bundle.entry.resource", "constraint": [inside]}])
    assert told(validate(bundle(PATIENT), asks)) == []


def test_core_profiles_and_a_cycle_of_parents() -> None:
    loop = profile("Patient", [NAME], "http://test/a", baseDefinition="http://test/a")
    assert Validator(Definitions.core().with_resources([loop])).validate(dict(PATIENT), ["http://test/a"]) is not None
    core = Definitions.core()
    held = validator()
    compiled = [held.profiles.get(u) for u in core.urls("StructureDefinition") if u.startswith(CORE)]
    assert len(compiled) > 600
    assert all(p is not None for p in compiled)


def test_what_a_datatype_profile_asks_of_its_own_root() -> None:
    rule = {"key": "n-1", "severity": "error", "expression": "text.exists()"}
    name = profile("HumanName", [{"path": "HumanName", "constraint": [rule]}], "http://test/name", kind="complex-type")
    asks = profile(
        "Patient", [{"path": "Patient.name", "type": [{"code": "HumanName", "profile": ["http://test/name"]}]}]
    )
    assert told(validate(PATIENT, asks, name)) == [("FHIR-INVARIANT-FAILED", "Patient.name[0]")]
    short = profile("string", [{"path": "string", "maxLength": 2}], "http://test/short", kind="primitive-type")
    family = {"path": "Patient.name.family", "type": [{"code": "string", "profile": ["http://test/short"]}]}
    assert told(validate(PATIENT, profile("Patient", [family]), short)) == [
        ("FHIR-LENGTH-MAX", "Patient.name[0].family")
    ]
