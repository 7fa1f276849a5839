"""Extensions: shape, definition, context, parts, modifiers."""

from typing import Any

import pytest

from tests.fhir.building import CORE, PATIENT, changed, profile, told, validate

URL = "http://test/ext"


def definition(context: str = "Patient", kind: str = "element", **more: Any) -> dict[str, Any]:
    elements = [
        {"path": "Extension.url", "fixedUri": URL},
        {"path": "Extension.value[x]", "min": 1, "type": [{"code": "string"}]},
    ]
    return profile(
        "Extension", elements, URL, kind="complex-type", context=[{"type": kind, "expression": context}], **more
    )


def carrying(*extensions: Any, at: str = "extension") -> dict[str, Any]:
    return changed(PATIENT, at, list(extensions))


RIGHT = {"url": URL, "valueString": "x"}

CASES = [
    (carrying(RIGHT), []),
    (carrying({"url": URL, "valueCode": "x"}), [("FHIR-TYPE-NOT-ALLOWED", "Patient.extension[0].value.ofType(code)")]),
    (carrying({"url": URL}), [("FHIR-EXTENSION-NEITHER", "Patient.extension[0]"),
                              ("FHIR-CARDINALITY-MIN", "Patient.extension[0]")]),
    (carrying({"valueString": "x"}), [("FHIR-CARDINALITY-MIN", "Patient.extension[0]")]),
    (carrying({**RIGHT, "extension": [RIGHT]}), [("FHIR-EXTENSION-BOTH", "Patient.extension[0]"),
                                                 ("FHIR-EXTENSION-CONTEXT", "Patient.extension[0].extension[0]")]),
    (carrying({**RIGHT, "url": "ext"}), [("FHIR-EXTENSION-RELATIVE", "Patient.extension[0]")]),
    (carrying(RIGHT, at="modifierExtension"), [("FHIR-EXTENSION-NOT-MODIFIER", "Patient.modifierExtension[0]")]),
    (carrying(RIGHT, at="name.0.extension"), [("FHIR-EXTENSION-CONTEXT", "Patient.name[0].extension[0]")]),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "errors"), CASES)
def test_extensions(resource: dict[str, Any], errors: list[tuple[str, str]]) -> None:
    assert told(validate(resource, definition(), profiles=[])) == errors


@pytest.mark.parametrize(
    ("context", "at", "allowed"),
    [
        ("Element", "name.0.extension", True),
        ("HumanName", "name.0.extension", True),
        ("Patient.name", "name.0.extension", True),
        ("Patient.contact", "contact.0.extension", True),
        ("BackboneElement", "contact.0.extension", True),
        ("Patient.contact.name", "contact.0.name.extension", True),
        ("DomainResource.text", "text.extension", True),
        ("Patient.birthDate", "_birthDate.extension", True),
        ("date", "_birthDate.extension", True),
        ("Patient.name", "contact.0.extension", False),
        ("DomainResource", "name.0.extension", False),
        ("Observation", "extension", False),
    ],
)
def test_contexts(context: str, at: str, allowed: bool) -> None:
    result = validate(carrying(RIGHT, at=at), definition(context), profiles=[])
    assert ("FHIR-EXTENSION-CONTEXT" not in {r for r, _ in told(result)}) is allowed


def test_context_by_expression_by_parent_and_by_invariant() -> None:
    assert told(validate(carrying(RIGHT), definition("Patient.active", "fhirpath"), profiles=[])) == []
    inner = {"url": "http://test/other", "valueString": "y"}
    parent = {"url": URL, "extension": [inner]}
    other = definition(URL, "extension")
    other = {**changed(other, "differential.element.0.fixedUri", inner["url"]), "url": inner["url"]}
    assert told(validate(carrying(parent), other, profiles=[])) == []
    assert told(validate(carrying(inner), other, profiles=[])) == [("FHIR-EXTENSION-CONTEXT", "Patient.extension[0]")]
    never = definition(contextInvariant=["active = false"])
    assert told(validate(carrying(RIGHT), never, profiles=[])) == [
        ("FHIR-EXTENSION-CONTEXT-INVARIANT", "Patient.extension[0]")
    ]


def test_parts_of_a_complex_extension() -> None:
    nationality = CORE + "patient-nationality"
    good = {"url": nationality, "extension": [{"url": "code", "valueCodeableConcept": {"text": "FR"}}]}
    assert told(validate(carrying(good))) == []
    wrong = {"url": nationality, "extension": [{"url": "pays", "valueString": "FR"}]}
    assert told(validate(carrying(wrong))) == [("FHIR-EXTENSION-PART-UNKNOWN", "Patient.extension[0].extension[0]")]
    typed = {"url": nationality, "extension": [{"url": "code", "valueString": "FR"}]}
    assert [r for r, _ in told(validate(carrying(typed)))] == ["FHIR-TYPE-NOT-ALLOWED"]


def test_an_unknown_extension_is_listed_or_refused_as_asked() -> None:
    resource = carrying({"url": "http://unknown.test/x", "valueString": "x"})
    result = validate(resource)
    assert told(result) == []
    assert [(n.kind, n.subject) for n in result.not_checked] == [("extension", "http://unknown.test/x")]
    refused = validate(resource, unknown_extensions="error")
    assert told(refused) == [("FHIR-EXTENSION-UNKNOWN", "Patient.extension[0]")]
    allowed = validate(resource, unknown_extensions="error", extension_domains=("http://unknown.test/",))
    assert told(allowed) == []
    modifier = carrying({"url": "http://unknown.test/x", "valueString": "x"}, at="modifierExtension")
    assert told(validate(modifier), "warning") == [("FHIR-EXTENSION-MODIFIER-UNKNOWN", "Patient.modifierExtension[0]")]
