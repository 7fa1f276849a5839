"""Rules of a whole resource: claimed profiles, contained resources, meta, and what is told at its end."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import bundles, questionnaires
from dui_conformance.fhir.overlay import Profile
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan, Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_DOM = "http://hl7.org/fhir/StructureDefinition/DomainResource"
_CORE = "http://hl7.org/fhir/StructureDefinition/"
_IN_TEXT = re.compile(r"""["'](#[^"']+)["']""")
# LOINC codes that bring a vital sign under its profile (R4, Vital Signs, "magic" codes table)
_VITAL_SIGNS = {
    "85353-1": "vitalspanel", "9279-1": "resprate", "8867-4": "heartrate", "2708-6": "oxygensat",
    "8310-5": "bodytemp", "8302-2": "bodyheight", "9843-4": "headcircum", "29463-7": "bodyweight",
    "39156-5": "bmi", "85354-9": "bp",
}  # fmt: skip


def claimed(
    walk: "Walk", node: dict[str, Any], plan: Plan, place: Place, asked: tuple[Profile, ...]
) -> tuple[Profile, ...]:  # fmt: skip
    """The profiles of a resource: those given, and those that it claims."""
    out = list(asked)
    lineage = walk.types.lineage(plan.name)
    for canonical, wanted in walk.of_their_type.items():
        if wanted.type in lineage and walk.scope.container is None:
            walk.applied.add(canonical)
            if wanted not in out:
                told(walk, wanted, place)
                out.append(wanted)
    meta = node.get("meta")
    claims = meta.get("profile") if isinstance(meta, dict) else None
    claims = [c for c in claims if isinstance(c, str)] if isinstance(claims, list) else []
    claims += [url for url in walk.validator.definitions.globals.get(plan.name, ()) if url not in claims]
    if plan.name == "Observation" and node.get("status") != "entered-in-error":
        claims += [_CORE + name for name in _vital_signs(node) if _CORE + name not in claims]
    for claim in claims:
        profile = walk.profiles.get(claim)
        if profile is None:
            walk.not_checked("profile", claim, place, "profile-unknown")
        elif profile.type not in lineage:
            walk.report("profile.wrong-type", place, profile.url, claim=claim, type=profile.type, found=plan.name)
        elif profile not in out:
            told(walk, profile, place)
            out.append(profile)
    return tuple(out)


def told(walk: "Walk", profile: Profile, place: Place) -> None:
    """List what of a profile cannot be checked, whatever the resource."""
    for problem in profile.problems:
        walk.not_checked("profile", problem, place, "profile-base-unknown")
    for element in profile.astray:
        walk.not_checked("profile", f"{profile.url} {element}", place, "profile-element-unknown")


def _vital_signs(node: dict[str, Any]) -> Iterator[str]:
    code = node.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and coding.get("system") == "http://loinc.org":
            name = _VITAL_SIGNS.get(coding.get("code") if isinstance(coding.get("code"), str) else "")  # type: ignore[arg-type]
            if name:
                yield name


def inner(walk: "Walk", value: dict[str, Any], prop: Prop, place: Place) -> None:
    """A resource inside another one: contained, in an entry, in a parameter."""
    scope = walk.scope
    if prop.name == "contained":
        if walk.options.contained == "ignore":
            return
        if scope.container is not None:
            walk.report("contained.nested", place, _DOM, "DomainResource.contained")
        if "id" not in value:
            walk.report("contained.no-id", place, _DOM, "DomainResource.contained")
        meta = value.get("meta")
        if isinstance(meta, dict):
            for name, rule in (("versionId", "contained.version"), ("lastUpdated", "contained.version"),
                             ("security", "contained.security")):  # fmt: skip
                if name in meta:
                    walk.report(rule, place, _DOM, "DomainResource.contained", name=name)
    walk.resource(value, place, scope=walk.scope_of(value, prop, place))


def after(walk: "Walk", node: dict[str, Any], plan: Plan, place: Place) -> None:
    """What can be said of a resource once its parts are known."""
    if "contained" in node:
        _contained(walk, node, place)
    if (
        walk.options.best_practice
        and "DomainResource" in walk.types.lineage(plan.name)
        and walk.scope.container is None
    ):
        text = node.get("text")
        if not (isinstance(text, dict) and text.get("div")):
            walk.report("narrative.absent", place, _DOM, plan.name)
    if walk.options.no_experimental and node.get("experimental") is True:
        walk.report("resource.experimental", place)
    if plan.name == "Bundle":
        bundles.bundle(walk, node, place)
    elif plan.name == "QuestionnaireResponse":
        questionnaires.response(walk, node, place)


def _contained(walk: "Walk", node: dict[str, Any], place: Place) -> None:
    """dom-3: a contained resource is referred to, or refers to its container."""
    contained = node["contained"]
    if not isinstance(contained, list) or walk.options.contained == "ignore" or walk.scope.container is not None:
        return
    inside = [set(local_references(c)) for c in contained]
    above = set(local_references({k: v for k, v in node.items() if k != "contained"}))
    everywhere = above.union(*inside) if inside else above
    prop = walk.scope.plan.props.get("contained")
    if prop is None:
        return
    for index, resource in enumerate(contained):
        if not isinstance(resource, dict):
            continue
        own = resource.get("id")
        if f"#{own}" not in everywhere and "#" not in inside[index]:
            walk.report(
                "contained.unreferenced", (place, prop, index), _DOM, "DomainResource.contained", name=str(own)[:80]
            )


def local_references(tree: Any) -> Iterator[str]:
    """Every text that could refer to a contained resource."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            stack += [v for k, v in node.items() if k != "div"]
            if isinstance(node.get("div"), str):  # an image or a link of the narrative
                yield from _IN_TEXT.findall(node["div"])
        elif isinstance(node, list):
            stack += node
        elif isinstance(node, str) and node.startswith("#"):
            yield node
