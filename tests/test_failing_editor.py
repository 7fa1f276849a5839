"""The editor that is not ready: each of its files makes speak what was broken in it, and nothing else."""

from typing import Any

import pytest
import yaml

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import plan
from dui_conformance.rules import catalogue
from dui_conformance.subjects.intake import Skipped, open_unit, units
from dui_conformance.subjects.model import Budget
from tests.places import FAILING, settings_of

EXPECTED: dict[str, list[str]] = yaml.safe_load((FAILING / "expected.yaml").read_text(encoding="utf-8"))
PLAN = plan(catalogue.load(), settings_of(FAILING / "dui.toml"))
UNITS = [unit for unit in units([FAILING / "exports"], FAILING / "exports") if not isinstance(unit, Skipped)]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)
def test_a_broken_file_says_what_is_broken(unit: Any) -> None:
    result = evaluate(open_unit(unit, Budget()), PLAN)
    said = {finding.rule: finding.message.fr for finding in result.findings}
    assert sorted(said) == EXPECTED[unit.id.removeprefix("exports/")], said


def test_every_file_is_expected_to_say_something() -> None:
    assert set(EXPECTED) == {unit.id.removeprefix("exports/") for unit in UNITS}
    assert {name for name, rules in EXPECTED.items() if not rules} == set()
