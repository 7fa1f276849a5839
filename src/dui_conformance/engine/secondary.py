"""Whether what a secondary rule has to say was already said by another, so that one fault is shown once.

A rule says the same when it failed at no lower a level, names the element or the attribute in question in one of its
expressions, and spoke of the same element, of its parent, or of a child that is itself in question; or, from wherever
it speaks, when the secondary rule `yields_to` it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from dui_conformance.engine.outcomes import Finding
from dui_conformance.rules.model import LEVELS, Argument, Assertion, Membership, Modelled, Predicate, Rule
from dui_conformance.subjects.model import Element
from dui_conformance.subjects.positions import path_of

# a name in an expression that is neither a function nor an axis
_NAME = re.compile(r"[A-Za-z_][\w.-]*+(?!\s*\(|\s*::)")
_PREFIX = re.compile(r"\b[\w-]+:(?!:)|\$[\w.-]+")


class Said:
    """What the other rules said of a subject, in which elements are known by their paths."""

    def __init__(self, findings: Iterable[Finding], rules: Iterable[Rule]) -> None:
        known = {rule.id: rule for rule in rules if not rule.secondary}
        self.places: dict[str, list[Rule]] = {}  # path of an element → rules that failed there
        for finding in findings:
            if finding.rule in known and finding.outcome == "failed":
                self.places.setdefault(_element(finding.location.path), []).append(known[finding.rule])

    def same(self, rule: Rule, node: Element, about: Collection[str], attribute: str) -> bool:
        """Whether another rule said what `rule` says of an element: a fault of one of its attributes (`attribute`), or
        of the elements that `about` names."""
        if not rule.secondary or not self.places:
            return False
        element = path_of(node)
        parent, _, step = element.rpartition("/")
        own = _bare(step)
        for place, others in self.places.items():
            groups: list[Collection[str]] = []
            if place == element:
                groups = [about]
            elif place == parent:
                groups = [about, {own}] if attribute else [about]
            elif place.rpartition("/")[0] == element and _bare(place.rpartition("/")[2]) in about:
                groups = [about]
            for other in others:
                wanted = groups or ([about] if other.id in rule.yields_to else [])
                if wanted and LEVELS.index(other.level) <= LEVELS.index(rule.level):
                    names = _names(tuple(_expressions(other)))
                    if all(not names.isdisjoint(group) for group in wanted):
                        return True
        return False


def silenced(findings: Sequence[Finding], rules: Mapping[str, Rule], louder: Iterable[Rule]) -> set[int]:
    """The places among findings of what a secondary rule of the catalogue says, and a rule of a table too.

    They say the same when both failed at one element, or one of them at its child, and ask about one thing.
    """
    names = {rule.id: _names(tuple(_expressions(rule))) for rule in louder}
    said: dict[str, set[str]] = {}
    for finding in findings:
        if finding.rule in names:
            place = _element(finding.location.path)
            for at in (place, place.rpartition("/")[0]):
                said.setdefault(at, set()).update(names[finding.rule])
    return {
        at
        for at, finding in enumerate(findings)
        if (rule := rules.get(finding.rule)) is not None
        and rule.secondary
        and isinstance(rule.check, Assertion)
        and not said.get(_element(finding.location.path), set()).isdisjoint(_names((rule.check.holds.source,)))
    }


def _element(path: str) -> str:
    return path.partition("/@")[0]


def _bare(step: str) -> str:
    return step.partition("[")[0]


@lru_cache(maxsize=4096)
def _names(expressions: Sequence[str]) -> frozenset[str]:
    return frozenset(name for expression in expressions for name in _NAME.findall(expression))


def _expressions(rule: Rule) -> Iterator[str]:
    """The text of every expression of a rule, bar those that only fill its message."""
    yield rule.contexts.text
    if rule.at is not None:
        yield rule.at.text
    check = rule.check
    if isinstance(check, Assertion):
        yield check.holds.text
    elif isinstance(check, Membership):
        yield check.code.text
        yield check.system.text
    elif isinstance(check, Predicate):
        yield from _values(check.arguments)
        for given in check.given:
            yield from _values(given.arguments)
    elif isinstance(check, Modelled):
        yield from check.reads


def _values(arguments: Iterable[Argument]) -> Iterator[str]:
    return (argument.value.text for argument in arguments)


def names_of(rule: Rule) -> frozenset[str]:
    """The names of elements and attributes in the expressions of a rule."""
    return _names(tuple(_expressions(rule)))


def words_of(text: str) -> frozenset[str]:
    """The names in an expression or a sentence of another, prefixes and variables left out."""
    return frozenset(_NAME.findall(_PREFIX.sub("", text)))
