"""Loads `profiles/rules`, `profiles/valuesets` and `profiles/constants.yaml`.

YAML is read once per content: the loaded data is kept as JSON beside the sources, in `compiled/`, under the digest of
what it was made from, as Python keeps its byte code. The wheel brings it; a folder that cannot be written is no
problem.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dui_conformance.data import kept, profiles_root, read_yaml
from dui_conformance.rules import structure
from dui_conformance.rules.model import (
    Argument,
    Assertion,
    Check,
    Collected,
    DefectNamed,
    Given,
    Inventory,
    Membership,
    Predicate,
    Rule,
    Structural,
    Validated,
    ValueSet,
)
from dui_conformance.rules.xpath import Constants, Expression
from dui_conformance.text import Text

_FORMAT = "5"  # of the kept JSON; raise it when what is kept changes shape

Data = dict[str, Any]


class CatalogueError(ValueError):
    """A rule file that cannot be used; the message names the file, the rule and the cause."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every rule in the order of its files, value sets, structures and constants, with the digest of their sources."""

    digest: str
    rules: Mapping[str, Rule]
    families: Mapping[str, Text]
    value_sets: Mapping[str, ValueSet]
    constants: Constants
    inventories: Sequence[Inventory]
    structures: Mapping[str, structure.Structure]


def load(root: Path | None = None) -> Catalogue:
    """The catalogue of a profiles folder (the shipped one by default). Raises CatalogueError."""
    return _shipped() if root is None else _loaded(root)


@cache
def _shipped() -> Catalogue:
    """What is shipped does not change under a running process: it is loaded once."""
    return _loaded(profiles_root())


def _loaded(root: Path) -> Catalogue:
    digest, raw = _raw(root)
    constants = Constants(raw["constants"]["scalars"], raw["constants"]["lists"])
    sets = {data["id"]: _value_set(data) for data in raw["value_sets"]}
    rules: dict[str, Rule] = {}
    families = {}
    inventories = []
    for family in raw["families"]:
        families[family["family"]] = Text.of(family["title"])
        inventories += [_inventory(family["subject"], data, constants) for data in family.get("inventory", ())]
        for data in family["rules"]:
            if data["id"] in rules:
                raise CatalogueError(f"{family['family']}: {data['id']} is written twice")
            try:
                rules[data["id"]] = _rule(family, data, constants)
            except (KeyError, ValueError, TypeError) as error:
                raise CatalogueError(f"{family['family']}: {data.get('id')}: {error}") from error
    structures = {name: structure.Structure(**kept) for name, kept in raw["structures"].items()}
    return Catalogue(digest, rules, families, sets, constants, inventories, structures)


def rule_files(root: Path | None = None) -> list[Path]:
    """The rule files in their order."""
    return sorted(((root or profiles_root()) / "rules").glob("**/*.yaml"))


def sources(root: Path | None = None) -> Iterable[tuple[Path, Data]]:
    """Each rule file with its whole content, `breaks` included (which the kept JSON leaves out)."""
    for path in rule_files(root):
        yield path, read_yaml(path)


