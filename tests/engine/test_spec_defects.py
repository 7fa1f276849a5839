"""What is wrong in the guides as published is told as such, and never held against the editor (facts B9, A3).

For each defect: a resource that a literal reading refuses and that is right here, and, where the guide means something
by the rule, one that breaks what it means.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.engine.resources import Asked, judged
from dui_conformance.rules import catalogue
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from tests.places import READY

CONSTANTS = catalogue.load().constants
TDDUI = "https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/"
CISIS = "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis"
FILES = {name: json.loads((READY / "exports" / "fhir" / f"{name}.json").read_bytes()) for name in (
    "tddui-transaction", "eprescription",
)}  # fmt: skip

Resources = dict[str, Any]  # the resources of the transaction, by the end of their profile or of their identifier
Change = Callable[[Resources], object]


def told(change: Change, file: str = "tddui-transaction") -> set[tuple[str, str, str]]:
    """Level, cause and statement of what is said of the ready export, once changed."""
    bundle = json.loads(json.dumps(FILES[file]))
    held: Resources = {}
    for entry in bundle["entry"]:
        held.setdefault(entry["resource"]["meta"]["profile"][0].rpartition("/")[2], entry["resource"])
    change(held)
    subject = open_bytes("x.json", json.dumps(bundle).encode(), Budget())
    return {(i.level, i.id, i.statement) for i in judged(subject, Asked(), CONSTANTS).issues}


def part(extension: Any, *names: str) -> Any:
    """A part of an extension made of several."""
    for name in names:
        extension = next(e for e in extension["extension"] if e["url"].endswith(name))
    return extension


def right(held: Resources) -> Any:
    return part(held["tddui-basic-decision"], "tddui-decision", "droitPrestation")


def of_type(code: str) -> Change:
    def change(held: Resources) -> None:
        part(right(held), "typeDroitPrestation")["valueCodeableConcept"]["coding"][0]["code"] = code

    return change


def without(extension: Any, name: str) -> None:
    extension["extension"] = [e for e in extension["extension"] if not e["url"].endswith(name)]


def both(*changes: Change) -> Change:
    return lambda held: [change(held) for change in changes]


def untold(name: str) -> Change:
    return lambda held: without(part(right(held), "detailPrestation"), name)


def used(*kinds: tuple[str, str, str]) -> Change:
    """Resources used in the event: type, kind of detail, detail."""

    def change(held: Resources) -> None:
        event = held["tddui-encounter-evenement"]
        without(event, "tddui-ressources-used")
        for kind, name, detail in kinds:
            parts = [
                {"url": "TDDUIRessourceType", "valueCodeableConcept": {"coding": [{"system": CISIS, "code": kind}]}},
                {"url": name, "valueCodeableConcept": {"coding": [{"system": CISIS, "code": detail}]}},
            ]
            event["extension"].append({"url": f"{TDDUI}tddui-ressources-used", "extension": parts})

    return change


def event_of(code: str) -> Change:
    return lambda held: held["tddui-encounter-evenement"]["type"][0]["coding"][0].update(code=code)


def evaluated(*absent: str) -> Change:
    def change(held: Resources) -> None:
        for name in absent:
            held["tddui-questionnaire-response"].pop(name, None)

    return change


def pre_admitted(held: Resources) -> None:
    kind = {"coding": [{"system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-identifier-type", "code": "VN"}]}
    identifier = {"type": kind, "system": "urn:oid:2.999.417.71", "value": "P-12"}
    held["tddui-encounter-evenement"]["hospitalization"] = {"preAdmissionIdentifier": identifier}


def coding(held: Resources, profile: str) -> Any:
    resource = held[profile]
    return resource["code"]["coding"][0]


def labelled(profile: str, label: str | None) -> Change:
    """Another label of the code, or none."""

    def change(held: Resources) -> None:
        code = coding(held, profile)
        code.pop("display", None)
        code.update({"display": label} if label else {})

    return change


def coded(profile: str) -> Change:
    return lambda held: coding(held, profile).update(code="AUTRE")


def adaptation(held: Resources) -> None:
    held["tddui-observation-mobilite-usager"]["component"][0]["code"]["coding"][0]["display"] = "Aménagement"


def told_in_text(held: Resources) -> None:
    held["tddui-encounter-evenement"]["type"] = [
        {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "not-permitted"}],
            "text": "Sortie",
        }
    ]


def born_second(held: Resources) -> None:
    rank = {"url": f"{TDDUI}tddui-birth-order", "valuePositiveInt": 2}
    held["tddui-patient-ins"]["_birthDate"] = {"extension": [rank]}


def without_values(held: Resources) -> None:
    del held["tddui-observation-mobilite-usager"]["valueCodeableConcept"]
    del held["tddui-observation-mobilite-usager"]["component"]


def related(held: Resources) -> None:
    relation = (
        "https://interop.esante.gouv.fr/ig/fhir/eprescription/StructureDefinition/fr-additional-action-relationship"
    )
    held["fr-requestgroup-for-prescription"]["action"][1] |= {
        "id": "deux",
        "relatedAction": [
            {"extension": [{"url": relation, "valueCode": "ALT"}], "actionId": "un", "relationship": "concurrent"}
        ],
    }
    held["fr-requestgroup-for-prescription"]["action"][0]["id"] = "un"


def told_in_words(held: Resources) -> None:
    line = held["fr-inpatient-medicationrequest"]
    del line["medicationReference"]
    code = {"system": "http://data.esante.gouv.fr/ansm/medicament/UCD", "code": "9400000000017"}
    line["medicationCodeableConcept"] = {"coding": [code]}


def as_it_is(_: Resources) -> None:
    pass


INFO = {"info"}
NOTHING: set[str] = set()
#: defect → what is right, and the levels of what is said of it
RIGHT: dict[str, tuple[Change, set[str]]] = {
    "decision-path": (both(of_type("11.1")), INFO),
    "category-exists": (as_it_is, NOTHING),
    "resources-compared-together": (
        used(("ORG-206", "TDDUIMaterialDetail", "ORG-208"), ("ORG-207", "TDDUIFacilityResource", "ORG-210")),
        INFO,
    ),
    "patient-two-slices": (born_second, INFO),
    "serafin-empty": (event_of("3.2.4.1"), NOTHING),
    "discriminator-context": (as_it_is, NOTHING),
    "extension-contexts": (as_it_is, NOTHING),
    "exercise-mode-name": (as_it_is, NOTHING),
    "pre-admission": (pre_admitted, INFO),
    "consumer-mode": (as_it_is, NOTHING),
    "no-source": (evaluated("source"), NOTHING),
    "literal-reference": (evaluated("author"), INFO),
    "mhd-parent": (as_it_is, NOTHING),
    "discriminator-repeats": (as_it_is, NOTHING),
    "fixed-label-death": (labelled("tddui-observation-cause-mortalite", "Cause du décès"), INFO),
    "fixed-label-mobility": (labelled("tddui-observation-mobilite-usager", None), INFO),
    "fixed-label-adaptation": (adaptation, INFO),
    "fixed-label-school": (labelled("tddui-observation-periode-scolaire", "École"), INFO),
    "fixed-label-meal": (labelled("tddui-observation-repas", None), INFO),
    "fixed-label-decision": (labelled("tddui-basic-decision", "Décision de la CDAPH"), INFO),
    "fixed-label-text": (told_in_text, INFO),
    "optional-values": (without_values, INFO),
    "status-maps-in-text": (
        lambda held: held["tddui-careplan-projet-personnalise"].update(status="revoked"),
        {"warning"},
    ),
}
#: defect → what the guide means, broken, and the statement or cause that says it
WRONG: dict[str, tuple[Change, str]] = {
    "decision-path": (both(of_type("11.1"), untold("formation")), "invariant.failed"),
    "category-exists": (untold("temporaliteAccueil"), "invariant.failed"),
    "resources-compared-together": (used(("ORG-206", "TDDUIFacilityResource", "ORG-210")), "invariant.failed"),
    "serafin-empty": (event_of("9.9"), "binding.code"),
    "no-source": (evaluated("source", "author"), "invariant.failed"),
    "discriminator-repeats": (lambda held: held["tddui-goal-attente"]["note"][0].pop("extension"), "slice.missing"),
    "fixed-label-death": (coded("tddui-observation-cause-mortalite"), "pattern.differs"),
    "fixed-label-mobility": (coded("tddui-observation-mobilite-usager"), "pattern.differs"),
    "fixed-label-school": (coded("tddui-observation-periode-scolaire"), "pattern.differs"),
    "fixed-label-meal": (coded("tddui-observation-repas"), "pattern.differs"),
    "fixed-label-decision": (coded("tddui-basic-decision"), "pattern.differs"),
}
BALLOT: dict[str, Change] = {
    "non-compound-slice": as_it_is,
    "related-action": related,
    "orphan-invariants": as_it_is,
    "inpatient-closed-slicing": told_in_words,
}


def defects(guide: str) -> list[str]:
    return [defect["id"] for defect in read_yaml(profiles_root() / "fhir" / guide / "spec-defects.yaml")["defects"]]


def test_each_defect_has_its_case() -> None:
    assert sorted(RIGHT) == sorted(defects("tddui-2.4.0"))
    assert sorted(BALLOT) == sorted(defects("eprescription-1.1.0-ballot"))


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_not_held_against_the_editor(name: str) -> None:
    change, levels = RIGHT[name]
    said = told(change)
    assert {level for level, _, _ in said} == levels, said
    assert {identifier for level, identifier, _ in said if level == "info"} <= {"guide.defect", "guide.check"}
    if levels == INFO and name != "optional-values":
        english = next(d["en"] for d in read_yaml(
            profiles_root() / "fhir" / "tddui-2.4.0" / "spec-defects.yaml"
        )["defects"] if d["id"] == name)  # fmt: skip
        assert {statement for _, _, statement in said} == {f"{english}."}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_guide_means_is_still_asked(name: str) -> None:
    change, cause = WRONG[name]
    assert cause in {identifier for level, identifier, _ in told(change) if level == "error"}


@pytest.mark.parametrize("name", BALLOT)
def test_the_ballot_is_corrected_alike(name: str) -> None:
    assert told(BALLOT[name], "eprescription") == set()
