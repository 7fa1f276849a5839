"""Profiles compiled: only what a profile adds to its base type, merged along its chain of parents.

A profile is a tree of `Constraint`, sparse: an element it does not touch is not there. The base type is
checked once by the walk; laying the tree over it gives what the snapshot would, without making one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dui_conformance.fhir.definitions import Definitions, Resource, without_version
from dui_conformance.fhir.schema import _NATIVE, Binding, Invariant, Plan, Types

_MAX_CHAIN = 20
UNBOUNDED = float("inf")


@dataclass(slots=True)
class TypeRule:
    """One allowed type, with the profiles it must meet (any one of them) and what a reference may point at."""

    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    aggregation: tuple[str, ...] = ()


@dataclass(slots=True)
class Slicing:
    discriminators: tuple[tuple[str, str], ...]  # (type, path)
    rules: str = "open"  # open, closed, openAtEnd
    ordered: bool = False
    profile: str = ""


@dataclass(slots=True, eq=False)
class Constraint:
    """What profiles ask of one element or slice. Each facet carries, in `by`, the profile that asked it."""

    profile: str
    id: str
    plan: Plan | None = None  # the base type of the value, where it is certain
    slice: str = ""
    min: int = 0
    max: float = UNBOUNDED
    types: dict[str, TypeRule] | None = None
    fixed: Any = None
    pattern: Any = None
    minimum: Any = None
    maximum: Any = None
    max_length: int | None = None
    binding: Binding | None = None
    invariants: list[Invariant] = field(default_factory=list)
    children: dict[str, "Constraint"] = field(default_factory=dict)
    slicing: Slicing | None = None
    slices: dict[str, "Constraint"] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)
    heavy: bool | None = None  # whether anything is asked of the value itself (see `asks`)
    tests: Any = None  # how to recognise the slice, once compiled
    matches: Any = None  # the pattern, once compiled
    laid: Any = None  # the children, with the properties of the type they were last laid over
    group: Any = None  # how to share values among the slices, once compiled
    compiled: tuple[Any, ...] | None = None  # the invariants, once compiled

    def copy(self) -> "Constraint":
        out = Constraint(
            self.profile, self.id, self.plan, self.slice, self.min, self.max, self.types, self.fixed, self.pattern,
            self.minimum, self.maximum, self.max_length, self.binding, list(self.invariants),
            {k: c.copy() for k, c in self.children.items()}, self.slicing,
            {k: c.copy() for k, c in self.slices.items()}, dict(self.by),
        )  # fmt: skip
        return out

    def asked_by(self, facet: str) -> str:
        return self.by.get(facet, self.profile)

    @property
    def asks(self) -> bool:
        """Whether the value itself, beside its children, has something to meet."""
        if self.heavy is None:
            self.heavy = bool(
                self.types is not None or self.fixed is not None or self.pattern is not None
                or self.minimum is not None or self.maximum is not None or self.max_length
                or self.binding or self.invariants
            )  # fmt: skip
        return self.heavy


@dataclass(slots=True, eq=False)
class Profile:
    """A compiled profile. `problems` are the parents that are not held, `astray` the elements that its type has not."""

    url: str
    version: str
    type: str
    root: Constraint
    contexts: tuple[tuple[str, str], ...] = ()
    context_invariants: tuple[str, ...] = ()
    modifier: bool = False
    abstract: bool = False
    problems: tuple[str, ...] = ()
    astray: tuple[str, ...] = ()


class Profiles:
    """Every profile of the definitions, compiled on first use."""

    def __init__(self, definitions: Definitions, types: Types) -> None:
        self.definitions = definitions
        self.types = types
        self._known: dict[str, Profile | None] = {}

    def get(self, canonical: str) -> Profile | None:
        """A profile (or a base type, as a profile that asks nothing); None when it is not held."""
        url = without_version(canonical)
        if url not in self._known:
            self._known[url] = self._compile(url, 0)
        return self._known[url]

    def _compile(self, url: str, depth: int) -> Profile | None:
        if url in self._known:
            return self._known[url]
        data = self.definitions.structure(url)
        if data is None or depth > _MAX_CHAIN:
            return None
        name = str(data.get("type", ""))
        contexts = tuple((c.get("type", ""), c.get("expression", "")) for c in data.get("context", ()))
        version = str(data.get("version", ""))
        if data.get("derivation") != "constraint":
            name = url.rsplit("/", 1)[-1] if data.get("kind") == "logical" else name
            plan = self.types.type(name)
            return Profile(
                url, version, name, Constraint(url, name, plan), contexts, abstract=bool(data.get("abstract"))
            )
        problems: list[str] = []
        base_url = without_version(str(data.get("baseDefinition", "")))
        base = self._compile(base_url, depth + 1) if base_url else None
        plan = self.types.type(name)
        elements: list[Resource] = data.get("differential") or []
        if base is None:
            problems.append(base_url)
            root = Constraint(url, name, plan)
            elements = data.get("snapshot") or elements
        else:
            root = base.root.copy()
            problems += base.problems
            elements = elements or data.get("snapshot") or []
        root.profile = url
        builder = _Builder(self.types, url, root)
        modifier = base.modifier if base else False
        for element in elements:
            builder.apply(element)
            if element.get("isModifier") and "." not in element.get("path", "."):
                modifier = True
        return Profile(
            url, version, name, root, contexts or (base.contexts if base else ()),
            tuple(str(c) for c in data.get("contextInvariant", ())), modifier, bool(data.get("abstract")),
            tuple(problems), (*(base.astray if base else ()), *builder.astray),
        )  # fmt: skip


class _Builder:
    """Lays the elements of one differential over a tree of constraints."""

    def __init__(self, types: Types, url: str, root: Constraint) -> None:
        self.types = types
        self.url = url
        self.root = root
        self.astray: list[str] = []
        self._open: dict[str, str] = {}  # path -> slice last opened there, for elements without ids

    def apply(self, element: Resource) -> None:
        path = element.get("path")
        if not isinstance(path, str) or path.count(".") > 40:
            return
        node = self.root
        trail = ""
        for name, slice_name in self._tokens(element, path):
            trail = f"{trail}.{name}"
            node = self._child(node, name)
            if slice_name:
                node = self._slice(node, name, slice_name)
        self._facets(node, element)

    def _tokens(self, element: Resource, path: str) -> Iterator[tuple[str, str]]:
        names = path.split(".")[1:]
        parts = str(element.get("id", "")).split(".")[1:]
        if len(parts) == len(names) and all(
            p.partition(":")[0] in (n, n + "[x]") or n.startswith(p.partition("[")[0])
            for p, n in zip(parts, names, strict=True)
        ):
            slices = [p.partition(":")[2] for p in parts]
            if names and element.get("sliceName") and not slices[-1]:
                slices[-1] = str(element["sliceName"])
            yield from zip([p.partition(":")[0] for p in parts], slices, strict=True)
            return
        full = ""
        for i, name in enumerate(names):
            full = f"{full}.{name}"
            last = i == len(names) - 1
            if last:
                slice_name = str(element.get("sliceName") or "")
                self._open = {k: v for k, v in self._open.items() if not k.startswith(full + ".")}
                self._open[full] = slice_name
            yield name, slice_name if last else self._open.get(full, "")

    def _child(self, node: Constraint, name: str) -> Constraint:
        """The constraint of a child element; `valueQuantity` is a slice of `value` by type."""
        stem = name.removesuffix("[x]")
        plan = node.plan
        prop = None
        if plan is not None and stem not in plan.elements:
            prop = plan.props.get(stem)
        if prop is not None and prop.choice:
            above = self._child(node, prop.element + "[x]")
            return self._slice(above, prop.element + "[x]", stem)
        child = node.children.get(stem)
        if child is None:
            props = plan.elements.get(stem, ()) if plan is not None else ()
            if not props and plan is not None and plan.elements:
                self.astray.append(f"{node.id}.{name}")
            below = props[0].plan if len(props) == 1 and not props[0].resource else None
            child = Constraint(self.url, f"{node.id}.{name}", below)
            node.children[stem] = child
        return child

    def _slice(self, node: Constraint, name: str, slice_name: str) -> Constraint:
        for part in slice_name.split("/"):  # a slice of a slice is written first/second
            found = node.slices.get(part)
            if found is None:
                found = Constraint(self.url, f"{node.id}:{part}", node.plan, part)
                stem = name.removesuffix("[x]")
                rest = part[len(stem) :]
                if name.endswith("[x]") and part.startswith(stem) and rest[:1].isupper():
                    code = rest if self.types.type(rest) else rest[0].lower() + rest[1:]
                    if self.types.type(code) and (node.plan is None or node.plan.name == code):
                        found.types = {code: TypeRule()}
                        found.plan = self.types.type(code)
                        if node.slicing is None:
                            node.slicing = Slicing((("type", "$this"),), "open", False, self.url)
                node.slices[part] = found
            node = found
        return node

    def _facets(self, node: Constraint, element: Resource) -> None:
        node.id = element.get("id") or node.id
        node.heavy = None
        by = node.by
        if isinstance(element.get("min"), int) and element["min"] != node.min:
            node.min, by["min"] = element["min"], self.url
        if "max" in element:
            most = (
                UNBOUNDED
                if element["max"] == "*"
                else int(element["max"])
                if str(element["max"]).isdigit()
                else UNBOUNDED
            )
            if most != node.max:
                node.max, by["max"] = most, self.url
        if element.get("type"):
            self._types(node, element["type"])
        for key, value in element.items():
            if key.startswith("fixed"):
                node.fixed, by["fixed"] = value, self.url
            elif key.startswith("pattern"):
                node.pattern, by["pattern"] = value, self.url
            elif key.startswith("minValue"):
                node.minimum, by["minimum"] = value, self.url
            elif key.startswith("maxValue"):
                node.maximum, by["maximum"] = value, self.url
        if isinstance(element.get("maxLength"), int):
            node.max_length, by["max_length"] = element["maxLength"], self.url
        binding = element.get("binding")
        if binding and (binding.get("valueSet") or binding.get("additional")):
            more = tuple((a.get("purpose", ""), a.get("valueSet", "")) for a in binding.get("additional", ()))
            node.binding = Binding(binding.get("strength", ""), binding.get("valueSet", ""), more)
            by["binding"] = self.url
        known = {i.key for i in node.invariants} | ({i.key for i in node.plan.invariants} if node.plan else set())
        for c in element.get("constraint", ()):
            if c.get("expression") and c.get("key") not in known and c.get("key") not in _NATIVE:
                node.invariants.append(
                    Invariant(c.get("key", "?"), c.get("severity", "error"), c["expression"], self.url, node.id)
                )
        slicing = element.get("slicing")
        if slicing:
            found = tuple((d.get("type", ""), d.get("path", "")) for d in slicing.get("discriminator", ()))
            if not found and node.slicing:
                found = node.slicing.discriminators
            node.slicing = Slicing(found, slicing.get("rules", "open"), bool(slicing.get("ordered")), self.url)

    def _types(self, node: Constraint, types: list[Resource]) -> None:
        rules: dict[str, TypeRule] = {}
        for data in types:
            code = str(data.get("code", ""))
            rule = rules.setdefault(code, TypeRule())
            rule.profiles += tuple(data.get("profile", ()))
            rule.targets += tuple(data.get("targetProfile", ()))
            rule.aggregation += tuple(data.get("aggregation", ()))
        node.types = rules
        node.by["types"] = self.url
        if len(rules) == 1:
            code = next(iter(rules))
            if code not in ("BackboneElement", "Element", "Resource", "DomainResource") or node.plan is None:
                node.plan = self.types.type(code) or node.plan


def slicing_of(node: Constraint, name: str) -> Slicing | None:
    """The slicing of an element; where slices are given without one, what the element's nature implies."""
    if node.slicing is not None and node.slicing.discriminators:
        return node.slicing
    rules = node.slicing.rules if node.slicing else "open"
    if name in ("extension", "modifierExtension"):
        return Slicing((("value", "url"),), rules, False, node.profile)
    if node.slices and all(s.types for s in node.slices.values()) and node.plan is None:
        return Slicing((("type", "$this"),), rules, False, node.profile)
    return node.slicing


__all__ = ["UNBOUNDED", "Constraint", "Profile", "Profiles", "Slicing", "TypeRule", "slicing_of"]
