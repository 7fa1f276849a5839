"""The tables of requirements: whole, coherent, in both languages, and tied to rules and evidence that exist."""

from collections import Counter
from typing import Any

import pytest

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.readiness import requirements
from dui_conformance.rules import catalogue
from dui_conformance.rules.xpath import Expression, compiled

TABLES = requirements.load()
FOLDER = profiles_root() / "requirements"
RAW = {path.stem: read_yaml(path) for path in sorted(FOLDER.glob("wave*.yaml"))}
ROWS = [(table, row) for table, data in RAW.items() for row in data["requirements"]]


def proving() -> dict[str, list[str]]:
    """Requirement → rules that prove it."""
    out: dict[str, list[str]] = {}
    for rule in catalogue.load().rules.values():
        for name in rule.proves:
            row = TABLES.named(name)
            if row is not None:
                out.setdefault(row.id, []).append(rule.id)
    return out


def test_how_many_there_are() -> None:
    assert Counter(row.table for row in TABLES.requirements.values()) == {
        "wave1-dui": 45,
        "wave2-dui": 14,
        "wave1-common": 71,
        "wave2-common": 112,
    }


def test_identifiers_and_aliases_are_unique() -> None:
    names = Counter(row["id"] for _, row in ROWS)
    assert [name for name, count in names.items() if count > 1] == []
    aliases = [(row["id"], a["id"]) for table, row in ROWS for a in row.get("aliases", ()) if table.endswith("-dui")]
    shared = {alias: [i for i, a in aliases if a == alias] for _, alias in aliases}
    # the two sources of wave 1 hold this one requirement under two ids, and both are kept
    twins = {"SC.MSS.20.MS1", "DUI.MSS.20"}
    assert [ids for ids in shared.values() if len(ids) > 1 and set(ids) != twins] == []
    assert set(shared) & {row["id"] for table, row in ROWS if table.endswith("-dui")} <= twins


def test_what_a_source_does_not_tie_to_the_dui_does_not_bind() -> None:
    links = {table: data["dui_link"] for table, data in RAW.items()}
    assert links == {
        "wave1-dui": "confirmed",
        "wave2-dui": "attested",
        "wave1-common": "not_proven",
        "wave2-common": "not_proven",
    }


def test_named_by_id_or_alias() -> None:
    row = TABLES.named("SC.DOC.03.MS1")
    assert row is not None
    assert TABLES.named("DUI.DOC.03") is row
    assert TABLES.named("SC.DOC.99") is None


def test_every_row_says_who_how_and_why_in_both_languages() -> None:
    wrong = []
    for table, row in ROWS:
        for name in ("statement", "why", "expected_proof", "remains", "pitfalls", "applies_why"):
            text = row.get(name)
            if name in ("statement", "why") and text is None:
                wrong.append(f"{table} {row['id']}: no {name}")
            if text is not None and not (text.get("fr") and text.get("en")):
                wrong.append(f"{table} {row['id']}: {name}")
            if text is not None and text["fr"] == text["en"] and len(text["fr"].split()) > 4:
                wrong.append(f"{table} {row['id']}: {name} is not translated")
    assert not wrong, wrong


def test_every_row_uses_known_words() -> None:
    wrong = []
    for table, row in ROWS:
        for name, known in (
            ("coverage", {"automated", "assisted", "attested", "not_covered"}),
            ("obligation", {"mandatory", "conditional", "recommended", "unknown"}),
            ("theme", set(TABLES.themes)),
        ):
            if row[name] not in known:
                wrong.append(f"{table} {row['id']}: {name} = {row[name]}")
        if row["source"].get("confidence") not in ("S", "M") or not row["source"].get("origin"):
            wrong.append(f"{table} {row['id']}: source {row['source']}")
    assert not wrong, wrong


def test_a_condition_has_its_reason() -> None:
    wrong = [row["id"] for _, row in ROWS if row.get("applies") and "applies_why" not in row]
    assert not wrong, wrong


def test_evidence_exists_and_can_be_looked_for() -> None:
    constants = catalogue.load().constants
    for kind in TABLES.evidence.values():
        compiled(Expression(kind.where, kind.kind, constants).text)
        assert kind.title.fr
        assert kind.produce.fr.endswith(".")
    named = {name for _, row in ROWS for name in row.get("evidence", ())}
    assert named - set(TABLES.evidence) == set(), "evidence that is not described"
    assert set(TABLES.evidence) - named == set(), "evidence that no requirement asks for"


def test_what_the_machine_judges_asks_for_evidence() -> None:
    wrong = [row.id for row in TABLES.requirements.values() if row.coverage == "automated" and not row.evidence]
    assert not wrong, f"proved by whatever is there, or by nothing: {wrong}"


def test_what_is_judged_in_part_says_what_remains() -> None:
    wrong = [row.id for row in TABLES.requirements.values() if row.coverage == "assisted" and row.remains is None]
    assert not wrong, wrong


@pytest.mark.parametrize("table", ["wave1-dui", "wave2-dui"])
def test_what_the_machine_judges_has_rules(table: str) -> None:
    rules = proving()
    without = [
        row.id
        for row in TABLES.requirements.values()
        if row.table == table and row.coverage == "automated" and not rules.get(row.id)
    ]
    assert not without, f"no rule proves these: {without}"


def test_no_rule_proves_what_is_only_attested() -> None:
    rules = proving()
    odd = {
        row.id: rules[row.id]
        for row in TABLES.requirements.values()
        if row.table.endswith("-dui") and row.coverage in ("attested", "not_covered") and rules.get(row.id)
    }
    assert not odd, f"rules see something of these: say assisted, or take the rule off: {odd}"


def test_the_ready_editor_exports_what_binds_it() -> None:
    from dui_conformance.engine.judge import Order, judge
    from dui_conformance.readiness.manifest import load
    from dui_conformance.readiness.rollup import applicable
    from dui_conformance.subjects.intake import units
    from tests.places import READY

    manifest = load(READY / "dui.toml")
    wanted = {
        name
        for row in TABLES.requirements.values()
        if row.table == "wave1-dui" and row.obligation != "recommended" and applicable(row, manifest)[0] == "yes"
        for name in row.evidence
    }
    order = Order(evidence=tuple((kind.id, kind.kind, kind.where) for kind in TABLES.evidence.values()))
    found: set[Any] = {e for s in judge(units([READY / "exports"], READY), order).subjects for e in s.evidence}
    assert len(wanted) > 10
    assert not wanted - found
