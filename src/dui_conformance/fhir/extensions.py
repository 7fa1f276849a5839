"""Extensions: shape, definition, context (R4 §2.5 and Extension)."""

from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import conformity, datatypes, resources
from dui_conformance.fhir.fhirpath.compiler import compiled
from dui_conformance.fhir.fhirpath.engine import Failed, Undecided
from dui_conformance.fhir.fhirpath.syntax import SyntaxProblem
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.overlay import Profile
from dui_conformance.fhir.places import Place, steps
from dui_conformance.fhir.schema import Plan, Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/Extension"


def extension(
    walk: "Walk", value: dict[str, Any], prop: Prop, place: Place, host: Plan, host_prop: Prop | None
) -> None:  # fmt: skip
    """One extension or modifierExtension on a host element."""
    url = value.get("url")
    has_value = any(k.startswith(("value", "_value")) for k in value)
    if ("extension" in value) == has_value and len(value) > ("id" in value):
        rule = "extension.both" if has_value else "extension.neither"
        walk.report(rule, place, _EXTENSION, "Extension", url=str(url)[:200])
    if isinstance(url, str) and url:
        _defined(walk, url, value, prop, place, host, host_prop)
    walk.visit(value, prop.plan, place, prop)


def _defined(
    walk: "Walk", url: str, value: dict[str, Any], prop: Prop, place: Place, host: Plan, host_prop: Prop | None
) -> None:  # fmt: skip
    if ":" not in url:
        # a part of a complex extension: the definition of that one says what it may be
        if host.name != "Extension":
            walk.report("extension.relative", place, _EXTENSION, "Extension.url", url=url[:200])
        return
    if datatypes.example_url(url) and not walk.options.example_urls:
        walk.report("url.example", (place, "url", None), value=url[:200])
    bare, _, version = url.partition("|")
    if version:
        walk.report("extension.versioned", place, _EXTENSION, "Extension.url", url=url[:200])
    profile = walk.profiles.get(bare)
    if profile is None or profile.type != "Extension" or profile.url == _EXTENSION:
        modifier = prop.name == "modifierExtension"
        allowed = any(bare.startswith(d) for d in walk.options.extension_domains) or (
            walk.options.example_urls and datatypes.example_url(bare)
        )
        if walk.options.unknown_extensions == "error" and not allowed:
            walk.report("extension.unknown", place, _EXTENSION, "Extension", url=bare[:200])
        elif modifier:
            walk.report("extension.modifier-unknown", place, _EXTENSION, "Extension", url=bare[:200])
        walk.not_checked("extension", bare[:300], place, "extension-unknown")
        return
    if profile.modifier and prop.name == "extension":
        walk.report("extension.is-modifier", place, profile.url, "Extension", url=bare)
    elif not profile.modifier and prop.name == "modifierExtension":
        walk.report("extension.not-modifier", place, profile.url, "Extension", url=bare)
    if profile.contexts and not _placed(walk, profile, place, host, host_prop):
        walk.report(
            "extension.context", place, profile.url, "Extension", url=bare,
            allowed=", ".join(e for _, e in profile.contexts[:12]), found=_where(walk, place, host, host_prop),
        )  # fmt: skip
    for rule in profile.context_invariants:
        if _by_path(walk, rule, place, value, host) is False:
            walk.report("extension.context-invariant", place, profile.url, "Extension", url=bare, expression=rule)
    resources.told(walk, profile, place)
    conformity.met(walk, value, prop.plan, profile, place, prop)


def names_of(walk: "Walk", host: Plan, prop: Prop | None) -> set[str]:
    """What a context may call the element that carries an extension."""
    names: set[str] = {host.name, *walk.types.lineage(host.type), "Element"}
    if prop is not None and not prop.resource:
        names.add(prop.id)
        names.add(prop.id.removesuffix("[x]"))
        names |= set(walk.types.lineage(prop.type))
        if prop.choice:
            stem = prop.id.rpartition(".")[0]
            names.add(f"{stem}.{prop.name}")
    return names


def _placed(walk: "Walk", profile: Profile, place: Place, host: Plan, prop: Prop | None) -> bool:
    names = names_of(walk, host, prop)
    undecided = False
    for kind, expression in profile.contexts:
        if kind == "extension":
            parent = _parent_extension(walk, place)
            if parent == expression or parent == expression.partition("#")[0]:
                return True
        elif kind == "fhirpath":
            answer = _by_path(walk, expression, place)
            if answer:
                return True
            undecided = undecided or answer is None
        else:
            if expression in names or expression in ("Element", "*"):
                return True
            if "." in expression and expression.replace("[x]", "") in _paths(walk, place):
                return True
            if expression in ("Resource", "DomainResource") and host.kind == "resource":
                return expression in walk.types.lineage(host.name)
            if expression == "CanonicalResource" and host.kind == "resource":
                return "url" in host.props
            if expression == "MetadataResource" and host.kind == "resource":
                return "url" in host.props
            if "://" in expression or ":" in expression:
                undecided = True  # an element of a profile, by its id
    return undecided


def _paths(walk: "Walk", place: Place) -> set[str]:
    """The paths of the host from each type on its way: Patient.contact.name, and so on."""
    scope = walk.scope
    trail: list[str] = []
    current = place[0] if place is not None else None
    out: set[str] = set()
    while current is not None and current is not scope.place:
        prop = current[1]
        if isinstance(prop, str):
            break
        trail.insert(0, prop.element)
        owner = prop.id.rsplit(".", 1)[0].split(".", 1)
        if len(owner) == 1:
            out.add(f"{owner[0]}.{'.'.join(trail)}")
        current = current[0]
    for name in walk.types.lineage(scope.plan.name):
        out.add(".".join([name, *trail]))
    return out


def _parent_extension(walk: "Walk", place: Place) -> str:
    """The url of the extension around this one."""
    node = _around(walk, place)
    if place is not None and not (isinstance(node, dict) and "url" in node):
        node = _around(walk, place[0])  # the extension lies on the value of another one
    return str(node.get("url", "")) if isinstance(node, dict) else ""


def _around(walk: "Walk", place: Place) -> Any:
    """The element that carries the extension at a place."""
    current = place[0] if place is not None else None
    if current is None:
        return walk.scope.node
    node: Any = walk.scope.node
    depth = len(steps(walk.scope.place))
    for prop, index in steps(current)[depth:]:
        name = prop if isinstance(prop, str) else prop.name
        if not isinstance(node, dict):
            return None
        below = node.get(name)
        if below is None or (isinstance(below, (str, int, bool)) and "_" + name in node):
            below = node.get("_" + name)
        node = below[index] if isinstance(below, list) and index is not None and index < len(below) else below
    return node


def _by_path(
    walk: "Walk", expression: str, place: Place, extension: dict[str, Any] | None = None, host: Plan | None = None
) -> bool | None:  # fmt: skip
    """What an expression says of the host of an extension; None when it cannot be told."""
    from dui_conformance.fhir.invariants import environment

    try:
        run = compiled(expression)
        env = environment(walk)
        focus = Node(walk.scope.node, walk.scope.plan)
        plan = walk.types.type("Extension")
        if extension is not None and plan is not None:
            env.variables = {"extension": [Node(extension, plan)]}
            around = _around(walk, place)
            if host is not None and isinstance(around, dict):
                focus = Node(around, host)
        found = run(env, [focus])
    except (SyntaxProblem, Failed, Undecided, RecursionError):
        return None
    return bool(found) and not (len(found) == 1 and found[0] is False)


def _where(walk: "Walk", place: Place, host: Plan, prop: Prop | None) -> str:
    return prop.id if prop is not None else host.name
