"""Line and column in JSON and in XML; XML read to the tree that its JSON would give."""

import json

import pytest

from dui_conformance.fhir import Validator
from dui_conformance.fhir.reading import read
from dui_conformance.fhir.schema import Types
from tests.fhir.building import OBSERVATION, PATIENT, changed, told

JSON = """{
  "resourceType": "Patient",
  "name": [
    {"family": "A"},
    {"family": "B", "use": "zzz"}
  ],
  "_birthDate": {"extension": [{"url": "http://x/y"}]},
  "gender": "zzz"
}"""

XML = """<?xml version="1.0" encoding="UTF-8"?>
<Bundle xmlns="http://hl7.org/fhir">
  <type value="collection"/>
  <entry>
    <fullUrl value="urn:uuid:00000000-0000-4000-8000-000000000001"/>
    <resource>
      <Patient>
        <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><b>x</b></div></text>
        <name><given value="A"/><given><extension url="http://x/y"><valueString value="z"/></extension></given></name>
        <gender value="zzz"/>
        <multipleBirthInteger value="2"/>
        <contact><gender value="female"/></contact>
        <bogus value="1"/>
      </Patient>
    </resource>
  </entry>
</Bundle>"""


def places(data: str) -> dict[str, tuple[int | None, int | None]]:
    result = Validator().validate(data)
    return {i.location.path: (i.location.line, i.location.column) for i in result.errors}


def test_json() -> None:
    assert places(JSON) == {
        "Patient.name[1].use": (5, 21),
        "Patient.birthDate.extension[0]": (7, 32),
        "Patient.gender": (8, 3),
    }


def test_what_is_missing_is_told_at_what_holds_it() -> None:
    data = '{"resourceType": "Patient",\n "communication": [{"preferred": true}]}'
    assert places(data) == {"Patient.communication[0]": (2, 20)}


def test_xml() -> None:
    assert places(XML) == {
        "Bundle.entry[0].resource.gender": (10, 9),
        "Bundle.entry[0].resource.contact[0]": (12, 9),
        "Bundle.entry[0].resource": (7, 7),
    }


def test_xml_and_json_give_one_tree() -> None:
    source = read(XML.encode(), Types(Validator().definitions))
    assert source.defects == []
    assert source.tree is not None
    patient = source.tree["entry"][0]["resource"]
    assert patient["name"] == [{
        "given": ["A", None],
        "_given": [None, {"extension": [{"url": "http://x/y", "valueString": "z"}]}],
    }]  # fmt: skip
    assert patient["multipleBirthInteger"] == 2
    assert patient["text"]["div"].startswith("<div")


FAULTS = [
    ("<Patient xmlns='{F}'><active value='true'/><id value='a'/></Patient>", "FHIR-XML-ORDER"),
    ("<Patient xmlns='{F}'><active value='true'/><active value='true'/></Patient>", "FHIR-XML-REPEATED"),
    ("<Patient xmlns='{F}' x='1'><active value='true'/></Patient>", "FHIR-XML-ATTRIBUTE"),
    ("<Patient xmlns='{F}'>text<active value='true'/></Patient>", "FHIR-XML-TEXT"),
    ("<Patient xmlns='{F}'><active value='oui'/></Patient>", "FHIR-PRIMITIVE-TYPE"),
    ("<Patient xmlns='{F}'><active xmlns='urn:x' value='true'/></Patient>", "FHIR-PROPERTY-UNKNOWN"),
    ("<Patient><active value='true'/></Patient>", "FHIR-XML-NAMESPACE"),
    ("<!DOCTYPE p [<!ENTITY e 'x'>]><Patient xmlns='{F}'><id value='&e;'/></Patient>", "FHIR-XML-DOCTYPE"),
    ("<Patient xmlns='{F}'><id", "FHIR-XML-SYNTAX"),
    ("<Bundle xmlns='{F}'><type value='batch'/><entry><resource/></entry></Bundle>", "FHIR-XML-RESOURCE"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "rule"), FAULTS, ids=[f[1] for f in FAULTS])
def test_xml_faults(data: str, rule: str) -> None:
    issues = Validator().validate(data.replace("{F}", "http://hl7.org/fhir")).issues
    assert rule in {i.id for i in issues}
    assert all(i.location.line == 1 for i in issues if i.location.line is not None)


def test_one_thing_written_twice_in_json() -> None:
    result = Validator().validate('{"resourceType": "Patient", "name": [{"family": "A", "family": "B"}]}')
    assert told(result) == [("FHIR-JSON-TWICE", "Patient.name[0]")]


def test_a_tree_has_no_lines() -> None:
    result = Validator().validate(changed(PATIENT, "gender", "x"))
    assert [(i.location.line, i.location.column) for i in result.issues] == [(None, None)]
    assert Validator().validate(dict(OBSERVATION)).valid


def test_lines_are_found_in_a_large_text() -> None:
    data = {"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": f"http://t.fr/Patient/{n}", "resource": {"resourceType": "Patient", "id": str(n), "gender": "male"}}
        for n in range(500)
    ]}  # fmt: skip
    data["entry"][321]["resource"]["gender"] = "x"  # type: ignore[index]
    text = json.dumps(data, indent=1)
    line = text[: text.index('"x"')].count("\n") + 1
    assert places(text) == {"Bundle.entry[321].resource.gender": (line, 5)}
