"""A whole run: the order of the inputs, whatever does the work; rules over the whole run."""

import datetime
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dui_conformance import runjson
from dui_conformance.checks.verdict import Verdict, failed
from dui_conformance.engine import judge as engine
from dui_conformance.engine.judge import Order, judge, plan_of
from dui_conformance.engine.outcomes import Judged
from dui_conformance.readiness import requirements
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.run.assemble import assemble
from dui_conformance.run.execute import Job, execute, judged_by, order_of
from dui_conformance.subjects.intake import Unit, units
from tests.engine.small import Data, document, rule, written
from tests.places import FAILING, READY

TODAY = datetime.date(2026, 11, 21)


def job(workers: int = 1) -> Job:
    paths = [READY / "exports", FAILING / "exports"]
    return Job(paths, READY.parent, TODAY, load(FAILING / "dui.toml"), declared=True, workers=workers)


@cache
def alone() -> str:
    return runjson.dumps(execute(job()))


@pytest.mark.parametrize("workers", [2, 8])
def test_same_bytes_with_any_number_of_workers(workers: int) -> None:
    tables = requirements.load()
    asked = job(workers)
    order = order_of(asked, tables)
    with ProcessPoolExecutor(workers) as pool:
        judged = judged_by(asked, order, pool)
    assert runjson.dumps(assemble(asked, order, tables, judged)) == alone()


PART = [READY / "exports" / "mails", FAILING / "exports" / "xdm", FAILING / "exports" / "documents" / "tronque.xml"]


def test_same_judged_with_and_without_an_executor() -> None:
    order = order_of(job(), requirements.load())
    here = judge(units(PART, READY.parent), order)
    with ThreadPoolExecutor(2) as pool:
        there = judge(units(PART, READY.parent), order, pool, 2)
    assert here == there
    assert here.units == sum(isinstance(u, Unit) for u in units(PART, READY.parent)) > 16


def test_an_executor_that_answers_late_and_out_of_order_changes_nothing() -> None:
    order = order_of(job(), requirements.load())

    class Backwards:
        """Does the work of each task when the last one is asked for its result."""

        def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
            future: Future[Any] = Future()
            plain = future.result
            future.result = lambda timeout=None: (  # type: ignore[method-assign]
                future.done() or future.set_result(function(*arguments)),
                plain(timeout),
            )[1]
            return future

    judged = judge(units(PART, READY.parent), order, Backwards(), 3)  # type: ignore[arg-type]
    assert judged == judge(units(PART, READY.parent), order)


def test_progress_counts_units_to_the_end() -> None:
    told: list[int] = []
    judged = judge(units([READY / "exports"], READY), Order(), None, 1, told.append)
    assert told == sorted(told)
    assert told[-1] == judged.units > 20


def test_hidden_entries_are_listed(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.xml").write_text("<a/>")
    (tmp_path / "a.xml").write_text(document())
    judged = judge(units([tmp_path], tmp_path.parent), Order())
    assert judged.not_checked["hidden", f"{tmp_path.name}/.git"] == 1
    assert [s.id for s in judged.subjects] == [f"{tmp_path.name}/a.xml"]


def test_a_file_that_vanishes_after_the_walk_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(document())
    listed = list(units([tmp_path], tmp_path.parent))
    path.unlink()
    judged = judge(listed, Order())
    assert [s.judged for s in judged.subjects] == [False]
    assert {f.outcome for f in judged.findings} == {"failed"}


@pytest.fixture
def small_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, predicates: Callable[..., None]
) -> Iterator[Callable[..., Judged]]:
    """Judges documents under the rules of a small catalogue."""
    exports = tmp_path / "exports"
    exports.mkdir()

    def run(rules: list[Data], documents: dict[str, str], settings: dict[str, str] | None = None, **fns: Any) -> Judged:
        predicates(**fns)
        loaded = catalogue.load(written(tmp_path / "profiles", rules))
        monkeypatch.setattr(engine.catalogue, "load", lambda newer: loaded)
        plan_of.cache_clear()
        for name, content in documents.items():
            (exports / name).write_text(content, encoding="utf-8")
        return judge(units([exports], tmp_path), Order(settings=tuple((settings or {}).items())))

    yield run
    plan_of.cache_clear()


class TestRunWide:
    def rule(self, **more: Any) -> Data:
        check = {"python": "trial.same", "collect": {"cda": {"root": "id/@root", "title?": "string(title)"}}}
        message = {"fr": "comme {other}, {root}", "en": "as {other}, {root}"}
        return rule("T-1", check, message=message, **more)

    @staticmethod
    def same(records: list[tuple[str, dict[str, str]]]) -> Iterator[tuple[int, Verdict]]:
        for index, (_, facts) in enumerate(records):
            for other, others in records[:index]:
                if facts["root"] == others["root"]:
                    yield index, failed(other=other, root=facts["root"])

    def test_it_compares_the_subjects_of_a_run(self, small_run: Callable[..., Judged]) -> None:
        documents = {
            "a.xml": document('<id root="1"/>'),
            "b.xml": document('<id root="2"/>'),
            "c.xml": document('<id root="1"/>'),
            "without.xml": document(),
        }
        judged = small_run([self.rule()], documents, same=self.same)
        assert [(f.subject, f.message.fr) for f in judged.findings] == [("exports/c.xml", "comme exports/a.xml, 1")]
        assert judged.tallies["T-1"] == {"passed": 2, "failed": 1}, "a subject without the facts is not counted"

    def test_personal_facts_are_marked(self, small_run: Callable[..., Judged]) -> None:
        documents = {"a.xml": document('<id root="1"/>'), "b.xml": document('<id root="1"/>')}
        judged = small_run([self.rule(personal=["root"])], documents, same=self.same)
        assert "\ue0001\ue001" in judged.findings[0].message.fr

    def test_review(self, small_run: Callable[..., Judged]) -> None:
        documents = {"a.xml": document('<id root="1"/>'), "b.xml": document('<id root="1"/>')}
        judged = small_run([self.rule(outcome="review")], documents, same=self.same)
        assert [f.outcome for f in judged.findings] == ["review"]
        assert judged.tallies["T-1"] == {"passed": 1, "review": 1}

    @pytest.mark.parametrize("bad", [lambda records: 1 / 0, lambda records: [(99, failed())], lambda records: [1]])
    def test_a_predicate_that_fails_is_an_error_that_is_told(self, small_run: Callable[..., Judged], bad: Any) -> None:
        judged = small_run([self.rule(), rule("T-2")], {"a.xml": document('<id root="1"/>')}, same=bad)
        assert judged.tallies["T-1"] == {"error": 1}
        assert [(f.rule, f.outcome) for f in judged.findings] == [("T-1", "error"), ("T-2", "failed")]

    def test_without_subjects_nothing_is_counted(self, small_run: Callable[..., Judged]) -> None:
        judged = small_run([self.rule()], {"a.xml": document()}, same=self.same)
        assert not judged.tallies.get("T-1")
        assert judged.findings == []


def test_the_good_exports_as_a_run_raise_nothing() -> None:
    manifest = load(READY / "dui.toml")
    run = execute(Job([READY / "exports"], READY, TODAY, manifest, declared=True))
    assert [(f["rule"], f["subject"], f["message"]["fr"]) for f in run["findings"]] == []
    assert any("collect" in d["check"] for _p, fam in catalogue.sources() for d in fam["rules"])
