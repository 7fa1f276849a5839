"""The one walk over a resource: base types and overlays of profiles together, never stopping midway."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import bundles, datatypes, extensions, facets, invariants, resources, slices
from dui_conformance.fhir.overlay import Constraint
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan, Prop
from dui_conformance.text import personal

if TYPE_CHECKING:
    from dui_conformance.fhir.bundles import BundleIndex, Entry
    from dui_conformance.fhir.validator import Validator

Cons = tuple[Constraint, ...]
NONE: Cons = ()


@dataclass(slots=True, eq=False)
class Scope:
    """The resource being walked: what `%resource`, `#id` and relative references mean inside it."""

    node: dict[str, Any]
    plan: Plan
    place: Place
    container: "Scope | None" = None  # the resource that contains it
    bundle: "BundleIndex | None" = None
    entry: "Entry | None" = None
    contained: dict[str, dict[str, Any]] | None = None
    outer: "Scope | None" = None  # the resource around it, whatever the relation
    ids: set[str] = field(default_factory=set)  # of the elements met so far

    @property
    def root(self) -> "Scope":
        return self.container or self


@dataclass(slots=True)
class Found:
    """An issue before its texts and position are made."""

    id: str
    place: Place
    profile: str
    element: str
    values: dict[str, Any]
    severity: str = ""


class Walk:
    """One validation. Functions of the other modules receive it as their first argument."""

    def __init__(self, validator: "Validator") -> None:
        self.validator = validator
        self.options = validator.options
        self.types = validator.types
        self.profiles = validator.profiles
        self.terminology = validator.terminology
        self.found: list[Found] = []
        self.unchecked: dict[tuple[str, str, str], list[Any]] = {}
        self.scope: Scope = Scope({}, self.types.unknown(""), None)
        self.silent = 0
        self.conformity: dict[tuple[int | str, str], list[Found]] = {}
        self.trying: set[tuple[int | str, str]] = set()
        self.references: list[Any] = []
        self.limit = self.options.max_issues
        self.services = validator.services(self)

    # ------------------------------------------------------------ reporting

    def report(
        self, rule: str, place: Place, profile: str = "", element: str = "", severity: str = "", **values: Any
    ) -> None:
        if len(self.found) < self.limit or self.silent:
            self.found.append(Found(rule, place, profile, element, values, severity))
        else:
            self.not_checked("issues", "limit", place, "limit")

    def not_checked(self, kind: str, subject: str, place: Place, reason: str) -> None:
        if self.silent:
            return
        entry = self.unchecked.get((kind, subject, reason))
        if entry is None:
            self.unchecked[kind, subject, reason] = [1, place]
        else:
            entry[0] += 1

    # ------------------------------------------------------------ resources

    def resource(
        self, node: Any, place: Place, cons: Cons = NONE, container: Scope | None = None, outer: Scope | None = None,
        bundle: "BundleIndex | None" = None, entry: "Entry | None" = None,
    ) -> None:  # fmt: skip
        """Walk one resource: at the root, in an entry, in a parameter or contained."""
        if type(node) is not dict:
            self.report("json.object-expected", place)
            return
        name = node.get("resourceType")
        if not self.types.is_resource(name):
            known = isinstance(name, str) and name != ""
            self.report("resource.type-unknown" if known else "resource.type-missing", place, name=str(name)[:64])
            return
        plan = self.types.type(str(name)) or self.types.unknown(str(name))
        if outer is None and self.silent:
            outer = self.scope
        saved, self.scope = self.scope, Scope(node, plan, place, container, bundle, entry, outer=outer)
        cons = resources.claimed(self, node, plan, place, cons)
        self.visit(node, plan, place, cons)
        resources.after(self, node, plan, place, cons)
        self.scope = saved

    # ------------------------------------------------------------ elements

    def visit(
        self, node: dict[str, Any], plan: Plan, place: Place, cons: Cons = NONE, prop: Prop | None = None,
        valued: bool = False,
    ) -> None:  # fmt: skip
        """Walk the properties of one object; `valued` when it goes with the value of a primitive."""
        assigned = slices.distribute(self, node, plan, place, cons) if cons else None
        props = plan.props
        empty = True
        for name, value in node.items():
            known = props.get(name)
            if known is None:
                empty = self._odd(name, value, node, plan, place, assigned, prop) and empty
                continue
            if value is None:
                self.report("json.null", place, name=name)
                continue
            if name != "id":
                empty = False
            elif plan.kind != "resource" and value.__class__ is str:
                if value in self.scope.ids:
                    self.report("element.id-twice", (place, known, None), plan.url, known.id, value=value)
                self.scope.ids.add(value)
            check = known.check
            if known.is_list:
                if value.__class__ is not list:
                    self.report("json.array-expected", (place, known, None), name=name)
                    value = [value]
                elif not value:
                    self.report("json.array-empty", (place, known, None), name=name)
                    continue
                if check is not None:
                    self._primitives(value, node.get("_" + name), known, place, assigned)
                    continue
                for index, item in enumerate(value):
                    more = assigned.get((name, index), NONE) if assigned else NONE
                    self.item(item, known, (place, known, index), more, plan, prop)
            elif value.__class__ is list:
                self.report("json.array-unexpected", (place, known, None), name=name)
                for index, item in enumerate(value):
                    self._one(item, known, (place, known, index), assigned, None, plan, prop)
            elif check is not None and not known.extended and assigned is None:
                if check(value) is not None:
                    datatypes.primitive(self, value, known, (place, known, None))
            else:
                self._one(value, known, (place, known, None), assigned, node.get("_" + name), plan, prop)
        if empty and not valued:
            self.report("element.empty", place, element=plan.name)
        for stem, names, first in plan.required:
            for name in names:
                if name in node or "_" + name in node:
                    break
            else:
                self.report(
                    "cardinality.min", place, plan.url, first.id, name=_label(plan, stem), least=first.min, count=0
                )
        for stem, variants in plan.choices:
            if len(variants & node.keys()) > 1:
                present = ", ".join(n for n in node if n in variants)
                self.report("choice.several", place, plan.url, name=stem + "[x]", found=present)
        if plan.invariants and not empty:
            invariants.of_plan(self, node, plan, place)

    def _one(
        self, value: Any, known: Prop, place: Place, assigned: Any, extra: Any, plan: Plan, prop: Prop | None
    ) -> None:  # fmt: skip
        more = assigned.get((known.name, None), NONE) if assigned else NONE
        if known.check is not None:
            datatypes.primitive(self, value, known, place)
            if more:
                facets.value(self, value, extra if type(extra) is dict else None, known, place, more)
        else:
            self.item(value, known, place, more, plan, prop)

    def item(self, value: Any, known: Prop, place: Place, cons: Cons, plan: Plan, host: Prop | None = None) -> None:
        """One value of a complex type, or a resource."""
        if value.__class__ is not dict:
            if value is None:
                self.report("json.null-item", place)
            else:
                self.report("json.object-expected", place, type=known.type)
            return
        if cons:
            cons = facets.value(self, value, None, known, place, cons)
        if known.resource:
            resources.inner(self, value, known, place, cons)
            return
        if known.type == "Extension":
            extensions.extension(self, value, known, place, cons, plan, host)
            return
        below = known.plan
        if known.profiles and value:
            for url in known.profiles:  # in R4 core, one: SimpleQuantity, MoneyQuantity…
                profile = self.profiles.get(url)
                if profile is not None and profile.root not in cons:
                    cons = (*cons, *facets.value(self, value, None, known, place, (profile.root,)))
        self.visit(value, below, place, cons, known)
        if known.binding is not None:
            datatypes.bound(self, value, known, place)
        special = datatypes.COMPLEX.get(below.name)
        if special is not None:
            special(self, value, known, place, cons)
        if known.invariants:
            invariants.of_prop(self, value, known, place)

    def _primitives(self, values: list[Any], extras: Any, known: Prop, place: Place, assigned: Any) -> None:
        """A list of primitives, with its `_name` twin of nulls and objects."""
        if type(extras) is list and len(extras) != len(values):
            self.report("json.twins", (place, known, None), name=known.name)
        for index, value in enumerate(values):
            here = (place, known, index)
            extra = extras[index] if type(extras) is list and index < len(extras) else None
            if value is None:
                if type(extra) is not dict:
                    self.report("json.null-item", here)
            else:
                datatypes.primitive(self, value, known, here)
            if assigned:
                more = assigned.get((known.name, index), NONE)
                if more:
                    facets.value(self, value, extra if type(extra) is dict else None, known, here, more)

    # ------------------------------------------------------------ what is no plain property

    def _odd(
        self, name: str, value: Any, node: dict[str, Any], plan: Plan, place: Place, assigned: Any, host: Prop | None
    ) -> bool:  # fmt: skip
        """A `_name`, the resourceType, or a property that does not exist. True when it counts for nothing."""
        if name == "resourceType":
            if plan.kind == "resource":
                return False
        elif name.startswith("_"):
            known = plan.props.get(name[1:])
            if known is not None and known.check is not None:
                self._extras(value, node.get(known.name), known, place, assigned)
                return False
        close = _nearest(name, plan)
        choice = plan.elements.get(name)
        rule = "property.choice" if choice and name not in plan.props else "property.unknown"
        allowed = ", ".join(p.name for p in choice[:8]) if choice else ""
        self.report(rule, place, plan.url, name=name[:64], type=plan.name, near=close, allowed=allowed)
        return False

    def _extras(self, value: Any, values: Any, known: Prop, place: Place, assigned: Any) -> None:
        """The extensions and ids of a primitive."""
        if known.is_list:
            if type(value) is not list:
                self.report("json.array-expected", (place, known, None), name="_" + known.name)
                return
            lonely = type(values) is not list
            for index, item in enumerate(value):
                if item is None:
                    if lonely:
                        self.report("json.null-item", (place, known, index))
                elif type(item) is not dict:
                    self.report("json.object-expected", (place, known, index), type="Element")
                else:
                    self.visit(item, known.plan, (place, known, index), NONE, known, _at(values, index) is not None)
        elif type(value) is not dict:
            self.report("json.object-expected", (place, known, None), type="Element")
        else:
            here = (place, known, None)
            more = assigned.get((known.name, None), NONE) if assigned else NONE
            if more and known.name not in _sibling(values):
                more = facets.value(self, None, value, known, here, more)
            self.visit(value, known.plan, here, more, known, values is not None)

    # ------------------------------------------------------------ silent trials

    def problems_with(self, node: Any, plan: Plan, profile_url: str, root: Constraint, place: Place) -> list[Found]:
        """What keeps a value from meeting a profile: a walk of its own that reports nothing."""
        key = (id(node) if isinstance(node, (dict, list)) else f"{type(node)}{node}", profile_url)
        if key in self.conformity:
            return self.conformity[key]
        if key in self.trying or len(self.trying) > 12:
            return []  # a profile that asks for itself: what is being tried is taken as met
        self.trying.add(key)
        saved, self.found = self.found, []
        self.silent += 1
        if plan.kind == "resource":
            scope = self.scope
            bundle, entry = scope.bundle, scope.entry
            if scope.plan.name == "Bundle":  # an entry tried before it is entered
                bundle = bundles.index_of(self, scope)
                entry = bundle.entry_of(node)
            self.resource(node, place, (root,), scope.container, scope, bundle, entry)
        else:
            more = facets.value(self, node, None, None, place, (root,))
            if isinstance(node, dict):
                self.visit(node, plan, place, more)
        problems = [
            f for f in self.found
            if f.profile and not f.severity and self.validator.is_error(f.id) and self._by_profile(f)
        ]  # fmt: skip
        self.silent -= 1
        self.found = saved
        self.trying.discard(key)
        self.conformity[key] = problems
        return problems

    def _by_profile(self, found: Found) -> bool:
        """Asked by a profile, not by the base type: base faults are told for themselves."""
        data = self.profiles.definitions.structure(found.profile)
        return data is None or data.get("derivation") == "constraint"


def _at(values: Any, index: int) -> Any:
    return values[index] if type(values) is list and index < len(values) else None


def _sibling(values: Any) -> tuple[str, ...]:
    return () if values is None else ("",)


def _label(plan: Plan, stem: str) -> str:
    return stem if stem in plan.props else stem + "[x]"


def _nearest(name: str, plan: Plan) -> str:
    """The property this one was probably meant to be."""
    import difflib

    found = difflib.get_close_matches(name[:64], [*plan.props], 1, 0.75)
    return found[0] if found else ""


def shown(value: Any, limit: int = 60) -> str:
    """A value of the resource, short, and marked as personal."""
    text = str(value)
    return personal(text if len(text) <= limit else text[: limit - 1] + "…")
