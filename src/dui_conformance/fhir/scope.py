"""The resource being walked, and what surrounds it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan

if TYPE_CHECKING:
    from dui_conformance.fhir.bundles import BundleIndex, Entry


@dataclass(slots=True, eq=False)
class Scope:
    """The resource being walked: what `%resource`, `#id` and relative references mean inside it."""

    node: dict[str, Any]
    plan: Plan
    place: Place
    container: "Scope | None" = None  # the resource that contains it
    bundle: "BundleIndex | None" = None
    entry: "Entry | None" = None
    contained: dict[str, tuple[dict[str, Any], int]] | None = None  # by id, with the rank
    outer: "Scope | None" = None  # the resource around it, whatever the relation
    ids: set[str] = field(default_factory=set)  # of the elements met so far

    @property
    def root(self) -> "Scope":
        return self.container or self
