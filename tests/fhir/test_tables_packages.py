"""The packages of tables that are shipped: they compile, hold together, and judge the fixtures as they should."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from dui_conformance.fhir.definitions import Definitions
from dui_conformance.fhir.fhirpath.compiler import compiled
from dui_conformance.fhir.tables import TablesError, load, with_needs
from dui_conformance.fhir.validator import Options, Validator
from tests.places import FAILING, READY, ROOT

PACKAGES = ROOT / "profiles" / "fhir"
TABLED = sorted(path.parent.name for path in PACKAGES.glob("*/package.yaml"))
TDDUI = "https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/"
# Canonicals that are bound or referred to and held nowhere: what is asked of them is listed as not checked.
NOT_HELD = re.compile(
    r"https://mos\.esante\.gouv\.fr/NOS/|https://smt\.esante\.gouv\.fr/|https://hl7\.fr/ig/fhir/core/ValueSet/"
)


@cache
def resources() -> tuple[dict[str, Any], ...]:
    return tuple(with_needs(PACKAGES, TABLED))


@cache
def definitions() -> Definitions:
    return Definitions.core().with_resources(resources())


@cache
def validator() -> Validator:
    return Validator(definitions(), Options(now="2026-11-21T12:00:00+01:00"))


def canonicals(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a StructureDefinition or ValueSet leans on."""
    if "baseDefinition" in resource:
        yield "StructureDefinition", resource["baseDefinition"]
    for element in resource.get("differential", {}).get("element", ()):
        for type_ in element.get("type", ()):
            for url in (*type_.get("profile", ()), *type_.get("targetProfile", ())):
                yield "StructureDefinition", url
        if element.get("binding", {}).get("strength") in ("required", "extensible"):
            yield "ValueSet", element["binding"]["valueSet"]
    for include in resource.get("compose", {}).get("include", ()):
        for url in include.get("valueSet", ()):
            yield "ValueSet", url


def test_there_are_tables() -> None:
    assert {"fr-core", "tddui-2.4.0", "eprescription-1.1.0-ballot", "tddui-cda-1.0.1"} <= set(TABLED)


def test_everything_leaned_on_is_held_or_known_not_to_be() -> None:
    missing = {
        (kind, url)
        for resource in resources()
        for kind, url in canonicals(resource)
        if definitions().get(kind, url) is None and not (kind == "ValueSet" and NOT_HELD.match(url))
    }
    assert missing == set()


def unknown_step(type_: str, steps: list[str]) -> str | None:
    """The first step of a path that is no element of the type; None when all are, or when any resource may stand."""
    plan = validator().types.type(type_)
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        props = plan.elements.get(step.removesuffix("[x]")) if plan else None
        if not props:
            return step
        if following is None or props[0].resource:
            return None
        below = [p.plan for p in props if following.removesuffix("[x]") in p.plan.elements]
        plan = below[0] if below else None
    return None


def test_every_path_exists_in_its_type() -> None:
    """A row that names no element of the type would never be asked of anything."""
    unknown = [
        (resource["id"], element["id"])
        for resource in resources()
        for element in resource.get("differential", {}).get("element", ())[1:]
        if unknown_step(resource["type"], element["path"].split(".")[1:])
    ]
    assert unknown == []
    assert unknown_step("Patient", ["contact", "nam"]) == "nam"


def test_the_counts_of_the_guide() -> None:
    made = load(PACKAGES / "tddui-2.4.0").resources
    own = [r for r in made if r["url"].startswith("https://interop.esante.gouv.fr/ig/fhir/tddui/")]
    kinds = [r["resourceType"] if r.get("type") != "Extension" else "Extension" for r in own]
    assert {k: kinds.count(k) for k in set(kinds)} == {
        "StructureDefinition": 33, "Extension": 31, "CodeSystem": 17, "ValueSet": 29,
    }  # fmt: skip


def test_a_need_that_is_absent_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "package.yaml").write_text("{canonical: 'http://a', version: '1', needs: [b]}")
    with pytest.raises(TablesError, match="a: the package b is not there"):
        with_needs(tmp_path, ["a"])


def expressions() -> Iterator[tuple[str, str]]:
    for resource in resources():
        for element in resource.get("differential", {}).get("element", ()):
            for constraint in element.get("constraint", ()):
                yield f"{resource['id']}: {constraint['key']}", constraint["expression"]
    for path in PACKAGES.glob("*/checks.yaml"):
        for check in yaml.safe_load(path.read_text("utf-8")).get("checks", ()):
            yield f"{path.parent.name}: {check['id']}", check["path"]
    for path in PACKAGES.glob("*/spec-defects.yaml"):
        for defect in yaml.safe_load(path.read_text("utf-8"))["defects"]:
            if "refuses" in defect:
                yield f"{path.parent.name}: {defect['id']}", defect["refuses"].replace("$SD", TDDUI.rstrip("/"))


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_every_expression_compiles(name: str, expression: str) -> None:
    compiled(expression)


