"""How a slice recognises its values: value, pattern, exists, type and profile discriminators (R4 §5.1.0.14)."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import facets
from dui_conformance.fhir.fhirpath.compiler import compiled
from dui_conformance.fhir.fhirpath.engine import Failed, Undecided
from dui_conformance.fhir.fhirpath.syntax import SyntaxProblem
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.invariants import environment
from dui_conformance.fhir.overlay import Constraint, Slicing
from dui_conformance.fhir.terminology import codings

if TYPE_CHECKING:
    from dui_conformance.fhir.slices import Item
    from dui_conformance.fhir.walk import Walk

_STEP = re.compile(r"(?P<call>\w+)\((?P<argument>[^)]*)\)|(?P<name>[\w$]+)(?:\[x\])?")


@dataclass(slots=True)
class Test:
    """One discriminator of one slice."""

    kind: str
    path: str
    run: Any
    wanted: list[tuple[str, Any]]  # (fixed | pattern | binding | types | profile | present, what)


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


def _compiled(walk: "Walk", one: Constraint, slicing: Slicing) -> list[Test]:
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
        tests.append(Test(kind, path, run, wanted))
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


def matches(walk: "Walk", one: Constraint, slicing: Slicing, item: "Item") -> bool | None:
    """Whether a value belongs to a slice; None when that cannot be decided here."""
    if one.tests is None:
        one.tests = _compiled(walk, one, slicing)
        one.kinds = _kinds(walk, one.tests)
    if one.kinds is not None and isinstance(item.value, dict):
        resource = item.value.get("resource")
        name = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(name, str) or one.kinds.isdisjoint(walk.types.lineage(name)):
            return False  # most entries of a bundle are of another type: no profile is tried
    return _failing(walk, one, slicing, item)[0]


def _kinds(walk: "Walk", tests: list[Test]) -> frozenset[str] | None:
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


def _failing(walk: "Walk", one: Constraint, slicing: Slicing, item: "Item") -> tuple[bool | None, list[Any]]:
    if one.tests is None:
        one.tests = _compiled(walk, one, slicing)
    node = Node(
        item.value, item.prop.plan_of(item.value), item.prop, item.extra if isinstance(item.extra, dict) else None
    )
    answer: bool | None = True
    failures: list[Any] = []
    if not any(test.wanted and test.run is not None for test in one.tests):
        return None, []
    for test in one.tests:
        if not test.wanted or test.run is None:
            continue  # the slice says nothing there: the other discriminators decide
        met, why = _met(walk, test, node, item)
        if met is False:
            answer = False
            failures.append(why)
        elif met is None and answer:
            answer = None
    return answer, failures


def _met(walk: "Walk", test: Test, node: Node, item: "Item") -> tuple[bool | None, Any]:
    if test.path == "url" and isinstance(node.value, dict):
        found: list[Any] = [node.value.get("url")]
    elif test.path == "$this":
        found = [node]
    else:
        try:
            found = test.run(environment(walk), [node])
        except Undecided:
            return None, None
        except (Failed, RecursionError):
            return False, ("discriminator.failed", {"name": test.path})
    answer: bool | None = True
    for kind, what in test.wanted:
        if kind == "present":
            if bool(found) is not what:
                return False, ("discriminator.present" if what else "discriminator.absent", {"name": test.path})
            continue
        met = [_one(walk, kind, what, f, item) for f in found]
        if True in met:
            continue
        if None in met:
            answer = None
            continue
        value = found[0].value if found and found[0].__class__ is Node else (found[0] if found else None)
        if kind == "profile":
            return False, ("discriminator.profile", {"expected": what, "problems": _why(walk, what, found, item)})
        if not found:
            return False, ("discriminator.none", {"name": test.path, "expected": facets._told(what)})
        return False, (
            "discriminator.value",
            {"name": test.path, "expected": _wanted(kind, what), "value": _brief(value)},
        )
    return answer, None


def _wanted(kind: str, what: Any) -> str:
    return ", ".join(what) if kind == "types" else facets._told(what)


def _brief(value: Any) -> Any:
    return value.get("resourceType", "…") if isinstance(value, dict) else value


def _one(walk: "Walk", kind: str, what: Any, found: Any, item: "Item") -> bool | None:
    value = found.value if found.__class__ is Node else found
    if kind == "fixed":
        return facets.same(what, value)
    if kind == "pattern":
        return not facets.differences(what, value)
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
        return _profile(walk, what, found, item)
    return None


def _profile(walk: "Walk", urls: tuple[str, ...], found: Any, item: "Item") -> bool | None:
    if found.__class__ is not Node or found.value is None:
        return False
    answer: bool | None = False
    for url in urls:
        profile = walk.profiles.get(url)
        if profile is None:
            answer = None
            # its type, at least, may be told from a claim
            claims = (
                None
                if not isinstance(found.value, dict)
                else (
                    (found.value.get("meta") or {}).get("profile")
                    if isinstance(found.value.get("meta"), dict)
                    else None
                )
            )
            if isinstance(claims, list) and url in claims:
                return True
            continue
        if profile.type not in walk.types.lineage(found.type):
            continue
        if not walk.problems_with(found.value, found.plan, profile.url, profile.root, item.place):
            return True
    return answer


def _why(walk: "Walk", urls: tuple[str, ...], found: list[Any], item: "Item") -> list[Any]:
    """What kept the first value from the first profile of its own type."""
    for node in found:
        for url in urls:
            profile = walk.profiles.get(url)
            if profile is not None and node.__class__ is Node and profile.type in walk.types.lineage(node.type):
                return walk.problems_with(node.value, node.plan, profile.url, profile.root, item.place)
    return []


def nearest_item(
    walk: "Walk", one: Constraint, slicing: Slicing, items: list["Item"]
) -> tuple["Item | None", list[Any]]:
    """The value that comes closest to a slice nothing matched, and what kept it out."""
    best: tuple[int, Any, list[Any]] | None = None
    for item in items[:200]:
        _, failures = _failing(walk, one, slicing, item)
        if not failures:
            continue
        weight = sum(_weight(f) for f in failures) - 5 * (len(one.tests) - len(failures))
        if best is None or weight < best[0]:
            best = (weight, item, failures)
    if best is None or best[0] >= 50:
        return None, []
    return best[1], best[2]


def _weight(failure: Any) -> int:
    if failure[0] == "discriminator.profile":
        problems = failure[1]["problems"]
        return len(problems) if problems else 50  # of another type altogether: not a candidate
    return 3


def nearest_slice(walk: "Walk", child: Constraint, slicing: Slicing, item: "Item") -> tuple[str, list[Any]]:
    """The slice that a value comes closest to, and what keeps it out."""
    best: tuple[int, str, list[Any]] | None = None
    for key, one in child.slices.items():
        _, failures = _failing(walk, one, slicing, item)
        weight = sum(_weight(f) for f in failures)
        if failures and (best is None or weight < best[0]):
            best = (weight, key, failures)
    return ("", []) if best is None else (best[1], best[2])