def _raw(root: Path) -> tuple[str, Data]:
    files = [root / "constants.yaml", *rule_files(root), *sorted((root / "valuesets").glob("*.yaml"))]
    files += structure.files(root)
    digest = hashlib.sha256(_FORMAT.encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    name = digest.hexdigest()
    return name, kept(root / "compiled", "catalogue", name[:16], lambda: _read_all(root))


def _read_all(root: Path) -> Data:
    constants = read_yaml(root / "constants.yaml")
    families = []
    for path, family in sources(root):
        for rule in family.get("rules") or ():
            rule.pop("breaks", None)
        family["file"] = path.relative_to(root).as_posix()
        families.append(_jsonable(family))
    return {
        "constants": {
            "scalars": {name: str(entry["value"]) for name, entry in constants["scalars"].items()},
            "lists": {name: [str(v) for v in entry["values"]] for name, entry in constants["lists"].items()},
        },
        "families": families,
        "value_sets": [_jsonable(read_yaml(path)) for path in sorted((root / "valuesets").glob("*.yaml"))],
        "structures": structure.kept(root),
    }


def _jsonable(data: Any) -> Any:
    """YAML dates as ISO text."""
    return json.loads(json.dumps(data, default=str))


def _value_set(data: Data) -> ValueSet:
    """A list of codes; or an association (`map`), whose labels are the admitted targets, separated by blanks."""
    codes: dict[str, dict[str, str]] = {}
    for part in ("map", "measured_also"):
        for system, entries in data.get(part, {}).items():
            # grouped by system, or straight from code to targets
            for code, targets in entries.items() if isinstance(entries, dict) else ((system, entries),):
                known = codes.setdefault(str(code), {})
                scheme = str(system) if isinstance(entries, dict) else ""
                scheme = scheme or next(iter(known), "")
                known[scheme] = " ".join([known.get(scheme, ""), *map(str, targets)]).strip()
    for system, entries in data.get("codes", {}).items():
        for code, label in entries.items():
            text = label["label"] if isinstance(label, dict) else label
            codes.setdefault(str(code), {})[str(system)] = str(text or "")
    return ValueSet(
        id=data["id"],
        name=data["name"],
        oid=str(data.get("oid") or ""),
        version=str(data.get("version") or ""),
        date=str(data.get("date") or ""),
        complete=bool(data.get("complete", True)),
        source=data["source"],
        codes=codes,
        system_judged=bool(data.get("system_judged", True)) and not data.get("without_system", False),
        other_labels={
            (str(system), str(code)): tuple(map(str, labels))
            for system, entries in data.get("other_labels", {}).items()
            for code, labels in entries.items()
        },
    )


def _rule(family: Data, data: Data, constants: Constants) -> Rule:
    kind = str(family["subject"])
    check, used = _check(data, kind, constants)
    return Rule(
        id=data["id"],
        family=family["family"],
        subject=kind,
        title=Text.of(data["title"]),
        level=data["level"],
        contexts=Expression(data.get("for", "."), kind, constants),
        when=Expression(data["when"], kind, constants) if "when" in data else None,
        check=check,
        at=Expression(data["at"], kind, constants) if "at" in data else None,
        at_attribute=str(data.get("at", "")).rpartition("@")[2] if "@" in str(data.get("at", "")) else "",
        shown={name: Expression(text, kind, constants) for name, text in data.get("show", {}).items()},
        negative=data.get("outcome", "failed"),
        message=Text.of(data["message"]),
        remedy=Text.of(data["remedy"]),
        proves=tuple(data.get("proves", ())),
        not_required=str(data.get("not_required", "")),
        source=data["source"],
        valid_from=str(data.get("valid", {}).get("from", "")),
        valid_to=str(data.get("valid", {}).get("to", "")),
        personal=frozenset(data.get("personal", ())),
        value_sets=used,
        experimental=bool(data.get("experimental", False)),
        secondary=bool(data.get("secondary", False)),
        yields_to=frozenset(data.get("yields_to", ())),
    )


def _inventory(kind: str, data: Data, constants: Constants) -> Inventory:
    return Inventory(
        data["what"],
        kind,
        Expression(data["for"], kind, constants),
        Expression(data["value"], kind, constants),
        frozenset(constants.lists[data["known"]]) if "known" in data else frozenset(),
    )


def _check(data: Data, kind: str, constants: Constants) -> tuple[Check, frozenset[str]]:
    check = data["check"]
    if "assert" in check:
        return Assertion(Expression(check["assert"], kind, constants)), frozenset()
    if "defect" in check:
        codes = check["defect"]
        return DefectNamed(tuple(codes if isinstance(codes, list) else [codes])), frozenset()
    if "schema" in check:
        return Structural(check["schema"], check["cause"]), frozenset()
    if "fhir" in check:
        return Validated(tuple(check["fhir"])), frozenset()
    for name in ("in_value_set", "label_of"):
        if name in check:
            return _membership(check, name, kind, constants), frozenset((check[name],))
    if "collect" in check:
        facts = {of: _arguments(named, of, constants) for of, named in check["collect"].items()}
        return Collected(check["python"], facts, check.get("settings", {})), frozenset()
    if "python" in check:
        given = [
            Given(of.rstrip("*"), of.endswith("*"), _arguments(named, of.rstrip("*"), constants))
            for of, named in check.get("given", {}).items()
        ]
        tables = check.get("tables", {})
        arguments = _arguments(check.get("with", {}), kind, constants)
        return (
            Predicate(check["python"], arguments, given, check.get("settings", {}), tables),
            frozenset(tables.values()),
        )
    raise CatalogueError("check is one of assert, python, in_value_set, label_of, defect, schema, fhir, collect")


def _membership(check: Data, name: str, kind: str, constants: Constants) -> Membership:
    code, system = ("@code", "@codeSystem") if kind == "cda" else ("@code", "@scheme")
    label = "@displayName" if kind == "cda" else "@display"
    return Membership(
        check[name],
        Expression(check.get("code", code), kind, constants),
        Expression(check.get("system", system), kind, constants),
        Expression(check.get("label", label), kind, constants) if name == "label_of" else None,
    )


def _arguments(named: Mapping[str, str], kind: str, constants: Constants) -> list[Argument]:
    return [
        Argument(name.rstrip("*?"), Expression(text, kind, constants), name.endswith("*"), name.endswith("?"))
        for name, text in named.items()
    ]
