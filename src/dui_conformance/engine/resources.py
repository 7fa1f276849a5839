"""FHIR subjects judged by the profile validator: one validation each, whose issues are shared out among the rules.

A rule takes issues by their ids (`check: {fhir: [cardinality.min, binding.*]}`) at its own level, of subjects that are
experimental or not as it is. The validator and the definitions are made when a first resource comes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dui_conformance.engine.guides import guides
from dui_conformance.rules.model import Level, Rule, Validated
from dui_conformance.subjects.model import Element, Location, Subject
from dui_conformance.text import Text, personal, unmark

if TYPE_CHECKING:
    from dui_conformance.fhir import Issue, Result, Validator
    from dui_conformance.rules.xpath import Constants

_LEVELS: Mapping[str, Level] = {"fatal": "error", "error": "error", "warning": "warning", "information": "info"}
_BASE = "http://hl7.org/fhir/StructureDefinition/"
UNAPPLIED = "fhir_profile_type"  # what is not checked: a profile asked for, where no resource is of its type


@dataclass(frozen=True, slots=True)
class Asked:
    """What resources are judged against beside what they claim: profiles by their canonicals, packages by their
    paths (with the digest of each, so that a validator is made anew when one changes)."""

    profiles: tuple[str, ...] = ()
    packages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One issue as rules take it: `id` is that of `fhir/messages.yaml`, or of a statement of a guide (`guide.…`)."""

    id: str
    level: Level
    location: Location
    message: Text
    experimental: bool = False  # what a ballot asks, or about a resource of a ballot
    statement: str = ""  # its English text alone, by which one made by several profiles is known


@dataclass(slots=True)
class Verdicts:
    """What the validation of a subject gave. `not_checked`: (kind, what) → how often."""

    experimental: bool
    issues: list[Told] = field(default_factory=list)
    not_checked: Counter[tuple[str, str]] = field(default_factory=Counter)


@lru_cache(maxsize=2)
def validator(packages: tuple[tuple[str, str], ...] = ()) -> "Validator":
    """The validator over the core, the shipped guides and packages, made once in each process."""
    from dui_conformance.fhir import Definitions, Validator

    definitions = Definitions.core().with_resources(guides()["resources"])
    if packages:
        definitions = definitions.with_package(*(Path(path) for path, _digest in packages))
    return Validator(definitions)


def judged(subject: Subject, asked: Asked, constants: "Constants") -> Verdicts:
    """Validate a subject against the profiles that its content selects, those it claims, and those asked for."""
    profiles, experimental = _selected(subject.view, constants)
    result = validator(asked.packages).validate(subject.data, profiles, of_their_type=asked.profiles)
    verdicts = Verdicts(experimental)
    verdicts.not_checked.update((UNAPPLIED, canonical) for canonical in result.unapplied)
    guided = (
        len(result.unapplied) < len(asked.profiles)
        or bool(profiles)
        or experimental
        or _claims_held(subject.view, asked)
    )
    said: set[tuple[str, str]] = set()  # statements of a guide, which several profiles of one resource may make
    for issue in _caused(result, subject.view):
        told = _told(issue, experimental=experimental)
        if _quiet(told.id, issue, guided=guided) or (issue.key and (issue.location.path, told.statement) in said):
            continue
        said.add((issue.location.path, told.statement))
        verdicts.issues.append(told)
    for item in result.not_checked:
        verdicts.not_checked[f"fhir_{item.kind.replace('-', '_')}", unmark(item.subject, lambda _: "…")] += item.count
    return verdicts


def takes(rule: Rule, issue: Told) -> bool:
    """Whether an issue is for this rule to tell."""
    check = rule.check
    if not isinstance(check, Validated) or rule.experimental != issue.experimental:
        return False
    level = issue.level
    if issue.experimental:  # nothing of a ballot is an error
        level = "warning" if level == "error" else "info"
    return rule.level == level and any(fnmatchcase(issue.id, pattern) for pattern in check.issues)


def _selected(view: Element | None, constants: "Constants") -> tuple[list[str], bool]:
    from dui_conformance.rules.xpath import Expression

    if view is None:
        return [], False
    for choice in guides()["selection"]:
        if Expression(choice["where"], "fhir", constants).holds(view):
            return list(choice["profiles"]), bool(choice.get("experimental", False))
    return [], False


@cache
def _ballots() -> tuple[str, ...]:
    """The canonicals of the guides that are on trial."""
    names = [choice["guide"] for choice in guides()["selection"] if choice.get("experimental")]
    return tuple(f"{guides()['guides'][name]['canonical']}/" for name in names)


def _claims_held(view: Element | None, asked: Asked) -> bool:
    if view is None:
        return False
    held = validator(asked.packages).profiles
    claims = view.xpath("f:meta/f:profile/@value", namespaces={"f": "http://hl7.org/fhir"})
    return any(held.get(str(claim)) is not None for claim in claims)  # type: ignore[union-attr]


