"""Bundles: fullUrl, resolution of references, documents, messages, searches; one index, linear."""

import json
import sys
from typing import Any

import pytest

from dui_conformance.fhir import Definitions, Validator
from tests.fhir.building import OBSERVATION, PATIENT, changed, profile, told, validate

BASE = "http://test.fr/fhir"


def entry(resource: dict[str, Any], url: str | None = "", **more: Any) -> dict[str, Any]:
    full = f"{BASE}/{resource['resourceType']}/{resource.get('id')}" if url == "" else url
    return {**({"fullUrl": full} if full else {}), "resource": resource, **more}


def bundle(*entries: dict[str, Any], kind: str = "collection", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **more}


WEIGHT = {**OBSERVATION, "id": "o1"}
U1, U2 = "urn:uuid:00000000-0000-4000-8000-000000000001", "urn:uuid:00000000-0000-4000-8000-000000000002"


def test_references_follow_full_urls() -> None:
    result = validate(bundle(entry(PATIENT), entry(WEIGHT)))
    assert told(result) == []
    assert not [n for n in result.not_checked if n.kind == "reference"]
    by_uuid = changed(WEIGHT, "subject.reference", U1)
    assert told(validate(bundle(entry(PATIENT, U1), entry(by_uuid, U2)))) == []


@pytest.mark.parametrize(("kind", "severity"), [("transaction", "error"), ("collection", "warning")])
def test_a_uuid_that_leads_nowhere(kind: str, severity: str) -> None:
    lost = entry(changed(WEIGHT, "subject.reference", U1), U2)
    if kind == "transaction":
        lost["request"] = {"method": "POST", "url": "Observation"}
    assert told(validate(bundle(lost, kind=kind)), severity) == [
        ("FHIR-REFERENCE-BUNDLE-MISSING", "Bundle.entry[0].resource.subject")
    ]


def test_a_reference_may_lead_to_two_versions() -> None:
    one, two = ({**PATIENT, "meta": {"versionId": v}} for v in "12")
    both = bundle(entry(one), entry(two), entry(WEIGHT))
    assert told(validate(both)) == [("FHIR-REFERENCE-AMBIGUOUS", "Bundle.entry[2].resource.subject")]
    stated = changed(both, "entry.2.resource.subject.reference", "Patient/p1/_history/2")
    assert told(validate(stated)) == []


def test_the_type_of_what_is_reached() -> None:
    wrong = changed(WEIGHT, "subject.reference", U1)
    assert told(validate(bundle(entry({**WEIGHT, "id": "x"}, U1), entry(wrong, U2)))) == [
        ("FHIR-REFERENCE-TARGET-TYPE", "Bundle.entry[1].resource.subject")
    ]


FULL_URLS = [
    (entry(PATIENT, None), "MISSING"),
    (entry(PATIENT, "Patient/p1"), "RELATIVE"),
    (entry(PATIENT, f"{BASE}/Patient/p2"), "DIFFERS"),
    (entry(PATIENT, f"{BASE}/Observation/p1"), "DIFFERS"),
]


@pytest.mark.parametrize(("one", "rule"), FULL_URLS)
def test_full_urls(one: dict[str, Any], rule: str) -> None:
    assert told(validate(bundle(one))) == [(f"FHIR-BUNDLE-FULL-URL-{rule}", "Bundle.entry[0]")]


def test_full_urls_are_unique() -> None:
    assert told(validate(bundle(entry(PATIENT), entry(PATIENT)))) == [("FHIR-INVARIANT-FAILED", "Bundle")]


COMPOSITION = {
    "resourceType": "Composition", "id": "c", "status": "final", "type": {"text": "x"}, "date": "2024-01-01",
    "author": [{"reference": "Patient/p1"}], "title": "x",
    "section": [{"title": "a", "entry": [{"reference": "Observation/o1"}]}],
}  # fmt: skip
NAMED = {"identifier": {"system": "urn:oid:1.2.3", "value": "1"}, "timestamp": "2024-01-01T00:00:00Z"}


