"""Every rule speaks on its own counter-examples, and nothing else does; on the good fixtures nothing speaks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import UnitResult
from dui_conformance.engine.plan import Plan, plan
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.rules.model import Predicate
from dui_conformance.rules.mutations import mutated
from dui_conformance.run.proofs import handed_in
from dui_conformance.subjects.intake import Skipped, open_bytes, open_unit, units
from dui_conformance.subjects.model import Budget, Subject
from tests.places import READY, read_top, settings_of
from tests.rules.inputs import declared_proof, troubled

CATALOGUE = catalogue.load()
PLAN: Plan = plan(CATALOGUE, settings_of(READY / "dui.toml"))
EXPORTS = READY / "exports"
# the rules that compare what is printed with the header of the document
PRINTED = frozenset(
    rule.id
    for rule in CATALOGUE.rules.values()
    if rule.subject == "pdf" and isinstance(rule.check, Predicate) and any(g.kind == "cda" for g in rule.check.given)
)


def plan_of(change: dict[str, Any]) -> Plan:
    """The plan that a break is judged under: the ready manifest's, unless the break names other settings."""
    if "settings" not in change:
        return PLAN
    settings = {**settings_of(READY / "dui.toml"), **change["settings"]}
    declared = {name: tuple(v) if isinstance(v, list) else v for name, v in settings.items() if v is not None}
    return plan(CATALOGUE, declared)


def opened_as(name: str, data: bytes, change: dict[str, Any]) -> Subject:
    """What a break makes of a file of the exports, or of a proof beside them."""
    if name.startswith("../attestations/"):
        return declared_proof(name, data, change.get("declared", {}))
    return open_bytes(name, data, Budget(**change.get("budget", {})))


def spoken(result: UnitResult) -> dict[str, list[str]]:
    """Rule → what it said, for every rule that spoke on a unit."""
    out: dict[str, list[str]] = {}
    for finding in result.findings:
        out.setdefault(finding.rule, []).append(f"{finding.subject} {finding.location}: {finding.message.fr}")
    return out


def cases() -> Iterator[Any]:
    for _path, family in catalogue.sources():
        for rule in family["rules"]:
            if "collect" in rule["check"]:
                continue  # judged over a whole run: tests/engine/test_run_wide.py applies their breaks
            for number, change in enumerate(rule.get("breaks", ()), 1):
                yield pytest.param(rule["id"], change, id=f"{rule['id']}-{number}")


@pytest.mark.parametrize(("rule", "change"), cases())
def test_a_break_makes_its_rule_speak_and_no_other(
    rule: str, change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "input" in change:
        subject = troubled(change["input"], read_top(change["in"]), tmp_path, monkeypatch)
    elif change.keys() <= {"in", "declared", "also"}:
        subject = opened_as(change["in"], read_top(change["in"]), change)
    else:
        subject = opened_as(*mutated(read_top, change, CATALOGUE.constants), change)
    said = spoken(evaluate(subject, plan_of(change)))
    expected = {rule, *change.get("also", ())}
    if rule not in PRINTED:  # a header that a break changes is no longer the one that is printed
        said = {name: texts for name, texts in said.items() if name not in PRINTED or name in expected}
    assert set(said) == expected, said
    for texts in said.values():
        assert not any(re.search(r"\{[a-z]\w*\}", text) for text in texts), (
            f"a place of the message is not filled: {texts}"
        )


@pytest.mark.parametrize(
    "unit",
    [unit for unit in units([EXPORTS, READY / "sessions"], READY) if not isinstance(unit, Skipped)],
    ids=lambda unit: unit.id,
)
def test_good_exports_raise_nothing(unit: Any) -> None:
    assert spoken(evaluate(open_unit(unit, Budget()), PLAN)) == {}


@pytest.mark.parametrize("subject", handed_in(load(READY / "dui.toml")), ids=lambda subject: subject.id)
def test_good_proofs_raise_nothing(subject: Subject) -> None:
    assert spoken(evaluate(subject, PLAN)) == {}


def test_every_rule_has_a_counter_example() -> None:
    without = [
        rule["id"] for _path, family in catalogue.sources() for rule in family["rules"] if not rule.get("breaks")
    ]
    assert without == []


def test_the_fixtures_are_there() -> None:
    assert Path(EXPORTS / "documents").is_dir()
