"""The base types compiled once: what each JSON property may be, ready for the walk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dui_conformance.fhir.definitions import CORE, Definitions, Resource
from dui_conformance.fhir.primitives import CHECKS, Check

# Each resource repeats these; the walk decides them itself, once (R4 DomainResource and Reference).
_NATIVE = frozenset({"ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "ref-1", "txt-1", "txt-2"})


@dataclass(frozen=True, slots=True)
class Invariant:
    """One constraint: `severity` is error, warning or bestPractice."""

    key: str
    severity: str
    expression: str
    profile: str
    element: str


@dataclass(frozen=True, slots=True)
class Binding:
    strength: str
    value_set: str
    additional: tuple[tuple[str, str], ...] = ()  # (purpose, value set)


class Prop:
    """One JSON property of a type: `valueString` and `valueCode` are two, of one element `value`."""

    __slots__ = (
        "binding",
        "check",
        "choice",
        "codes",
        "compiled",
        "element",
        "extended",
        "fixed",
        "id",
        "invariants",
        "is_list",
        "max",
        "max_length",
        "maximum",
        "min",
        "minimum",
        "name",
        "owner",
        "plan_",
        "profiles",
        "resource",
        "targets",
        "type",
        "types",
        "variant",
    )  # fmt: skip

    def __init__(self, owner: "Types", name: str, element: str, type_code: str, data: Resource) -> None:
        self.owner = owner
        self.name = name
        self.element = element
        self.type = type_code
        self.choice = name != element
        self.id: str = data.get("id") or data["path"]
        self.min: int = data.get("min", 0)
        self.max: float = float("inf") if data.get("max") == "*" else int(data.get("max", 1))
        self.is_list = self.max > 1
        types = {t.get("code"): t for t in data.get("type", ())}
        self.types = tuple(str(t) for t in types)
        chosen = types.get(type_code) or {}
        self.profiles: tuple[str, ...] = tuple(chosen.get("profile", ()))
        self.targets: tuple[str, ...] = tuple(chosen.get("targetProfile", ()))
        self.check: Check | None = CHECKS.get(type_code)
        self.invariants: tuple[Invariant, ...] = ()
        self.compiled: tuple[Any, ...] | None = None  # the invariants, once compiled
        self.resource = type_code in ("Resource", "DomainResource")
        binding = data.get("binding") or {}
        self.binding = Binding(binding["strength"], binding["valueSet"]) if binding.get("valueSet") else None
        self.fixed = next((v for k, v in data.items() if k.startswith("fixed")), None)
        self.minimum = next((v for k, v in data.items() if k.startswith("minValue")), None)
        self.maximum = next((v for k, v in data.items() if k.startswith("maxValue")), None)
        self.max_length: int | None = data.get("maxLength")
        self.plan_: Plan | None = None
        self.codes: frozenset[str] | None = None  # of a code: all its binding allows, when that is enumerable
        # More than its JSON form is asked of a primitive: the fast way is closed to it.
        self.extended = bool(
            self.binding or self.fixed is not None or self.minimum is not None or self.maximum is not None
            or self.max_length or type_code in owner.watched
        )  # fmt: skip

    @property
    def plan(self) -> "Plan":
        """The plan of the value; resolved on first use, so that loading a type stays cheap."""
        plan = self.plan_
        if plan is None:
            plan = self.plan_ = self.owner.type(self.type) or self.owner.unknown(self.type)
        return plan

    def plan_of(self, value: object) -> "Plan":
        """The plan of one value: that of its `resourceType` where any resource may stand."""
        if self.resource and isinstance(value, dict):
            name = value.get("resourceType")
            return (self.owner.type(name) if isinstance(name, str) and name.isalpha() else None) or self.plan
        return self.plan


@dataclass(slots=True, eq=False)
class Plan:
    """A type, or a backbone element of a type, compiled."""

    name: str  # HumanName, Patient, Patient.contact
    type: str  # the type to which `is` answers: BackboneElement for Patient.contact
    url: str
    kind: str  # primitive-type, complex-type, resource
    parent: str  # name of the type it specialises
    abstract: bool = False
    props: dict[str, Prop] = field(default_factory=dict, repr=False)
    # element name -> its properties: one, or one for each type of a choice
    elements: dict[str, tuple[Prop, ...]] = field(default_factory=dict, repr=False)
    # choice element -> its properties by the names they may be written under, `_` siblings too
    variants: dict[str, dict[str, Prop]] = field(default_factory=dict, repr=False)
    required: tuple[tuple[str, tuple[str, ...], Prop], ...] = ()
    choices: tuple[tuple[str, frozenset[str]], ...] = ()
    invariants: tuple[Invariant, ...] = ()
    compiled: tuple[Any, ...] | None = None  # the invariants, once compiled
    context: tuple[str, ...] = ()  # the names an extension's context may call this element by


class Types:
    """Every base type of the definitions, compiled on first use."""

    def __init__(self, definitions: Definitions, watched: frozenset[str] = frozenset({"xhtml", "canonical"})) -> None:
        self.definitions = definitions
        self.watched = watched  # primitive types whose values are looked at beyond their form
        self._plans: dict[str, Plan | None] = {}
        self._lineage: dict[str, tuple[str, ...]] = {}

    def type(self, name: str) -> Plan | None:
        """The plan of a type by its name, or None if there is no such type."""
        if name not in self._plans:
            self._plans[name] = None
            self._compile(name)
        return self._plans[name]

    def unknown(self, name: str) -> Plan:
        """An empty plan for a type that the definitions do not hold."""
        return Plan(name, name, CORE + name, "unknown", "")

    def lineage(self, name: str) -> tuple[str, ...]:
        """A type's name, then those it specialises, nearest first."""
        known = self._lineage.get(name)
        if known is None:
            names, current = [name], name
            while len(names) < 12:
                plan = self.type(current)
                if plan is None or not plan.parent:
                    break
                current = plan.parent
                names.append(current)
            known = self._lineage[name] = tuple(names)
        return known

    def is_resource(self, name: object) -> bool:
        """Whether this is the name of a concrete resource type."""
        if not isinstance(name, str) or not name.isalpha():
            return False
        plan = self.type(name)
        return plan is not None and plan.kind == "resource" and not plan.abstract

    def _compile(self, name: str) -> None:
        data = self.definitions.structure(name)
        if data is None or data.get("derivation") == "constraint" or "snapshot" not in data:
            return
        elements = data["snapshot"]
        if not elements or data.get("type") not in (name, None, data.get("url")):
            return
        root = elements[0]["path"]
        parent = str(data.get("baseDefinition", "")).rsplit("/", 1)[-1]
        self._plans[name] = Plan(
            name, name, data["url"], data.get("kind", ""), parent, bool(data.get("abstract")),
            invariants=_invariants(elements[0], data["url"]),
        )  # fmt: skip
        below: dict[str, list[Resource]] = {}
        for element in elements[1:]:
            if "sliceName" not in element and ":" not in element.get("id", ""):
                below.setdefault(element["path"].rpartition(".")[0], []).append(element)
        plans = {root: self._plans[name]}
        for path in below:
            if path != root:
                plans[path] = Plan(path, "BackboneElement", data["url"], "complex-type", "BackboneElement")
        for element in elements[1:]:
            backbone = plans.get(element["path"])
            if backbone is not None:
                backbone.type = backbone.parent = next(
                    (t.get("code", "") for t in element.get("type", ())), "BackboneElement"
                )
                backbone.invariants = _invariants(element, data["url"])
        for path, children in below.items():
            plan = plans[path]
            if plan is not None:
                self._fill(plan, children, plans)

    def _fill(self, plan: Plan, children: list[Resource], plans: Mapping[str, Plan | None]) -> None:
        required = []
        for element in children:
            path = element["path"]
            last = path.rpartition(".")[2]
            if plan.kind == "primitive-type" and last == "value":
                continue  # the value of a primitive is the JSON value itself
            props: list[Prop] = []
            if last.endswith("[x]"):
                stem = last[:-3]
                for data in element.get("type", ()):
                    code = data["code"]
                    props.append(Prop(self, stem + code[0].upper() + code[1:], stem, code, element))
            else:
                stem = last
                code = next((t.get("code") for t in element.get("type", ())), "Element")
                if plan.kind == "resource" and last == "id":
                    code = "id"  # 4.0.1 writes string here; its own text says id (R4 §2.27, Resource.id)
                prop = Prop(self, stem, stem, code, element)
                reference = element.get("contentReference")
                if reference:
                    prop.plan_ = plans.get(reference.partition("#")[2])
                    prop.type = prop.plan_.type if prop.plan_ else "BackboneElement"
                elif path in plans:
                    prop.plan_ = plans[path]
                props.append(prop)
            for prop in props:
                if prop.plan_ is None or prop.plan_.invariants is None:
                    prop.invariants = _invariants(element, plan.url)
                plan.props[prop.name] = prop
            plan.elements[stem] = tuple(props)
            if len(props) > 1:
                plan.variants[stem] = {p.name: p for p in props} | {
                    f"_{p.name}": p for p in props if p.check is not None
                }
            if element.get("min", 0) and props:
                required.append((stem, tuple(p.name for p in props), props[0]))
        plan.required = tuple(required)
        plan.choices = tuple(
            (stem, frozenset(p.name for p in props)) for stem, props in plan.elements.items() if len(props) > 1
        )


def _invariants(element: Resource, url: str) -> tuple[Invariant, ...]:
    return tuple(
        Invariant(c["key"], c.get("severity", "error"), c["expression"], url, element.get("id") or element["path"])
        for c in element.get("constraint", ())
        if c.get("expression") and c["key"] not in _NATIVE
    )
