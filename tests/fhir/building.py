"""Small resources and profiles that the tests break, all invented."""

import copy
import json
from collections.abc import Sequence
from typing import Any

from dui_conformance.fhir import Definitions, Options, Result, Validator
from dui_conformance.text import unmark

CORE = "http://hl7.org/fhir/StructureDefinition/"
Resource = dict[str, Any]

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p1",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Essai</div>'},
    "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "279035121518989"}],
    "active": True,
    "name": [{"use": "official", "family": "TEST", "given": ["ANNE", "MARIE"]}],
    "telecom": [{"system": "phone", "value": "0102030405", "rank": 1}],
    "gender": "female",
    "birthDate": "1979-03-05",
    "_birthDate": {"extension": [{"url": CORE + "patient-birthTime", "valueDateTime": "1979-03-05T10:00:00+01:00"}]},
    "multipleBirthInteger": 2,
    "contact": [{"name": {"family": "TEST"}}],
}

OBSERVATION: Resource = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "1234-5"}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2024-01-02T03:04:05Z",
    "valueQuantity": {"value": 1.50, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
}


def changed(resource: Resource, path: str, value: Any) -> Resource:
    """A copy with the value at a path (`name.0.family`) replaced, added, or removed when it is `...`."""
    out = copy.deepcopy(resource)
    node: Any = out
    *above, last = path.split(".")
    for step in above:
        node = node[int(step)] if step.isdigit() else node.setdefault(step, {})
    key = int(last) if last.isdigit() else last
    if value is ...:
        del node[key]
    elif isinstance(node, list) and key == len(node):
        node.append(value)
    else:
        node[key] = value
    return out


def profile(of: str, elements: Sequence[Resource], url: str = "http://test/profile", **more: Any) -> Resource:
    """A StructureDefinition with only a differential; element ids are completed from paths and slice names."""
    return {
        "resourceType": "StructureDefinition", "url": url, "version": "1", "kind": "resource", "abstract": False,
        "type": of, "baseDefinition": CORE + of, "derivation": "constraint",
        "differential": {"element": [{"id": e["path"], **e} for e in elements]}, **more,
    }  # fmt: skip


def validator(*resources: Resource, **options: Any) -> Validator:
    return Validator(Definitions.core().with_resources(resources), Options(**options))


def validate(
    resource: Resource, *definitions: Resource, profiles: Sequence[str] | None = None, **options: Any
) -> Result:
    """Validate through JSON text, against the first definition unless `profiles` says otherwise."""
    first = [d["url"] for d in definitions if d["resourceType"] == "StructureDefinition"][:1]
    return validator(*definitions, **options).validate(
        json.dumps(resource, ensure_ascii=False), first if profiles is None else profiles
    )


def told(result: Result, severity: str = "error") -> list[tuple[str, str]]:
    """(id, path) of the issues of a severity."""
    return [(i.id, i.location.path) for i in result.issues if i.severity in (severity, "fatal")]


def english(result: Result) -> str:
    return "\n".join(unmark(i.message.en, str) for i in result.issues)
