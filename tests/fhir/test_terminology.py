"""Value sets and code systems: in, out, or cannot say; bindings of each strength."""

from typing import Any

import pytest

from dui_conformance.fhir import Definitions
from dui_conformance.fhir.terminology import Terminology
from tests.fhir.building import OBSERVATION, PATIENT, changed, profile, told, validate

SYSTEM = "http://test/cs"
CODES = {
    "resourceType": "CodeSystem", "url": SYSTEM, "content": "complete",
    "concept": [{"code": "a", "concept": [{"code": "a1", "concept": [{"code": "a11"}]}, {"code": "a2"}]},
                {"code": "b"}],
}  # fmt: skip


def value_set(url: str, *include: dict[str, Any], exclude: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    compose: dict[str, Any] = {"include": list(include)}
    if exclude:
        compose["exclude"] = exclude
    return {"resourceType": "ValueSet", "url": url, "compose": compose}


def has(
    code: str, *include: dict[str, Any], system: str | None = SYSTEM, more: tuple[dict[str, Any], ...] = (), **kw: Any
) -> bool | None:
    definitions = Definitions.core().with_resources([CODES, value_set("http://test/vs", *include, **kw), *more])
    held = Terminology(definitions).value_set("http://test/vs|1.0")
    assert held is not None
    return held.has(system, code)


def rule(op: str, value: str) -> dict[str, Any]:
    return {"system": SYSTEM, "filter": [{"property": "concept", "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("code", "include", "answer"),
    [
        ("a", {"system": SYSTEM}, True),
        ("z", {"system": SYSTEM}, False),
        ("a", {"system": SYSTEM, "concept": [{"code": "a"}]}, True),
        ("b", {"system": SYSTEM, "concept": [{"code": "a"}]}, False),
        ("a11", rule("is-a", "a"), True),
        ("a", rule("is-a", "a"), True),
        ("a", rule("descendent-of", "a"), False),
        ("b", rule("is-a", "a"), False),
        ("b", rule("is-not-a", "a"), True),
        ("a", rule("regex", "a.*"), None),
        ("a", {"system": "http://loinc.org"}, False),
    ],
)
def test_membership(code: str, include: dict[str, Any], answer: bool | None) -> None:
    assert has(code, include) is answer


def test_what_is_not_held_cannot_be_said() -> None:
    assert has("1", {"system": "http://loinc.org"}, system="http://loinc.org") is None
    assert has("a", {"valueSet": ["http://test/none"]}) is None
    assert has("a", {"system": SYSTEM, "valueSet": ["http://test/none"]}) is None


def test_imports_exclusions_and_circles() -> None:
    other = value_set("http://test/other", {"system": SYSTEM}, exclude=[{"system": SYSTEM, "concept": [{"code": "b"}]}])
    assert has("a", {"valueSet": ["http://test/other"]}, more=(other,)) is True
    assert has("b", {"valueSet": ["http://test/other"]}, more=(other,)) is False
    assert has("b", {"system": SYSTEM}, exclude=[{"system": SYSTEM, "concept": [{"code": "b"}]}]) is False
    assert has("z", {"valueSet": ["http://test/vs"]}) is not True
    assert (
        has(
            "a",
            {"system": SYSTEM, "concept": [{"code": "a"}, {"code": "b"}], "valueSet": ["http://test/other"]},
            more=(other,),
        )
        is True
    )


def test_an_expansion_is_read() -> None:
    data = {
        "resourceType": "ValueSet",
        "url": "http://test/vs",
        "expansion": {"contains": [{"system": SYSTEM, "code": "a"}]},
    }
    held = Terminology(Definitions.core().with_resources([data])).value_set("http://test/vs")
    assert held is not None
    assert (held.has(SYSTEM, "a"), held.has(SYSTEM, "b")) == (True, False)


def bound(strength: str, path: str = "Patient.maritalStatus", of: str = "Patient") -> list[dict[str, Any]]:
    vs = value_set("http://test/vs", {"system": SYSTEM, "concept": [{"code": "a"}]})
    asks = profile(of, [{"path": path, "binding": {"strength": strength, "valueSet": "http://test/vs"}}])
    return [asks, CODES, vs]


def status(*codings: tuple[str, str]) -> dict[str, Any]:
    return changed(PATIENT, "maritalStatus", {"coding": [{"system": s, "code": c} for s, c in codings]})


def test_bindings() -> None:
    assert told(validate(status((SYSTEM, "a")), *bound("required"))) == []
    assert told(validate(status(("http://loinc.org", "1"), (SYSTEM, "a")), *bound("required"))) == []
    assert told(validate(status((SYSTEM, "b")), *bound("required"))) == [
        ("FHIR-BINDING-CONCEPT", "Patient.maritalStatus")
    ]
    assert told(validate(status((SYSTEM, "b")), *bound("extensible"))) == []
    assert ("FHIR-BINDING-CONCEPT-EXTENSIBLE", "Patient.maritalStatus") in told(
        validate(status((SYSTEM, "b")), *bound("extensible")), "warning"
    )
    text = changed(PATIENT, "maritalStatus", {"text": "x"})
    assert told(validate(text, *bound("required"))) == [("FHIR-BINDING-REQUIRED-NONE", "Patient.maritalStatus")]
    assert told(validate(OBSERVATION, *bound("required", "Observation.value[x]", "Observation"))) == [
        ("FHIR-BINDING-CODING", "Observation.value.ofType(Quantity)")
    ]


def test_a_value_set_that_is_not_held_is_listed() -> None:
    result = validate(status((SYSTEM, "a")), bound("required")[0])
    assert told(result) == []
    assert ("value-set", "http://test/vs") in [(n.kind, n.subject) for n in result.not_checked]


def test_codes_of_closed_and_of_growing_systems() -> None:
    closed = status(("http://hl7.org/fhir/administrative-gender", "zzz"))
    assert told(validate(closed)) == [("FHIR-CODING-UNKNOWN", "Patient.maritalStatus.coding[0].code")]
    growing = status(("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "zzz"))
    assert told(validate(growing)) == []
    assert ("FHIR-CODING-UNKNOWN-HERE", "Patient.maritalStatus.coding[0].code") in told(validate(growing), "warning")


def test_the_largest_set_of_a_preferred_binding_asks_for_no_code() -> None:
    """A code is of the largest set; text alone is admitted, as it is for a preferred binding (R4 §4.1.5)."""
    most = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
    _, *sets = bound("preferred")
    largest = {"url": most, "valueCanonical": "http://test/vs"}
    binding = {"strength": "preferred", "valueSet": "http://test/some", "extension": [largest]}
    asked = [profile("Patient", [{"path": "Patient.maritalStatus", "binding": binding}]), *sets]
    assert told(validate(changed(PATIENT, "maritalStatus", {"text": "x"}), *asked)) == []
    assert told(validate(status((SYSTEM, "a")), *asked)) == []
    assert told(validate(status((SYSTEM, "b")), *asked)) == [("FHIR-BINDING-CONCEPT", "Patient.maritalStatus")]
