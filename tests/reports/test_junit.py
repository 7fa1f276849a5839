"""JUnit XML: the elements and attributes that GitLab and Jenkins read, and what each outcome becomes."""

import pytest
from lxml import etree

from dui_conformance.reports import render
from dui_conformance.text import Language
from tests.reports.sample import ALONE, ARCHIVE, HOSTILE_NAME, MAIL, PDF, large, sample

# element → (attributes, children), after the schema of Jenkins' xUnit plugin
SHAPE: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "file"},
        {"properties", "testcase"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname"}, {"failure", "error", "skipped", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}


def parsed(lang: Language = "fr") -> etree._Element:
    return etree.fromstring(render("junit", sample(), lang).encode())


def suite(root: etree._Element, name: str) -> etree._Element:
    (found,) = [s for s in root if s.get("name", "").startswith(name)]
    return found


def case(of: etree._Element, name: str) -> etree._Element:
    (found,) = [c for c in of.findall("testcase") if c.get("name", "").startswith(name)]
    return found


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_shape_and_counts(lang: Language) -> None:
    root = parsed(lang)
    for element in root.iter():
        attributes, children = SHAPE[str(element.tag)]
        assert {str(name) for name in element.attrib} <= attributes
        assert {str(child.tag) for child in element} <= children
    for one in root:
        cases = one.findall("testcase")
        assert one.get("tests") == str(len(cases))
        assert one.get("failures") == str(sum(c.find("failure") is not None for c in cases))
        assert one.get("errors") == str(sum(c.find("error") is not None for c in cases))
        assert one.get("skipped") == str(sum(c.find("skipped") is not None for c in cases))
        names = [(c.get("classname"), c.get("name")) for c in cases]
        assert len(set(names)) == len(names)
        assert all(sum(c.find(tag) is not None for tag in ("failure", "error", "skipped")) <= 1 for c in cases)
    assert root.get("tests") == str(len(root.findall("testsuite/testcase")))


def test_a_blocking_requirement_fails_and_no_other() -> None:
    rows = suite(parsed(), "Exigences de la vague 1")
    failed = {c.get("name", "").split(" - ")[0] for c in rows.findall("testcase") if c.find("failure") is not None}
    assert failed == set(sample()["readiness"]["blocking"])
    skipped = {c.get("name", "").split(" - ")[0] for c in rows.findall("testcase") if c.find("skipped") is not None}
    assert skipped == {"SC.NOT_APPLICABLE", "SC.RECO"}
    assert "phrase : failed" in case(rows, "SC.FAILED ").find("failure").get("message")  # type: ignore[union-attr]
    assert case(rows, "SC.PROVED ").getchildren() == []  # type: ignore[attr-defined]
    properties = {p.get("name"): p.get("value") for p in rows.iter("property")}
    assert properties["ready"] == "false"
    assert properties["status.SC.REVIEW"] == "review"
    assert properties["count.to_attest"] == "2"


def test_the_common_base_of_the_wave_is_skipped_and_another_wave_is_left_out() -> None:
    root = parsed()
    common = suite(root, "Vague 1, socle commun")
    assert [c.find("skipped") is not None for c in common.findall("testcase")] == [True, True]
    assert not [c for c in root.iter("testcase") if c.get("name", "").startswith(("SC.V2", "SC.INS.99"))]


def test_what_each_outcome_becomes() -> None:
    root = parsed()
    alone = suite(root, ALONE)
    assert alone.get("file") == ALONE
    failure = case(alone, "INS-001").find("failure")
    assert failure is not None
    assert failure.get("type") == "INS-001"
    assert f"{ALONE}:12:5" in (failure.text or "")
    assert "Corriger INS-001." in (failure.text or "")
    assert [child.tag for child in case(alone, "CDA-HDR-018")] == ["system-out"]  # a warning does not fail
    (blocked,) = [s for s in root if s.get("name") == ARCHIVE]
    assert blocked.get("file") == MAIL
    assert case(blocked, "XDM-001").find("skipped") is not None
    (broken,) = [s for s in root if s.get("name") == MAIL]
    assert case(broken, "XDM-001").find("error") is not None
    pdf = suite(root, PDF)
    assert case(pdf, "PDF-002").find("skipped") is not None
    assert case(pdf, "DOC-INFO").find("system-out") is not None
    assert "Équipe <exports>" in case(pdf, "INS-001").find("skipped").get("message")  # type: ignore[union-attr]


def test_quiet_subjects_pass_and_unjudged_ones_are_skipped() -> None:
    run = sample()
    run["findings"] = []
    root = etree.fromstring(render("junit", run, "fr").encode())
    quiet = suite(root, "Éléments sans constat")
    assert quiet.get("tests") == str(len(run["subjects"]))
    assert quiet.get("skipped") == "2"


def test_hostile_text_is_text() -> None:
    root = parsed()
    hostile = [s for s in root if "onerror" in s.get("name", "")]
    assert len(hostile) == 1
    assert "\ufffd" in hostile[0].get("name", "")  # what stands for the control characters
    assert HOSTILE_NAME[:20] in hostile[0].get("name", "")
    assert "<script>" in case(hostile[0], "HOST-1").find("failure").get("message")  # type: ignore[union-attr]


def test_a_large_run_has_one_case_for_each_quiet_subject() -> None:
    root = etree.fromstring(render("junit", large(), "en").encode(), etree.XMLParser(huge_tree=True))
    assert suite(root, "Items without findings").get("tests") == "7500"
