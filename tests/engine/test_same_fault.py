"""When an assert of an official artefact and a finding of ours stand together, and when they do not."""

import pytest

from dui_conformance.engine.outcomes import Finding
from dui_conformance.engine.same_fault import names_in, same
from dui_conformance.rules import catalogue
from dui_conformance.subjects.model import Location
from dui_conformance.text import Text

RULES = catalogue.load().rules
AT = "/ClinicalDocument"


def finding(rule: str, path: str, said: str = "x") -> Finding:
    return Finding(rule, RULES[rule].level, "failed", "a.xml", Location(1, 1, path), Text(said, said), "", "")


@pytest.mark.parametrize(
    ("rule", "path", "test", "message", "expected"),
    [
        # at one element, about one child
        ("CDA-HDR-031", AT, "count(hl7:setId) >= 1", "element hl7:setId is mandatory", True),
        ("CDA-HDR-031", AT, "count(hl7:versionNumber) >= 1", "element hl7:versionNumber is mandatory", False),
        ("CDA-HDR-031", AT, "$found", "Il faut un setId", True),
        # another element
        ("CDA-HDR-031", f"{AT}/author", "count(hl7:setId) >= 1", "", False),
        ("CDA-HDR-031", f"{AT}/recordTarget/patientRole", "count(hl7:setId) >= 1", "", False),
        # about a child, at which we speak
        ("CDA-COH-002", f"{AT}/code/@code", "cda:code[@code='SYNTH']", "", True),
        ("CDA-COH-002", f"{AT}/code/@code", "cda:title", "", False),
        ("CDA-COH-002", f"{AT}/code/@code", "cda:code[@displayName]", "", False),
    ],
)
def test_one_thing_at_one_place(rule: str, path: str, test: str, message: str, expected: bool) -> None:
    assert same("assert", test, message, AT, finding(rule, path), RULES[rule]) is expected


def test_one_template_that_both_name() -> None:
    test = ".//cda:templateId[@root = '1.2.3.4']"
    ours = finding("CDA-HDR-031", f"{AT}/component/structuredBody", "section (templateId 1.2.3.4) manque")
    assert same("assert", test, "", AT, ours, RULES["CDA-HDR-031"])
    far = finding("CDA-HDR-031", f"{AT}/component/structuredBody/component[2]", "section (templateId 1.2.3.4) manque")
    assert not same("assert", test, "", AT, far, RULES["CDA-HDR-031"])
    other = finding("CDA-HDR-031", f"{AT}/component/structuredBody", "section (templateId 1.2.3.45) manque")
    assert not same("assert", test, "", AT, other, RULES["CDA-HDR-031"])


def test_the_xsd_stands_with_our_structure_only() -> None:
    message = "Element '{urn:hl7-org:v3}id': This element is not expected."
    assert names_in(message) == {"id"}
    structural = next(rule.id for rule in RULES.values() if rule.id.startswith("CDA-STR-") and rule.level == "error")
    ours = finding(structural, f"{AT}/id", "`id` is not expected here")
    assert same("xsd", "", message, f"{AT}/id", ours, RULES[structural])
    assert not same("xsd", "", message, f"{AT}/id", finding("CDA-HDR-031", f"{AT}/id"), RULES["CDA-HDR-031"])
    assert not same("assert", "count(hl7:id)=1", "", f"{AT}/id", ours, RULES[structural])