def test_documents() -> None:
    whole = bundle(entry(COMPOSITION), entry(PATIENT), entry(WEIGHT), kind="document", **NAMED)
    assert told(validate(whole)) == []
    assert told(validate(changed(whole, "entry.2", ...))) == [
        ("FHIR-BUNDLE-REFERENCE-MISSING", "Bundle.entry[0].resource.section[0].entry[0]")
    ]
    apart = changed(whole, "entry.2.fullUrl", U1)
    assert told(validate(apart)) == [("FHIR-BUNDLE-REFERENCE-FULL-URL", "Bundle.entry[0].resource.section[0].entry[0]")]
    stray = bundle(
        *whole["entry"], entry({"resourceType": "Basic", "id": "b", "code": {"text": "x"}}), kind="document", **NAMED
    )
    assert told(validate(stray), "warning") == [("FHIR-BUNDLE-DOCUMENT-UNREACHED", "Bundle.entry[3]")]
    first = bundle(entry(PATIENT), kind="document", **NAMED)
    assert told(validate(first)) == [("FHIR-INVARIANT-FAILED", "Bundle")]


def test_searches() -> None:
    found = bundle(
        entry(PATIENT, search={"mode": "match"}),
        kind="searchset",
        link=[{"relation": "self", "url": f"{BASE}/Patient?x=1"}],
    )
    assert told(validate(found)) == []
    assert told(validate(changed(found, "link.0.url", f"{BASE}/Observation"))) == [
        ("FHIR-BUNDLE-SEARCH-TYPE", "Bundle.entry[0].resource")
    ]
    assert told(validate(changed(found, "entry.0.search.mode", "outcome"))) == [
        ("FHIR-BUNDLE-SEARCH-OUTCOME", "Bundle.entry[0].resource")
    ]
    assert told(validate(changed(found, "link.1", {"relation": "self", "url": BASE}))) == [
        ("FHIR-BUNDLE-LINK-TWICE", "Bundle.link[1]")
    ]


def test_links_of_searches_stand_in_searches() -> None:
    linked = bundle(entry(PATIENT), link=[{"relation": "next", "url": BASE}])
    assert told(validate(linked)) == [("FHIR-BUNDLE-LINK-SEARCH", "Bundle.link[0].relation")]


def large(size: int) -> bytes:
    people = [entry({**PATIENT, "id": f"p{n}", "contact": [{"name": {"family": "T"}}]}) for n in range(size)]
    weights = [
        entry({**changed(OBSERVATION, "subject.reference", f"Patient/p{n}"), "id": f"o{n}"}) for n in range(size)
    ]
    return json.dumps(bundle(*people, *weights)).encode()


def calls(validator: Validator, data: bytes) -> int:
    """How many functions a validation calls: its work, whatever the machine."""
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(called)
    try:
        assert validator.validate(data).valid
    finally:
        sys.setprofile(None)
    return count


def test_a_large_bundle_takes_work_in_proportion() -> None:
    validator = Validator()
    validator.validate(large(10))
    assert calls(validator, large(400)) < 8.2 * calls(validator, large(50))


def test_a_large_bundle_sliced_by_profile_takes_work_in_proportion() -> None:
    """Each entry is of one slice by its claim, and referred to by the next one: each is judged once."""
    kinds = [
        profile("Patient", [{"path": "Patient.name", "min": 1}], "http://test/named"),
        profile("Patient", [{"path": "Patient.gender", "min": 1}], "http://test/sexed"),
    ]
    sliced = profile("Bundle", [
        {"path": "Bundle.entry", "slicing": {"discriminator": [{"type": "profile", "path": "resource"}]}},
        *(
            element
            for kind in kinds
            for element in (
                {"id": f"Bundle.entry:{kind['url'][-5:]}", "path": "Bundle.entry", "sliceName": kind["url"][-5:]},
                {"id": f"Bundle.entry:{kind['url'][-5:]}.resource", "path": "Bundle.entry.resource",
                 "type": [{"code": "Patient", "profile": [kind["url"]]}]},
            )
        ),
    ], "http://test/sliced")  # fmt: skip
    validator = Validator(Definitions.core().with_resources([sliced, *kinds]))

    def data(size: int) -> bytes:
        held = json.loads(large(size))
        held["meta"] = {"profile": ["http://test/sliced"]}
        for entry in held["entry"]:
            if entry["resource"]["resourceType"] == "Patient":
                entry["resource"]["meta"] = {"profile": ["http://test/named"]}
        return json.dumps(held).encode()

    validator.validate(data(10))
    assert calls(validator, data(400)) < 8.2 * calls(validator, data(50))
