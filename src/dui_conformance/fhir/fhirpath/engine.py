"""What an expression runs in: the resource, the variables, and the services only the validator has."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.schema import Types

Collection = list[Any]


class Undecided(Exception):
    """The answer depends on something that is not at hand: the message says on what."""


class Failed(Exception):
    """The expression cannot be evaluated on this input (a FHIRPath error, not an answer)."""


class Services(Protocol):
    """What FHIRPath asks of the validator around it. Each may raise Undecided."""

    def resolve(self, reference: str, node: Node | None) -> Node | None: ...

    def member_of(self, node: Any, value_set: str) -> bool: ...

    def conforms_to(self, node: Node, profile: str) -> bool: ...

    def html_checks(self, text: str) -> bool: ...


@dataclass(slots=True)
class Env:
    """One evaluation. `budget` bounds the items handled, so that no expression runs for ever."""

    types: Types
    resource: Node | None = None
    root: Node | None = None
    services: Services | None = None
    variables: dict[str, Collection] = field(default_factory=dict)
    now: str = ""
    index: int = 0
    total: Collection = field(default_factory=list)
    context: Collection = field(default_factory=list)
    budget: int = 2_000_000

    def spend(self, items: int) -> None:
        self.budget -= items + 1
        if self.budget < 0:
            raise Undecided("budget")


Run = Callable[[Env, Collection], Collection]


def truth(items: Collection) -> bool | None:
    """A collection as a Boolean: None when empty; one item of another type counts as true (§4.5)."""
    if not items:
        return None
    if len(items) > 1:
        raise Failed("one item is expected, several were found")
    item = items[0]
    if item is True or item is False:
        return bool(item)
    if item.__class__ is Node and (item.value is True or item.value is False):
        return bool(item.value)
    return True


def boolean(value: bool | None) -> Collection:
    return [] if value is None else [value]
