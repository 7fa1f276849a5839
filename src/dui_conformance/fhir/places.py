"""Where a value lies in a resource: a linked place, its FHIRPath, and its line and column in the source.

A place is None for the root, or (place of the parent, property or name, index or None): making one costs a
tuple, and the text is built only for an issue.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Union
from xml.parsers import expat

from dui_conformance.fhir.schema import Prop

Place = Union["tuple[Place, Prop | str, int | None]", None]
Position = tuple[int, int]  # line and column, from 1

_Trie = dict[Any, Any]
_HERE = ""  # the key of a trie node under which the wanted places themselves are kept


def steps(place: Place) -> list[tuple[Prop | str, int | None]]:
    out = []
    while place is not None:
        parent, prop, index = place
        out.append((prop, index))
        place = parent
    out.reverse()
    return out


def _shown(prop: Prop) -> str:
    return f"{prop.element}.ofType({prop.type})" if prop.choice else prop.name


def path(root: str, place: Place) -> str:
    """The FHIRPath of a place: `Observation.value.ofType(Quantity).code`."""
    parts = [root] if root else []
    for prop, index in steps(place):
        name = prop if isinstance(prop, str) else _shown(prop)
        parts.append(name if index is None else f"{name}[{index}]")
    return ".".join(parts)


def _trie(places: Iterable[Place]) -> _Trie:
    root: _Trie = {}
    for place in places:
        node = root
        for prop, index in steps(place):
            name = prop if isinstance(prop, str) else prop.name
            node = node.setdefault(name.partition("[")[0], {})
            if index is not None:
                node = node.setdefault(index, {})
        node.setdefault(_HERE, []).append(place)
    return root


_SPACE = re.compile(r"[ \t\r\n]*")


class _JsonLocator:
    """Walks a JSON text towards the wanted places only; all else is skipped by the C decoder."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
        self.found: dict[Place, int] = {}
        self.least: dict[Place, int] = {}

    def space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, trie: _Trie, start: int) -> int:
        """Record the places of the trie at a value and go down; gives where the value ends."""
        for place in trie.get(_HERE, ()):
            self.found.setdefault(place, start)
        inner = len(trie) > (1 if _HERE in trie else 0)
        first = self.text[at : at + 1]
        if inner and first == "{":
            return self.object(at, trie, start)
        if inner and first == "[":
            return self.array(at, trie, start)
        if inner:
            self.settle(trie, start)
        return self.decoder.raw_decode(self.text, at)[1]

    def settle(self, trie: _Trie, start: int) -> None:
        """What lies below and cannot be reached is told at the nearest value that exists."""
        stack = [trie]
        while stack:
            node = stack.pop()
            for key, below in node.items():
                if key == _HERE:
                    for place in below:
                        self.least.setdefault(place, start)
                else:
                    stack.append(below)

    def object(self, at: int, trie: _Trie, start: int) -> int:
        self.settle(trie, start)
        at = self.space(at + 1)
        while self.text[at : at + 1] == '"':
            key_at = at
            key, at = self.decoder.raw_decode(self.text, at)
            at = self.space(self.space(at) + 1)
            wanted = trie.get(key)
            if wanted is None and key.startswith("_"):
                wanted = trie.get(key[1:])
            at = self.value(at, wanted, key_at) if wanted else self.decoder.raw_decode(self.text, at)[1]
            at = self.space(at)
            if self.text[at : at + 1] != ",":
                break
            at = self.space(at + 1)
        return at + 1

    def array(self, at: int, trie: _Trie, start: int) -> int:
        self.settle(trie, start)
        at = self.space(at + 1)
        index = 0
        while self.text[at : at + 1] not in ("]", ""):
            wanted = trie.get(index)
            at = self.value(at, wanted, at) if wanted else self.decoder.raw_decode(self.text, at)[1]
            at = self.space(at)
            index += 1
            if self.text[at : at + 1] == ",":
                at = self.space(at + 1)
        return at + 1


def in_json(text: str, places: Iterable[Place]) -> dict[Place, Position]:
    """Line and column of places in a JSON text; of the nearest enclosing value for what is not there."""
    locator = _JsonLocator(text)
    try:
        start = locator.space(0)
        locator.value(start, _trie(places), start)
    except (ValueError, RecursionError):
        pass
    offsets = {**locator.least, **locator.found}
    return _lines(text, offsets)


def _lines(text: str, offsets: dict[Place, int]) -> dict[Place, Position]:
    out: dict[Place, Position] = {}
    line, at = 1, 0
    for place, offset in sorted(offsets.items(), key=lambda pair: pair[1]):
        line += text.count("\n", at, offset)
        at = offset
        out[place] = (line, offset - text.rfind("\n", 0, offset))
    return out


def in_xml(data: bytes, places: Iterable[Place]) -> dict[Place, Position]:
    """Line and column of places in an XML document; of the nearest enclosing element for what is not there."""
    root = _trie(places)
    found: dict[Place, Position] = {}
    least: dict[Place, Position] = {}
    parser = expat.ParserCreate(namespace_separator=" ")
    # each open element: its trie node (None where nothing is wanted), and how often each child name came
    stack: list[tuple[_Trie | None, dict[str, int]]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        here = (parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        if not stack:
            node: _Trie | None = root
        elif local[:1].isupper():  # the resource inside entry.resource or contained: no step of its own
            node = stack[-1][0]
        else:
            above, counts = stack[-1]
            index = counts[local] = counts.get(local, -1) + 1
            node = above.get(local) if above else None
            if node is not None and index in node:
                nearer = node[index]
                node = {**nearer, _HERE: [*nearer.get(_HERE, ()), *node.get(_HERE, ())]}
        stack.append((node, {}))
        if node:
            for place in node.get(_HERE, ()):
                if local[:1].isupper():
                    found[place] = here  # the resource itself is nearer than what wraps it
                else:
                    found.setdefault(place, here)
            below = [node]
            while below:
                for key, inner in below.pop().items():
                    if key == _HERE:
                        least.update(dict.fromkeys(inner, here))
                    else:
                        below.append(inner)

    def end(name: str) -> None:
        stack.pop()

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        pass
    return {**least, **found}
