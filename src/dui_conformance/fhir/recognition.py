"""Which slices a value belongs to."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import conformity, discriminators
from dui_conformance.fhir.discriminators import Test
from dui_conformance.fhir.fhirpath.engine import Failed, Undecided
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.invariants import environment
from dui_conformance.fhir.overlay import Constraint, Profile, Slicing
from dui_conformance.fhir.schema import Plan
from dui_conformance.fhir.scope import Scope
from dui_conformance.fhir.terminology import codings
from dui_conformance.fhir.values import same

if TYPE_CHECKING:
    from dui_conformance.fhir.conformity import Verdict
    from dui_conformance.fhir.slices import Item
    from dui_conformance.fhir.walk import Walk


FAILED: list[Any] = []  # what a path gives that cannot be evaluated on the value: it keeps it out


class Group:
    """The slices of one element, and how a value finds those it may belong to.

    Slices by profile of `resource` are tried on resources of their own type; those that ask for a text of their own
    at one and the same place (the url of an extension, the code of a type) are looked up by it.
    """

    __slots__ = ("_by_text", "by_type", "slices", "slicing")

    def __init__(self, walk: "Walk", child: Constraint, slicing: Slicing | None) -> None:
        self.slicing = slicing
        self.slices = list(child.slices.items())
        self.by_type: dict[str, list[tuple[str, Constraint]]] | None = None
        # type of the value -> where the text stands, and the slices by it; None when there is no such place
        self._by_text: dict[str, tuple[tuple[str, ...], dict[str, list[tuple[str, Constraint]]]] | None] = {}
        if slicing is None:
            return
        for _, one in self.slices:
            if one.tests is None:
                one.tests = discriminators.tests_of(walk, one, slicing)
        kinds = [(pair, discriminators.kinds_of(walk, pair[1].tests)) for pair in self.slices]
        if all(names is not None for _, names in kinds):
            self.by_type = {}
            for pair, names in kinds:
                for name in names or ():
                    self.by_type.setdefault(name, []).append(pair)

    def shared(self, walk: "Walk", item: "Item") -> tuple[list[str], list[str]]:
        """The slices of a value, and those of which it cannot be said."""
        tried = self.slices
        if item.value.__class__ is dict:
            if self.by_type is not None:
                tried = self._of_type(walk, item)
            elif len(tried) > 1:
                tried = self._of_text(item)
        hits, undecided = [], []
        for key, one in tried:
            answer = _matches(walk, one, item)
            if answer:
                hits.append(key)
            elif answer is None:
                undecided.append(key)
        return hits, undecided

    def _of_type(self, walk: "Walk", item: "Item") -> list[tuple[str, Constraint]]:
        resource = item.value.get("resource")
        name = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(name, str) or self.by_type is None:
            return []
        found = [pair for kind in walk.types.lineage(name) for pair in self.by_type.get(kind, ())]
        if len(found) < 2:
            return found
        claimed = self._claimed(walk, found, resource, item)
        return [claimed] if claimed is not None else [pair for pair in self.slices if pair in found]

    def _of_text(self, item: "Item") -> list[tuple[str, Constraint]]:
        plan = item.prop.plan_of(item.value)
        if plan.name not in self._by_text:
            self._by_text[plan.name] = self._indexed(plan)
        index = self._by_text[plan.name]
        if index is None:
            return self.slices
        steps, table = index
        texts = _plucked(item.value, steps)
        if len(texts) == 1:
            return table.get(texts[0], []) if texts[0].__class__ is str else []
        found = {id(one) for text in texts if text.__class__ is str for _, one in table.get(text, ())}
        return [pair for pair in self.slices if id(pair[1]) in found] if found else []

    def _indexed(self, plan: Plan) -> "tuple[tuple[str, ...], dict[str, list[tuple[str, Constraint]]]] | None":
        """The place at which every slice asks for a text, where the texts differ most."""
        places: dict[tuple[str, ...], dict[str, list[tuple[str, Constraint]]]] = {}
        for pair in self.slices:
            for steps, text in dict(_texts(pair[1], plan)).items():
                places.setdefault(steps, {}).setdefault(text, []).append(pair)
        whole = [(s, t) for s, t in places.items() if sum(map(len, t.values())) == len(self.slices)]
        return max(whole, key=lambda place: len(place[1]), default=None)

    @staticmethod
    def _claimed(
        walk: "Walk", tried: list[tuple[str, Constraint]], resource: Any, item: "Item"
    ) -> tuple[str, Constraint] | None:
        """The slice whose profile the resource claims and meets: slices being exclusive, it is its slice."""
        meta = resource.get("meta")
        listed = meta.get("profile") if isinstance(meta, dict) else None
        claims = listed if isinstance(listed, list) else []
        for pair in tried if claims else ():
            kind, what = pair[1].tests[0].wanted[0]
            if kind == "profile" and any(url in claims for url in what) and _matches(walk, pair[1], item):
                return pair
        return None


def _texts(one: Constraint, plan: Plan) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts that a slice asks for, by where they stand in its values."""
    for test in one.tests:
        steps = _plain(test, plan) if len(test.wanted) == 1 and test.run is not None else ()
        if steps and test.wanted[0][0] in ("fixed", "pattern"):
            kind, what = test.wanted[0]
            yield from _leaves(what.value if kind == "pattern" else what, steps)


