"""References: their form, what they may point at, and whether that is there (R4 §2.3)."""

import re
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import conformity
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan, Prop
from dui_conformance.fhir.scope import Scope

if TYPE_CHECKING:
    from dui_conformance.fhir.overlay import Profile
    from dui_conformance.fhir.walk import Walk

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_RELATIVE = re.compile(
    r"(?P<type>[A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?(#.*)?"
)
_REST = re.compile(
    r"(?P<base>https?://[^\s|?#]+?)/(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?(#.*)?"
)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


class Target:
    """What a reference leads to. `status`: contained, container, bundled, missing, ambiguous, external.

    `rank` is that of a contained resource.
    """

    __slots__ = ("entry", "node", "rank", "status", "type")

    def __init__(
        self, status: str, node: dict[str, Any] | None = None, kind: str = "", entry: Any = None, rank: int = 0
    ) -> None:
        self.status = status
        self.node = node
        self.type = kind
        self.entry = entry
        self.rank = rank


class Pending:
    """A reference whose target is to meet one of some profiles: looked at once all has been walked.

    So a chain of references is followed step by step, and a fault is told at its own place and at the references
    that lead straight to it.
    """

    __slots__ = ("element", "place", "profile", "profiles", "scope", "target")

    def __init__(
        self, target: Target, profiles: "list[Profile]", place: Place, profile: str, element: str, scope: Scope
    ) -> None:
        self.target = target
        self.profiles = profiles
        self.place = place
        self.profile = profile
        self.element = element
        self.scope = scope


def reference(walk: "Walk", value: dict[str, Any], prop: Prop, place: Place) -> None:
    """One Reference against its base element: syntax, resolution, target type."""
    text = value.get("reference")
    stated = value.get("type")
    target = None
    if isinstance(text, str) and text:
        if not _well_formed(walk, text, place, prop):
            return
        target = resolved(walk, text, walk.scope)
        if target.status == "missing":
            local = text.startswith("#")
            if local:
                walk.report("reference.contained-missing", place, _CORE + "Reference", prop.id, reference=text)
            elif text.startswith("urn:"):
                # a collection may be a part of something larger; what is exchanged as a whole may not
                kind = walk.scope.bundle.kind if walk.scope.bundle is not None else ""
                strict = kind in ("document", "message", "transaction", "batch")
                walk.report("reference.bundle-missing", place, _CORE + "Reference", prop.id,
                            "" if strict else "warning", reference=text)  # fmt: skip
        elif target.status == "ambiguous":
            walk.report("reference.ambiguous", place, _CORE + "Reference", prop.id, reference=text)
        elif target.status == "external":
            if walk.options.references == "exist" and _RELATIVE.fullmatch(text) and not _supported(walk, text):
                walk.report("reference.unresolved", place, _CORE + "Reference", prop.id, reference=text)
            walk.not_checked("reference", _kind(text), place, "reference-external")
        match = None if text.startswith("urn:") else _RELATIVE.fullmatch(text) or _REST.fullmatch(text)
        if match and target.node is not None and target.type and match["type"] != target.type:
            walk.report("reference.other-type", place, _CORE + "Reference", prop.id, reference=text, found=target.type)
        if isinstance(stated, str) and target.type and stated != target.type and ":" not in stated:
            walk.report("reference.type-differs", place, _CORE + "Reference", prop.id, stated=stated, found=target.type)
    if prop.targets:
        if target is None and not isinstance(stated, str):
            return
        _allowed(walk, target, stated, prop.targets, place, _CORE + prop.id.partition(".")[0], prop.id)


def _supported(walk: "Walk", text: str) -> bool:
    """Whether a resource is among those supplied beside the definitions, or those of the same Parameters."""
    match = _RELATIVE.fullmatch(text) or _REST.fullmatch(text)
    if match is None:
        return False
    wanted = (match["type"], match["id"])
    if any((r.get("resourceType"), r.get("id")) == wanted for r in walk.validator.definitions.supporting):
        return True
    outer = walk.scope
    while outer.outer is not None:
        outer = outer.outer
    stack: list[Any] = [outer.node.get("parameter")]
    while stack:
        for part in stack.pop() or ():
            if isinstance(part, dict):
                resource = part.get("resource")
                if isinstance(resource, dict) and (resource.get("resourceType"), resource.get("id")) == wanted:
                    return True
                if isinstance(part.get("part"), list):
                    stack.append(part["part"])
    return False


