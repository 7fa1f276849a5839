"""A whole run: units fan out over an executor and their results come together in the order of the inputs."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import lru_cache

from dui_conformance.checks.verdict import Verdict
from dui_conformance.engine import privacy, second_opinion
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import Finding, Judged, Outcome, Setting, SubjectRecord, UnitResult
from dui_conformance.engine.plan import Evidence, Plan, Selection, plan
from dui_conformance.engine.resources import Asked
from dui_conformance.engine.second_opinion import Official
from dui_conformance.engine.voice import tool_failed
from dui_conformance.rules import catalogue
from dui_conformance.rules.model import Collected, Rule
from dui_conformance.rules.newer import Newer
from dui_conformance.rules.xpath import Expression
from dui_conformance.subjects import pdf_verapdf
from dui_conformance.subjects.intake import Skipped, Unit, open_unit
from dui_conformance.subjects.model import Budget, Location, Subject
from dui_conformance.text import Text, personal, plain, unmark

_BATCH = 16  # units a task judges: enough to make the cost of sending one small
_AHEAD = 4  # tasks a worker may be ahead, so that memory does not grow with the number of units


@dataclass(frozen=True, slots=True)
class Order:
    """What to judge with, in a form that can be sent to another process and be the key of a cache."""

    settings: tuple[tuple[str, Setting], ...] = ()
    evidence: tuple[tuple[str, str, str], ...] = ()  # id, kind, where
    selection: Selection = field(default_factory=Selection)
    budget: Budget = field(default_factory=Budget)
    asked: Asked = field(default_factory=Asked)
    official: tuple[Official, ...] = ()
    newer: tuple[Newer, ...] = ()  # value sets that the user has added
    verapdf: str = ""  # the program, where it is asked for and there


@lru_cache(maxsize=4)
def plan_of(order: Order) -> Plan:
    """The plan of an order, made once in each process."""
    loaded = catalogue.load(newer=order.newer)
    evidence = [Evidence(i, kind, Expression(where, kind, loaded.constants)) for i, kind, where in order.evidence]
    return plan(loaded, dict(order.settings), evidence, order.selection, order.asked)


def judge_units(order: Order, units: Sequence[Unit]) -> list[UnitResult]:
    """One task: some units, one after the other."""
    made = plan_of(order)
    return [_judged(open_unit(unit, order.budget), made, order) for unit in units]


def _judged(top: Subject, made: Plan, order: Order) -> UnitResult:
    if order.verapdf:
        pdf_verapdf.project(top, order.verapdf)
    result = evaluate(top, made)
    if order.official:
        second_opinion.add(top, result, order.official, catalogue.load(newer=order.newer).rules)
    return result


def judge(
    units: Iterable[Unit | Skipped],
    order: Order,
    executor: Executor | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    declared: Sequence[Subject] = (),
) -> Judged:
    """Judge every unit. Without an executor in this process; the result is the same either way.

    `progress` is told the number of units done. `declared`: proofs that the manifest names, judged here, before.
    """
    judged = Judged()
    for subject in declared:
        judged.take(evaluate(subject, plan_of(order)))
    for results in _results(_wanted(units, judged), order, executor, workers):
        for result in results:
            judged.take(result)
        if progress is not None:
            progress(judged.units)
    made = plan_of(order)
    crowd = privacy.Crowd(judged.people)
    for rule in made.run_wide:
        _judge_run_wide(rule, made, judged, crowd)
    order_of = {subject.id: rank for rank, subject in enumerate(judged.subjects)}
    judged.findings.sort(
        key=lambda f: (order_of.get(f.subject, -1), f.location.line or 0, f.location.column or 0, f.rule)
    )
    return judged


def _wanted(units: Iterable[Unit | Skipped], judged: Judged) -> Iterator[Unit]:
    for unit in units:
        if isinstance(unit, Skipped):
            judged.not_checked["hidden", plain(unit.id)] += 1
        else:
            yield unit


def _results(
    units: Iterator[Unit], order: Order, executor: Executor | None, workers: int
) -> Iterator[list[UnitResult]]:
    if executor is None:
        for unit in units:
            yield judge_units(order, [unit])
        return
    pending: deque[Future[list[UnitResult]]] = deque()
    batch: list[Unit] = []
    for unit in units:
        batch.append(unit)
        if len(batch) == _BATCH:
            pending.append(executor.submit(judge_units, order, batch))
            batch = []
        if len(pending) > _AHEAD * workers:
            yield pending.popleft().result()
    if batch:
        pending.append(executor.submit(judge_units, order, batch))
    while pending:
        yield pending.popleft().result()


def _judge_run_wide(rule: Rule, made: Plan, judged: Judged, crowd: privacy.Crowd) -> None:
    """A predicate over the facts of every subject: `(records) -> (index, Verdict) …`, silence is a pass."""
    check = rule.check
    assert isinstance(check, Collected)  # noqa: S101
    subjects = [subject for subject in judged.subjects if rule.id in subject.facts]
    records = [(subject.id, subject.facts[rule.id]) for subject in subjects]
    if not records:
        return
    tally = judged.tallies.setdefault(rule.id, Counter())
    settings = {name.rstrip("?"): made.settings.get(setting, "") for name, setting in check.settings.items()}
    try:
        answers: list[tuple[int, Verdict]] = list(made.predicates[check.name](records, **settings))
        told = [(subjects[index], verdict) for index, verdict in answers]
    except Exception as error:  # a defect of the tool must not stop the run, nor pass for a success
        tally["error"] += len(records)
        judged.findings += [_finding(rule, "error", subject, tool_failed(error)) for subject in subjects[:1]]
        return
    spoken: dict[str, Outcome] = {}
    for subject, verdict in told:
        answer: Outcome = rule.negative if verdict.answer == "failed" else verdict.answer
        spoken[subject.id] = answer
        if answer in ("failed", "review", "blocked"):
            values = {name: _value(rule, name, value, crowd) for name, value in verdict.values.items()}
            judged.findings.append(_finding(rule, answer, subject, rule.message.filled(values)))
    for subject in subjects:
        tally[spoken.get(subject.id, "passed")] += 1


def _value(rule: Rule, name: str, value: str, crowd: privacy.Crowd) -> str:
    # a subject's id already carries its own marks; anything else is a plain value
    if "\ue000" in value:
        return crowd(value)
    return personal(value) if name in rule.personal else crowd(plain(value))


def _finding(rule: Rule, outcome: Outcome, subject: SubjectRecord, message: Text) -> Finding:
    key = f"{rule.id}|{unmark(subject.id, lambda _: '')}|"
    return Finding(
        rule=rule.id,
        level=rule.level,
        outcome=outcome,
        subject=subject.id,
        location=Location(),
        message=message,
        excerpt="",
        fingerprint=hashlib.sha256(key.encode()).hexdigest()[:16],
    )


def settings_of(declared: Mapping[str, Setting]) -> tuple[tuple[str, Setting], ...]:
    """Settings in the form an Order takes."""
    return tuple(sorted(declared.items()))
