"""The primitive types of FHIR R4: the JSON form and the lexical rule of each (R4 §2.24.0.1, datatypes)."""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite

# A check gives None when the value is right, and otherwise which rule it breaks: the stem of a message id.
Check = Callable[[object], str | None]

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_CODE = re.compile(r"\S+(\s\S+)*")
_OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID_START = re.compile(r"urn:uuid:", re.I)
_YEAR = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DATE = re.compile(_YEAR + r"(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?", re.A)
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_DATE_TIME = re.compile(_YEAR + rf"(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(T{_CLOCK}{_ZONE})?)?)?", re.A)
_NO_ZONE = re.compile(_YEAR + rf"-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}", re.A)
_INSTANT = re.compile(_YEAR + rf"-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T{_CLOCK}{_ZONE}", re.A)
_TIME = re.compile(_CLOCK, re.A)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SPACES = re.compile(r"\s+")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

STRING_LIMIT = 1_048_576
_INT_MAX = 2_147_483_647


def _boolean(value: object) -> str | None:
    return None if value is True or value is False else "type"


def _integer(value: object) -> str | None:
    if type(value) is not int:
        return "type"
    return None if -_INT_MAX - 1 <= value <= _INT_MAX else "range"


def _unsigned(value: object) -> str | None:
    if type(value) is not int:
        return "type"
    return None if 0 <= value <= _INT_MAX else "range"


def _positive(value: object) -> str | None:
    if type(value) is not int:
        return "type"
    return None if 1 <= value <= _INT_MAX else "range"


def _decimal(value: object) -> str | None:
    if type(value) is int:
        return None
    if isinstance(value, float):  # of a tree that was not read here
        return None if isfinite(value) else "type"
    return None if isinstance(value, Decimal) and value.is_finite() else "type"


def _string(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    if not value:
        return "empty"
    if len(value) > STRING_LIMIT:
        return "long"
    if value.isspace():
        return "blank"
    return "control" if not value.isprintable() and _NOT_TEXT.search(value) else None


def _code(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    if value.isalnum() or _CODE.fullmatch(value):
        return None
    return "format" if value else "empty"


def _id(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    if _ID.fullmatch(value):
        return None
    if not value:
        return "empty"
    return "id.long" if len(value) > 64 else "id.characters"


def _uri(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    if not value:
        return "empty"
    if " " in value or not value.isprintable() or _SPACES.search(value):
        return "uri.space"
    if value.startswith("urn:"):
        if value.startswith("urn:oid:") and not _OID.fullmatch(value):
            return "oid"
        if _UUID_START.match(value) and not _UUID.fullmatch(value.split("#", 1)[0].split("|", 1)[0]):
            return "uuid"
    return None


def _oid(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    return None if _OID.fullmatch(value) else "oid"


def _uuid(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    return None if _UUID.fullmatch(value) else "uuid"


def _base64(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    if not value:
        return "empty"
    if _BASE64.fullmatch(value) or _BASE64.fullmatch(_SPACES.sub("", value)):
        return None
    return "base64"


def _real_day(text: str) -> bool:
    if len(text) < 10 or int(text[8:10]) <= 28:
        return True
    try:
        datetime.date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return False
    return True


def _date(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    return None if _DATE.fullmatch(value) and _real_day(value) else "date" if value else "empty"


def _date_time(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    if _DATE_TIME.fullmatch(value):
        return None if _real_day(value) else "date"
    if not value:
        return "empty"
    return "zone" if _NO_ZONE.fullmatch(value) else "date"


def _instant(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    if _INSTANT.fullmatch(value):
        return None if _real_day(value) else "date"
    if not value:
        return "empty"
    return "zone" if _NO_ZONE.fullmatch(value) else "instant"


def _time(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    return None if _TIME.fullmatch(value) else "time" if value else "empty"


def _xhtml(value: object) -> str | None:
    if type(value) is not str:
        return "type"
    return None if value else "empty"


CHECKS: dict[str, Check] = {
    "boolean": _boolean,
    "integer": _integer,
    "unsignedInt": _unsigned,
    "positiveInt": _positive,
    "decimal": _decimal,
    "string": _string,
    "markdown": _string,
    "code": _code,
    "id": _id,
    "uri": _uri,
    "url": _uri,
    "canonical": _uri,
    "oid": _oid,
    "uuid": _uuid,
    "base64Binary": _base64,
    "date": _date,
    "dateTime": _date_time,
    "instant": _instant,
    "time": _time,
    "xhtml": _xhtml,
}

# What JSON must write for each type (R4 §2.6.2); a value of another kind is refused.
JSON_KIND = {
    "boolean": "boolean",
    "integer": "number",
    "unsignedInt": "number",
    "positiveInt": "number",
    "decimal": "number",
}


def json_kind(name: str) -> str:
    """`boolean`, `number` or `string`."""
    return JSON_KIND.get(name, "string")


_INTEGER_TEXT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL_TEXT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def from_text(name: str, text: str) -> object:
    """The value that an XML attribute of this type stands for; a wrong text stays a text, for the check."""
    kind = JSON_KIND.get(name)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "number" and len(text) <= 64:
        if name != "decimal":
            return int(text) if _INTEGER_TEXT.fullmatch(text) else text
        if _DECIMAL_TEXT.fullmatch(text):
            return Decimal(text)
    return text
