"""Conversions between the System types (FHIRPath §5.5)."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from dui_conformance.fhir.fhirpath.engine import Collection, Env
from dui_conformance.fhir.fhirpath.operators import number, one
from dui_conformance.fhir.fhirpath.syntax import CALENDAR
from dui_conformance.fhir.fhirpath.values import Moment, Quantity

_TRUE = {"true", "t", "yes", "y", "1", "1.0"}
_FALSE = {"false", "f", "no", "n", "0", "0.0"}
_INTEGER = re.compile(r"[-+]?\d{1,400}", re.A)
_DECIMAL = re.compile(r"[-+]?\d{1,400}(\.\d{1,400})?", re.A)
_QUANTITY = re.compile(r"(?P<value>[-+]?\d{1,400}(\.\d{1,400})?)\s*('(?P<unit>[^']+)'|(?P<word>[a-zA-Z]+))?", re.A)


def to_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if number(value):
        return {1: True, 0: False}.get(int(value)) if value in (0, 1) else None
    if isinstance(value, str):
        low = value.lower()
        return True if low in _TRUE else False if low in _FALSE else None
    return None


def to_integer(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return None


def to_decimal(value: Any) -> Any:
    if isinstance(value, (bool, int)):
        return Decimal(int(value))
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def to_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < 1000 else str(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() < 10_000 else None
    if isinstance(value, (str, Moment, Quantity)):
        return str(value)
    return None


def to_date(value: Any) -> Any:
    if isinstance(value, str):
        value = Moment.date_time(value)
    if not isinstance(value, Moment) or value.kind == "time":
        return None
    if value.kind == "date":
        return value
    return Moment("date", value.parts[:3], None, value.text[:10])


def to_date_time(value: Any) -> Any:
    if isinstance(value, str):
        value = Moment.date_time(value)
    if not isinstance(value, Moment) or value.kind == "time":
        return None
    return value if value.kind == "dateTime" else Moment("dateTime", value.parts, value.zone, value.text)


def to_time(value: Any) -> Any:
    if isinstance(value, str):
        return Moment.time(value.removeprefix("T"))
    return value if isinstance(value, Moment) and value.kind == "time" else None


def to_quantity(value: Any) -> Any:
    if isinstance(value, bool):
        return Quantity(Decimal(int(value)), "1")
    if isinstance(value, Quantity):
        return value
    if number(value):
        return Quantity(Decimal(value), "1")
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value.strip())
        if match and (match["word"] is None or match["word"] in CALENDAR):
            return Quantity(Decimal(match["value"]), match["unit"] or match["word"] or "1")
    return None


def _to(convert: Callable[[Any], Any]) -> Callable[..., Collection]:
    def function(env: Env, items: Collection, unit: Collection | None = None) -> Collection:
        value = one(items)
        out = None if value is None else convert(value)
        if out is not None and unit:
            wanted = one(unit)
            return [out] if isinstance(out, Quantity) and out.unit == wanted else []
        return [] if out is None else [out]

    return function


def _converts(convert: Callable[[Any], Any]) -> Callable[..., Collection]:
    def function(env: Env, items: Collection, unit: Collection | None = None) -> Collection:
        value = one(items)
        return [] if value is None else [convert(value) is not None]

    return function


_CONVERSIONS = {
    "Boolean": to_boolean, "Integer": to_integer, "Decimal": to_decimal, "String": to_text, "Date": to_date,
    "DateTime": to_date_time, "Time": to_time, "Quantity": to_quantity, "Long": to_integer,
}  # fmt: skip

FUNCTIONS: dict[str, tuple[Callable[..., Collection], int, int]] = {
    **{f"to{name}": (_to(convert), 0, 1 if name == "Quantity" else 0) for name, convert in _CONVERSIONS.items()},
    **{f"convertsTo{name}": (_converts(convert), 0, 1 if name == "Quantity" else 0)
       for name, convert in _CONVERSIONS.items()},
}  # fmt: skip
