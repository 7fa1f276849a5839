"""The operators of FHIRPath, on collections already evaluated."""

import json
from decimal import ROUND_DOWN, Decimal, DecimalException
from typing import Any

from dui_conformance.fhir.fhirpath.engine import Collection, Failed, boolean
from dui_conformance.fhir.fhirpath.moments import moved
from dui_conformance.fhir.fhirpath.values import Moment, Node, Quantity, as_quantity, equal, equivalent, system

_NUMBER = (int, Decimal)
_EXPONENT_LIMIT = 10_000


def one(items: Collection) -> Any:
    """The System value of a collection of at most one item; None when it is empty."""
    if not items:
        return None
    if len(items) > 1:
        raise Failed("one item is expected, several were found")
    return system(items[0])


def number(value: Any) -> bool:
    return isinstance(value, _NUMBER) and not isinstance(value, bool)


def equals(left: Collection, right: Collection) -> bool | None:
    """`=`: None when either side is empty, or when a partial date leaves it open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answer: bool | None = True
    for a, b in zip(left, right, strict=True):
        same = equal(a, b)
        if same is False:
            return False
        if same is None:
            answer = None
    return answer


def equivalents(left: Collection, right: Collection) -> bool:
    """`~`: always an answer; the order does not count."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for a in left:
        match = next((i for i, b in enumerate(rest) if equivalent(a, b)), None)
        if match is None:
            return False
        del rest[match]
    return True


def compare(op: str, left: Collection, right: Collection) -> Collection:
    a, b = one(left), one(right)
    if a is None or b is None:
        return []
    order = _order(a, b)
    if order is None:
        return []
    return [{"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[op]]


def _order(a: Any, b: Any) -> int | None:
    if number(a) and number(b):
        return int(a > b) - int(a < b)
    if isinstance(a, Moment) and isinstance(b, str):
        b = Moment.date_time(b) or Moment.time(b) or b
    elif isinstance(b, Moment) and isinstance(a, str):
        a = Moment.date_time(a) or Moment.time(a) or a
    if isinstance(a, str) and isinstance(b, str):
        return (a > b) - (a < b)
    if isinstance(a, Moment) and isinstance(b, Moment):
        if (a.kind == "time") != (b.kind == "time"):
            raise Failed("a time cannot be compared with a date")
        return a.compare(b)
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        left, right = as_quantity(a), as_quantity(b)
        if left is not None and right is not None:
            return left.compare(right)
    raise Failed(f"{_name(a)} and {_name(b)} cannot be compared")


def _name(value: Any) -> str:
    return value.type if isinstance(value, Node) else type(value).__name__


def arithmetic(op: str, left: Collection, right: Collection) -> Collection:
    a, b = one(left), one(right)
    if op == "&":
        return [_text(a) + _text(b)]
    if a is None or b is None:
        return []
    if number(a) and number(b):
        return _calculated(op, a, b)
    if op == "+" and isinstance(a, str) and isinstance(b, str):
        return [a + b]
    if isinstance(a, str) and isinstance(b, Quantity):
        a = Moment.date_time(a) or a
    if op in "+-" and isinstance(a, Moment) and isinstance(b, Quantity):
        return _some(moved(a, b, -1 if op == "-" else 1))
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        return _quantities(op, as_quantity(a), as_quantity(b))
    raise Failed(f"{op} does not apply to {_name(a)} and {_name(b)}")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise Failed("& joins texts")


def _some(value: Any) -> Collection:
    return [] if value is None else [value]


def _calculated(op: str, a: Any, b: Any) -> Collection:
    try:
        match op:
            case "+":
                return [a + b]
            case "-":
                return [a - b]
            case "*":
                return [a * b]
            case "/":
                return [Decimal(a) / Decimal(b)] if b else []
            case "div":
                return [int((Decimal(a) / Decimal(b)).to_integral_value(ROUND_DOWN))] if b else []
        if not b:
            return []
        rest = Decimal(a) % Decimal(b)
        return [int(rest) if isinstance(a, int) and isinstance(b, int) else rest]
    except DecimalException:
        return []


def _quantities(op: str, a: Quantity | None, b: Quantity | None) -> Collection:
    if a is None or b is None:
        raise Failed(f"{op} needs two quantities")
    if op in ("+", "-"):
        if a.unit != b.unit:
            return []
        return [Quantity(a.value + b.value if op == "+" else a.value - b.value, a.unit)]
    if op == "*" and (a.unit == "1" or b.unit == "1"):
        return [Quantity(a.value * b.value, b.unit if a.unit == "1" else a.unit)]
    if op == "*":
        return [Quantity(a.value * b.value, f"{a.unit}2" if a.unit == b.unit else f"{a.unit}.{b.unit}")]
    if op == "/" and b.value:
        unit = "1" if a.unit == b.unit else a.unit if b.unit == "1" else f"{a.unit}/{b.unit}"
        return [Quantity(a.value / b.value, unit)]
    return []


def negated(items: Collection) -> Collection:
    value = one(items)
    if value is None:
        return []
    if number(value):
        return [-value]
    if isinstance(value, Quantity):
        return [Quantity(-value.value, value.unit)]
    raise Failed("- applies to a number")


def conjunction(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return True if left and right else None


def disjunction(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return False if left is False and right is False else None


def exclusive(left: bool | None, right: bool | None) -> bool | None:
    return None if left is None or right is None else left != right


def implication(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right:
        return True
    return right if left else None


def distinct(items: Collection) -> Collection:
    """Each value once, the first kept; linear for all but dates and quantities, of which there are few."""
    out: Collection = []
    seen: set[Any] = set()
    odd: Collection = []
    for item in items:
        value = system(item)
        key = _key(value)
        if key is None:
            if any(equal(item, other) for other in odd):
                continue
            odd.append(item)
        elif key in seen:
            continue
        else:
            seen.add(key)
        out.append(item)
    return out


def _key(value: Any) -> Any:
    """What is the same for equal values; None when only comparing them can tell."""
    if isinstance(value, (str, bool, int, Decimal)):
        return (isinstance(value, bool), isinstance(value, str), value)
    if isinstance(value, Node):
        return json.dumps([value.value, value.extra], sort_keys=True, default=str)
    return None


def contains(items: Collection, wanted: Collection) -> Collection:
    if not wanted:
        return []
    if len(wanted) > 1:
        raise Failed("one item is looked for")
    return boolean(any(equal(item, wanted[0]) for item in items))
