"""What will run, what will not, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dui_conformance.checks.verdict import PASSED
from dui_conformance.engine.plan import Plan, Selection, plan, predicate
from dui_conformance.rules import catalogue
from tests.engine.small import Data, rule, value_set, written


def planned(folder: Path, *rules: Data, settings: dict[str, str] | None = None, **more: object) -> Plan:
    selection = more.pop("selection", None)
    loaded = catalogue.load(written(folder, rules, **more))  # type: ignore[arg-type]
    return plan(loaded, settings or {}, (), selection)  # type: ignore[arg-type]


def names(made: Plan) -> list[str]:
    return [r.id for r in made.rules]


def test_rules_are_sorted_by_kind_in_their_order(tmp_path: Path) -> None:
    made = planned(tmp_path, rule("B-1"), rule("A-1"))
    assert {kind: [r.id for r in rules] for kind, rules in made.by_kind.items()} == {"cda": ["B-1", "A-1"]}
    assert made.unplanned == []


@pytest.mark.parametrize(
    ("only", "without", "left"),
    [
        ((), (), ["CDA-1", "CDA-2", "INS-1"]),
        (("CDA-*",), (), ["CDA-1", "CDA-2"]),
        (("INS-1", "CDA-2"), (), ["CDA-2", "INS-1"]),
        ((), ("CDA-*",), ["INS-1"]),
        (("CDA-*",), ("CDA-1",), ["CDA-2"]),
        (("trial",), (), ["CDA-1", "CDA-2", "INS-1"]),
        (("tri*",), ("trial",), []),
        (("cda-*",), (), []),
    ],
)
def test_selection(tmp_path: Path, only: tuple[str, ...], without: tuple[str, ...], left: list[str]) -> None:
    made = planned(tmp_path, rule("CDA-1"), rule("CDA-2"), rule("INS-1"), selection=Selection(only, without))
    assert names(made) == left
    assert {u.rule for u in made.unplanned} == {"CDA-1", "CDA-2", "INS-1"} - set(left)
    assert all("sélection" in u.why.fr and "selection" in u.why.en for u in made.unplanned)


def test_a_missing_value_set_is_not_a_pass(tmp_path: Path) -> None:
    made = planned(
        tmp_path,
        rule("T-1", {"in_value_set": "J99"}, **{"for": "code"}),
        rule("T-2", {"label_of": "J07"}, **{"for": "code"}),
        sets=[value_set("J07", {"1": {"A": "a"}})],
    )
    assert names(made) == ["T-2"]
    assert [(u.rule, "J99" in u.why.fr and "J99" in u.why.en) for u in made.unplanned] == [("T-1", True)]


def test_a_missing_table_of_a_predicate_is_not_a_pass(tmp_path: Path, predicates: Callable[..., None]) -> None:
    predicates(takes=lambda table: PASSED)
    made = planned(tmp_path, rule(check={"python": "trial.takes", "tables": {"table": "J99"}}))
    assert names(made) == []


def test_an_undeclared_setting_keeps_a_rule_from_running(tmp_path: Path, predicates: Callable[..., None]) -> None:
    predicates(takes=lambda **_: PASSED)
    rules = [
        rule("T-1", {"python": "trial.takes", "settings": {"nil": "nil"}}),
        rule("T-2", {"python": "trial.takes", "settings": {"nil?": "nil"}}),
        rule("T-3", {"python": "trial.takes", "collect": {"cda": {"id": "id/@root"}}, "settings": {"n": "nil"}}),
    ]
    made = planned(tmp_path, *rules)
    assert names(made) == ["T-2"]
    assert [(u.rule, "nil" in u.why.fr, "dui.toml" in u.why.en) for u in made.unplanned] == [
        ("T-1", True, True),
        ("T-3", True, True),
    ]
    assert names(planned(tmp_path, *rules, settings={"nil": "CLV"})) == ["T-1", "T-2", "T-3"]


def test_run_wide_rules_stand_apart(tmp_path: Path, predicates: Callable[..., None]) -> None:
    predicates(takes=lambda records: [])
    check = {"python": "trial.takes", "collect": {"cda": {"id": "id/@root"}}}
    made = planned(tmp_path, rule("T-1", check), rule("T-2"))
    assert [r.id for r in made.run_wide] == ["T-1"]
    assert [r.id for r in made.by_kind["cda"]] == ["T-2"]


@pytest.mark.parametrize(
    "name", ["nowhere.at_all", "dates.nothing", "dates._at", "os.system", "dates", "../dates.has_zone", "dates.UTC", ""]
)
def test_what_is_no_predicate_is_refused(name: str) -> None:
    with pytest.raises(LookupError):
        predicate(name)


def test_a_predicate_is_found() -> None:
    from dui_conformance.checks import dates

    assert predicate("dates.has_zone") is dates.has_zone
