"""The implementation guides that ship in `profiles/fhir`: their tables compiled, and what their profiles cannot say.

`checks.yaml` (rules a guide states in text only) and `spec-defects.yaml` (what is wrong in a guide as published) become
constraints of the profiles they are about, so that one walk over a resource judges all. Each has a key of its own,
under which `resources` finds back which kind of statement it is, and its text. As for the catalogue of rules, what
comes out is kept as JSON under the digest of its sources.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dui_conformance.data import kept, profiles_root, read_yaml
from dui_conformance.engine.guide_questionnaires import answers, canonicals, loose, questionnaires

Data = dict[str, Any]
_FORMAT = "12"  # of the kept JSON; raise it when what is kept changes shape
_SEPARATOR = " "  # between the kind of a statement and its name, in a key: no published key holds a blank


@cache
def guides() -> Data:
    """`resources`, `statements` (by key: `{fr, en}`), `quiet` (issue and profile that say a known defect), `guides`
    (by folder: name, canonical, version) and `selection`, of the shipped guides."""
    root = profiles_root()
    folder = root / "fhir"
    files = sorted(path for path in folder.rglob("*.yaml"))
    digest = hashlib.sha256(_FORMAT.encode())
    for file in files:
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return kept(root / "compiled", "fhir", digest.hexdigest()[:16], lambda: compiled(folder))


def compiled(folder: Path) -> Data:
    """What `guides` gives, from the tables of a folder."""
    from dui_conformance.fhir.tables import with_needs

    told = read_yaml(folder / "selection.yaml")
    resources = with_needs(folder, told["guides"])
    made: Data = {"resources": resources, "statements": {}, "quiet": [], "guides": {}, "selection": told["selection"]}
    for name in told["guides"]:
        package = read_yaml(folder / name / "package.yaml")
        canonical = str(package["canonical"]).rstrip("/")
        made["guides"][name] = {"name": package["id"], "canonical": canonical, "version": str(package["version"])}
        own = {r["id"]: r for r in resources if str(r["url"]).startswith(f"{canonical}/StructureDefinition/")}
        for kind, profile, statement in _statements(folder / name, canonical, own):
            key = f"{kind}{_SEPARATOR}{statement['id']}"
            _constrain(own[profile], key, statement, canonical)
            told_info = {"level": "info"} if statement["level"] == "information" else {}
            made["statements"][key] = {"fr": statement["fr"], "en": statement["en"], **told_info}
        made["quiet"] += _quiet(folder / name, canonical)
        grids = _grids(folder / name)
        resources += questionnaires(grids, str(package["version"])) if grids else ()
    for resource in resources:
        for constraint in _published(resource):
            made["statements"].setdefault(constraint["key"], _human(constraint))
    return made


def _grids(folder: Path) -> Data:
    file = folder / "questionnaires.yaml"
    return read_yaml(file) if file.is_file() else {}


def _published(resource: Data) -> Iterator[Data]:
    for element in resource.get("differential", {}).get("element", ()):
        yield from element.get("constraint", ())


def _human(constraint: Data) -> dict[str, str]:
    """The text of a constraint of the tables: French, with its translation as an extension."""
    english = constraint["human"]
    for extension in constraint.get("_human", {}).get("extension", ()):
        for part in extension["extension"]:
            english = part.get("valueString", english)
    return {"fr": constraint["human"], "en": english}


def _constrain(resource: Data, key: str, statement: Mapping[str, str], canonical: str) -> None:
    """Add a statement as a constraint of the profile, on the element it is about if it names one."""
    expression = statement["path"].replace("$SD", f"{canonical}/StructureDefinition")
    elements = resource["differential"]["element"]
    place = ".".join(filter(None, (elements[0]["id"], statement.get("element", ""))))
    element = next((e for e in elements if e["id"] == place), None)
    if element is None:
        element = {"id": place, "path": place}
        elements.append(element)
    constraint = {
        "key": key,
        "severity": "warning" if statement["level"] == "information" else statement["level"],
        "human": statement["fr"],
        "expression": " ".join(expression.split()),
    }
    element["constraint"] = [*element.get("constraint", ()), constraint]


_Statement = tuple[str, str, dict[str, str]]  # kind, profile, statement


def _statements(folder: Path, canonical: str, own: Mapping[str, Data]) -> Iterator[_Statement]:
    checks = read_yaml(folder / "checks.yaml") if (folder / "checks.yaml").is_file() else {}
    yield from _requires(checks)
    yield from _identifiers(checks.get("identifiers") or {}, own)
    yield from _statuses(checks.get("statuses") or {})
    yield from _questionnaires(_grids(folder))
    for check in checks.get("checks") or ():
        yield (
            "guide.check",
            check["profile"],
            _statement(
                check["id"],
                check["path"],
                check.get("level", "warning"),
                check["fr"],
                check["en"],
                check.get("element", ""),
            ),
        )
    if (folder / "spec-defects.yaml").is_file():
        for defect in read_yaml(folder / "spec-defects.yaml")["defects"]:
            yield from _defect(defect, own)


def _statement(name: str, path: str, level: str, fr: str, en: str, element: str = "") -> dict[str, str]:
    """`element`: the path below the resource that the statement is about, from which its FHIRPath is read."""
    return {"id": name, "path": path, "level": level, "fr": fr, "en": en, "element": element}


def _requires(checks: Data) -> Iterator[_Statement]:
    bundle = checks.get("bundle") or {}
    for wanted in bundle.get("requires") or ():
        path = f"entry.resource.ofType({wanted['resource']}).exists()"
        name = f"bundle-{wanted['resource']}"
        yield "guide.requires", bundle["profile"], _statement(name, path, wanted["level"], wanted["fr"], wanted["en"])


def _identifiers(told: Data, own: Mapping[str, Data]) -> Iterator[_Statement]:
    """The form of identifiers. Where the guide has a constraint of its own (`rule`), that one says it."""
    for profile, spec in (told.get("of") or {}).items():
        if "rule" in spec:
            continue
        system = told["system"].replace("{system}", spec["system"])
        pattern = told["pattern"].replace("{code}", spec["code"]) if "code" in spec else told["local"]
        typed = _type_of_slice(own[profile], spec.get("slice", ""))
        path = f"(system = '{system}'{typed}) implies value.all($this.matches('{pattern}'))"
        tail = (f"-{spec['code']}-numéro", f"-{spec['code']}-number") if "code" in spec else ("", "")
        fr = (
            f"L’identifiant ({spec['system']}) n’a pas la forme du guide : 3 et le FINESS, une barre, l’identifiant "
            f"local{tail[0]}"
        )
        en = (
            f"The identifier ({spec['system']}) has not the form of the guide: 3 and the FINESS, a slash, the local "
            f"identifier{tail[1]}"
        )
        yield "guide.identifier", profile, _statement(profile, path, told["level"], fr, en, "identifier")


def _type_of_slice(profile: Data, name: str) -> str:
    """What tells a slice of identifiers from others of the same system: its type, if the profile fixes one."""
    for element in profile["differential"]["element"]:
        if name and element["id"].endswith(f".identifier:{name}.type"):
            for coding in element.get("patternCodeableConcept", {}).get("coding", ()):
                return f" and type.coding.exists(code = '{coding['code']}')"
    return ""


def _statuses(told: Data) -> Iterator[_Statement]:
    for profile, spec in (told.get("of") or {}).items():
        element, codes = spec["element"], list(spec["map"])
        path = " or ".join(f"$this = {code!r}" for code in codes)
        listed = ", ".join(f"{code} ({label})" for code, label in spec["map"].items())
        fr = f"{element} n’a pas d’équivalent métier ; le guide admet {listed}"
        en = f"{element} has no business equivalent; the guide admits {listed}"
        yield "guide.status", profile, _statement(profile, path, told["level"], fr, en, element)


def _questionnaires(told: Data) -> Iterator[_Statement]:
    """An evaluation answers one of the grids of the guide; those held loosely are compared by their linkIds here."""
    if not told:
        return
    known = canonicals(told)
    listed = ", ".join(url.rpartition("/")[2] for url in known)
    fr = f"questionnaire ne nomme pas l’une des grilles du guide : {listed}"
    en = f"questionnaire does not name one of the grids of the guide: {listed}"
    path = f"questionnaire.empty() or {answers(known)}"
    yield "guide.questionnaire", told["profile"], _statement("grids", path, told["level"], fr, en)
    for name, urls, links in loose(told):
        every = " | ".join(f"'{link}'" for link in links)
        path = f"({answers(urls)}) implies descendants().linkId.where(($this in ({every})).not()).empty()"
        fr, en = f"Un linkId n’est pas de la grille {name}", f"A linkId is not of the grid {name}"
        yield "guide.questionnaire", told["profile"], _statement(name, path, told["level"], fr, en)


def _defect(defect: Data, own: Mapping[str, Data]) -> Iterator[_Statement]:
    """A statement that is not met where a literal reading of the guide refuses a resource that is right."""
    profile = defect.get("profile", "")
    refuses = defect.get("refuses")
    if "display" in defect:
        label = defect["display"].replace("'", "\\'")
        paths = [e.partition(".")[2] for e in defect["elements"] if ":" not in e]
        unlabelled = [f"{path}.where(coding.display.where($this = '{label}').empty()).exists()" for path in paths]
        refuses = " or ".join(unlabelled) or refuses
    if refuses and profile in own:
        path = f"({refuses}).where($this).empty()"
        yield "guide.defect", profile, _statement(defect["id"], path, "warning", defect["fr"], defect["en"])


def _quiet(folder: Path, canonical: str) -> list[list[str]]:
    """The issues that a defect of the guide gives rise to, with the profile that asks."""
    if not (folder / "spec-defects.yaml").is_file():
        return []
    out = []
    for defect in read_yaml(folder / "spec-defects.yaml")["defects"]:
        issue = {"slices": "slice.several", "context": "extension.context"}.get(defect.get("ignore", ""))
        for profile in [defect.get("profile"), *defect.get("profiles", ())] if issue else ():
            if profile:
                out.append([str(issue), f"{canonical}/StructureDefinition/{profile}"])
    return out