def _told(issue: "Issue", *, experimental: bool) -> Told:
    """An issue with the text of the statement it breaks, who asked, and the fix."""
    name = issue.id.removeprefix("FHIR-").lower()
    family, _, rest = name.partition("-")
    identifier, level = f"{family}.{rest}", _LEVELS[issue.severity]
    message, fix = issue.message, issue.fix
    statement = guides()["statements"].get(issue.key) if issue.key else None
    if statement is not None:
        kind, separator, _ = issue.key.partition(" ")
        message, fix = Text(f"{statement['fr']}.", f"{statement['en']}."), Text("", "")
        if separator:
            identifier = kind
            level = "info" if kind == "guide.defect" else statement.get("level", level)
        else:
            message = Text(
                f"{statement['fr']} (contrainte {issue.key}).", f"{statement['en']} (constraint {issue.key})."
            )
    asked = ""
    if issue.profile and not issue.profile.startswith(_BASE):
        asked = f" [{issue.profile.rpartition('/')[2]}" + (f", {issue.element}]" if issue.element else "]")
    place = issue.location
    return Told(
        identifier,
        level,
        Location(place.line, place.column, place.path),
        Text(_shown(f"{message.fr} {fix.fr}".strip() + asked), _shown(f"{message.en} {fix.en}".strip() + asked)),
        experimental or issue.profile.startswith(_ballots()),
        message.en,
    )


# what the validator marks as a value of the resource and names nobody: addresses of systems, codes, numbers of entries
_HARMLESS = re.compile(
    r"(?:urn:oid:[\d.]{1,80}|urn:uuid:[0-9a-fA-F-]{36}|https?://[^\s@?]{1,200}|[a-z][a-z-]{1,30}|[A-Z]{1,12}-?\d{1,5}"
    r"|[A-Z][A-Za-z]{2,30}/[0-9a-f-]{36})(?:#[A-Za-z0-9._-]{1,40})?"
)


def _shown(text: str) -> str:
    """The text, its marks kept where the value could be that of a person."""
    return unmark(text, lambda value: value if _HARMLESS.fullmatch(value) else personal(value))


def _quiet(identifier: str, issue: "Issue", *, guided: bool) -> bool:
    """Whether an issue is no fault of who wrote the resource: a known defect of a guide, or a base binding that says
    which codes to prefer (`extensible`) where a guide has chosen others."""
    if [identifier, issue.profile] in guides()["quiet"]:
        return True
    return guided and identifier.startswith("binding.") and identifier.endswith("-extensible") and _is_base(issue)


def _is_base(issue: "Issue") -> bool:
    return issue.profile.startswith(_BASE)


_CHOICE = re.compile(r"(\w+)\.ofType\((\w+)\)")
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]")
_CONSEQUENCE = "FHIR-REFERENCE-TARGET-PROFILE"


def _caused(result: "Result", view: Element | None) -> Iterable["Issue"]:
    """The issues without those that are but consequences: a reference to an entry that breaks its own profile does not
    meet the profile it asks for; the entry says it once."""
    if view is None or not any(issue.id == _CONSEQUENCE for issue in result.issues):
        return result.issues
    broken = {_entry(i) for i in result.issues if i.is_error and i.id != _CONSEQUENCE}
    broken.discard(None)
    return [i for i in result.issues if i.id != _CONSEQUENCE or _target(view, i.location.path) not in broken]


def _entry(issue: "Issue") -> int | None:
    found = _ENTRY.match(issue.location.path)
    return int(found[1]) if found else None


def _target(view: Element, path: str) -> int | None:
    """The entry to which the reference at a FHIRPath leads."""
    node: Element | None = view
    for step in _CHOICE.sub(lambda found: found[1] + found[2][:1].upper() + found[2][1:], path).split(".")[1:]:
        name, _, index = step.rstrip("]").partition("[")
        if node is None:
            return None
        children = _entries(view) if node is view and name == "entry" else node.findall(f"{{*}}{name}")
        at = int(index) if index.isdigit() else 0
        node = children[at] if at < len(children) else None
        if node is not None and name in ("resource", "contained") and len(node):
            node = node[0]
    reference = None if node is None else node.find("{*}reference")
    wanted = "" if reference is None else reference.get("value", "")
    return _addresses(view).get(wanted) if wanted else None


@lru_cache(maxsize=1)
def _entries(view: Element) -> list[Element]:
    return view.findall("{*}entry")


@lru_cache(maxsize=1)
def _addresses(view: Element) -> dict[str, int]:
    """The entries of a Bundle by their fullUrl, and by Type/id."""
    out: dict[str, int] = {}
    for rank, entry in enumerate(_entries(view)):
        url, resource = entry.find("{*}fullUrl"), entry.find("{*}resource/*")
        if url is not None:
            out.setdefault(url.get("value", ""), rank)
        if resource is not None and (identity := resource.find("{*}id")) is not None:
            out.setdefault(f"{resource.tag.rpartition('}')[2]}/{identity.get('value', '')}", rank)
    return out