@pytest.mark.parametrize("path", sorted(PACKAGES.glob("*/spec-defects.yaml")), ids=lambda p: p.parent.name)
def test_a_defect_names_what_exists(path: Path) -> None:
    held = {r["id"]: r for r in load(path.parent).resources}
    told = yaml.safe_load(path.read_text("utf-8"))
    ids = [d["id"] for d in told["defects"]]
    assert len(ids) == len(set(ids))
    for defect in told["defects"]:
        assert defect["treatment"] in ("corrected", "relaxed", "ignored", "note")
        assert defect["fr"]
        assert defect["en"]
        assert defect["clause"]
        profiles = [*defect.get("profiles", ()), *([defect["profile"]] if "profile" in defect else [])]
        assert set(profiles) <= set(held), defect["id"]
        if defect["treatment"] == "corrected" and "keys" in defect:
            elements = held[defect["profile"]]["differential"]["element"]
            assert set(defect["keys"]) <= {c["key"] for e in elements for c in e.get("constraint", ())}


@pytest.mark.parametrize("path", sorted(PACKAGES.glob("*/checks.yaml")), ids=lambda p: p.parent.name)
def test_checks_are_of_profiles_that_exist(path: Path) -> None:
    held = {r["id"] for r in load(path.parent).resources}
    told = yaml.safe_load(path.read_text("utf-8"))
    named = {c["profile"] for c in told.get("checks", ())}
    named |= set(told.get("identifiers", {}).get("of", ())) | set(told.get("statuses", {}).get("of", ()))
    assert named <= held
    for profile, rule in told.get("statuses", {}).get("of", {}).items():
        type_ = next(r["type"] for r in resources() if r["id"] == profile)
        bound = validator().types.type(type_)
        assert bound is not None
        [status] = bound.elements[rule["element"]]
        assert status.binding is not None
        codes = validator().terminology.value_set(status.binding.value_set)
        assert codes is not None
        assert all(codes.has(None, code) for code in rule["map"]), "a FHIR status that does not exist"


@pytest.mark.parametrize("name", ["tddui-transaction.json", "tddui-identite.json", "tddui-identite.xml"])
def test_the_ready_transactions_are_right(name: str) -> None:
    result = validator().validate((READY / "exports" / "fhir" / name).read_bytes())
    assert result.errors == ()
    assert not any(n.kind == "profile" for n in result.not_checked)


def test_the_ready_transaction_fills_every_slice() -> None:
    """Each resource is of the slice meant for it: its profile is claimed, and is met."""
    bundle = json.loads((READY / "exports" / "fhir" / "tddui-transaction.json").read_bytes())
    claimed = {entry["resource"]["meta"]["profile"][0].removeprefix(TDDUI) for entry in bundle["entry"]}
    slices = {
        type_["profile"][0].removeprefix(TDDUI)
        for resource in resources()
        if resource["url"] == f"{TDDUI}tddui-bundle"
        for element in resource["differential"]["element"]
        for type_ in element.get("type", ())
    }
    assert claimed == slices


#: what the profiles say of each broken transaction: the element or constraint that asked
BROKEN = {
    "reference-hors-lot.json": "Encounter.serviceProvider",
    "besoin-identifiant.json": "ServiceRequest.identifier:idBesoin",
    "transport-code.json": "Task.code",
    "absence-sans-motif.json": "Slot",
    "projet-sans-accord.json": "CarePlan.supportingInfo:accordStructure",
    "sexe-other.xml": "Patient.gender",
    "sejour-sans-type.json": "Encounter.identifier:idStay",
    "evaluation-sans-auteur.json": "QuestionnaireResponse",
    "materiel-sans-type.json": "Encounter",
    "collection.json": "Bundle.type",
}
#: what profiles cannot see: the business of our own rules (checks.yaml, INS)
BEYOND_PROFILES = {
    "sans-usager.json", "evenement-identifiant.json", "ins-cle-fausse.json", "projet-statut.json",
    "grille-inconnue.json", "document-autre-usager.json", "reference-relative.json", "export-dui-sans-cda.json",
}  # fmt: skip


@pytest.mark.parametrize(("name", "element"), BROKEN.items())
def test_a_broken_transaction_is_told_at_its_cause(name: str, element: str) -> None:
    result = validator().validate((FAILING / "exports" / "fhir" / name).read_bytes())
    assert element in {issue.element for issue in result.errors}


def test_what_profiles_cannot_see() -> None:
    files = {path.name for path in (FAILING / "exports" / "fhir").iterdir()}
    assert files == BEYOND_PROFILES | set(BROKEN)
    for name in BEYOND_PROFILES:
        assert validator().validate((FAILING / "exports" / "fhir" / name).read_bytes()).errors == ()
