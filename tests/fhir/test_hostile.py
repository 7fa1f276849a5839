"""Every byte is hostile: nothing crashes, nothing hangs, nothing is fetched.

`FHIR_FUZZ=100000` runs as many mutated inputs (a minute); by default a few hundred, always the same.
"""

import copy
import json
import os
import random
import time
from typing import Any

import pytest

from dui_conformance.fhir import Options, Validator
from tests.fhir.building import OBSERVATION, PATIENT, profile, validator
from tests.fhir.test_positions import XML
from tests.fhir.test_profiles import CARRIES, INS, sliced

JUNK: list[Any] = [
    None, True, -1, 1.5, 10**30, "", " ", "x", "#", "#a", "urn:uuid:", "Patient/1", "2020-01-01",
    "9" * 40, "\ue000", "\x00",
    [], {}, [[]], [{}], [None], {"a": 1}, {"resourceType": "Patient"}, {"reference": "#"}, {"extension": []}, "<div>",
    '<div xmlns="http://www.w3.org/1999/xhtml"><b>',
    {"resourceType": "Bundle", "type": "document", "entry": [{"resource": 1}]},
]  # fmt: skip
BYTES = [b"{", b"[", b'"', b"<", b"&x;", b"null", b"}", b"]", b"\xff", b"\\u0000", b"1e999999", b"-", b"<!DOCTYPE x>",
         b'{"a":' * 150, b"9" * 5000]  # fmt: skip
WEIGHED = {"resourceType": "Bundle", "type": "collection", "entry": [
    {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": PATIENT},
    {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000002", "resource": OBSERVATION},
]}  # fmt: skip


def spots(tree: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        found.append((tree, key))
        spots(tree[key], found)
    return found


def mutated_tree(rng: random.Random) -> bytes:
    tree = copy.deepcopy(rng.choice([PATIENT, OBSERVATION, WEIGHED]))
    for _ in range(rng.choice((1, 1, 2, 5))):
        places = spots(tree, [])
        if places:
            node, key = rng.choice(places)
            if isinstance(node, dict) and rng.random() < 0.3:
                key = rng.choice(
                    ["extension", "contained", "valueString", "value", "id", "meta", "entry", "coding", "_" + key]
                )
            node[key] = copy.deepcopy(rng.choice(JUNK))
    return json.dumps(tree).encode()


def mutated_bytes(rng: random.Random) -> bytes:
    data = bytearray(rng.choice([json.dumps(PATIENT).encode(), XML.encode()]))
    for _ in range(rng.choice((1, 2, 6))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(3):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at : at + rng.randrange(1, 30)]
            case _:
                data[at:at] = rng.choice(BYTES)
    return bytes(data)


def test_mutated_inputs_never_crash_nor_hang() -> None:
    rng = random.Random(20240615)  # noqa: S311
    plain = Validator(options=Options(best_practice=True, example_urls=False, no_html_in_markdown=True))
    held = validator(sliced("value", "system", fixedUri=INS), CARRIES, profile("Patient", [], "http://test/adult"))
    worst = 0.0
    for turn in range(int(os.environ.get("FHIR_FUZZ", "600"))):
        data = mutated_tree(rng) if turn % 2 else mutated_bytes(rng)
        start = time.perf_counter()
        for result in (plain.validate(data), held.validate(data, ["http://test/profile"])):
            for issue in result.issues:
                assert issue.message.fr
                assert issue.message.en
                assert "{" not in issue.location.path
        worst = max(worst, time.perf_counter() - start)
    assert worst < 5


DEEP = [
    b"[" * 100_000,
    b'{"resourceType":"Patient","a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"resourceType":"Questionnaire","status":"draft","item":[' + b'{"item":[' * 3000 + b"]}" * 3000 + b"]}",
    b"<Patient xmlns='http://hl7.org/fhir'>" + b"<extension url='x'>" * 3000,
    b"<Patient xmlns='http://hl7.org/fhir'>" + b"<extension url='x'>" * 200 + b"</extension>" * 200 + b"</Patient>",
]


@pytest.mark.parametrize("data", DEEP, ids=range(len(DEEP)))
def test_depth_is_bounded(data: bytes) -> None:
    assert not Validator().validate(data).valid


def test_a_tree_that_holds_itself() -> None:
    tree: dict[str, Any] = {"resourceType": "Patient"}
    tree["contact"] = [tree]
    result = Validator().validate(tree)
    assert [i.id for i in result.issues] == ["FHIR-TREE-DEEP"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"null", b"[]", b'"x"', b"\xff\xfe<", b"{", b'{"resourceType":"Patient","x":NaN}', b"\xef\xbb\xbf{}",
     b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 6000 + b"}",
     "{\"a\":\"\udc00\"}".encode("utf-8", "surrogatepass")],
)  # fmt: skip
def test_what_is_no_resource_is_told(data: bytes) -> None:
    result = Validator().validate(data)
    assert not result.valid


LAUGHS = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<Patient xmlns="http://hl7.org/fhir"><id value="&c;"/></Patient>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<Patient xmlns="http://hl7.org/fhir"><name><text value="x"/></name><language>&e;</language></Patient>"""


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE], ids=["entities", "file"])
def test_no_entity_is_read(data: bytes) -> None:
    result = Validator().validate(data)
    assert [i.id for i in result.issues] == ["FHIR-XML-DOCTYPE"]
    assert "root:" not in repr(result)


def test_a_costly_expression_of_a_profile_is_given_up() -> None:
    slow = profile("Patient", [{"path": "Patient.name.family", "constraint": [
        {"key": "slow", "severity": "error", "expression": "matches('^(a+)+$')"}]}])  # fmt: skip
    patient = {"resourceType": "Patient", "name": [{"family": "a" * 60 + "!"}]}
    result = validator(slow).validate(patient, ["http://test/profile"])
    assert result.issues == ()
    assert [(n.kind, n.subject) for n in result.not_checked] == [("expression", "slow")]


def test_profiles_are_hostile_too() -> None:
    rng = random.Random(7)  # noqa: S311
    for _ in range(300):
        asks = sliced("value", "system", fixedUri=INS)
        for _ in range(3):
            node, key = rng.choice(spots(asks, []))
            if key not in ("url", "resourceType"):
                node[key] = copy.deepcopy(rng.choice(JUNK))
        held = validator(asks)
        held.validate(json.dumps(PATIENT), ["http://test/profile"])


def test_the_number_of_issues_is_bounded() -> None:
    many = {"resourceType": "Patient", "name": [{"bad": 1}] * 5000}
    result = Validator(options=Options(max_issues=100)).validate(many)
    assert len(result.issues) == 100
    assert ("issues", "limit") in [(n.kind, n.subject) for n in result.not_checked]
