"""How a slice recognises its values: value, pattern, exists, type and profile discriminators (R4 §5.1.0.14)."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir.fhirpath.compiler import compiled
from dui_conformance.fhir.fhirpath.syntax import SyntaxProblem
from dui_conformance.fhir.overlay import Constraint, Slicing
from dui_conformance.fhir.values import matcher

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_STEP = re.compile(r"(?P<call>\w+)\((?P<argument>[^)]*)\)|(?P<name>[\w$]+)(?:\[x\])?")


class Pattern:
    """A pattern, and what tells whether a value meets it."""

    __slots__ = ("test", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.test = matcher(value)


@dataclass(slots=True)
class Test:
    """One discriminator of one slice."""

    kind: str
    path: str
    run: Any
    wanted: list[tuple[str, Any]]  # (fixed | pattern | binding | types | profile | present, what)
    steps: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by type of the value: see `_plain`


def _walked(walk: "Walk", con: Constraint, path: str) -> tuple[list[Constraint], list[tuple[str, Any]]]:
    """The constraints of a slice at the end of a discriminator path, and the values that patterns above give."""
    nodes: list[Constraint] = [con]
    rest: list[tuple[str, Any]] = []  # (fixed | pattern, value) that a pattern further up leaves here
    for match in _STEP.finditer(path):
        if match["name"] == "$this":
            continue
        nodes = [*nodes, *_of_profiles(walk, nodes)]
        following: list[Constraint] = []
        left: list[tuple[str, Any]] = []
        if match["name"]:
            name = match["name"]
            for node in nodes:
                for kind, held in (("fixed", node.fixed), ("pattern", node.pattern)):
                    left += _below(kind, held, name)
                child = node.children.get(name)
                if child is not None:
                    following.append(child)
                    following += [s for s in child.slices.values() if s.min or len(child.slices) == 1]
            for kind, held in rest:
                left += _below(kind, held, name)
        elif match["call"] == "resolve":
            for node in nodes:
                rule = (node.types or {}).get("Reference")
                for url in rule.targets if rule and len(rule.targets) == 1 else ():
                    profile = walk.profiles.get(url)
                    if profile is not None:
                        following.append(profile.root)
        elif match["call"] == "ofType":
            following, left = nodes, rest
        elif match["call"] == "extension":
            url = match["argument"].strip("'\" ")
            for node in nodes:
                child = node.children.get("extension")
                for one in child.slices.values() if child else ():
                    rule = (one.types or {}).get("Extension")
                    if (rule and url in rule.profiles) or one.slice == url:
                        following.append(one)
        nodes, rest = following, left
    return [*nodes, *_of_profiles(walk, nodes)], rest


def _below(kind: str, held: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(held, dict) and name in held:
        value = held[name]
        return [(kind, v) for v in value] if isinstance(value, list) else [(kind, value)]
    return []


def _of_profiles(walk: "Walk", nodes: list[Constraint]) -> list[Constraint]:
    out = []
    for node in nodes:
        for code, rule in (node.types or {}).items():
            if len(rule.profiles) == 1 and code != "Reference" and len(node.types or ()) == 1:
                profile = walk.profiles.get(rule.profiles[0])
                if profile is not None:
                    out.append(profile.root)
    return out


def tests_of(walk: "Walk", one: Constraint, slicing: Slicing) -> list[Test]:
    """How a slice recognises its values, one test for each discriminator."""
    tests = []
    for kind, path in slicing.discriminators:
        try:
            run = compiled(path.replace("[x]", ""))
        except SyntaxProblem:
            run = None
        nodes, rest = _walked(walk, one, path)
        wanted: list[tuple[str, Any]] = []
        if kind in ("value", "pattern"):
            wanted += rest
            for node in nodes:
                if node.fixed is not None:
                    wanted.append(("fixed", node.fixed))
                if node.pattern is not None:
                    wanted.append(("pattern", node.pattern))
                if node.binding is not None and node.binding.strength == "required" and node.binding.value_set:
                    wanted.append(("binding", node.binding.value_set))
            if not wanted:
                inner = _inner(nodes)
                if inner is not None:
                    wanted.append(("pattern", inner))
            if not wanted and path != "$this":
                if any(n.max == 0 for n in nodes):
                    wanted.append(("present", False))
                elif any(n.min for n in nodes):
                    wanted.append(("present", True))
            if not wanted and path == "url" and one.types:  # an extension whose definition is not held
                rule = one.types.get("Extension")
                if rule and rule.profiles:
                    wanted.append(("fixed", rule.profiles[0].partition("|")[0]))
        elif kind == "exists":
            wanted.append(("present", not any(n.max == 0 for n in nodes)))
        elif kind == "type":
            for node in nodes:
                if node.types:
                    wanted.append(("types", tuple(node.types)))
                    break
                if node.plan is not None and node.plan.kind == "resource" and not node.plan.abstract:
                    wanted.append(("types", (node.plan.name,)))
                    break
            if not wanted and path.endswith("resolve()"):
                wanted += _target_types(walk, one, path)
        elif kind == "profile":
            wanted += _profiles(walk, one, path, nodes)
        held = [(k, Pattern(what) if k == "pattern" else what) for k, what in wanted]
        tests.append(Test(kind, path, run, held))
    return tests


def _inner(nodes: list[Constraint]) -> Any:
    """Fixed values standing below the discriminator's element, put together as one pattern."""

    def gather(node: Constraint, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, child in node.children.items():
            held = child.fixed if child.fixed is not None else child.pattern
            if held is None and depth < 4:
                held = gather(child, depth + 1) or None
                for one in child.slices.values():
                    if held is None and one.min:
                        held = gather(one, depth + 1) or None
            if held is not None and child.max != 0:
                out[name] = held
        return out

    merged: dict[str, Any] = {}
    for node in nodes:
        merged.update(gather(node, 0))
    return merged or None


def _target_types(walk: "Walk", one: Constraint, path: str) -> list[tuple[str, Any]]:
    nodes, _ = _walked(walk, one, path[: -len("resolve()")].rstrip(".") or "$this")
    for node in nodes:
        rule = (node.types or {}).get("Reference")
        if rule and rule.targets:
            names = []
            for url in rule.targets:
                profile = walk.profiles.get(url)
                names.append(profile.type if profile else url.rsplit("/", 1)[-1])
            return [("types", tuple(names))]
    return []


def _profiles(walk: "Walk", one: Constraint, path: str, nodes: list[Constraint]) -> list[tuple[str, Any]]:
    if path.endswith("resolve()"):
        nodes, _ = _walked(walk, one, path[: -len("resolve()")].rstrip(".") or "$this")
        for node in nodes:
            rule = (node.types or {}).get("Reference")
            if rule and rule.targets:
                return [("profile", rule.targets)]
        return []
    for node in nodes:
        urls = tuple(url for rule in (node.types or {}).values() for url in rule.profiles)
        if urls:
            return [("profile", urls)]
    for node in nodes:
        if node.types:
            return [("types", tuple(node.types))]
    return []


def kinds_of(walk: "Walk", tests: list[Test]) -> frozenset[str] | None:
    """The resource types that a slice by profile admits; None when another discriminator is used."""
    names: set[str] = set()
    for test in tests:
        if test.path != "resource" or test.kind not in ("profile", "type") or len(test.wanted) != 1:
            return None
        kind, what = test.wanted[0]
        for one in what:
            profile = walk.profiles.get(one) if kind == "profile" else None
            if kind == "profile" and profile is None:
                return None
            names.add(profile.type if profile is not None else one)
    return frozenset(names) or None
