"""The tables of requirements, and what each asks of whom."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from dui_conformance.data import kept, profiles_root, read_yaml
from dui_conformance.text import Text

Coverage = Literal["automated", "assisted", "attested", "not_covered"]


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """Something that must lie among the exports for a requirement to be proved."""

    id: str
    kind: str
    where: str
    title: Text
    produce: Text


@dataclass(frozen=True, slots=True)
class Requirement:
    """A row (exigence). `applies`: conditions on the manifest, all must hold; empty = always."""

    id: str
    aliases: Sequence[str]
    table: str
    wave: int
    dui_link: str
    theme: str
    profile: str
    statement: Text
    obligation: str
    applies: Mapping[str, Any]
    applies_why: Text | None
    coverage: Coverage
    why: Text
    expected_proof: Text | None
    evidence: Sequence[str]
    remains: Text | None
    pitfalls: Text | None
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tables:
    """Every table, by id of requirement, with the evidence they name and the titles of themes and tables."""

    requirements: Mapping[str, Requirement]
    evidence: Mapping[str, EvidenceKind]
    themes: Mapping[str, Text]
    titles: Mapping[str, Text]

    def named(self, name: str) -> Requirement | None:
        """The requirement of an id or an alias."""
        if name in self.requirements:
            return self.requirements[name]
        return next((row for row in self.requirements.values() if name in row.aliases), None)


def load(root: Path | None = None) -> Tables:
    """The tables of a profiles folder (the shipped one by default). Raises DataError for a file that is not YAML."""
    return _shipped() if root is None else _loaded(root / "requirements")


@cache
def _shipped() -> Tables:
    """What is shipped does not change under a running process: it is loaded once."""
    return _loaded(profiles_root() / "requirements")


def _raw(folder: Path) -> dict[str, Any]:
    """The files of the folder by their names, kept as JSON: reading YAML is slow."""
    files = sorted(folder.glob("*.yaml"))
    digest = hashlib.sha256(b"\0".join(file.name.encode() + b"\0" + file.read_bytes() for file in files)).hexdigest()

    def make() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps({file.name: read_yaml(file) for file in files}, default=str))
        return found

    return kept(folder.parent / "compiled", "requirements", digest[:16], make)


def _loaded(folder: Path) -> Tables:
    raw = _raw(folder)
    evidence = raw["evidence.yaml"]["evidence"]
    themes = raw["themes.yaml"]["themes"]
    rows: dict[str, Requirement] = {}
    titles = {}
    for table in (raw[name] for name in sorted(raw) if name.startswith("wave")):
        titles[table["table"]] = Text.of(table["title"])
        for data in table["requirements"]:
            rows[data["id"]] = _requirement(table, data)
    return Tables(
        rows,
        {
            item["id"]: EvidenceKind(
                item["id"], item["kind"], item["where"], Text.of(item["title"]), Text.of(item["produce"])
            )
            for item in evidence
        },
        {item["id"]: Text.of(item["name"]) for item in themes},
        titles,
    )


def _requirement(table: Mapping[str, Any], data: Mapping[str, Any]) -> Requirement:
    def text(name: str) -> Text | None:
        return Text.of(data[name]) if name in data else None

    return Requirement(
        id=data["id"],
        aliases=tuple(alias["id"] for alias in data.get("aliases", ())),
        table=table["table"],
        wave=table["wave"],
        dui_link=table["dui_link"],
        theme=data["theme"],
        profile=str(data.get("profile") or ""),
        statement=Text.of(data["statement"]),
        obligation=data["obligation"],
        applies=data.get("applies", {}),
        applies_why=text("applies_why"),
        coverage=data["coverage"],
        why=Text.of(data["why"]),
        expected_proof=text("expected_proof"),
        evidence=tuple(data.get("evidence", ())),
        remains=text("remains"),
        pitfalls=text("pitfalls"),
        source=data.get("source", {}),
    )
