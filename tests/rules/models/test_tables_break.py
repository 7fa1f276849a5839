"""Every row of the tables of models speaks on counter-examples made from the good documents, and nothing else does."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import plan
from dui_conformance.rules import catalogue
from dui_conformance.rules.models.breaks import cases
from dui_conformance.rules.mutations import MutationError, mutated
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from tests.places import READY, settings_of

CATALOGUE = catalogue.load()
PLAN = plan(CATALOGUE, settings_of(READY / "dui.toml"))
DOCUMENTS = (READY / "exports" / "documents", READY / "exports" / "prescriptions" / "produites")


def good_documents() -> dict[str, Any]:
    """The good documents whose model is judged, the small ones first: they cost less to judge."""
    written = (path for folder in DOCUMENTS for path in folder.rglob("*.xml"))
    paths = sorted(written, key=lambda path: (path.stat().st_size, path.name))
    found = {}
    for path in paths:
        root = etree.parse(path).getroot()
        level_1 = root.find("{*}templateId[@root='1.3.6.1.4.1.19376.1.2.20']") is not None
        if level_1 or root.find("{*}component/{*}structuredBody") is not None:
            found[path.relative_to(READY / "exports").as_posix()] = root
    return found


@cache
def by_table() -> dict[str, list[tuple[str, dict[str, Any] | None]]]:
    """The counter-examples, by the stem of their tables."""
    found: dict[str, list[tuple[str, dict[str, Any] | None]]] = {}
    for rule, change in cases(CATALOGUE.models, good_documents()):
        found.setdefault(rule.rpartition("-")[0], []).append((rule, change))
    return found


STEMS = [template["stem"] for name in CATALOGUE.models.digests for template in CATALOGUE.models.file(name)["templates"]]


@pytest.mark.parametrize("stem", STEMS)
def test_the_rows_of_a_table_speak_on_their_breaks_and_nothing_else_does(stem: str) -> None:
    wrong = []
    for rule, change in by_table()[stem]:
        if change is None:
            continue
        try:
            name, data = mutated(lambda top: (READY / "exports" / top).read_bytes(), change, CATALOGUE.constants)
        except MutationError as error:
            wrong.append(f"{rule}: {error}")
            continue
        said = {f.rule: f.message.fr for f in evaluate(open_bytes(Path(name).name, data, Budget()), PLAN).findings}
        if set(said) != {rule, *change["also"]}:
            wrong.append(f"{rule} {dict(change)}: {said}")
    assert not wrong, f"{len(wrong)} wrong\n" + "\n".join(wrong)


def test_every_row_has_a_break_bar_those_that_await_a_document() -> None:
    without = {rule for changes in by_table().values() for rule, change in changes if change is None}
    waiting = set((Path(__file__).parent / "without_document.txt").read_text(encoding="utf-8").split())
    assert sorted(without - waiting) == [], "no good document lets judge these rows: add one, or write `breaks`"
    assert sorted(waiting - without) == [], "a good document lets judge these now: take them off the list"
