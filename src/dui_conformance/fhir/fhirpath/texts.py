"""Functions on strings (FHIRPath §5.6)."""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable
from typing import Any

from dui_conformance.fhir.fhirpath.engine import Collection, Env, Failed, Undecided
from dui_conformance.fhir.fhirpath.operators import one
from dui_conformance.fhir.fhirpath.patterns import PatternTooCostly, WrongPattern, pattern

_BARE_QUOTE = re.compile(r'(?<!\\)"')
_LONG = 1_048_576  # the longest string that R4 allows


def _text(items: Collection) -> str | None:
    value = one(items)
    if value is None or isinstance(value, str):
        return value
    if hasattr(value, "text"):
        return str(value.text)
    raise Failed("a String is expected")


def _on_text(apply: Callable[[str], Any]) -> Callable[[Env, Collection], Collection]:
    def function(env: Env, items: Collection) -> Collection:
        text = _text(items)
        return [] if text is None else [apply(text)]

    return function


def _with_text(apply: Callable[[str, str], Any]) -> Callable[[Env, Collection, Collection], Collection]:
    def function(env: Env, items: Collection, argument: Collection) -> Collection:
        text, other = _text(items), _text(argument)
        return [] if text is None or other is None else [apply(text, other)]

    return function


def _substring(env: Env, items: Collection, start: Collection, length: Collection | None = None) -> Collection:
    text, first = _text(items), one(start)
    if text is None or not isinstance(first, int) or not 0 <= first < len(text):
        return []
    size = one(length) if length else None
    if size is not None and not isinstance(size, int):
        raise Failed("an Integer is expected")
    return [text[first:] if size is None else text[first : first + max(0, size)]]


def _replace(env: Env, items: Collection, old: Collection, new: Collection) -> Collection:
    text, before, after = _text(items), _text(old), _text(new)
    if text is None or before is None or after is None:
        return []
    if len(text) * max(1, len(after)) > 16 * _LONG:
        raise Undecided("budget")
    return [text.replace(before, after)]


def _matching(whole: bool) -> Callable[[Env, Collection, Collection], Collection]:
    def function(env: Env, items: Collection, expression: Collection) -> Collection:
        text, regex = _text(items), _text(expression)
        if text is None or regex is None:
            return []
        try:
            return [pattern(regex).found(text, whole)]
        except WrongPattern as error:
            raise Failed(str(error)) from error
        except PatternTooCostly as error:
            raise Undecided("regex") from error

    return function


def _replace_matches(env: Env, items: Collection, expression: Collection, new: Collection) -> Collection:
    text, regex, after = _text(items), _text(expression), _text(new)
    if text is None or regex is None or after is None:
        return []
    try:
        return [pattern(regex).replaced(text, after) if regex else text]
    except WrongPattern as error:
        raise Failed(str(error)) from error
    except PatternTooCostly as error:
        raise Undecided("regex") from error


def _join(env: Env, items: Collection, separator: Collection | None = None) -> Collection:
    between = _text(separator) if separator else ""
    return [(between or "").join(_text([i]) or "" for i in items)] if items else []


def _split(env: Env, items: Collection, separator: Collection) -> Collection:
    text, between = _text(items), _text(separator)
    if text is None or between is None:
        return []
    env.spend(len(text))
    return list(text.split(between)) if between else list(text)


def _to_chars(env: Env, items: Collection) -> Collection:
    text = _text(items) or ""
    env.spend(len(text))
    return list(text)


def _encode(env: Env, items: Collection, form: Collection) -> Collection:
    text, name = _text(items), _text(form)
    if text is None:
        return []
    data = text.encode("utf-8", "replace")
    match name:
        case "base64":
            return [base64.b64encode(data).decode()]
        case "urlbase64":
            return [base64.urlsafe_b64encode(data).decode()]
        case "hex":
            return [data.hex()]
    return []


def _decode(env: Env, items: Collection, form: Collection) -> Collection:
    text, name = _text(items), _text(form)
    if text is None:
        return []
    try:
        match name:
            case "base64":
                return [base64.b64decode(text, validate=True).decode()]
            case "urlbase64":
                return [base64.urlsafe_b64decode(text).decode()]
            case "hex":
                return [bytes.fromhex(text).decode()]
    except (ValueError, binascii.Error):
        pass
    return []


def _escape(env: Env, items: Collection, form: Collection) -> Collection:
    text, name = _text(items), _text(form)
    if text is None or name not in ("html", "json"):
        return []
    return [html.escape(text) if name == "html" else json.dumps(text, ensure_ascii=False)[1:-1]]


def _unescape(env: Env, items: Collection, form: Collection) -> Collection:
    text, name = _text(items), _text(form)
    if text is None or name not in ("html", "json"):
        return []
    try:
        return [html.unescape(text) if name == "html" else str(json.loads('"' + _BARE_QUOTE.sub(r'\\"', text) + '"'))]
    except ValueError:
        return []


FUNCTIONS: dict[str, tuple[Callable[..., Collection], int, int]] = {
    "indexOf": (_with_text(str.find), 1, 1), "lastIndexOf": (_with_text(str.rfind), 1, 1),
    "startsWith": (_with_text(str.startswith), 1, 1), "endsWith": (_with_text(str.endswith), 1, 1),
    "contains": (_with_text(lambda a, b: b in a), 1, 1), "upper": (_on_text(str.upper), 0, 0),
    "lower": (_on_text(str.lower), 0, 0), "length": (_on_text(len), 0, 0), "trim": (_on_text(str.strip), 0, 0),
    "substring": (_substring, 1, 2), "replace": (_replace, 2, 2), "matches": (_matching(False), 1, 2),
    "matchesFull": (_matching(True), 1, 2), "replaceMatches": (_replace_matches, 2, 3), "join": (_join, 0, 1),
    "split": (_split, 1, 1), "toChars": (_to_chars, 0, 0), "encode": (_encode, 1, 1), "decode": (_decode, 1, 1),
    "escape": (_escape, 1, 1), "unescape": (_unescape, 1, 1),
}  # fmt: skip
