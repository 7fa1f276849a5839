"""Functions on whole collections (FHIRPath §5.1, §5.3, §5.8)."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from dui_conformance.fhir.fhirpath.engine import Collection, Env, Failed, boolean, truth
from dui_conformance.fhir.fhirpath.operators import distinct, number, one
from dui_conformance.fhir.fhirpath.values import Node, Quantity, equal, system

_LARGE = 4000  # digits an exact result may have


def _empty(env: Env, items: Collection) -> Collection:
    return [not items]


def _count(env: Env, items: Collection) -> Collection:
    return [len(items)]


def _not(env: Env, items: Collection) -> Collection:
    value = truth(items)
    return [] if value is None else [not value]


def _booleans(items: Collection) -> list[bool]:
    values = [system(i) for i in items]
    if any(not isinstance(v, bool) for v in values):
        raise Failed("Booleans are expected")
    return values


def _all_true(env: Env, items: Collection) -> Collection:
    return [all(_booleans(items))]


def _any_true(env: Env, items: Collection) -> Collection:
    return [any(_booleans(items))]


def _all_false(env: Env, items: Collection) -> Collection:
    return [not any(_booleans(items))]


def _any_false(env: Env, items: Collection) -> Collection:
    return [not all(_booleans(items))]


def _within(items: Collection, others: Collection) -> bool:
    plain = {(type(system(o)), system(o)) for o in others if isinstance(system(o), (str, bool, int))}
    return all(
        (type(system(i)), system(i)) in plain or any(equal(i, o) for o in others)
        if isinstance(system(i), (str, bool, int)) else any(equal(i, o) for o in others)
        for i in items
    )  # fmt: skip


def _subset_of(env: Env, items: Collection, others: Collection) -> Collection:
    env.spend(len(items) * len(others))
    return [_within(items, others)]


def _superset_of(env: Env, items: Collection, others: Collection) -> Collection:
    env.spend(len(items) * len(others))
    return [_within(others, items)]


def _distinct(env: Env, items: Collection) -> Collection:
    return distinct(items)


def _is_distinct(env: Env, items: Collection) -> Collection:
    return [len(distinct(items)) == len(items)]


def _single(env: Env, items: Collection) -> Collection:
    if len(items) > 1:
        raise Failed("single() found several items")
    return items


def _first(env: Env, items: Collection) -> Collection:
    return items[:1]


def _last(env: Env, items: Collection) -> Collection:
    return items[-1:]


def _tail(env: Env, items: Collection) -> Collection:
    return items[1:]


def _size(items: Collection) -> int:
    size = one(items)
    if not isinstance(size, int) or isinstance(size, bool):
        raise Failed("an Integer is expected")
    return max(0, size)


def _skip(env: Env, items: Collection, size: Collection) -> Collection:
    return items[_size(size) :]


def _take(env: Env, items: Collection, size: Collection) -> Collection:
    return items[: _size(size)]


def _intersect(env: Env, items: Collection, others: Collection) -> Collection:
    env.spend(len(items) * len(others))
    return distinct([i for i in items if any(equal(i, o) for o in others)])


def _exclude(env: Env, items: Collection, others: Collection) -> Collection:
    env.spend(len(items) * len(others))
    return [i for i in items if not any(equal(i, o) for o in others)]


def _combine(env: Env, items: Collection, others: Collection) -> Collection:
    return items + others


def _children(env: Env, items: Collection) -> Collection:
    out: Collection = []
    for item in items:
        if item.__class__ is Node:
            out += item.all_children()
    env.spend(len(out))
    return out


def _descendants(env: Env, items: Collection) -> Collection:
    out: Collection = []
    fresh = _children(env, items)
    while fresh:
        out += fresh
        fresh = _children(env, fresh)
    return out


def _numeric(apply: Callable[[Decimal], Any], quantities: bool = False) -> Callable[[Env, Collection], Collection]:
    def function(env: Env, items: Collection) -> Collection:
        value = one(items)
        if value is None:
            return []
        try:
            if number(value):
                out = apply(Decimal(value))
                return [] if out is None else [int(out) if isinstance(value, int) and quantities else out]
            if quantities and isinstance(value, Quantity):
                return [Quantity(apply(value.value), value.unit)]
        except (DecimalException, ValueError, OverflowError):
            return []
        raise Failed("a number is expected")

    return function


def _whole(rounding: str) -> Callable[[Decimal], int | None]:
    return lambda d: int(d.to_integral_value(rounding)) if d.adjusted() < _LARGE else None


def _round(env: Env, items: Collection, places: Collection = []) -> Collection:  # noqa: B006
    value, digits = one(items), one(places)
    if value is None:
        return []
    if not number(value) or (digits is not None and not (isinstance(digits, int) and 0 <= digits <= 28)):
        raise Failed("round() needs a number and a precision")
    try:
        rounded = Decimal(value).quantize(Decimal(1).scaleb(-(digits or 0)), ROUND_HALF_UP)
    except DecimalException:
        return []
    return [rounded]


def _sqrt(value: Decimal) -> Decimal | None:
    return value.sqrt() if value >= 0 else None


def _ln(value: Decimal) -> Decimal | None:
    return value.ln() if value > 0 else None


def _log(env: Env, items: Collection, base: Collection) -> Collection:
    value, of = one(items), one(base)
    if value is None or of is None:
        return []
    try:
        return [(Decimal(value).ln() / Decimal(of).ln())] if value > 0 and of > 0 and of != 1 else []
    except DecimalException:
        return []


def _power(env: Env, items: Collection, exponent: Collection) -> Collection:
    value, raised = one(items), one(exponent)
    if value is None or raised is None:
        return []
    if not number(value) or not number(raised):
        raise Failed("power() needs numbers")
    try:
        exact = isinstance(value, int) and isinstance(raised, int) and raised >= 0
        if exact and abs(value).bit_length() * raised < _LARGE:
            return [value**raised]
        out = Decimal(value) ** Decimal(raised)
    except (DecimalException, ZeroDivisionError):
        return []
    return [out] if out.is_finite() else []


def _is_boolean(env: Env, items: Collection) -> Collection:
    return boolean(truth(items))


FUNCTIONS: dict[str, tuple[Callable[..., Collection], int, int]] = {
    "empty": (_empty, 0, 0), "count": (_count, 0, 0), "not": (_not, 0, 0), "allTrue": (_all_true, 0, 0),
    "anyTrue": (_any_true, 0, 0), "allFalse": (_all_false, 0, 0), "anyFalse": (_any_false, 0, 0),
    "subsetOf": (_subset_of, 1, 1), "supersetOf": (_superset_of, 1, 1), "distinct": (_distinct, 0, 0),
    "isDistinct": (_is_distinct, 0, 0), "single": (_single, 0, 0), "first": (_first, 0, 0), "last": (_last, 0, 0),
    "tail": (_tail, 0, 0), "skip": (_skip, 1, 1), "take": (_take, 1, 1), "intersect": (_intersect, 1, 1),
    "exclude": (_exclude, 1, 1), "combine": (_combine, 1, 2), "children": (_children, 0, 0),
    "descendants": (_descendants, 0, 0), "abs": (_numeric(abs, quantities=True), 0, 0),
    "ceiling": (_numeric(_whole(ROUND_CEILING)), 0, 0), "floor": (_numeric(_whole(ROUND_FLOOR)), 0, 0),
    "truncate": (_numeric(int), 0, 0), "exp": (_numeric(lambda d: d.exp()), 0, 0), "ln": (_numeric(_ln), 0, 0),
    "sqrt": (_numeric(_sqrt), 0, 0), "log": (_log, 1, 1), "power": (_power, 1, 1), "round": (_round, 0, 1),
}  # fmt: skip
