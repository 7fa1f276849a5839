"""A document judged by the tables of its model: what is said, counted, listed, and said once."""

from typing import Any

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import UnitResult
from dui_conformance.engine.plan import Selection, plan
from dui_conformance.rules import catalogue
from dui_conformance.rules.mutations import mutated
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from dui_conformance.text import unmark
from tests.places import READY, settings_of

CATALOGUE = catalogue.load()
SETTINGS = settings_of(READY / "dui.toml")
DLU = "documents/dlu.xml"
ALLERGY = "//observation[templateId/@root='1.3.6.1.4.1.19376.1.5.3.1.4.6']"


def judged(selection: Selection | None = None, **change: Any) -> UnitResult:
    data = (READY / "exports" / DLU).read_bytes()
    if change:
        _name, data = mutated(lambda _top: data, {"in": DLU, **change}, CATALOGUE.constants)
    return evaluate(open_bytes("d.xml", data, Budget()), plan(CATALOGUE, SETTINGS, selection=selection))


def said(result: UnitResult) -> dict[str, str]:
    return {finding.rule: finding.message.fr for finding in result.findings}


def test_the_model_is_known_by_its_template() -> None:
    (subject,) = judged().subjects[:1]
    assert subject.model == ("DLU-EHPAD-DLU", "2022.01")


def test_a_version_without_table_is_listed_and_its_sections_are_not_judged() -> None:
    root = "templateId[@root='1.2.250.1.213.1.1.1.22']"
    result = judged(
        steps=[{"set": f"{root}/@extension", "to": "2031.01"}, {"delete": "component/structuredBody/component[1]"}]
    )
    assert result.subjects[0].model == ("DLU-EHPAD-DLU", "2031.01")
    assert result.not_checked["model", "DLU-EHPAD-DLU_2031.01"] == 1
    assert not any(rule.startswith("DOC-DLU") for rule, _outcome in result.tallies)
    assert ("ENT-PRB-008", "passed") in result.tallies, "sections and entries are judged by their own templates"


def test_a_rule_is_counted_once_in_a_subject_and_not_where_its_template_is_not() -> None:
    result = judged()
    assert result.tallies["ENT-ALG-005", "passed"] == 1
    assert not any(rule.startswith("SEC-ALT") for rule, _outcome in result.tallies)
    assert not result.findings


def test_what_two_tables_ask_is_said_once_by_the_more_special() -> None:
    result = judged(delete=f"{ALLERGY}/code/@codeSystem", nth=1)
    assert set(said(result)) == {"ENT-ALG-005"}
    assert result.tallies["ENT-PRB-005", "not_applicable"] == 1, "its only fault was told by the table of allergies"


def test_a_rule_on_any_section_gives_way_to_the_table_of_the_section() -> None:
    result = judged(delete="component/structuredBody/component[section/code/@code='48765-2']/section/code")
    assert set(said(result)) == {"SEC-ALG-003"}
    assert result.tallies["CDA-N3-002", "failed"] == 0
    assert result.tallies["CDA-N3-002", "not_applicable"] == 1


def test_what_the_document_holds_is_masked_in_a_message_unless_it_is_a_code() -> None:
    result = judged(set=f"{ALLERGY}/statusCode/@code", to="Bergeronneau", nth=1)
    assert "Bergeronneau" not in unmark(said(result)["ENT-PRB-008"], lambda _: "")


def test_a_selection_leaves_rules_out() -> None:
    result = judged(Selection(only=["ENT-ALG-*"]), delete=f"{ALLERGY}/statusCode", nth=1)
    assert result.findings == []
    assert {rule for rule, _outcome in result.tallies} == {
        rule for rule in CATALOGUE.models.owners if rule.startswith("ENT-ALG-") and (rule, "passed") in result.tallies
    }


def test_templates_that_no_table_knows_are_listed() -> None:
    result = judged(set=f"{ALLERGY}/templateId[1]/@root", to="2.999.77", nth=1)
    assert result.not_checked["template", "2.999.77"] == 1
    assert result.not_checked["template", "1.3.6.1.4.1.19376.1.5.3.1.4.6"] == 0
