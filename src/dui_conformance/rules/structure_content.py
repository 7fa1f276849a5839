"""What may stand inside an element: particles, and the notation in which the tables write them.

`a II, b CE?` one after the other, `a | b` one or the other, ( ) groups, `...name(x, y)` a group of the file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

ANYTHING = "anything"  # the type of an element that may hold whatever it likes
_OTHER = "other-namespace"  # an element of another namespace


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element of a content: its tag (Clark notation), the key of its type, and how often it may stand there.

    `declared`: an element of another namespace, declared there.
    """

    tag: str
    type: str
    low: int = 1
    high: int | None = 1
    nillable: bool = False
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Foreign:
    """Any element of another namespace."""

    low: int = 1
    high: int | None = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Parts one after the other (`sequence`), or one of them (`choice`)."""

    kind: Literal["sequence", "choice"]
    parts: "tuple[Particle, ...]"
    low: int = 1
    high: int | None = 1


Particle = Leaf | Foreign | Group
MakeLeaf = Callable[[str, str], Leaf]  # (name, what is said of it) → the element

_TOKEN = re.compile(r"\s*([(),|]|[?*+]|\{\d+,\}|[\w.:-]+)")
_CALL = re.compile(r"\.\.\.(\w+)(?:\(([^()]*)\))?")
_TIMES: Mapping[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}


class ContentError(ValueError):
    """A content that is not in the notation."""


def parse(text: str, groups: Mapping[str, str], leaf: MakeLeaf) -> Particle | None:
    """The particle that a text tells; None for an empty one. Raises ContentError."""
    text = _expanded(text, groups)
    tokens: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ContentError(f"unexpected {text[at:]!r}")
        tokens.append(found[1])
        at = found.end()
    if not tokens:
        return None
    parser = _Parser(tokens, leaf)
    made = parser.group()
    if parser.tokens:
        raise ContentError(f"unexpected {' '.join(parser.tokens)!r} in {text!r}")
    return made if isinstance(made, Group) else Group("sequence", (made,))


def _expanded(text: str, groups: Mapping[str, str]) -> str:
    """The text with its groups put in, each between parentheses."""

    def put(call: re.Match[str]) -> str:
        signature = next((s for s in groups if s.partition("(")[0] == call[1]), None)
        if signature is None:
            raise ContentError(f"no group {call[1]}")
        names = re.findall(r"\w+", signature.partition("(")[2])
        given: dict[str, str] = dict(zip(names, re.findall(r"\w+", call[2] or ""), strict=True))
        # a parameter stands where a type does: after the name of an element
        body = re.sub(r"(?<=\w )(\w+)", lambda word: given.get(word[1]) or word[1], groups[signature])
        return f"({_expanded(body, groups)})"

    return _CALL.sub(put, text)


class _Parser:
    def __init__(self, tokens: list[str], leaf: MakeLeaf) -> None:
        self.tokens = tokens
        self.leaf = leaf

    def group(self) -> Particle:
        """Parts with one separator between them."""
        parts = [self._part()]
        separator = self._peek() if self._peek() in (",", "|") else ""
        while separator and self._peek() == separator:
            self.tokens.pop(0)
            parts.append(self._part())
        kind: Literal["sequence", "choice"] = "choice" if separator == "|" else "sequence"
        flat: list[Particle] = []
        for part in parts:
            if isinstance(part, Group) and part.kind == kind and (part.low, part.high) == (1, 1):
                flat += part.parts
            else:
                flat.append(part)
        return flat[0] if len(flat) == 1 else Group(kind, tuple(flat))

    def _part(self) -> Particle:
        if self._peek() == "(":
            self.tokens.pop(0)
            inner = self.group()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise ContentError("a parenthesis is not closed")
            low, high = self._times()
            if (low, high) == (1, 1):
                return inner
            if isinstance(inner, Leaf) and (inner.low, inner.high) != (1, 1):
                inner = Group("sequence", (inner,))
            return replace(inner, low=low, high=high)
        name = self._name()
        if name == _OTHER:
            return Foreign(*self._times())
        said = self._name() if self._is_name() else ""
        low, high = self._times()
        if self._peek() == "nillable":
            said = f"{said} {self.tokens.pop(0)}"
        return replace(self.leaf(name, said), low=low, high=high)

    def _peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def _is_name(self) -> bool:
        return self._peek()[:1] not in ("", "(", ")", ",", "|", "?", "*", "+", "{")

    def _name(self) -> str:
        if not self._is_name():
            raise ContentError(f"a name is expected before {' '.join(self.tokens)!r}")
        return self.tokens.pop(0)

    def _times(self) -> tuple[int, int | None]:
        token = self._peek()
        if token in _TIMES:
            self.tokens.pop(0)
            return _TIMES[token]
        if token.startswith("{"):
            self.tokens.pop(0)
            return int(token[1:-2]), None
        return 1, 1


def joined(first: Particle | None, then: Particle | None) -> Particle | None:
    """Two contents, one after the other."""
    if first is None or then is None:
        return first or then
    parts: list[Particle] = []
    for part in (first, then):
        alone = isinstance(part, Group) and part.kind == "sequence" and (part.low, part.high) == (1, 1)
        parts += part.parts if alone else [part]  # type: ignore[union-attr]
    return Group("sequence", tuple(parts))


def leaves(particle: Particle | None) -> Iterator[Leaf]:
    """Every element of a content, in the order in which it is written."""
    if isinstance(particle, Leaf):
        yield particle
    elif isinstance(particle, Group):
        for part in particle.parts:
            yield from leaves(part)
