"""Dates moved by a quantity of time, and the edges of a partial one."""

import calendar as months
import datetime
from decimal import Decimal

from dui_conformance.fhir.fhirpath.engine import Failed
from dui_conformance.fhir.fhirpath.units import calendar
from dui_conformance.fhir.fhirpath.values import Moment, Quantity

_UCUM = {"a": "year", "mo": "month", "wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second",
         "ms": "millisecond"}  # fmt: skip
_CLOCK = {"hour": Decimal(3600), "minute": Decimal(60), "second": Decimal(1), "millisecond": Decimal("0.001")}
_SECONDS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


def moved(moment: Moment, by: Quantity, sign: int) -> Moment | None:
    """A date plus or minus a duration, kept at its precision (FHIRPath §6.7). None past the years 1 to 9999."""
    unit = calendar(by.unit) or _UCUM.get(by.unit)
    if unit is None or (by.unit in ("a", "mo")):  # a definite year or month is not a calendar one
        raise Failed(f"{by.unit} is not a calendar duration")
    if abs(by.value) > Decimal(10) ** 15:
        return None
    amount = int(by.value) * sign
    if moment.kind == "time":
        return _moved_time(moment, by, unit, sign)
    parts = list(moment.parts)
    if unit in ("year", "month"):
        total = int(parts[0]) * 12 + (int(parts[1]) - 1 if len(parts) > 1 else 0)
        # a duration finer than the date is first rounded to the date's own precision
        total += amount * 12 if unit == "year" else (amount if len(parts) > 1 else int(amount / 12) * 12)
        year, month = divmod(total, 12)
        if not 1 <= year <= 9999:
            return None
        parts[0] = year
        if len(parts) > 1:
            parts[1] = month + 1
        if len(parts) > 2:
            parts[2] = min(int(parts[2]), months.monthrange(year, month + 1)[1])
        return _made(moment, parts)
    seconds = Decimal(amount) / 1000 if unit == "millisecond" else Decimal(_SECONDS[unit]) * amount
    if unit == "second":
        seconds = by.value * sign
    if len(parts) < 3:
        days = int(seconds / 86400)
        whole = int(days / 365) * 12 if len(parts) == 1 else int(days / 30)
        return moved(moment, Quantity(Decimal(whole), "month"), 1)
    if len(parts) == 3:
        seconds = Decimal(int(seconds / 86400) * 86400)
    return _plus_seconds(moment, parts, seconds)


def _plus_seconds(moment: Moment, parts: list[int | Decimal], seconds: Decimal) -> Moment | None:
    clock = [int(p) for p in parts[3:5]] + [0, 0]
    second = Decimal(parts[5]) if len(parts) > 5 else Decimal(0)
    total = Decimal(clock[0] * 3600 + clock[1] * 60) + second + seconds
    days, rest = divmod(total, 86400)
    if rest < 0:
        days, rest = days - 1, rest + 86400
    try:
        day = datetime.date(*(int(p) for p in parts[:3])) + datetime.timedelta(days=int(days))
    except (ValueError, OverflowError):
        return None
    hour, rest = divmod(rest, 3600)
    minute, rest = divmod(rest, 60)
    full: list[int | Decimal] = [day.year, day.month, day.day, int(hour), int(minute), rest]
    return _made(moment, full[: len(parts)])


def _moved_time(moment: Moment, by: Quantity, unit: str, sign: int) -> Moment | None:
    seconds = {"hour": Decimal(3600), "minute": Decimal(60), "second": Decimal(1), "millisecond": Decimal("0.001")}.get(
        unit
    )
    if seconds is None:
        raise Failed(f"{unit} does not apply to a time")
    parts: list[int | Decimal] = [*moment.parts, 0, 0, 0]
    total = (parts[0] * 3600 + parts[1] * 60 + parts[2] + by.value * sign * seconds) % 86400
    hour, rest = divmod(Decimal(total), 3600)
    minute, rest = divmod(rest, 60)
    full: list[int | Decimal] = [int(hour), int(minute), rest]
    return _made(moment, full[: len(moment.parts)])


def _made(like: Moment, parts: list[int | Decimal]) -> Moment:
    return Moment(like.kind, tuple(parts), like.zone, written(like.kind, parts, like.zone))


def written(kind: str, parts: list[int | Decimal], zone: int | None) -> str:
    """The text of a date or time."""
    second = ""
    clock = parts if kind == "time" else parts[3:]
    if len(clock) > 2:
        second = f"{clock[2]:f}" if isinstance(clock[2], Decimal) else str(clock[2])
        second = second if second.find(".") == 2 or len(second) == 2 else "0" + second
    time = ":".join([f"{int(p):02d}" for p in clock[:2]] + ([second] if second else []))
    if kind == "time":
        return time
    day = "-".join([f"{int(parts[0]):04d}"] + [f"{int(p):02d}" for p in parts[1:3]])
    mark = ""
    if zone is not None:
        mark = "Z" if zone == 0 else f"{'-' if zone < 0 else '+'}{abs(zone) // 60:02d}:{abs(zone) % 60:02d}"
    return day + (f"T{time}{mark}" if kind == "dateTime" else "")
