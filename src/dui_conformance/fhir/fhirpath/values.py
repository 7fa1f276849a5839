"""The values of FHIRPath: nodes of a resource, and the System types that Python lacks.

A collection is a list of `Node`, bool, int, Decimal, str, `Moment` and `Quantity`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dui_conformance.fhir.fhirpath.units import converted
from dui_conformance.fhir.schema import Plan, Prop

_MOMENT = re.compile(
    r"(?P<Y>\d{4})(-(?P<M>\d\d)(-(?P<D>\d\d))?)?"
    r"(?P<T>T((?P<h>\d\d)(:(?P<m>\d\d)(:(?P<s>\d\d(\.\d+)?))?)?)?)?(?P<z>Z|[+-]\d\d:\d\d)?",
    re.A,
)
_TIME = re.compile(r"(?P<h>\d\d)(:(?P<m>\d\d)(:(?P<s>\d\d(\.\d+)?))?)?", re.A)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, dateTime or time known to some precision: `parts` are year … second, as far as they are known."""

    kind: str  # date, dateTime, time
    parts: tuple[int | Decimal, ...]
    zone: int | None = None  # minutes east of UTC
    text: str = ""

    @classmethod
    def literal(cls, text: str) -> "Moment | None":
        if text.startswith("T"):
            return cls.time(text[1:])
        return cls.date_time(text)

    @classmethod
    def date_time(cls, text: str) -> "Moment | None":
        """A date or a dateTime: the latter when a `T` is written."""
        match = _MOMENT.fullmatch(text) if len(text) < 64 else None
        if not match:
            return None
        parts: tuple[int | Decimal, ...] = tuple(int(match[g]) for g in "YMDhm" if match[g])
        if match["s"]:
            parts += (Decimal(match["s"]),)
        if not _sound(parts):
            return None
        zone = None
        if match["z"]:
            zone = 0 if match["z"] == "Z" else _minutes(match["z"])
        return cls("dateTime" if match["T"] else "date", parts, zone, text)

    @classmethod
    def time(cls, text: str) -> "Moment | None":
        match = _TIME.fullmatch(text) if len(text) < 64 else None
        if not match:
            return None
        parts: tuple[int | Decimal, ...] = tuple(int(match[g]) for g in "hm" if match[g])
        if match["s"]:
            parts += (Decimal(match["s"]),)
        if any(p >= limit for p, limit in zip(parts, (24, 60, 61), strict=False)):
            return None
        return cls("time", parts, None, text)

    def __str__(self) -> str:
        return self.text

    def _utc(self) -> tuple[int | Decimal, ...]:
        """The parts in UTC when hours are known and a zone is stated."""
        if not self.zone or len(self.parts) < 4 or self.kind == "time":
            return self.parts
        minutes = int(self.parts[4]) if len(self.parts) > 4 else 0
        moved = _shifted(self.parts[:3], int(self.parts[3]) * 60 + minutes - self.zone)
        if moved is None:
            return self.parts
        return (moved + self.parts[5:])[: max(len(self.parts), 5)]

    def compare(self, other: "Moment") -> int | None:
        """Negative, zero or positive; None when the precisions or the zones leave it open."""
        if (self.kind == "time") != (other.kind == "time"):
            return None
        timed = len(self.parts) > 3 and len(other.parts) > 3
        left, right = self.parts, other.parts
        if timed and self.kind != "time":
            if (self.zone is None) != (other.zone is None):
                return self._across_zones(other)
            left, right = self._utc(), other._utc()
        for a, b in zip(left, right, strict=False):
            if a != b:
                return -1 if a < b else 1
        return 0 if len(left) == len(right) else None

    def _across_zones(self, other: "Moment") -> int | None:
        """One of the two has no zone: decided only where no zone on earth could change it."""
        if len(self.parts) < 3 or self.parts[:3] == other.parts[:3]:
            return None
        gap = _ordinal(self.parts[:3]) - _ordinal(other.parts[:3])
        return None if abs(gap) < 2 else (-1 if gap < 0 else 1)