def _kind(text: str) -> str:
    match = _RELATIVE.fullmatch(text) or _REST.fullmatch(text)
    return match["type"] if match else text.partition(":")[0][:40]


def _well_formed(walk: "Walk", text: str, place: Place, prop: Prop) -> bool:
    if text.startswith("urn:"):
        return True
    match = _RELATIVE.fullmatch(text)
    if match is None and (text.startswith("#") or _ABSOLUTE.match(text)):
        return True
    relative = text.partition("?")[0]
    match = match or _RELATIVE.fullmatch(relative)
    if match and walk.types.is_resource(match["type"]):
        return True
    if "?" in text and walk.types.is_resource(relative):
        return True  # a conditional reference, in a transaction
    rule = "reference.type-unknown" if match else "reference.form"
    walk.report(rule, place, _CORE + "Reference", prop.id, reference=text[:200], type=match["type"] if match else "")
    return False


def resolved(walk: "Walk", text: str, scope: Scope) -> Target:
    """Where a reference leads, inside the resource and its bundle."""
    if text.startswith("#"):
        root = scope.root
        if text == "#":
            return Target("container", root.node, root.plan.name)
        held = root.contained
        if held is None:
            held = root.contained = {}
            listed = root.node.get("contained")
            for rank, resource in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(resource, dict) and isinstance(resource.get("id"), str):
                    held.setdefault(resource["id"], (resource, rank))
        if text[1:] in held:
            node, rank = held[text[1:]]
            return Target("contained", node, str(node.get("resourceType", "")), None, rank)
        if isinstance(root.node.get("id"), str) and text[1:] == root.node["id"] and scope.container is not None:
            return Target("container", root.node, root.plan.name)
        return Target("missing")
    if scope.bundle is not None:
        found = scope.bundle.find(text, scope.entry or (scope.container.entry if scope.container else None))
        if found.status != "external":
            return found
    match = _RELATIVE.fullmatch(text.partition("?")[0]) or _REST.fullmatch(text)
    kind = match["type"] if match and walk.types.is_resource(match["type"]) else ""
    return Target("external", None, kind)


