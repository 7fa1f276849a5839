"""Functions that evaluate their arguments themselves: where, select, all, exists, repeat, iif, aggregate…"""

from collections.abc import Callable
from typing import Any

from dui_conformance.fhir.fhirpath.engine import Collection, Env, Failed, Run, truth
from dui_conformance.fhir.fhirpath.operators import distinct, one
from dui_conformance.fhir.fhirpath.typing_ import is_exactly, is_type
from dui_conformance.fhir.fhirpath.values import Node, system


def _filtered(env: Env, items: Collection, criterion: Run) -> Collection:
    env.spend(len(items))
    saved, kept = env.index, []
    for env.index, item in enumerate(items):
        if truth(criterion(env, [item])):
            kept.append(item)
    env.index = saved
    return kept


def _where(focus: Run, args: list[Run]) -> Run:
    (criterion,) = args
    return lambda env, this: _filtered(env, focus(env, this), criterion)


def _exists(focus: Run, args: list[Run]) -> Run:
    if not args:
        return lambda env, this: [bool(focus(env, this))]
    criterion = args[0]

    def exists(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        env.spend(len(items))
        saved = env.index
        for env.index, item in enumerate(items):
            if truth(criterion(env, [item])):
                env.index = saved
                return [True]
        env.index = saved
        return [False]

    return exists


def _all(focus: Run, args: list[Run]) -> Run:
    (criterion,) = args

    def every(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        env.spend(len(items))
        saved = env.index
        for env.index, item in enumerate(items):
            if not truth(criterion(env, [item])):
                env.index = saved
                return [False]
        env.index = saved
        return [True]

    return every


def _select(focus: Run, args: list[Run]) -> Run:
    (projection,) = args

    def select(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        env.spend(len(items))
        saved, out = env.index, []
        for env.index, item in enumerate(items):
            out += projection(env, [item])
        env.index = saved
        return out

    return select


def _repeating(keep_all: bool) -> Callable[[Run, list[Run]], Run]:
    def build(focus: Run, args: list[Run]) -> Run:
        (projection,) = args

        def repeat(env: Env, this: Collection) -> Collection:
            out: Collection = []
            seen: set[Any] = set()
            fresh = list(focus(env, this))
            while fresh:
                following: Collection = []
                for item in fresh:
                    found = projection(env, [item])
                    env.spend(len(found) + 4)
                    for item_found in found:
                        # Two nodes are one when they are the same place of the resource; values, when equal.
                        value = item_found.value if item_found.__class__ is Node else item_found
                        key = id(value) if isinstance(value, (dict, list)) else (type(value), str(value))
                        if keep_all or key not in seen:
                            seen.add(key)
                            following.append(item_found)
                out += following
                fresh = following
            return out

        return repeat

    return build


def _iif(focus: Run, args: list[Run]) -> Run:
    test, then = args[0], args[1]
    otherwise = args[2] if len(args) > 2 else None

    def choose(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        if len(items) > 1:
            raise Failed("iif applies to one item")
        answer = test(env, items)
        if answer and not isinstance(system(answer[0]), bool):
            raise Failed("iif needs a Boolean")
        if truth(answer):
            return then(env, items)
        return otherwise(env, items) if otherwise else []

    return choose


def _aggregate(focus: Run, args: list[Run]) -> Run:
    step = args[0]
    start = args[1] if len(args) > 1 else None

    def aggregate(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        env.spend(len(items))
        saved = env.index, env.total
        env.total = start(env, this) if start else []
        for env.index, item in enumerate(items):
            env.total = step(env, [item])
        out = env.total
        env.index, env.total = saved
        return out

    return aggregate


def _is(focus: Run, args: list[str]) -> Run:
    name = args[0]

    def tested(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        if len(items) > 1:
            raise Failed("is applies to one item")
        return [is_type(env.types, items[0], name)] if items else []

    return tested


def _of_type(focus: Run, args: list[str]) -> Run:
    name = args[0]
    return lambda env, this: [i for i in focus(env, this) if is_exactly(env.types, i, name)]


def _trace(focus: Run, args: list[Run]) -> Run:
    """Tracing has no effect on the answer, and nothing is printed."""
    return focus


def _union(focus: Run, args: list[Run]) -> Run:
    (other,) = args
    return lambda env, this: distinct(focus(env, this) + other(env, this))


def _define_variable(focus: Run, args: list[Run]) -> Run:
    name = args[0]
    value = args[1] if len(args) > 1 else None

    def define(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        names = name(env, this)
        if len(names) != 1 or not isinstance(names[0], str) or names[0] in env.variables:
            raise Failed("defineVariable() needs a new name")
        env.variables = {**env.variables, names[0]: value(env, items) if value else items}
        return items

    return define


def _coalesce(focus: Run, args: list[Run]) -> Run:
    def coalesce(env: Env, this: Collection) -> Collection:
        items = focus(env, this)
        for arg in args:
            found = arg(env, items)
            if found:
                return found
        return []

    return coalesce


def _sort(focus: Run, args: list[Run]) -> Run:
    """`sort(family, -given)`: a leading minus turns the order round, also for texts."""

    def sort(env: Env, this: Collection) -> Collection:
        items = list(focus(env, this))
        env.spend(len(items) * 4)
        keys = args or [lambda env, this: this]
        for key in reversed(keys):
            down = getattr(key, "descending", None)
            run: Run = down or key

            def rank(item: Any, run: Run = run) -> Any:
                value = one(run(env, [item]))
                return (value is not None, value)

            try:
                items.sort(key=rank, reverse=down is not None)
            except TypeError as error:
                raise Failed("these items have no order") from error
        return items

    return sort


LAMBDAS: dict[str, tuple[Callable[[Run, list[Any]], Run], int, int]] = {
    "where": (_where, 1, 1),
    "exists": (_exists, 0, 1),
    "all": (_all, 1, 1),
    "select": (_select, 1, 1),
    "repeat": (_repeating(False), 1, 1),
    "repeatAll": (_repeating(True), 1, 1),
    "iif": (_iif, 2, 3),
    "aggregate": (_aggregate, 1, 2),
    "is": (_is, 1, 1),
    "as": (_of_type, 1, 1),
    "ofType": (_of_type, 1, 1),
    "trace": (_trace, 1, 2),
    "union": (_union, 1, 1),
    "defineVariable": (_define_variable, 1, 2),
    "coalesce": (_coalesce, 1, 9),
    "sort": (_sort, 0, 9),
}
