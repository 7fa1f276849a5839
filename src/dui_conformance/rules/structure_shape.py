"""The content of a type, in the two forms that a check needs: an expression that says yes or no, places that say why.

Places: every element of a content has one, in their order. A content is broken because an element is unknown, out of
its place, missing or too many, or because elements are together that exclude one another.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from dui_conformance.rules.structure_content import Foreign, Leaf, Particle, leaves

_FOREIGN, _UNKNOWN = "\x01", "\x00"  # what stands, in an expression, for an element of another namespace or of none


@dataclass(frozen=True, slots=True)
class Place:
    """Where some elements may stand: how often each, how many at least, and whether only one of them may be used."""

    limits: Mapping[str, int | None]
    least: int
    exclusive: bool = False


class Shape:
    """The content of a type of namespace `uri`."""

    def __init__(self, content: Particle | None, uri: str) -> None:
        self.uri = uri
        self.content = content
        self.children = {leaf.tag: leaf for leaf in leaves(content)}
        self._letters = {tag: chr(0x100 + number) for number, tag in enumerate(self.children)}
        self._expression = re.compile(_expression(content, self._letters) if content is not None else "")
        self._places: list[Place] | None = None

    def admits(self, tags: Sequence[str]) -> bool:
        """Whether elements of these tags may stand inside, in this order."""
        letters = "".join([self._letters.get(tag) or self._other(tag) for tag in tags])
        return self._expression.fullmatch(letters) is not None

    def _other(self, tag: str) -> str:
        return _FOREIGN if self.is_foreign(tag) else _UNKNOWN

    def is_foreign(self, tag: str) -> bool:
        """Whether a tag is of another namespace than this type's."""
        return tag.startswith("{") and not tag.startswith(f"{{{self.uri}}}")

    @property
    def places(self) -> list[Place]:
        """The places, in their order."""
        if self._places is None:
            self._places = list(_places(self.content)) if self.content is not None else []
        return self._places

    def rank(self, tag: str) -> int | None:
        """The number of the place of a tag; None if it has none."""
        if tag not in self.children:
            tag = self._other(tag)
        return next((rank for rank, place in enumerate(self.places) if tag in place.limits), None)

    def told(self, name: "Name") -> str:
        """The content in a line: `low [width | high] | center [width]`."""
        return _told(self.content, name) if self.content is not None else ""


def _expression(particle: Particle, letters: Mapping[str, str]) -> str:
    if isinstance(particle, Leaf):
        inner = letters[particle.tag]
    elif isinstance(particle, Foreign):
        inner = _FOREIGN
    else:
        between = "|" if particle.kind == "choice" else ""
        inner = f"(?:{between.join(_expression(part, letters) for part in particle.parts)})"
    if (particle.low, particle.high) == (1, 1):
        return inner
    return f"{inner}{{{particle.low},{'' if particle.high is None else particle.high}}}"


def _places(particle: Particle) -> Iterator[Place]:
    if isinstance(particle, Leaf):
        yield Place({particle.tag: particle.high}, particle.low)
    elif isinstance(particle, Foreign):
        yield Place({_FOREIGN: particle.high}, particle.low)
    elif particle.high is None:  # any number of any of them
        yield Place({leaf.tag: None for leaf in leaves(particle)}, particle.low)
    elif particle.kind == "sequence":
        for part in particle.parts:
            yield from (_optional(_places(part)) if particle.low == 0 else _places(part))
    elif all(isinstance(part, Leaf) for part in particle.parts):
        limits = {leaf.tag: leaf.high for leaf in leaves(particle)}
        yield Place(limits, min([particle.low, *(leaf.low for leaf in leaves(particle))]), exclusive=True)
    else:
        yield from _merged(particle)


def _optional(places: Iterator[Place]) -> Iterator[Place]:
    for place in places:
        yield replace(place, least=0)


def _merged(choice: Particle) -> Iterator[Place]:
    """The elements of a choice of sequences, each where none of these sequences is contradicted."""
    before: dict[str, set[str]] = {leaf.tag: set() for leaf in leaves(choice)}
    limits = {leaf.tag: leaf.high for leaf in leaves(choice)}
    _order(choice, before)
    while before:
        tag = next((tag for tag, earlier in before.items() if not earlier & before.keys()), next(iter(before)))
        del before[tag]
        yield Place({tag: limits[tag]}, 0)


def _order(particle: Particle, before: Mapping[str, set[str]]) -> None:
    """Note, for each element, those that a sequence puts before it."""
    if isinstance(particle, Leaf | Foreign):
        return
    earlier: set[str] = set()
    for part in particle.parts:
        _order(part, before)
        tags = {leaf.tag for leaf in leaves(part)}
        if particle.kind == "sequence":
            for tag in tags:
                before[tag].update(earlier)
            earlier |= tags


class Name:
    """What messages call an element or an attribute: its local name, after the alias of its namespace if it has one."""

    def __init__(self, namespaces: Mapping[str, str], own: str) -> None:
        self.aliases = {uri: alias for alias, uri in namespaces.items() if uri != own}
        self.own = own

    def __call__(self, tag: str) -> str:
        name = etree.QName(tag)
        if name.namespace == self.own:
            return name.localname
        alias = self.aliases.get(name.namespace or "")
        return f"{alias}:{name.localname}" if alias else f'{name.localname} (xmlns="{name.namespace or ""}")'


def _told(particle: Particle, name: Name, inside: str = "") -> str:
    if isinstance(particle, Leaf):
        text = name(particle.tag)
    elif isinstance(particle, Foreign):
        text = "*"
    else:
        between = " | " if particle.kind == "choice" else " "
        text = between.join(_told(part, name, particle.kind) for part in particle.parts)
        if particle.kind == "choice" and inside == "sequence" and particle.low == 1:
            text = f"({text})"
    text = f"[{text}]" if particle.low == 0 and inside else text
    return f"{text}…" if particle.high is None else text