def constrained(
    walk: "Walk", value: dict[str, Any], targets: tuple[str, ...], place: Place, profile: str, element: str,
    aggregation: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """What a profile allows a reference to point at: types, profiles, aggregation."""
    text = value.get("reference")
    target = resolved(walk, text, walk.scope) if isinstance(text, str) and text else None
    if aggregation and target is not None and target.status != "missing":
        mode = {"contained": "contained", "container": "contained", "bundled": "bundled"}.get(
            target.status, "referenced"
        )
        # what lies in the same bundle is also a reference (R4 ElementDefinition.type.aggregation)
        if mode not in aggregation and not (mode == "bundled" and "referenced" in aggregation):
            walk.report("reference.aggregation", place, profile, element, found=mode, allowed=", ".join(aggregation))
    _allowed(walk, target, value.get("type"), targets, place, profile, element)


def _allowed(
    walk: "Walk", target: Target | None, stated: Any, targets: tuple[str, ...], place: Place, profile: str, element: str
) -> None:  # fmt: skip
    kind = target.type if target is not None else ""
    if not kind and isinstance(stated, str):
        kind = stated.rsplit("/", 1)[-1]
    if not kind or not targets:
        return
    names = _target_names(walk, targets)
    if names is None:
        walk.not_checked("profile", next(t for t in targets if walk.profiles.get(t) is None), place, "profile-unknown")
        return
    lineage = walk.types.lineage(kind) if walk.types.is_resource(kind) else (kind,)
    if not any(n in names for n in lineage) and "Resource" not in names:
        # Of what is not at hand the type is only what the address says. The base type then warns, as it is a remark
        # on a text; what a profile asks is held to.
        vague = (target is None or target.status == "external") and profile.startswith(_CORE)
        walk.report(
            "reference.target-type", place, profile, element, "warning" if vague else "", found=kind,
            allowed=", ".join(dict.fromkeys(names)),
        )  # fmt: skip
        return
    if target is not None and target.node is not None:
        _later(walk, target, targets, lineage, place, profile, element)


def _target_names(walk: "Walk", targets: tuple[str, ...]) -> list[str] | None:
    """The resource types that target profiles stand for; None when one of them is not held."""
    if targets in walk.validator.target_names:
        return walk.validator.target_names[targets]
    names = walk.validator.target_names[targets] = _named(walk, targets)
    return names


def _named(walk: "Walk", targets: tuple[str, ...]) -> list[str] | None:
    names = []
    for url in targets:
        if url.startswith(_CORE) and walk.types.type(url[len(_CORE) :].partition("|")[0]) is not None:
            names.append(url[len(_CORE) :].partition("|")[0])
            continue
        profile = walk.profiles.get(url)
        if profile is None:
            return None
        names.append(profile.type)
    return names


def _later(
    walk: "Walk", target: Target, targets: tuple[str, ...], lineage: tuple[str, ...], place: Place, profile: str,
    element: str,
) -> None:  # fmt: skip
    """A resource that is at hand meets one of the target profiles of its type."""
    tried = []
    for url in targets:
        held = walk.profiles.get(url)
        if held is None or held.type not in lineage:
            continue
        if not held.root.children and not held.root.invariants:
            return  # the base type itself
        tried.append(held)
    if tried:
        waiting: list[Any] = walk.references if walk.collected is None else walk.collected.said
        waiting.append(Pending(target, tried, place, profile, element, walk.scope))


def settle(walk: "Walk") -> None:
    """Look at the targets of the references that wait."""
    while walk.references:
        waiting, walk.references = walk.references, []
        for pending in waiting:
            _settle(walk, pending)


def _settle(walk: "Walk", pending: Pending) -> None:
    target = pending.target
    plan = walk.types.type(target.type)
    if plan is None or target.node is None:
        return
    scope, results = None, []
    for held in pending.profiles:
        said = walk.verdicts.get((id(target.node), held.url))
        if said is None:
            scope = scope or _scope_of(pending, target.node, plan)
            said = conformity.verdict(walk, target.node, plan, held, scope.place, scope=scope, quick=False)
        if said is conformity.CLEAN:
            return
        problems = said.kept_out
        if not problems:
            return
        results.append((problems, held.url))
    best = min(results, key=lambda pair: len(pair[0]))
    walk.report(
        "reference.target-profile", pending.place, pending.profile, pending.element,
        allowed=", ".join(h.url for h in pending.profiles), near=best[1], why=best[0][0],
    )  # fmt: skip


def _scope_of(pending: Pending, node: dict[str, Any], plan: Plan) -> Scope:
    """What surrounds the target of a reference, and where it stands."""
    here, target = pending.scope, pending.target
    root = here.root
    if target.status == "contained":
        place: Place = (root.place, root.plan.props.get("contained", "contained"), target.rank)
        return Scope(node, plan, place, root, here.bundle, here.entry, outer=root)
    if target.status == "container" or target.entry is None or here.bundle is None:
        return Scope(node, plan, root.place, None, here.bundle, here.entry, outer=root.outer)
    bundle = here
    while bundle.outer is not None and bundle.node is not here.bundle.node:
        bundle = bundle.outer
    place = here.bundle.place_of(target.entry, bundle)
    return Scope(node, plan, place, None, here.bundle, target.entry, outer=bundle)


def canonical(walk: "Walk", value: str, prop: Prop, place: Place) -> None:
    """A canonical URL is absolute, unless it points inside the resource; and leads to the right type."""
    if value.startswith("#"):
        if resolved(walk, value, walk.scope).status == "missing":
            walk.report("reference.contained-missing", place, _CORE + "canonical", prop.id, reference=value)
        return
    if ":" not in value:
        walk.report("canonical.relative", place, _CORE + "canonical", prop.id, value=value[:200])
        return
    if prop.targets:
        names = {t.rsplit("/", 1)[-1] for t in prop.targets}
        for kind in ("ValueSet", "CodeSystem", "StructureDefinition"):
            if kind not in names and "Resource" not in names and walk.types.definitions.get(kind, value) is not None:
                if not any(n in ("ValueSet", "CodeSystem", "StructureDefinition") and
                           walk.types.definitions.get(n, value) is not None for n in names):  # fmt: skip
                    walk.report("canonical.type", place, _CORE + "canonical", prop.id, value=value, found=kind,
                                allowed=", ".join(sorted(names)))  # fmt: skip
                return


def as_node(walk: "Walk", target: Target) -> Node | None:
    plan = walk.types.type(target.type)
    return Node(target.node, plan) if plan is not None and target.node is not None else None
