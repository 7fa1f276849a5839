"""One row of a profile table: what a profile asks of one element, on one line.

    identifier:idStay.type:  1.. = CS:encounter-identifier#SEJ
    performer:               1.. by type:resolve()
    input:titre.value[x]:    string
    subject:                 1.. Reference(my-patient|Group) MS
    gender:                  required VS:gender

A row is a list of words, in any order, separated by spaces:

| word | ElementDefinition (R4 §2.26) |
| --- | --- |
| `1..1`, `0..*`, `1..`, `..1` | min, max |
| `MS` | mustSupport |
| `string`, `Reference(a | b)`, `HumanName(p)`, `date|Period` | type, with profile or targetProfile |
| `required V`, `extensible V`, `preferred V`, `example V` | binding |
| `by value:url`, and `closed`, `openAtEnd`, `ordered` | slicing; `by` may come more than once |
| `= …` | pattern[x] |
| `== …` | fixed[x] |
| `max-length 20` | maxLength |
| `check key …` | constraint, by the keys of the table's `constraints`; takes the rest of the row |

An empty row only names the element.

A value is `SYSTEM#code` with an optional "display" (a CodeableConcept), or a type and then a value: a word, a
"quoted text", `SYSTEM#code`, or JSON (`Identifier {"use": "official"}`); numbers and booleans by their type.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

STRENGTHS = ("required", "extensible", "preferred", "example")
_CARDINALITY = re.compile(r"(\d*)\.\.(\d+|\*|)")
_TYPE = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\(([^()]*)\))?")
_WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\{|(?:[^\s"()]|\([^()]*\))+|\S+)')
_REFERENCES = ("Reference", "canonical", "CodeableReference")
_NUMBERS = ("integer", "positiveInt", "unsignedInt")


class RowError(ValueError):
    """A row that cannot be read; the message says which word."""


@dataclass(slots=True)
class Names:
    """How the short names of a table are made whole. `kind` is StructureDefinition, ValueSet or CodeSystem."""

    resolve: Callable[[str, str], str]
    expand: Callable[[str], str] = field(default=lambda text: text)  # `$SD` and the like, inside expressions


class _Words:
    """The words of a row, with the JSON values kept whole."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def next(self) -> str | None:
        found = _WORD.match(self.text, self.at)
        if found is None:
            return None
        word = found.group(1)
        if word == "{" or word.startswith("{"):
            start = found.start(1)
            try:
                _, end = json.JSONDecoder().raw_decode(self.text, start)
            except ValueError as error:
                raise RowError(f"JSON: {error}") from error
            self.at = end
            return self.text[start:end]
        self.at = found.end()
        return word

    def peek(self) -> str | None:
        at = self.at
        word = self.next()
        self.at = at
        return word

    def must(self, after: str) -> str:
        word = self.next()
        if word is None:
            raise RowError(f"nothing after “{after}”")
        return word


def element(row: str, names: Names, constraints: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The facets of one row, as the members of an ElementDefinition. Raises RowError."""
    words = _Words(row)
    out: dict[str, Any] = {}
    slicing: dict[str, Any] = {"discriminator": [], "rules": "open"}
    sliced = False
    while (word := words.next()) is not None:
        if found := _CARDINALITY.fullmatch(word):
            _cardinality(out, found.group(1), found.group(2), word)
        elif word == "MS":
            out["mustSupport"] = True
        elif word in STRENGTHS:
            _once(out, "binding", {"strength": word, "valueSet": names.resolve("ValueSet", words.must(word))})
        elif word == "by":
            kind, colon, path = words.must(word).partition(":")
            if not colon or kind not in ("value", "pattern", "exists", "type", "profile"):
                raise RowError(f"discriminator “{kind}”")
            slicing["discriminator"].append({"type": kind, "path": names.expand(path)})
            sliced = True
        elif word in ("closed", "openAtEnd"):
            slicing["rules"], sliced = word, True
        elif word == "ordered":
            slicing["ordered"], sliced = True, True
        elif word in ("=", "=="):
            kind, value = _value(words, names)
            _once(out, ("pattern" if word == "=" else "fixed") + kind[0].upper() + kind[1:], value)
        elif word == "max-length":
            _once(out, "maxLength", int(words.must(word)))
        elif word == "check":
            out["constraint"] = _constraints(words, constraints)
        else:
            _once(out, "type", types(word, names))
    if sliced:
        out["slicing"] = slicing
    return out


def types(word: str, names: Names) -> list[dict[str, Any]]:
    """`date|Period`, `Reference(a|b)`: the type members of an ElementDefinition."""
    out: list[dict[str, Any]] = []
    for part in _alternatives(word):
        found = _TYPE.fullmatch(part)
        if found is None:
            raise RowError(f"“{part}” is no type, cardinality, strength or sign")
        code, inside = found.groups()
        held: dict[str, Any] = {"code": code}
        if inside is not None:
            urls = [names.resolve("StructureDefinition", name.strip()) for name in inside.split("|")]
            held["targetProfile" if code in _REFERENCES else "profile"] = urls
        out.append(held)
    return out


def _alternatives(word: str) -> list[str]:
    """The parts between the bars that stand outside parentheses."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(word):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            parts.append(word[start:at])
            start = at + 1
    return [*parts, word[start:]]


def _cardinality(out: dict[str, Any], low: str, high: str, word: str) -> None:
    if not low and not high:
        raise RowError(f"“{word}” says nothing")
    if low:
        _once(out, "min", int(low))
    if high:
        _once(out, "max", high)


def _once(out: dict[str, Any], key: str, value: Any) -> None:
    if key in out:
        raise RowError(f"{key} is told twice")
    out[key] = value


def _value(words: _Words, names: Names) -> tuple[str, Any]:
    """A value and its type."""
    word = words.must("=")
    if "#" in word and not word.startswith(("http://", "https://", '"')):
        return "CodeableConcept", {"coding": [_coding(word, words, names)]}
    if not _TYPE.fullmatch(word):
        raise RowError(f"“{word}” is no type; write = Type value")
    kind, raw = word, words.must(word)
    if kind in ("Coding", "CodeableConcept") and not raw.startswith("{"):
        coding = _coding(raw, words, names)
        return kind, coding if kind == "Coding" else {"coding": [coding]}
    if raw.startswith("{"):
        return kind, json.loads(raw)
    if raw.startswith('"'):
        return kind, json.loads(raw)
    if kind == "boolean":
        if raw not in ("true", "false"):
            raise RowError(f"boolean “{raw}”")
        return kind, raw == "true"
    if kind in _NUMBERS:
        return kind, int(raw)
    if kind in ("uri", "url", "canonical"):
        return kind, names.resolve("", raw)
    return kind, raw


def _coding(word: str, words: _Words, names: Names) -> dict[str, Any]:
    system, hash_, code = word.rpartition("#")
    if not hash_ or not code:
        raise RowError(f"“{word}” is no SYSTEM#code")
    out = {"system": names.resolve("CodeSystem", system), "code": code}
    following = words.peek()
    if following is not None and following.startswith('"'):
        out["display"] = json.loads(words.must(word))
    return out


def _constraints(words: _Words, constraints: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    out = []
    while (key := words.next()) is not None:
        if key not in constraints:
            raise RowError(f"the constraint “{key}” is not in the table")
        out.append(constraints[key])
    if not out:
        raise RowError("nothing after “check”")
    return out
