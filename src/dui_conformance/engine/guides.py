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

Data = dict[str, Any]
_FORMAT = "5"  # of the kept JSON; raise it when what is kept changes shape
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
            made["statements"][key] = {"fr": statement["fr"], "en": statement["en"]}
        made["quiet"] += _quiet(folder / name, canonical)
    for resource in resources:
        for constraint in _published(resource):
            made["statements"].setdefault(constraint["key"], _human(constraint))
    return made


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
    expression = statement["path"].replace("$SD", f"{canonical}/StructureDefinition")
    root = resource["differential"]["element"][0]
    root.setdefault("constraint", []).append(
        {
            "key": key,
            "severity": statement["level"],
            "human": statement["fr"],
            "expression": " ".join(expression.split()),
        }
    )


_Statement = tuple[str, str, dict[str, str]]  # kind, profile, statement


def _statements(folder: Path, canonical: str, own: Mapping[str, Data]) -> Iterator[_Statement]:
    checks = read_yaml(folder / "checks.yaml") if (folder / "checks.yaml").is_file() else {}
    yield from _requires(checks)
    yield from _identifiers(checks.get("identifiers") or {}, own)
    yield from _statuses(checks.get("statuses") or {})
    yield from _questionnaires(checks.get("questionnaires") or {})
    for check in checks.get("checks") or ():
        yield (
            "guide.check",
            check["profile"],
            _statement(check["id"], check["path"], "warning", check["fr"], check["en"]),
        )
    if (folder / "spec-defects.yaml").is_file():
        for defect in read_yaml(folder / "spec-defects.yaml")["defects"]:
            yield from _defect(defect, own)


def _statement(name: str, path: str, level: str, fr: str, en: str) -> dict[str, str]:
    return {"id": name, "path": path, "level": level, "fr": fr, "en": en}


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
        path = f"identifier.where(system = '{system}'{typed}).value.all($this.matches('{pattern}'))"
        tail = (f"-{spec['code']}-numéro", f"-{spec['code']}-number") if "code" in spec else ("", "")
        fr = f"L’identifiant ({spec['system']}) s’écrit 3 et le FINESS, une barre, l’identifiant local{tail[0]}"
        en = f"The identifier ({spec['system']}) is written 3 and the FINESS, a slash, the local identifier{tail[1]}"
        yield "guide.identifier", profile, _statement(profile, path, told["level"], fr, en)


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
        path = f"{element}.all({' or '.join(f'$this = {code!r}' for code in codes)})"
        listed = ", ".join(f"{code} ({label})" for code, label in spec["map"].items())
        fr = f"{element} est l’un de ceux auxquels le guide fait correspondre un statut métier : {listed}"
        en = f"{element} is one of those that the guide maps to a business status: {listed}"
        yield "guide.status", profile, _statement(profile, path, told["level"], fr, en)


def _questionnaires(told: Data) -> Iterator[_Statement]:
    """The linkIds of the questionnaires that an evaluation answers."""
    for name, spec in (told.get("of") or {}).items():
        links = str(spec.get("items", "")).split()
        for stem, short in (spec.get("stems") or {}).items():
            links += [stem, *(f"{short}-{suffix}" for suffix in str(spec["each"]).split())]
        if not links:
            continue
        links += [spec["root"]] if "root" in spec else []
        names = " or ".join(f"questionnaire = '{told['canonical']}{n}'" for n in (name, spec.get("also")) if n)
        known = " | ".join(f"'{link}'" for link in links)
        path = f"({names}) implies descendants().linkId.where(($this in ({known})).not()).empty()"
        fr = f"Les linkId sont ceux du questionnaire {name}"
        en = f"The linkIds are those of the questionnaire {name}"
        yield "guide.questionnaire", "tddui-questionnaire-response", _statement(name, path, told["level"], fr, en)


def _defect(defect: Data, own: Mapping[str, Data]) -> Iterator[_Statement]:
    """A statement that is not met where a literal reading of the guide refuses a resource that is right."""
    profile = defect.get("profile", "")
    refuses = defect.get("refuses")
    if "display" in defect:
        paths = [e.partition(".")[2] for e in defect["elements"] if ":" not in e]
        paths = [path if path.endswith("display") else f"{path}.coding.display" for path in paths]
        label = defect["display"].replace("'", "\\'")
        refuses = f"({' | '.join(paths)}).where($this != '{label}').exists()" if paths else None
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
