"""The one walk over a resource: base types here, profiles by `conformity`, never stopping midway."""

from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import bundles, conformity, datatypes, extensions, invariants, references, resources
from dui_conformance.fhir.conformity import Verdict
from dui_conformance.fhir.found import Found
from dui_conformance.fhir.overlay import Profile
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan, Prop
from dui_conformance.fhir.scope import Scope
from dui_conformance.text import personal

if TYPE_CHECKING:
    from dui_conformance.fhir.validator import Validator


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
        self._counted: set[tuple[str, str, str, Place]] = set()
        self.scope: Scope = Scope({}, self.types.unknown(""), None)
        self.verdicts: dict[tuple[Any, str], Verdict] = {}  # (identity of the value, or place of a primitive; profile)
        self.trials: dict[tuple[Any, str], Verdict] = {}  # the same, where the place is not known
        self.refused: set[tuple[Any, str]] = set()  # known not to meet, not yet why
        self.quick = False  # the first error ends the verdict under way
        self.trying: set[tuple[Any, str]] = set()
        self.collected: Verdict | None = None  # the verdict under way: nothing is told before it is wanted
        self.references: list[references.Pending] = []
        self.of_their_type: dict[str, Profile] = {}  # asked of each resource of their type, by the canonical given
        self.applied: set[str] = set()  # those of them that met one
        self.limit = self.options.max_issues
        self.services = validator.services(self)

    # ------------------------------------------------------------ reporting

    def report(
        self, rule: str, place: Place, profile: str = "", element: str = "", severity: str = "", **values: Any
    ) -> None:
        found = Found(rule, place, profile, element, values, severity)
        if self.collected is None:
            self.report_found(found)
        elif self.quick and found.breaks:
            raise conformity.Enough
        elif len(self.collected.said) < 10 * self.limit:
            self.collected.said.append(found)

    def report_found(self, found: Found) -> None:
        if len(self.found) < self.limit:
            self.found.append(found)
        else:
            self.not_checked("issues", "limit", found.place, "limit")

    def not_checked(self, kind: str, subject: str, place: Place, reason: str) -> None:
        """Count what could not be decided: once for each place, whoever asks."""
        if self.collected is not None:
            self.collected.said.append((kind, subject, place, reason))
            return
        if (kind, subject, reason, place) in self._counted:
            return
        self._counted.add((kind, subject, reason, place))
        entry = self.unchecked.get((kind, subject, reason))
        if entry is None:
            self.unchecked[kind, subject, reason] = [1, place]
        else:
            entry[0] += 1

    def end(self) -> None:
        """Let go of the resource: what is left is what was found."""
        self.scope = Scope({}, self.types.unknown(""), None)
        self.verdicts.clear()
        self.trials.clear()
        self._counted.clear()

    # ------------------------------------------------------------ resources

    def resource(self, node: Any, place: Place, profiles: tuple[Profile, ...] = (), scope: Scope | None = None) -> None:
        """Walk one resource: at the root, in an entry, in a parameter or contained (`scope` is then its own)."""
        if type(node) is not dict:
            self.report("json.object-expected", place)
            return
        name = node.get("resourceType")
        if not self.types.is_resource(name):
            known = isinstance(name, str) and name != ""
            self.report("resource.type-unknown" if known else "resource.type-missing", place, name=str(name)[:64])
            return
        plan = self.types.type(str(name)) or self.types.unknown(str(name))
        saved, self.scope = self.scope, scope or Scope(node, plan, place)
        for profile in resources.claimed(self, node, plan, place, profiles):
            conformity.met(self, node, plan, profile, place, scope=self.scope)
        self.visit(node, plan, place)
        resources.after(self, node, plan, place)
        self.scope = saved

    def scope_of(self, value: dict[str, Any], prop: Prop, place: Place) -> Scope | None:
        """What surrounds a resource that stands inside the one being walked; None when its type is no resource."""
        name = value.get("resourceType")
        plan = self.types.type(name) if isinstance(name, str) and self.types.is_resource(name) else None
        if plan is None:
            return None
        scope = self.scope
        if prop.name == "contained":
            return Scope(value, plan, place, scope.root, scope.bundle, scope.entry, outer=scope)
        if scope.plan.name == "Bundle" and prop.id == "Bundle.entry.resource":
            index = bundles.index_of(self, scope)
            return Scope(value, plan, place, None, index, index.entry_of(value), outer=scope)
        if scope.plan.name == "Parameters":
            return Scope(value, plan, place, None, bundles.index_of(self, scope), outer=scope)
        return Scope(value, plan, place, None, scope.bundle, scope.entry, outer=scope)

    # ------------------------------------------------------------ elements

    def visit(
        self, node: dict[str, Any], plan: Plan, place: Place, prop: Prop | None = None, valued: bool = False
    ) -> None:
        """Walk the properties of one object; `valued` when it goes with the value of a primitive."""
        props = plan.props
        empty = True
        for name, value in node.items():
            known = props.get(name)
            if known is None:
                empty = self._odd(name, value, node, plan, place) and empty
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
                    self._primitives(value, node.get("_" + name), known, place)
                    continue
                for index, item in enumerate(value):
                    self.item(item, known, (place, known, index), plan, prop)
            elif value.__class__ is list:
                self.report("json.array-unexpected", (place, known, None), name=name)
                for index, item in enumerate(value):
                    if check is not None:
                        datatypes.primitive(self, item, known, (place, known, index))
                    else:
                        self.item(item, known, (place, known, index), plan, prop)
            elif check is None:
                self.item(value, known, (place, known, None), plan, prop)
            elif known.extended or check(value) is not None:
                datatypes.primitive(self, value, known, (place, known, None))
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

    def item(self, value: Any, known: Prop, place: Place, plan: Plan, host: Prop | None = None) -> None:
        """One value of a complex type, or a resource."""
        if value.__class__ is not dict:
            if value is None:
                self.report("json.null-item", place)
            else:
                self.report("json.object-expected", place, type=known.type)
            return
        if known.resource:
            resources.inner(self, value, known, place)
            return
        if known.type == "Extension":
            extensions.extension(self, value, known, place, plan, host)
            return
        below = known.plan
        if known.profiles and value:
            for url in known.profiles:  # in R4 core, one: SimpleQuantity, MoneyQuantity…
                profile = self.profiles.get(url)
                if profile is not None:
                    conformity.met(self, value, below, profile, place, known)
        self.visit(value, below, place, known)
        if known.binding is not None:
            datatypes.bound(self, value, known, place)
        special = datatypes.COMPLEX.get(below.name)
        if special is not None:
            special(self, value, known, place)
        if known.invariants:
            invariants.of_prop(self, value, known, place)

    def _primitives(self, values: list[Any], extras: Any, known: Prop, place: Place) -> None:
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

    # ------------------------------------------------------------ what is no plain property

    def _odd(self, name: str, value: Any, node: dict[str, Any], plan: Plan, place: Place) -> bool:
        """A `_name`, the resourceType, or a property that does not exist. True when it counts for nothing."""
        if name == "resourceType":
            if plan.kind == "resource":
                return False
        elif name.startswith("_"):
            known = plan.props.get(name[1:])
            if known is not None and known.check is not None:
                self._extras(value, node.get(known.name), known, place)
                return False
        close = _nearest(name, plan)
        choice = plan.elements.get(name)
        rule = "property.choice" if choice and name not in plan.props else "property.unknown"
        allowed = ", ".join(p.name for p in choice[:8]) if choice else ""
        self.report(rule, place, plan.url, name=name[:64], type=plan.name, near=close, allowed=allowed)
        return False

    def _extras(self, value: Any, values: Any, known: Prop, place: Place) -> None:
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
                    self.visit(item, known.plan, (place, known, index), known, _at(values, index) is not None)
        elif type(value) is not dict:
            self.report("json.object-expected", (place, known, None), type="Element")
        else:
            self.visit(value, known.plan, (place, known, None), known, values is not None)


def _at(values: Any, index: int) -> Any:
    return values[index] if type(values) is list and index < len(values) else None


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
