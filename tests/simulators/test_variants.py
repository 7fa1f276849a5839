"""The good client is silent on every scenario; each bad one makes exactly its rules speak."""

import pytest
from fixtures.dui_client.judged import rules_that_speak
from fixtures.dui_client.play import Case, cases, plays

from dui_conformance.rules import catalogue
from dui_conformance.simulators.scenario import built_in, load

CASES = list(cases())


def test_every_scenario_is_played() -> None:
    assert set(plays()) == set(built_in())


@pytest.mark.parametrize("scenario", sorted(built_in()))
def test_the_good_client_is_silent(scenario: str) -> None:
    assert rules_that_speak(scenario) == set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.scenario}-{case.variant}")
def test_a_bad_client_makes_its_rules_speak(case: Case) -> None:
    assert rules_that_speak(case.scenario, case.variant) == set(case.rules)


def test_every_rule_on_sign_ins_has_a_bad_client() -> None:
    told = {rule for case in CASES for rule in case.rules}
    rules = {
        rule.id
        for rule in catalogue.load().rules.values()
        if rule.subject in ("exchange", "run") and rule.id.startswith("PSC-")
    }
    assert len(rules) > 20
    assert not rules - told


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_scenario_can_be_loaded_and_names_requirements(name: str) -> None:
    from dui_conformance.readiness.requirements import load as tables

    scenario = load(built_in()[name])
    assert scenario.id == name
    known = tables()
    assert all(known.named(requirement) for requirement in scenario.proves)