def _sound(parts: tuple[int | Decimal, ...]) -> bool:
    limits = ((0, 9999), (1, 12), (1, 31), (0, 23), (0, 59), (0, 60))
    if any(
        not low <= p <= high + (1 if i == 5 else 0)
        for i, (p, (low, high)) in enumerate(zip(parts, limits, strict=False))
    ):
        return False
    return len(parts) < 3 or parts[2] <= _DAYS[int(parts[1]) - 1]


def _minutes(zone: str) -> int:
    size = int(zone[1:3]) * 60 + int(zone[4:6])
    return -size if zone[0] == "-" else size


def _ordinal(day: tuple[int | Decimal, ...]) -> int:
    import datetime

    try:
        return datetime.date(*(int(d) for d in day)).toordinal()
    except ValueError:
        return 0


def _shifted(day: tuple[int | Decimal, ...], minutes: int) -> tuple[int, ...] | None:
    import datetime

    try:
        year, month, date = (int(d) for d in day)
        moved = datetime.datetime(year, month, date) + datetime.timedelta(minutes=minutes)  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None
    return moved.year, moved.month, moved.day, moved.hour, moved.minute


@dataclass(frozen=True, slots=True)
class Quantity:
    value: Decimal
    unit: str  # a UCUM code, or a calendar word such as `year`

    def __str__(self) -> str:
        return f"{self.value:f} {self.unit if self.unit.isalpha() and len(self.unit) > 3 else repr(self.unit)}"

    def compare(self, other: "Quantity") -> int | None:
        """Negative, zero or positive; None when the units cannot be brought together."""
        pair = converted(self.value, self.unit, other.value, other.unit)
        if pair is None:
            return None
        return (pair[0] > pair[1]) - (pair[0] < pair[1])


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What `type()` answers."""

    namespace: str
    name: str


class Node:
    """One value of a resource, with the type the definitions give it.

    `extra` is the `_name` sibling of a primitive. `owner` is the resource it stands in, when known.
    """

    __slots__ = ("extra", "plan", "prop", "value")

    def __init__(self, value: Any, plan: Plan, prop: Prop | None = None, extra: dict[str, Any] | None = None) -> None:
        self.value = value
        self.plan = plan
        self.prop = prop
        self.extra = extra

    @property
    def type(self) -> str:
        return self.plan.name if "." not in self.plan.name else self.plan.type

    def children(self, name: str, out: list[Any]) -> None:
        """Append the children of one name (`value` gives those of every `value[x]`)."""
        value = self.value
        if type(value) is not dict:
            if self.extra is not None and name in ("extension", "id"):
                self._listed(self.extra.get(name), None, self.plan.props.get(name), out)
            return
        plan = self.plan
        variants = plan.variants.get(name)
        if variants is not None:
            props: Iterable[Prop] = dict.fromkeys(variants[key] for key in value if key in variants)
        else:
            props = plan.elements.get(name, ())
        for prop in props:
            found = value.get(prop.name)
            if prop.check is None:
                if found.__class__ is dict:
                    out.append(Node(found, prop.plan_of(found), prop))
                elif found is not None:
                    self._listed(found, None, prop, out)
                continue
            extra = value.get("_" + prop.name)
            if found is not None or extra is not None:
                self._listed(found, extra, prop, out)

    @staticmethod
    def _listed(found: Any, extra: Any, prop: Prop | None, out: list[Any]) -> None:
        if prop is None:
            return
        if type(found) is list or type(extra) is list:
            values = found if type(found) is list else []
            extras = extra if type(extra) is list else []
            for i in range(max(len(values), len(extras))):
                item = values[i] if i < len(values) else None
                more = extras[i] if i < len(extras) and type(extras[i]) is dict else None
                if item is not None or more is not None:
                    out.append(Node(item, prop.plan_of(item), prop, more))
        elif found is not None or type(extra) is dict:
            out.append(Node(found, prop.plan_of(found), prop, extra if type(extra) is dict else None))

    def all_children(self) -> list[Any]:
        out: list[Any] = []
        if type(self.value) is dict:
            for name in self.plan.elements:
                self.children(name, out)
        elif self.extra:
            self.children("id", out)
            self.children("extension", out)
        return out


_DATES = {"date", "dateTime", "instant"}


def system(item: Any) -> Any:
    """The System value of an item: of a primitive node its value, of a Quantity node a Quantity; else itself."""
    if item.__class__ is not Node:
        return item
    value, kind = item.value, item.plan.name
    if value.__class__ is dict:
        if kind in ("Quantity", "Age", "Duration", "Count", "Distance", "SimpleQuantity") and "value" in value:
            number = value["value"]
            if isinstance(number, float):
                number = Decimal(repr(number))
            if isinstance(number, (int, Decimal)) and not isinstance(number, bool) and "comparator" not in value:
                unit = value.get("code") if value.get("system") == "http://unitsofmeasure.org" else value.get("unit")
                return Quantity(Decimal(number), unit if isinstance(unit, str) else "1")
        return item
    if value.__class__ is str:
        if kind in _DATES:
            moment = Moment.date_time(value)
            if moment is not None and kind != "date" and moment.kind == "date":
                return Moment("dateTime", moment.parts, moment.zone, moment.text)
            return moment or value
        if kind == "time":
            return Moment.time(value) or value
        return value
    if value is None:
        return item
    if value.__class__ is float:
        return Decimal(repr(value))
    if kind == "decimal" and value.__class__ is int:
        return Decimal(value)
    return value


def equal(a: Any, b: Any) -> bool | None:
    """`=` between two items; None is the empty answer."""
    a, b = system(a), system(b)
    if a.__class__ is Node or b.__class__ is Node:
        if a.__class__ is not Node or b.__class__ is not Node:
            return False
        return a.value == b.value and _extra_equal(a, b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, Moment) and isinstance(b, str):
        b = Moment.date_time(b) or b
    elif isinstance(b, Moment) and isinstance(a, str):
        a = Moment.date_time(a) or a
    if isinstance(a, Moment) and isinstance(b, Moment):
        if (a.kind == "time") != (b.kind == "time"):
            return False
        order = a.compare(b)
        return None if order is None else order == 0
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        left, right = as_quantity(a), as_quantity(b)
        if left is None or right is None:
            return False
        order = left.compare(right)
        return None if order is None else order == 0
    number = (int, Decimal)
    if isinstance(a, number) != isinstance(b, number):
        return False
    return bool(a == b)


def _extra_equal(a: Node, b: Node) -> bool:
    return (a.extra or None) == (b.extra or None)


def as_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Quantity(Decimal(value), "1")
    return None


def equivalent(a: Any, b: Any) -> bool:
    """`~` between two items."""
    a, b = system(a), system(b)
    if isinstance(a, str) and isinstance(b, str):
        return " ".join(a.casefold().split()) == " ".join(b.casefold().split())
    if isinstance(a, Moment) and isinstance(b, Moment):
        return a.kind.startswith("date") == b.kind.startswith("date") and a.compare(b) == 0
    if isinstance(a, Node) and isinstance(b, Node):
        return _tree_equivalent(a.value, b.value)
    if isinstance(a, Decimal) or isinstance(b, Decimal):
        if isinstance(a, bool) or isinstance(b, bool):
            return False
        if isinstance(a, (int, Decimal)) and isinstance(b, (int, Decimal)):
            places = min(_places(a), _places(b))
            return round(Decimal(a), places) == round(Decimal(b), places)
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        pair = converted(a.value, a.unit, b.value, b.unit)
        if pair is None:
            return False
        return pair[0] == pair[1] or abs(pair[0] - pair[1]) <= abs(pair[0]) / 100
    return equal(a, b) is True


def _places(number: int | Decimal) -> int:
    exponent = Decimal(number).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _tree_equivalent(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        left = {k: v for k, v in a.items() if k != "id"}
        right = {k: v for k, v in b.items() if k != "id"}
        return left.keys() == right.keys() and all(_tree_equivalent(v, right[k]) for k, v in left.items())
    if isinstance(a, list) and isinstance(b, list):
        rest = list(b)
        for item in a:
            match = next((i for i, other in enumerate(rest) if _tree_equivalent(item, other)), None)
            if match is None:
                return False
            del rest[match]
        return not rest
    if isinstance(a, str) and isinstance(b, str):
        return a.casefold() == b.casefold()
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
