"""Scenarios: what is read, and where a session stands in one while exchanges arrive."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.simulators.faults import Fault
from dui_conformance.simulators.scenario import Progress, Scenario, ScenarioError, Served, Step, Wanted, free, load
from dui_conformance.text import Text
from tests.subjects.opening import QUICK

T = Text("texte", "text")


def scenario(*steps: Step) -> Scenario:
    return Scenario("essai", T, T, ("psc",), steps)


def wanted(operation: str, times: int = 1) -> Wanted:
    return Wanted("psc", operation, times)


def tell(progress: Progress, *operations: str) -> None:
    """Exchanges that begin and end, one after the other."""
    for number, operation in enumerate(operations):
        progress.begins("psc", operation)
        progress.fault("psc", operation)
        progress.seen("psc", operation, f"{number:04}")


class TestProgress:
    def test_expectations_are_met_in_their_order(self) -> None:
        progress = Progress(scenario(Step("a", T, (wanted("un"), wanted("deux")))))
        tell(progress, "deux", "un", "autre")
        assert not progress.complete
        tell(progress, "deux")
        assert progress.complete

    def test_in_any_order_if_said(self) -> None:
        progress = Progress(scenario(Step("a", T, (wanted("un"), wanted("deux")), any_order=True)))
        tell(progress, "deux", "un")
        assert progress.complete

    def test_as_often_as_said(self) -> None:
        progress = Progress(scenario(Step("a", T, (wanted("un", 2),))))
        tell(progress, "un")
        assert not progress.complete
        tell(progress, "un", "un")
        assert progress.complete
        assert len(progress.as_json()[0]["expect"][0]["exchanges"]) == 2

    def test_the_next_step_begins_with_what_it_expects(self) -> None:
        progress = Progress(scenario(Step("a", T, (wanted("un"),)), Step("b", T, (wanted("deux"),))))
        tell(progress, "deux")
        assert progress.step.id == "a", "the present step is not over"
        tell(progress, "un", "autre")
        assert progress.step.id == "a", "what nobody expects begins nothing"
        tell(progress, "deux")
        assert progress.step.id == "b"
        assert progress.complete

    def test_unless_the_present_step_forbids_it(self) -> None:
        steps = Step("a", T, (wanted("un"),), forbid=(wanted("deux"),)), Step("b", T, (wanted("deux"),))
        progress = Progress(scenario(*steps))
        tell(progress, "un", "deux")
        assert progress.step.id == "a"
        assert progress.as_json()[0]["forbid"][0]["exchanges"] == ["0001"]
        progress.advance()
        tell(progress, "deux")
        assert not progress.complete, "what was forbidden has happened"

    def test_a_person_goes_on(self) -> None:
        progress = Progress(scenario(Step("a", T, (wanted("un"),)), Step("b", T)))
        assert progress.advance()
        assert not progress.advance()
        assert not progress.complete

    def test_a_fault_is_served_as_often_as_said(self) -> None:
        served = (Served(wanted("un"), Fault("slow"), 2), Served(Wanted("*", "*"), Fault("reset")))
        progress = Progress(scenario(Step("a", T, faults=served)))
        names = [fault.name for fault in (progress.fault("psc", "un") for _ in range(4)) if fault is not None]
        assert names == ["slow", "slow", "reset", "reset"]

    def test_a_connection_begins_the_step_after_one_that_spoils_connections(self) -> None:
        bad = Step("a", T, (wanted("handshake"),), faults=(Served(wanted("handshake"), Fault("expired")),))
        progress = Progress(scenario(bad, Step("b", T, (wanted("un"),))))
        progress.begins("psc", "handshake")
        assert progress.fault("psc", "handshake") is not None
        progress.seen("psc", "handshake", "0001")
        progress.begins("psc", "handshake")
        assert progress.step.id == "b"
        assert progress.fault("psc", "handshake") is None
        assert progress.scenario.changes_connections

    def test_answers_are_for_steps_that_ask(self) -> None:
        progress = Progress(scenario(Step("a", T, confirm=T), Step("b", T)))
        assert not progress.answer("b", "yes")
        assert not progress.answer("a", "peut-être")
        assert not progress.answer("z", "yes")
        assert progress.answer("a", "no")
        assert progress.as_json()[0]["confirm"] == {"answer": "no"}
        assert "confirm" not in progress.as_json()[1]

    def test_settings_of_a_step_come_first(self) -> None:
        steps = Step("a", T, settings={"psc": {"x": 1}}), Step("b", T)
        progress = Progress(Scenario("e", T, T, ("psc",), steps, settings={"psc": {"x": 2}}))
        assert progress.setting("psc", "x", 3) == 1
        progress.advance()
        assert (progress.setting("psc", "x", 3), progress.setting("psc", "y", 3)) == (2, 3)

    def test_without_a_scenario_everything_may_happen(self) -> None:
        progress = Progress(free(("psc",)))
        tell(progress, "un", "deux")
        assert progress.complete

    @given(st.lists(st.sampled_from(["un", "deux", "trois", "handshake"]), max_size=30))
    @QUICK
    def test_whatever_comes(self, operations: list[str]) -> None:
        progress = Progress(
            scenario(
                Step("a", T, (wanted("un"),), forbid=(wanted("trois"),)),
                Step("b", T, (wanted("deux"), wanted("handshake")), any_order=True),
                Step("c", T, faults=(Served(Wanted("psc", "*"), Fault("slow"), 1),)),
            )
        )
        at = 0
        for operation in operations:
            tell(progress, operation)
            assert at <= progress.at < 3, "never back, never beyond the end"
            at = progress.at
        assert progress.complete == (progress.at == 2 and not progress.states[0].forbidden[0]) or progress.at < 2


GOOD = """
scenario: essai
title: {fr: Essai, en: Trial}
why: {fr: Pour voir., en: To see.}
services: [psc]
steps:
  - id: a
    do: {fr: Se connecter., en: Sign in.}
    order: any
    expect: [{service: psc, operation: token, times: 2}]
    faults: [{service: psc, operation: token, fault: slow, seconds: 1, times: 3}]
"""


class TestFiles:
    @staticmethod
    def read(tmp_path: Path, text: str) -> Scenario:
        (tmp_path / "essai.yaml").write_text(text, encoding="utf-8")
        return load(tmp_path / "essai.yaml")

    def test_one_is_read(self, tmp_path: Path) -> None:
        found = self.read(tmp_path, GOOD)
        (step,) = found.steps
        assert step.any_order
        assert step.expect == (Wanted("psc", "token", 2),)
        assert step.faults == (Served(Wanted("psc", "token", 3), Fault("slow", {"seconds": 1}), 3),)
        assert step.faults[0].fault.seconds == 1.0

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("steps:", "etapes:", "steps"),
            ("times: 2", "times: 0", "steps.0.expect.0.times"),
            ("order: any", "order: aucun", "steps.0.order"),
            ("{fr: Essai, en: Trial}", "{fr: Essai}", "title"),
            ("services: [psc]", "services: []", "services"),
            ("  - id: a", "  - id: a\n    do: {fr: Sortir., en: Leave.}\n  - id: a", "two steps have one id"),
        ],
    )
    def test_one_that_is_wrong_says_where(self, old: str, new: str, told: str, tmp_path: Path) -> None:
        assert old in GOOD
        with pytest.raises(ScenarioError) as error:
            self.read(tmp_path, GOOD.replace(old, new))
        assert any(told in problem for problem in error.value.problems), error.value.problems
