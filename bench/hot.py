"""Which rules a document's time goes to: each rule is judged alone, and what an empty plan costs is taken off.

Times are of CPU, the best of several. Rules that share their contexts share the cost of selecting them in a real
run.
"""

import time
from collections.abc import Callable
from pathlib import Path

from bench.places import READY
from bench.tables import say, table
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import Plan, Selection, plan
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Subject

_ROUNDS = 15
_NOBODY = "no-rule-has-this-id"


def show(model: Path, most: int = 25) -> None:
    """Print what opening and evaluating a document costs, and its dearest rules."""
    data = model.read_bytes()
    loaded, settings = catalogue.load(), load(READY / "dui.toml").settings()
    subject = open_bytes(model.name, data, Budget())
    whole = plan(loaded, settings)
    empty = plan(loaded, settings, selection=Selection(only=[_NOBODY]))
    floor, everything = _milliseconds(subject, empty), _milliseconds(subject, whole)
    opening = min(_timed(lambda: open_bytes(model.name, data, Budget())) for _ in range(_ROUNDS))
    say(f"{model.name}: open {opening:.2f} ms, evaluate {everything:.2f} ms of which {floor:.2f} ms without any rule")
    costs = []
    for rule in whole.rules:
        alone = plan(loaded, settings, selection=Selection(only=[rule.id]))
        costs.append((_milliseconds(subject, alone) - floor, rule))
    costs.sort(key=lambda cost: -cost[0])
    table(
        f"Dearest rules (all of them, judged one by one: {sum(cost for cost, _ in costs):.1f} ms)",
        ("ms", "rule", "contexts"),
        [(f"{cost:.3f}", rule.id, getattr(rule.contexts, "source", "")) for cost, rule in costs[:most]],
        (0,),
    )


def _milliseconds(subject: Subject, made: Plan) -> float:
    evaluate(subject, made)
    return min(_timed(lambda: evaluate(subject, made)) for _ in range(_ROUNDS))


def _timed(action: Callable[[], object]) -> float:
    started = time.process_time()
    action()
    return 1000 * (time.process_time() - started)
