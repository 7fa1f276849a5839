"""HL7 timestamps: are they real, how precise are they, do they carry a zone, are they in order.

HL7 v3 data types, TS: `YYYY[MM[DD[hh[mm[ss[.f]]]]]]`, then `+ZZzz` or `-ZZzz` when there is an hour (the
CDA schema refuses a zone after a mere date).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from dui_conformance.checks.verdict import NOT_APPLICABLE, Verdict, check

_TIMESTAMP = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?:(?P<day>[0-9]{2})(?:(?P<hour>[0-9]{2})(?:(?P<minute>[0-9]{2})"
    r"(?:(?P<second>[0-9]{2})(?:\.[0-9]{1,9})?)?)?(?P<zone>[+-][0-9]{2}(?:[0-9]{2})?)?)?)?)?"
)
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_WIDEST_ZONE = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Moment:
    """A real date or time. `parts` says how many of year, month, day, hour, minute, second were given."""

    start: datetime
    parts: int
    zone: timedelta | None


def moment(value: str) -> Moment | None:
    """The moment that an HL7 timestamp names, None if it names none (31 April, 25 o'clock, letters…)."""
    found = _TIMESTAMP.fullmatch(value)
    if found is None:
        return None
    given = [int(found[name]) for name in _PARTS if found[name] is not None]
    zone = _zone(found["zone"])
    if found["zone"] is not None and zone is None:
        return None
    year, month, day, hour, minute, second = given + [0, 1, 1, 0, 0, 0][len(given) :]
    try:
        start = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return Moment(start, len(given), zone)


def to_the_second(value: str) -> Verdict:
    """The timestamp is given to the second (CI-SIS: effectiveTime « précisée à la seconde »)."""
    read = moment(value)
    if read is None:
        return NOT_APPLICABLE  # a time that does not exist is another rule's business
    return check(read.parts == len(_PARTS), found=value)


def has_zone(value: str) -> Verdict:
    """The timestamp says its zone, without which nobody can turn it into UTC (creationTime of XDS)."""
    read = moment(value)
    if read is None or read.parts < _PARTS.index("hour") + 1:
        return NOT_APPLICABLE  # a day has no zone
    return check(read.zone is not None, found=value)


def ordered(low: str, high: str) -> Verdict:
    """The beginning is not after the end (HL7 v3 IVL_TS)."""
    pair = _comparable(low, high)
    if pair is None:
        return NOT_APPLICABLE
    return check(pair[0] <= pair[1], low=low, high=high)


def distinct(low: str, high: str) -> Verdict:
    """The beginning and the end are not the same instant (kit testContenuCDA, IVL_TS)."""
    one, other = moment(low), moment(high)
    if one is None or other is None:
        return NOT_APPLICABLE
    zoned = one.zone is not None and other.zone is not None
    same = one.parts == other.parts and _at(one, one.parts, zoned) == _at(other, other.parts, zoned)
    return check(not same, low=low, high=high)  # a day is not the same as an hour of that day


def _zone(text: str | None) -> timedelta | None:
    """The offset from UTC, None if there is none or if no place on earth has it."""
    if text is None:
        return None
    hours, minutes = int(text[1:3]), int(text[3:] or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or offset > _WIDEST_ZONE:
        return None
    return -offset if text[0] == "-" else offset


def _comparable(first: str, second: str) -> tuple[datetime, datetime] | None:
    """Both at the precision that both have, in UTC if both say their zone; None if one is not real."""
    one, other = moment(first), moment(second)
    if one is None or other is None:
        return None
    parts = min(one.parts, other.parts)
    zoned = one.zone is not None and other.zone is not None
    return _at(one, parts, zoned), _at(other, parts, zoned)


def _at(read: Moment, parts: int, zoned: bool) -> datetime:
    start = read.start
    kept = [start.year, start.month, start.day, start.hour, start.minute, start.second][:parts]
    year, month, day, hour, minute, second = kept + [0, 1, 1, 0, 0, 0][parts:]
    cut = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if not zoned or read.zone is None:
        return cut
    try:
        return cut.replace(tzinfo=timezone(read.zone)).astimezone(UTC)
    except OverflowError:  # the very first or last day that a datetime can hold
        return cut
