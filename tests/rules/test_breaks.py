"""Every rule speaks on its own counter-examples, and nothing else does; on the good fixtures nothing speaks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import UnitResult
from dui_conformance.engine.plan import Plan, plan
from dui_conformance.rules import catalogue
from dui_conformance.rules.mutations import mutated
from dui_conformance.subjects.intake import Skipped, open_bytes, open_unit, units
from dui_conformance.subjects.model import Budget
from tests.places import READY, settings_of
from tests.rules.inputs import troubled

CATALOGUE = catalogue.load()
PLAN: Plan = plan(CATALOGUE, settings_of(READY / "dui.toml"))
EXPORTS = READY / "exports"


def plan_of(change: dict[str, Any]) -> Plan:
    """The plan that a break is judged under: the ready manifest's, unless the break names other settings."""
    if "settings" not in change:
        return PLAN
    settings = {**settings_of(READY / "dui.toml"), **change["settings"]}
    declared = {name: tuple(v) if isinstance(v, list) else v for name, v in settings.items() if v is not None}
    return plan(CATALOGUE, declared)


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
        subject = troubled(change["input"], (EXPORTS / change["in"]).read_bytes(), tmp_path, monkeypatch)
    else:
        name, data = mutated(lambda top: (EXPORTS / top).read_bytes(), change, CATALOGUE.constants)
        subject = open_bytes(name, data, Budget(**change.get("budget", {})))
    said = spoken(evaluate(subject, plan_of(change)))
    expected = {rule, *change.get("also", ())}
    assert set(said) == expected, said
    for texts in said.values():
        assert not any(re.search(r"\{[a-z]\w*\}", text) for text in texts), (
            f"a place of the message is not filled: {texts}"
        )


@pytest.mark.parametrize(
    "unit",
    [unit for unit in units([EXPORTS], EXPORTS.parent) if not isinstance(unit, Skipped)],
    ids=lambda unit: unit.id,
)
def test_good_exports_raise_nothing(unit: Any) -> None:
    assert spoken(evaluate(open_unit(unit, Budget()), PLAN)) == {}


def test_every_rule_has_a_counter_example() -> None:
    without = [
        rule["id"] for _path, family in catalogue.sources() for rule in family["rules"] if not rule.get("breaks")
    ]
    assert without == []


def test_the_fixtures_are_there() -> None:
    assert Path(EXPORTS / "documents").is_dir()
