"""What a value that is of no slice comes closest to, and what keeps it out: for the messages."""

from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import discriminators
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.overlay import Constraint
from dui_conformance.fhir.recognition import FAILED, Group, found_at, holds, verdict_of
from dui_conformance.fhir.values import coded, told

if TYPE_CHECKING:
    from dui_conformance.fhir.slices import Item
    from dui_conformance.fhir.walk import Walk

_CANDIDATES = 200  # values looked at to tell which one comes closest to a slice


def of_slice(walk: "Walk", one: Constraint, items: list["Item"]) -> tuple["Item | None", list[Any]]:
    """The value that comes closest to a slice nothing matched, and what kept it out."""
    if walk.quick:
        return None, []  # nobody will read it
    kinds = discriminators.kinds_of(walk, one.tests)
    if kinds is not None:
        items = [item for item in items if not kinds.isdisjoint(_lineage(walk, item))]
    best: tuple[int, Any, list[Any]] | None = None
    for item in items[:_CANDIDATES]:
        failures = _failing(walk, one, item)
        if not failures:
            continue
        weight = sum(_weight(f) for f in failures) - 5 * (len(one.tests) - len(failures))
        if best is None or weight < best[0]:
            best = (weight, item, failures)
    if best is None or best[0] >= 50:
        return None, []
    return best[1], best[2]


def of_value(walk: "Walk", child: Constraint, item: "Item") -> tuple[str, list[Any]]:
    """The slice that a value comes closest to, and what keeps it out."""
    if walk.quick:
        return "", []
    return _nearest(walk, list(child.slices.items()), item)


def astray(walk: "Walk", group: Group, item: "Item") -> tuple[str, list[Any]]:
    """Of a resource that is of no slice though some are of its type: the nearest one, and what keeps it out.

    Nothing when it claims one of their profiles: what it breaks is then told for itself.
    """
    resource = item.value.get("resource") if group.by_type is not None and isinstance(item.value, dict) else None
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    if group.by_type is None or not isinstance(resource, dict) or not isinstance(name, str) or walk.quick:
        return "", []
    meta = resource.get("meta")
    claims = meta.get("profile") if isinstance(meta, dict) else None
    candidates = [pair for kind in walk.types.lineage(name) for pair in group.by_type.get(kind, ())]
    tests = [test for _, one in candidates for test in one.tests[0].wanted]
    wanted = {url for kind, what in tests if kind == "profile" for url in what}
    if not wanted or (isinstance(claims, list) and any(c in wanted for c in claims if isinstance(c, str))):
        return "", []
    return _nearest(walk, candidates, item)


def _nearest(walk: "Walk", slices: list[tuple[str, Constraint]], item: "Item") -> tuple[str, list[Any]]:
    best: tuple[int, str, list[Any]] | None = None
    for key, one in slices:
        failures = _failing(walk, one, item)
        weight = sum(_weight(f) for f in failures)
        if failures and (best is None or weight < best[0]):
            best = (weight, key, failures)
    return ("", []) if best is None else (best[1], best[2])


def _lineage(walk: "Walk", item: "Item") -> tuple[str, ...]:
    """The types of the resource that an entry carries."""
    resource = item.value.get("resource") if isinstance(item.value, dict) else None
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    return walk.types.lineage(name) if isinstance(name, str) and name.isalpha() else ()


def _weight(failure: Any) -> int:
    if failure[0] == "discriminator.profile":
        problems = failure[1]["problems"]
        return len(problems) if problems else 50  # of another type altogether: not a candidate
    return 3


def _failing(walk: "Walk", one: Constraint, item: "Item") -> list[Any]:
    """What keeps a value out of a slice: (message id, values)."""
    failures: list[Any] = []
    for test in one.tests:
        if not test.wanted or test.run is None:
            continue
        found = found_at(walk, test, item)
        if found is None:
            continue
        if found is FAILED:
            failures.append(("discriminator.failed", {"name": test.path}))
            continue
        for kind, what in test.wanted:
            if holds(walk, kind, what, found, item, test.path) is False:
                failures.append(_why(walk, kind, what, found, item, test.path))
                break
    return failures


def _why(walk: "Walk", kind: str, what: Any, found: list[Any], item: "Item", path: str) -> Any:
    if kind == "present":
        return ("discriminator.present" if what else "discriminator.absent", {"name": path})
    if kind == "profile":
        return ("discriminator.profile", {"expected": what, "problems": _problems(walk, what, found, item, path)})
    if not found:
        return ("discriminator.none", {"name": path, "expected": _wanted(kind, what)})
    value = found[0].value if found[0].__class__ is Node else found[0]
    return ("discriminator.value", {"name": path, "expected": _wanted(kind, what), "value": _brief(value)})


def _wanted(kind: str, what: Any) -> str:
    return ", ".join(what) if kind == "types" else told(what.value if kind == "pattern" else what)


def _brief(value: Any) -> Any:
    return coded(value) or value.get("resourceType", "…") if isinstance(value, dict) else value


def _problems(walk: "Walk", urls: tuple[str, ...], found: list[Any], item: "Item", path: str) -> list[Any]:
    """What kept the first value from the first profile of its own type."""
    for node in found:
        for url in urls:
            profile = walk.profiles.get(url)
            if profile is not None and node.__class__ is Node and profile.type in walk.types.lineage(node.type):
                return list(verdict_of(walk, profile, node, item, path, quick=False).kept_out)
    return []
