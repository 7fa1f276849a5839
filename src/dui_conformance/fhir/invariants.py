"""Constraints (FHIRPath) evaluated on elements."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir.fhirpath.compiler import compiled
from dui_conformance.fhir.fhirpath.engine import Env, Failed, Undecided, truth
from dui_conformance.fhir.fhirpath.syntax import SyntaxProblem
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.overlay import Constraint
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Invariant, Plan, Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk


def _ready(invariants: Iterable[Invariant]) -> tuple[Any, ...]:
    out: list[tuple[Invariant, Any]] = []
    for invariant in invariants:
        try:
            out.append((invariant, compiled(invariant.expression)))
        except SyntaxProblem:
            out.append((invariant, None))
    return tuple(out)


def environment(walk: "Walk") -> Env:
    """The surroundings of an expression at the current place."""
    scope = walk.scope
    env = Env(walk.types, services=walk.services)
    env.resource = Node(scope.node, scope.plan)
    root = scope.root
    env.root = env.resource if root is scope else Node(root.node, root.plan)
    env.now = walk.options.now
    return env


def of_plan(walk: "Walk", node: dict[str, Any], plan: Plan, place: Place) -> None:
    """The constraints of a base type or backbone element."""
    if plan.compiled is None:
        plan.compiled = _ready(plan.invariants)
    _check(walk, plan.compiled, Node(node, plan), place)


def of_prop(walk: "Walk", value: Any, prop: Prop, place: Place) -> None:
    """The constraints that a base type puts on one of its elements."""
    if prop.compiled is None:
        prop.compiled = _ready(prop.invariants)
    _check(walk, prop.compiled, Node(value, prop.plan_of(value), prop), place)


def of_constraint(walk: "Walk", con: Constraint, node: Node, place: Place) -> None:
    """The constraints of a profile on one element."""
    if con.compiled is None:
        con.compiled = _ready(con.invariants)
    _check(walk, con.compiled, node, place)


def _check(walk: "Walk", ready: tuple[Any, ...], node: Node, place: Place) -> None:
    env = environment(walk)
    for invariant, run in ready:
        if run is None:
            walk.not_checked("expression", invariant.key, place, "syntax")
            continue
        if invariant.severity == "bestPractice" and not walk.options.best_practice:
            continue
        focus = [node]
        env.context = focus
        env.variables = {}
        env.index = 0
        try:
            met = truth(run(env, focus))
        except Undecided as reason:
            walk.not_checked("expression", invariant.key, place, str(reason))
            continue
        except Failed:
            walk.not_checked("expression", invariant.key, place, "failed")
            continue
        except RecursionError:
            walk.not_checked("expression", invariant.key, place, "budget")
            continue
        if met is None:
            # Nothing to judge, or dates too vague to compare: no breach is shown.
            walk.not_checked("expression", invariant.key, place, "empty")
        elif not met:
            walk.report(
                "invariant.failed", place, invariant.profile, invariant.element,
                "" if invariant.severity == "error" else "warning", key=invariant.key, expression=invariant.expression,
            )  # fmt: skip
