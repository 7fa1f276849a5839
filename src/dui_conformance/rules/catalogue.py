"""Loads `profiles/rules`, `profiles/valuesets` and `profiles/constants.yaml`.

YAML is read once per content: the loaded data is kept as JSON beside the sources, in `compiled/`, under the digest of
what it was made from, as Python keeps its byte code. The wheel brings it; a folder that cannot be written is no
problem.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dui_conformance.data import kept, profiles_root, read_yaml
from dui_conformance.rules import structure, xpath
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
from dui_conformance.rules.models.index import Models
from dui_conformance.rules.newer import Newer
from dui_conformance.rules.value_sets import Sets, value_set
from dui_conformance.rules.xpath import Constants, Expression
from dui_conformance.text import Text

_FORMAT = "6"  # of the kept JSON; raise it when what is kept changes shape

Data = dict[str, Any]


class CatalogueError(ValueError):
    """A rule file that cannot be used; the message names the file, the rule and the cause."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every rule in the order of its files, value sets, structures and constants, with the digest of their sources."""

    digest: str
    written: Mapping[str, Rule]  # the rules of `profiles/rules`; `rules` adds those of the tables of models
    families: Mapping[str, Text]
    value_sets: Mapping[str, ValueSet]
    constants: Constants
    inventories: Sequence[Inventory]
    structures: Mapping[str, structure.Structure]
    models: Models

    @property
    def rules(self) -> "Rules":
        return Rules(self.written, self.models)

    def proving(self) -> dict[str, Sequence[str]]:
        """Rule → the requirements it proves, without loading the tables of models."""
        return {rule.id: rule.proves for rule in self.written.values()} | dict(self.models.proves())


class Rules(Mapping[str, Rule]):
    """Every rule by its id. A rule of a table is made when it is asked for."""

    def __init__(self, written: Mapping[str, Rule], models: Models) -> None:
        self._written = written
        self._models = models

    def __getitem__(self, name: str) -> Rule:
        return self._written.get(name) or self._models.rule(name)

    def __iter__(self) -> Iterator[str]:
        yield from self._written
        yield from self._models.owners

    def __len__(self) -> int:
        return len(self._written) + len(self._models.owners)

    def __contains__(self, name: object) -> bool:
        return name in self._written or name in self._models.owners


def load(root: Path | None = None, newer: tuple[Newer, ...] = ()) -> Catalogue:
    """The catalogue of a profiles folder (the shipped one by default), with the value sets that are `newer` than its
    own in their places. Raises CatalogueError."""
    return _shipped(newer) if root is None else _loaded(root, newer)


@cache
def _shipped(newer: tuple[Newer, ...] = ()) -> Catalogue:
    """What is shipped does not change under a running process: it is loaded once."""
    return _loaded(profiles_root(), newer)


def _loaded(root: Path, newer: tuple[Newer, ...] = ()) -> Catalogue:
    digest, raw = _raw(root)
    constants = Constants(**raw["constants"])
    sets = {data["id"]: value_set(data) for data in raw["value_sets"]}
    more = Sets(root, sets, newer)
    sets = dict(more.loaded)
    models = Models.of(root, constants, more)
    rules: dict[str, Rule] = {}
    families = {}
    inventories = []
    for family in raw["families"]:
        families[family["family"]] = Text.of(family["title"])
        inventories += [_inventory(family["subject"], data, constants, models) for data in family.get("inventory", ())]
        for data in family["rules"]:
            if data["id"] in rules:
                raise CatalogueError(f"{family['family']}: {data['id']} is written twice")
            try:
                rules[data["id"]] = _rule(family, data, constants)
            except (KeyError, ValueError, TypeError) as error:
                raise CatalogueError(f"{family['family']}: {data.get('id')}: {error}") from error
    structures = {name: structure.Structure(**kept) for name, kept in raw["structures"].items()}
    twice = rules.keys() & models.owners.keys()
    if twice:
        raise CatalogueError(f"{', '.join(sorted(twice))}: written twice")
    added = "".join(f" {one.sha256}" for one in newer)
    whole = hashlib.sha256(f"{digest} {models.digest} {more.digest}{added}".encode()).hexdigest()
    families |= models.families()
    return Catalogue(whole, rules, families, sets, constants, inventories, structures, models)


def rule_files(root: Path | None = None) -> list[Path]:
    """The rule files in their order."""
    return sorted(((root or profiles_root()) / "rules").glob("**/*.yaml"))


def sources(root: Path | None = None) -> Iterable[tuple[Path, Data]]:
    """Each rule file with its whole content, `breaks` included (which the kept JSON leaves out)."""
    for path in rule_files(root):
        yield path, read_yaml(path)


def _raw(root: Path) -> tuple[str, Data]:
    files = [root / "constants.yaml", *rule_files(root), *sorted((root / "valuesets").glob("*.yaml"))]
    files += [*structure.files(root), Path(xpath.__file__)]  # the rewritten expressions are kept too
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
    named = Constants(
        {name: str(entry["value"]) for name, entry in constants["scalars"].items()},
        {name: [str(v) for v in entry["values"]] for name, entry in constants["lists"].items()},
    )
    for family in families:
        for rule in family["rules"]:
            with suppress(KeyError, ValueError, TypeError):  # told when it is loaded, with its file
                _rule(family, rule, named)
    return {
        "constants": asdict(named),
        "families": families,
        "value_sets": [_jsonable(read_yaml(path)) for path in sorted((root / "valuesets").glob("*.yaml"))],
        "structures": structure.kept(root),
    }


def _jsonable(data: Any) -> Any:
    """YAML dates as ISO text."""
    return json.loads(json.dumps(data, default=str))


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


def _inventory(kind: str, data: Data, constants: Constants, models: Models) -> Inventory:
    known = frozenset(constants.lists[data["known"]]) if "known" in data else frozenset()
    return Inventory(
        data["what"],
        kind,
        Expression(data["for"], kind, constants),
        Expression(data["value"], kind, constants),
        known | models.known if data.get("tables") else known,
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
