"""What a profile asks of one value: a walk along its constraints alone, made once for each value and profile.

The base types are walked elsewhere (`walk`). What comes out is a `Verdict`: it serves as the answer of a slice that
tells its values by profile, and is told when the value turns out to be under that profile, so that an entry of a
bundle is judged once whatever the number of ways to its profile.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import facets, invariants, slices
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.found import Found
from dui_conformance.fhir.overlay import Constraint, Profile
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan, Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.scope import Scope
    from dui_conformance.fhir.walk import Walk

_NESTED = 12  # profiles that ask for profiles, within one value


class Verdict:
    """What one profile says of one value, in `said`: findings, verdicts of the profiles that it asks of parts of the
    value, references whose targets are to be looked at, and what could not be checked (kind, subject, place, reason).
    """

    __slots__ = ("_kept_out", "said", "told")

    def __init__(self, *, told: bool = False) -> None:
        self.said: list[Any] = []
        self.told = told
        self._kept_out: list[Found] | None = None

    @property
    def kept_out(self) -> "list[Found]":
        """The errors that keep the value from meeting the profile, those of its parts included."""
        if self._kept_out is None:
            self._kept_out = []
            seen = {id(self)}
            stack: list[Any] = [self]
            while stack:
                one = stack.pop()
                if one.__class__ is Verdict:
                    stack += [part for part in reversed(one.said) if id(part) not in seen]
                    seen.update(id(part) for part in one.said if part.__class__ is Verdict)
                elif one.__class__ is Found and one.breaks:
                    self._kept_out.append(one)
        return self._kept_out


CLEAN = Verdict(told=True)  # of every value that meets its profile without a word: there are many


REFUSED = Verdict(told=True)  # of a value that does not meet its profile, when a quick answer was asked for


class Enough(Exception):
    """Raised by the first error where only a quick answer is wanted."""


def verdict(
    walk: "Walk", node: Any, plan: Plan, profile: Profile, place: Place, prop: Prop | None = None,
    extra: dict[str, Any] | None = None, scope: "Scope | None" = None, *, placed: bool = True,
    quick: bool | None = None,
) -> Verdict:  # fmt: skip
    """The verdict of a profile on a value; `scope` when the value is a resource.

    `placed` is False when the place is only near: such a verdict is never told. `quick`: REFUSED will do, instead of
    all that is wrong (None: as what is under way).
    """
    key = (id(node) if isinstance(node, (dict, list)) else place, profile.url)
    known = walk.verdicts.get(key)
    if known is None and not placed:
        known = walk.trials.get(key)
    if known is not None:
        return known
    if quick and key in walk.refused:
        return REFUSED
    if key in walk.trying or len(walk.trying) > _NESTED:
        return CLEAN  # a profile that asks for itself: what is being tried is taken as met
    walk.trying.add(key)
    saved, here, mode = walk.collected, walk.scope, walk.quick
    out = walk.collected = Verdict()
    if quick is not None:
        walk.quick = quick
    if scope is not None:
        walk.scope = scope
    root = (profile.root,)
    try:
        facets.value(walk, node, extra, prop, place, root)
        if isinstance(node, dict):
            overlay(walk, node, plan, place, root)
            if scope is not None and profile.root.invariants:
                invariants.of_constraint(walk, profile.root, Node(node, plan), place)
        elif extra is not None:
            overlay(walk, extra, plan, place, root)
    except Enough:
        if not quick:
            raise
        walk.refused.add(key)
        return REFUSED
    finally:
        walk.scope, walk.collected, walk.quick = here, saved, mode
        walk.trying.discard(key)
    if not out.said:
        out = CLEAN
    (walk.verdicts if placed else walk.trials)[key] = out
    return out


def met(
    walk: "Walk", node: Any, plan: Plan, profile: Profile, place: Place, prop: Prop | None = None,
    extra: dict[str, Any] | None = None, scope: "Scope | None" = None,
) -> None:  # fmt: skip
    """Ask a profile of a value: what it says is told, or belongs to the verdict under way."""
    found = verdict(walk, node, plan, profile, place, prop, extra, scope)
    if found is CLEAN:
        return
    if walk.collected is not None:
        if walk.quick and found.kept_out:
            raise Enough
        walk.collected.said.append(found)
    else:
        tell(walk, found)


def tell(walk: "Walk", verdict: Verdict) -> None:
    """Report a verdict and those of its parts, each once."""
    stack: list[Any] = [verdict]
    while stack:
        one = stack.pop()
        if one.__class__ is Verdict:
            if not one.told:
                one.told = True
                stack += reversed(one.said)
        elif one.__class__ is Found:
            walk.report_found(one)
        elif one.__class__ is tuple:
            walk.not_checked(*one)
        else:
            walk.references.append(one)


def overlay(walk: "Walk", node: dict[str, Any], plan: Plan, place: Place, cons: Sequence[Constraint]) -> None:
    """Go down the elements that constraints speak of."""
    for item, asked in slices.distribute(walk, node, plan, place, cons):
        value, prop = item.value, item.prop
        if prop.check is not None:
            extra = item.extra if type(item.extra) is dict else None
            facets.value(walk, value, extra, prop, item.place, asked)
            below = _deeper(asked)
            if below and (extra is not None or value is not None):
                overlay(walk, extra or {}, prop.plan, item.place, below)
            continue
        if type(value) is not dict:
            continue  # told by the walk of the base type
        facets.value(walk, value, None, prop, item.place, asked)
        if prop.type == "Extension" and plan.name == "Extension":
            _part(walk, value, item.place, asked)
        below = _deeper(asked)
        if not below:
            continue
        if prop.resource:
            here = walk.scope
            inner = walk.scope_of(value, prop, item.place)
            if inner is not None:
                walk.scope = inner
                overlay(walk, value, inner.plan, item.place, below)
            walk.scope = here
        else:
            overlay(walk, value, prop.plan, item.place, below)


def _deeper(asked: Sequence[Constraint]) -> Sequence[Constraint]:
    """The constraints that have something to say of the children."""
    if len(asked) == 1:
        return asked if asked[0].children else ()
    return [con for con in asked if con.children]


def _part(walk: "Walk", value: dict[str, Any], place: Place, asked: Sequence[Constraint]) -> None:
    """A part of a complex extension that its definition does not have."""
    url = value.get("url")
    sliced = next((con for con in asked if con.slices), None)
    if isinstance(url, str) and ":" not in url and sliced is not None and not any(con.slice for con in asked):
        parts = ", ".join(name for con in asked for name in con.slices)
        walk.report("extension.part-unknown", place, sliced.profile, sliced.id, url=url[:200], allowed=parts)
