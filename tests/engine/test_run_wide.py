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
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.rules.mutations import mutated
from dui_conformance.run.proofs import handed_in
from dui_conformance.subjects.intake import Skipped, open_bytes, units
from dui_conformance.subjects.model import Budget
from tests.places import READY, read_top, settings_of
from tests.rules.inputs import declared_proof

CATALOGUE = catalogue.load()
EXPORTS = READY / "exports"
PLAN = plan(CATALOGUE, settings_of(READY / "dui.toml"))
RUN_WIDE = {rule.id for rule in PLAN.run_wide}


@cache
def good() -> dict[str, UnitResult]:
    """What each unit of the ready exports gives, by its id."""
    results = {}
    for folder, prefix in ((EXPORTS, ""), (READY / "sessions", "../sessions/")):
        for unit in units([folder], folder):
            if not isinstance(unit, Skipped):
                name = prefix + unit.id.removeprefix(f"{folder.name}/")
                results[name] = evaluate(open_bytes(name, read_top(name), Budget()), PLAN)
    for proof in handed_in(load(READY / "dui.toml")):
        results[f"../{proof.id}"] = evaluate(proof, PLAN)
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
    if change["in"].startswith("../attestations/"):
        name = change["in"]
        subject = declared_proof(name, read_top(name), change["declared"])
    else:
        name, data = mutated(read_top, change, CATALOGUE.constants)
        subject = open_bytes(name, data, Budget())
    changed = {**good(), name: evaluate(subject, PLAN)}
    assert said(changed) == {rule, *change.get("also", ())} & RUN_WIDE
