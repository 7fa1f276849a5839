"""FHIR subjects: validated once, each issue told by one rule, guides chosen by content."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dui_conformance.engine import resources
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.guides import compiled, guides
from dui_conformance.engine.outcomes import UnitResult
from dui_conformance.engine.plan import plan
from dui_conformance.engine.resources import Asked, Told, Verdicts, judged, takes
from dui_conformance.fhir.messages import CATALOGUE as MESSAGES
from dui_conformance.rules import catalogue
from dui_conformance.rules.model import Validated
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Location
from dui_conformance.text import Text, unmark
from tests.places import FAILING, READY, ROOT, settings_of

CATALOGUE = catalogue.load()
PLAN = plan(CATALOGUE, settings_of(READY / "dui.toml"))
RULES = [rule for rule in CATALOGUE.rules.values() if isinstance(rule.check, Validated)]
BUNDLE = READY / "exports" / "fhir" / "tddui-identite.json"
TDDUI = "https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/"


def verdicts(data: bytes, asked: Asked | None = None) -> Verdicts:
    return judged(open_bytes("export", data, Budget()), asked or Asked(), CATALOGUE.constants)


def changed(change: Callable[[Any], object], path: Any = BUNDLE) -> bytes:
    tree = json.loads(path.read_bytes())
    change(tree)
    return json.dumps(tree).encode()


def spoken(data: bytes) -> UnitResult:
    return evaluate(open_bytes("export", data, Budget()), PLAN)


class TestSharing:
    statements = {  # noqa: RUF012
        "guide.requires": "error",
        "guide.identifier": "warning",
        "guide.status": "warning",
        "guide.questionnaire": "warning",
        "guide.defect": "info",
        "guide.check": "warning",
    }

    def test_the_kinds_of_statements_are_these(self) -> None:
        kinds = {key.partition(" ")[0] for key in guides()["statements"] if " " in key}
        assert kinds == set(self.statements)

    def ids(self) -> list[tuple[str, Any]]:
        told = [(name, resources._LEVELS[m.severity]) for name, m in MESSAGES.items()]
        told += [(name, level) for name, level in self.statements.items()]
        return [(name, level) for name, level in told if not name.startswith("discriminator.")]

    def test_each_issue_has_one_rule_at_its_level(self) -> None:
        wrong = []
        for name, level in self.ids():
            found = [r.id for r in RULES if takes(r, issue(name, level))]
            if len(found) != 1:
                wrong.append((name, level, found))
        assert wrong == []

    def test_what_a_guide_says_in_text_may_be_information(self) -> None:
        assert len([r for r in RULES if takes(r, issue("guide.check", "info"))]) == 1

    @pytest.mark.parametrize("name", ["invariant.failed", "slice.several", "bundle.full-url-missing", "narrative.link"])
    def test_what_a_walk_may_lower_to_a_warning_has_one_too(self, name: str) -> None:
        assert len([r for r in RULES if takes(r, issue(name, "warning"))]) == 1

    def test_nothing_of_a_ballot_is_an_error_nor_proves(self) -> None:
        for level in ("error", "warning", "info"):
            [rule] = [r for r in RULES if takes(r, replace(issue("cardinality.min", level), experimental=True))]
            assert rule.level != "error"
            assert not rule.proves


def issue(name: str, level: Any) -> Told:
    return Told(name, level, Location(), Text("", ""))


class TestSelection:
    def test_a_transaction_that_claims_nothing_is_known_by_its_identifiers(self) -> None:
        def unclaim(tree: Any) -> None:
            del tree["meta"]
            tree["type"] = "transaction"
            for entry in tree["entry"]:
                del entry["resource"]["meta"]
            del tree["entry"][1]["request"]

        found = verdicts(changed(unclaim))
        assert [(i.id, i.location.path) for i in found.issues] == [("cardinality.min", "Bundle.entry[1]")] or any(
            "tddui-bundle" in i.message.fr for i in found.issues
        )

    @pytest.mark.parametrize("route", ["cda", "fhir"])
    def test_the_first_route_is_known_by_what_it_carries(self, route: str) -> None:
        """1.x was published under two canonicals; a document that is no EXPORT_DUI is told by its own rule."""
        profile = f"https://interop.esante.gouv.fr/ig/{route}/tddui/StructureDefinition/tddui-documentreference"
        attachment = {"contentType": "text/xml", "data": "Qm9uam91cg==", "title": "Export"}
        resource = {
            "resourceType": "DocumentReference", "meta": {"profile": [profile]}, "status": "superseded",
            "content": [{"attachment": attachment}],
        }  # fmt: skip
        said = {f.rule for f in spoken(json.dumps(resource).encode()).findings}
        assert said == {"FHIR-ATT-003", "FHIR-CAR-001", "FHIR-VAL-001"}

    def test_a_bundle_of_the_first_route_is_held_to_its_guide(self) -> None:
        export = READY / "exports" / "fhir" / "tddui-cda-export.json"

        def unclaim(tree: Any) -> None:
            del tree["meta"]
            del tree["entry"][0]["resource"]["meta"]
            del tree["entry"][0]["resource"]["masterIdentifier"]

        assert verdicts(export.read_bytes()).issues == []
        found = verdicts(changed(unclaim, export)).issues
        assert any("ig/cda" in i.message.fr or "tddui-documentreference" in i.message.fr for i in found)

    def test_a_profile_that_is_not_held_is_listed(self) -> None:
        found = verdicts(changed(lambda tree: tree["meta"]["profile"].append("https://example.org/autre")))
        assert found.not_checked["fhir_profile", "https://example.org/autre"] == 1

    def test_a_profile_asked_for_is_judged(self) -> None:
        patient = b'{"resourceType": "Patient", "name": [{"family": "X"}]}'
        assert verdicts(patient).issues == []
        told = verdicts(patient, Asked((f"{TDDUI}tddui-patient",))).issues
        assert "cardinality.min" in {i.id for i in told}

    def test_a_prescription_is_on_trial(self) -> None:
        profile = "https://interop.esante.gouv.fr/ig/fhir/eprescription/StructureDefinition/fr-medicationrequest"
        resource = {"resourceType": "MedicationRequest", "meta": {"profile": [profile]}}
        result = spoken(json.dumps(resource).encode())
        assert {f.rule for f in result.findings} == {"FHIR-EXP-001"}
        assert {f.level for f in result.findings} == {"warning"}


class TestTelling:
    def test_a_consequence_is_not_told_again(self) -> None:
        told = verdicts((FAILING / "exports" / "fhir" / "sexe-other.xml").read_bytes()).issues
        assert [i.id for i in told] == ["binding.code"]

    def test_a_reference_to_the_wrong_kind_is_told(self) -> None:
        def misplace(tree: Any) -> None:
            tree["entry"][2]["resource"]["subject"] = {"reference": tree["entry"][1]["fullUrl"]}

        assert any(i.id.startswith("reference.") for i in verdicts(changed(misplace)).issues)

    def test_it_says_who_asked_and_where(self) -> None:
        data = (FAILING / "exports" / "fhir" / "absence-sans-motif.json").read_bytes()
        [told] = verdicts(data).issues
        assert told.location.line
        assert told.location.path == "Bundle.entry[13].resource"
        assert "motifAbsenceCardinality" in told.message.fr
        assert "[tddui-slot-presence-absence, Slot]" in told.message.en

    @pytest.mark.parametrize(
        ("name", "place"),
        [
            ("evenement-identifiant.json", "Bundle.entry[5].resource.identifier[0]"),
            ("projet-statut.json", "Bundle.entry[8].resource.status"),
            ("grille-inconnue.json", "Bundle.entry[7].resource"),
        ],
    )
    def test_what_a_guide_says_in_text_is_told_at_its_element(self, name: str, place: str) -> None:
        [told] = verdicts((FAILING / "exports" / "fhir" / name).read_bytes()).issues
        assert told.location.path == place

    def test_a_code_is_told_as_system_and_code(self) -> None:
        [told] = verdicts((FAILING / "exports" / "fhir" / "projet-sans-accord.json").read_bytes()).issues
        assert "tddui-discriminator#accordUsager au lieu de" in told.message.fr

    def test_a_defect_of_the_guide_is_no_error(self) -> None:
        def born_second(tree: Any) -> None:
            tree["entry"][0]["resource"]["_birthDate"] = {
                "extension": [{"url": f"{TDDUI}tddui-birth-order", "valuePositiveInt": 2}]
            }

        told = verdicts(changed(born_second)).issues
        assert {(i.id, i.level) for i in told if "slice" in i.id or "guide" in i.id} == {("guide.defect", "info")}

    def test_values_of_persons_are_marked(self) -> None:
        def misspell(tree: Any) -> None:
            tree["entry"][0]["resource"]["birthDate"] = "OSTROWSKI"

        for finding in spoken(changed(misspell)).findings:
            assert "OSTROWSKI" not in unmark(finding.message.fr, lambda _: "")

    def test_the_same_whatever_the_form(self) -> None:
        pair = [verdicts(BUNDLE.with_suffix(s).read_bytes()) for s in (".json", ".xml")]
        assert [v.issues for v in pair] == [[], []]


class TestGuides:
    def test_what_is_kept_is_what_is_compiled(self) -> None:
        assert guides() == json.loads(json.dumps(compiled(ROOT / "profiles" / "fhir")))

    def test_every_statement_is_evaluated(self) -> None:
        found = verdicts((READY / "exports" / "fhir" / "tddui-transaction.json").read_bytes())
        assert not [name for name in found.not_checked if name[0] == "fhir_expression"]


def test_what_cannot_be_judged_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(resources, "judged", fails)
    result = spoken(BUNDLE.read_bytes())
    assert {f.outcome for f in result.findings} == {"error"}
    assert result.tallies["FHIR-CAR-001", "error"] == 1
