"""Bytes to a resource: JSON, or XML brought to the same tree. Every byte is hostile."""

import json
import re
import threading
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Types

MAX_DEPTH = 120  # objects and arrays inside one another


@dataclass(slots=True)
class Defect:
    """Something wrong with the text itself; `values` fill the message."""

    id: str
    place: Place = None
    position: tuple[int, int] | None = None
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Source:
    """What was read. `tree` is None when nothing can be walked."""

    tree: dict[str, Any] | None
    defects: list[Defect]
    format: str  # json, xml, tree
    text: str = ""
    data: bytes = b""


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


class _Repeated(threading.local):
    """The properties written twice, of the text being read by this thread."""

    found: list[tuple[dict[str, Any], str]] = []  # noqa: RUF012


_repeated = _Repeated()


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(items)
    if len(out) != len(items):
        seen: set[str] = set()
        for key, _ in items:
            if key in seen:
                _repeated.found.append((out, key))
            seen.add(key)
    return out


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_number, parse_constant=_constant)


def read(data: bytes, types: Types) -> Source:
    """Read JSON or XML, whichever it looks like. Never raises."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        from dui_conformance.fhir.xml_tree import read_xml

        return read_xml(data, types)
    return read_json(data)


def read_json(data: bytes) -> Source:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        position = (before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        return Source(None, [Defect("json.encoding", position=position)], "json", "", data)
    if _deep(text):
        return Source(None, [Defect("tree.deep", values={"limit": str(MAX_DEPTH)})], "json", text, data)
    twice: list[tuple[dict[str, Any], str]] = []
    _repeated.found = twice
    try:
        tree = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = (error.lineno, error.colno)
        return Source(None, [Defect("json.syntax", position=where, values={"problem": error.msg})], "json", text, data)
    except (ValueError, RecursionError) as problem:
        return Source(None, [Defect("json.syntax", values={"problem": str(problem)[:80]})], "json", text, data)
    if not isinstance(tree, dict):
        return Source(None, [Defect("json.object", position=(1, 1))], "json", text, data)
    defects = [Defect("json.twice", place, values={"name": key}) for place, key in _places_of(tree, twice)]
    return Source(tree, defects, "json", text, data)


_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.S)
_OPENING = re.compile(r"[\[{]")


def _deep(text: str) -> bool:
    """Whether brackets nest beyond the limit. Costly only for a text that has enough of them in a row."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    if len(text) > 200_000 and not _suspect(text):
        return False
    for token in _BRACKETS.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif first in "]}":
            depth -= 1
    return False


def _suspect(text: str) -> bool:
    """A quick upper bound on a long text: the closing brackets lag behind the opening ones by the limit."""
    depth = most = 0
    for start in range(0, len(text), 256):
        piece = text[start : start + 256]
        opened = piece.count("{") + piece.count("[")
        most = max(most, depth + opened)
        if most > MAX_DEPTH:
            return True
        depth += opened - piece.count("}") - piece.count("]")
    return False


def _places_of(tree: dict[str, Any], wanted: list[tuple[dict[str, Any], str]]) -> list[tuple[Place, str]]:
    """The places of objects known by identity; searched only when there are any."""
    if not wanted:
        return []
    names: dict[int, list[str]] = {}
    for node, key in wanted:
        names.setdefault(id(node), []).append(key)
    out: list[tuple[Place, str]] = []
    stack: list[tuple[Any, Place]] = [(tree, None)]
    while stack:
        node, place = stack.pop()
        if isinstance(node, dict):
            out += [(place, key) for key in names.get(id(node), ())]
            for key, value in node.items():
                if isinstance(value, dict):
                    stack.append((value, (place, key, None)))
                elif isinstance(value, list):
                    stack += [(item, (place, key, i)) for i, item in enumerate(value)]
        elif isinstance(node, list):
            stack += [(item, place) for item in node]
    return out


def measured(tree: Any) -> bool:
    """Whether a tree given as Python objects keeps within the depth limit (and holds no cycle)."""
    stack = [(tree, 0)]
    seen = 0
    while stack:
        node, depth = stack.pop()
        if isinstance(node, (dict, list)):
            seen += 1
            if depth > MAX_DEPTH or seen > 50_000_000:
                return False
            stack += [(v, depth + 1) for v in (node.values() if isinstance(node, dict) else node)]
    return True


def own(tree: Any) -> Any:
    """A copy of a tree that is `measured`, in which no object stands in two places: values are known by identity."""
    if isinstance(tree, dict):
        return {name: own(value) for name, value in tree.items()}
    return [own(value) for value in tree] if isinstance(tree, list) else tree