def _leaves(wanted: Any, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(wanted, str):
        yield steps, wanted
    elif isinstance(wanted, dict):
        for key, below in wanted.items():
            yield from _leaves(below, (*steps, key))
    elif isinstance(wanted, list) and len(wanted) == 1:
        yield from _leaves(wanted[0], steps)


def _node(item: "Item") -> Node:
    return Node(
        item.value, item.prop.plan_of(item.value), item.prop, item.extra if isinstance(item.extra, dict) else None
    )


def _matches(walk: "Walk", one: Constraint, item: "Item") -> bool | None:
    """Whether a value belongs to a slice; None when that cannot be decided here."""
    answer: bool | None = True
    told = False
    for test in one.tests:
        if not test.wanted or test.run is None:
            continue  # the slice says nothing there: the other discriminators decide
        told = True
        found = found_at(walk, test, item)
        if found is None:
            answer = None
            continue
        if found is FAILED:
            return False
        for kind, what in test.wanted:
            met = holds(walk, kind, what, found, item, test.path)
            if met is False:
                return False
            if met is None:
                answer = None
    return answer if told else None


def holds(walk: "Walk", kind: str, what: Any, found: list[Any], item: "Item", path: str) -> bool | None:
    if kind == "present":
        return bool(found) is what
    answer: bool | None = False
    for one in found:
        met = _one(walk, kind, what, one, item, path)
        if met:
            return True
        if met is None:
            answer = None
    return answer


def found_at(walk: "Walk", test: Test, item: "Item") -> list[Any] | None:
    """What stands at the end of a discriminator's path; None when that cannot be told."""
    value = item.value
    if test.path == "$this":
        return [_node(item)]
    if value.__class__ is dict:
        if test.path == "url":
            return [value.get("url")]
        plan = item.prop.plan_of(value)
        steps = test.steps.get(plan.name)
        if steps is None:
            steps = test.steps[plan.name] = _plain(test, plan)
        if steps:
            return _plucked(value, steps)
    try:
        return list(test.run(environment(walk), [_node(item)]))
    except Undecided:
        return None
    except (Failed, RecursionError):
        return FAILED


def _plain(test: Test, plan: Plan) -> tuple[str, ...]:
    """The properties of a path that needs no FHIRPath: single elements, by name; empty when it does."""
    out = []
    if any(kind not in ("fixed", "pattern", "binding", "present") for kind, _ in test.wanted):
        return ()  # the type of what is found counts
    for name in test.path.replace("[x]", "").split("."):
        props = plan.elements.get(name, ()) if name.isalnum() else ()
        if len(props) != 1 or props[0].resource:
            return ()
        out.append(props[0].name)
        plan = props[0].plan
    return tuple(out)


def _plucked(value: dict[str, Any], steps: tuple[str, ...]) -> list[Any]:
    found: list[Any] = [value]
    for name in steps:
        following: list[Any] = []
        for one in found:
            if one.__class__ is not dict:
                continue
            held = one.get(name)
            if held.__class__ is list:
                following += held
            elif held is not None or "_" + name in one:
                following.append(held)
        found = following
    return found


def _one(walk: "Walk", kind: str, what: Any, found: Any, item: "Item", path: str) -> bool | None:
    value = found.value if found.__class__ is Node else found
    if kind == "fixed":
        return same(what, value)
    if kind == "pattern":
        return bool(what.test(value))
    if kind == "types":
        names = walk.types.lineage(found.type) if found.__class__ is Node else ()
        return any(n in what for n in names)
    if kind == "binding":
        held = walk.terminology.value_set(what)
        if held is None:
            return None
        answers = [held.has(s if isinstance(value, dict) else None, c) for s, c in codings(value) if c is not None]
        return True if True in answers else None if None in answers else False
    if kind == "profile":
        return _profile(walk, what, found, item, path)
    return None


def verdict_of(walk: "Walk", profile: Profile, found: Node, item: "Item", path: str, *, quick: bool) -> "Verdict":
    """The verdict of a profile on what a discriminator found."""
    prop = found.prop
    scope, place, placed = None, item.place, path == "$this"
    if path == "resource" and prop is not None and not prop.is_list:
        place, placed = (item.place, prop, None), True
    if found.plan.kind == "resource":
        if placed and prop is not None:
            scope = walk.scope_of(found.value, prop, place)
        else:
            here = walk.scope
            scope = Scope(found.value, found.plan, here.place, None, here.bundle, here.entry, outer=here)
    return conformity.verdict(
        walk, found.value, found.plan, profile, place, prop, found.extra, scope=scope, placed=placed, quick=quick
    )  # fmt: skip


def _profile(walk: "Walk", urls: tuple[str, ...], found: Any, item: "Item", path: str) -> bool | None:
    if found.__class__ is not Node or found.value is None:
        return False
    answer: bool | None = False
    for url in urls:
        profile = walk.profiles.get(url)
        if profile is None:
            answer = None
            meta = found.value.get("meta") if isinstance(found.value, dict) else None
            claims = meta.get("profile") if isinstance(meta, dict) else None
            if isinstance(claims, list) and url in claims:
                return True  # its type, at least, may be told from a claim
        elif profile.type in walk.types.lineage(found.type):
            said = verdict_of(walk, profile, found, item, path, quick=True)
            if said is conformity.CLEAN or (said is not conformity.REFUSED and not said.kept_out):
                return True
    return answer
