"""Rules judged over a whole run: silent on the ready exports, and each speaks on its own counter-examples."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.judge import _judge_run_wide
from dui_conformance.engine.outcomes import Judged, UnitResult
from dui_conformance.engine.plan import plan
from dui_conformance.engine.privacy import Crowd
from dui_conformance.rules import catalogue
from dui_conformance.rules.mutations import mutated
from dui_conformance.subjects.intake import Skipped, open_bytes, units
from dui_conformance.subjects.model import Budget
from tests.places import READY, settings_of

CATALOGUE = catalogue.load()
EXPORTS = READY / "exports"
PLAN = plan(CATALOGUE, settings_of(READY / "dui.toml"))
RUN_WIDE = {rule.id for rule in PLAN.run_wide}


@cache
def good() -> dict[str, UnitResult]:
    """What each unit of the ready exports gives, by its id."""
    found = [unit for unit in units([EXPORTS], EXPORTS) if not isinstance(unit, Skipped)]
    results = {}
    for unit in found:
        name = unit.id.removeprefix(f"{EXPORTS.name}/")
        results[name] = evaluate(open_bytes(name, unit.path.read_bytes(), Budget()), PLAN)
    return results


def said(results: dict[str, UnitResult]) -> set[str]:
    """The run-wide rules that speak on these units together."""
    judged = Judged()
    for result in results.values():
        judged.take(result)
    judged.findings.clear()
    for rule in PLAN.run_wide:
        _judge_run_wide(rule, PLAN, judged, Crowd(judged.people))
    for finding in judged.findings:
        assert finding.outcome != "error"
        assert "{" not in finding.message.fr + finding.message.en, finding.message
    return {finding.rule for finding in judged.findings}


def cases() -> Iterator[Any]:
    for _path, family in catalogue.sources():
        for rule in family["rules"]:
            if "collect" in rule["check"]:
                for number, change in enumerate(rule["breaks"], 1):
                    yield pytest.param(rule["id"], change, id=f"{rule['id']}-{number}")


def test_the_ready_exports_are_silent_together() -> None:
    assert RUN_WIDE
    assert said(good()) == set()


@pytest.mark.parametrize(("rule", "change"), list(cases()))
def test_a_break_makes_its_rule_speak_and_no_other(rule: str, change: dict[str, Any]) -> None:
    name, data = mutated(lambda top: (EXPORTS / top).read_bytes(), change, CATALOGUE.constants)
    changed = {**good(), name: evaluate(open_bytes(name, data, Budget()), PLAN)}
    assert said(changed) == {rule, *change.get("also", ())} & RUN_WIDE
