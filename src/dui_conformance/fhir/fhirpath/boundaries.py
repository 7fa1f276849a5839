"""lowBoundary, highBoundary, precision: how far a value written with some precision may lie (FHIRPath 3)."""

import calendar
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal, DecimalException
from typing import Any

from dui_conformance.fhir.fhirpath.engine import Collection, Env, Failed
from dui_conformance.fhir.fhirpath.moments import written
from dui_conformance.fhir.fhirpath.operators import number, one
from dui_conformance.fhir.fhirpath.values import Moment, Quantity

_DIGITS = (4, 6, 8, 10, 12, 17)  # of a dateTime, by how many parts are known
_TIME_DIGITS = (2, 4, 9)
_MOST_PLACES = 31


def _decimal(value: Decimal, up: bool, places: int) -> Decimal | None:
    if not 0 <= places <= _MOST_PLACES:
        return None
    exponent = value.as_tuple().exponent
    half = Decimal(5).scaleb(min(0, int(exponent)) - 1)
    edge = value + half if up else value - half
    if abs(edge) < 1 and places < -int(exponent) - 1 and edge.adjusted() < -places:
        rounding = ROUND_DOWN
    else:
        rounding = ROUND_CEILING if up else ROUND_FLOOR
    try:
        return edge.quantize(Decimal(1).scaleb(-places), rounding)
    except DecimalException:
        return None


def _moment(value: Moment, up: bool, digits: int | None) -> Moment | None:
    time = value.kind == "time"
    sizes = _TIME_DIGITS if time else _DIGITS
    wanted = digits if digits is not None else (9 if time else 8 if value.kind == "date" else 17)
    if wanted not in sizes:
        return None
    count = sizes.index(wanted) + 1
    parts = list(value.parts)[:count]
    while len(parts) < count:
        place = len(parts) + (3 if time else 0)
        if place == 2:
            last = calendar.monthrange(max(1, int(parts[0])), int(parts[1]))[1]
            parts.append(last if up else 1)
        else:
            # an hour known alone stands for its first minute: the official tests say 08:00:59.999
            parts.append({1: 12 if up else 1, 3: 23 if up else 0, 4: 0 if not up or len(value.parts) == 4 else 59}.get(
                place, Decimal("59.999") if up else Decimal("0.000")))  # fmt: skip
    zone = value.zone
    kind = value.kind if time else "dateTime" if count > 3 else "date"
    if kind == "dateTime" and zone is None:
        zone = -720 if up else 840  # every zone on earth
    return Moment(kind, tuple(parts), zone if kind == "dateTime" else None,
                  written(kind, parts, zone if kind == "dateTime" else None))  # fmt: skip


def _boundary(up: bool) -> Callable[..., Collection]:
    def function(env: Env, items: Collection, precision: Collection | None = None) -> Collection:
        value = one(items)
        digits = one(precision) if precision else None
        if value is None:
            return []
        if digits is not None and (not isinstance(digits, int) or isinstance(digits, bool)):
            raise Failed("a precision is a whole number")
        out: Any = None
        if number(value):
            out = _decimal(Decimal(value), up, 8 if digits is None else digits)
        elif isinstance(value, Quantity):
            edge = _decimal(value.value, up, 8 if digits is None else digits)
            out = Quantity(edge, value.unit) if edge is not None else None
        elif isinstance(value, Moment):
            out = _moment(value, up, digits)
        return [] if out is None else [out]

    return function


def _precision(env: Env, items: Collection) -> Collection:
    value = one(items)
    if isinstance(value, Moment):
        sizes = _TIME_DIGITS if value.kind == "time" else _DIGITS
        return [sizes[len(value.parts) - 1]]
    if number(value):
        exponent = Decimal(value).as_tuple().exponent
        return [max(0, -int(exponent))]
    return []


FUNCTIONS: dict[str, tuple[Callable[..., Collection], int, int]] = {
    "lowBoundary": (_boundary(False), 0, 1),
    "highBoundary": (_boundary(True), 0, 1),
    "precision": (_precision, 0, 0),
}
