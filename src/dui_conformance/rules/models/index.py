"""The tables by template. Each file is loaded when a document follows one of its templates, and not before."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dui_conformance.data import kept
from dui_conformance.rules.model import Modelled, Rule, ValueSet
from dui_conformance.rules.models import tables, words
from dui_conformance.rules.models.paths import expanded, tag_of
from dui_conformance.rules.models.rows import Table, compiled
from dui_conformance.rules.xpath import Constants, Expression
from dui_conformance.text import Text

LEVEL_1 = "N1"  # the model of documents whose body is a file
_FORMAT = "2"  # of the kept JSON; raise it when what is kept changes shape

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """The model that a document follows. `judged`: a table of it is there for this version."""

    id: str
    version: str
    judged: bool

    @property
    def name(self) -> str:
        """As `templates.yaml` writes it."""
        return f"{self.id}_{self.version}"


@dataclass(eq=False)
class Models:
    """Every table of a profiles folder."""

    root: Path
    constants: Constants
    sets: Callable[[str], ValueSet]
    digest: str
    index: Data
    digests: Mapping[str, str]  # of each file
    _files: dict[str, Data] = field(default_factory=dict)
    _tables: dict[tuple[str, int], Table] = field(default_factory=dict)
    _rules: dict[str, Rule] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, constants: Constants, sets: Callable[[str], ValueSet]) -> "Models":
        """The tables of a folder, nothing of them loaded but their index. Raises TableError."""
        digests = {
            f"{path.parent.name}/{path.name}": hashlib.sha256(_FORMAT.encode() + path.read_bytes()).hexdigest()
            for path in tables.files(root)
        }
        templates = root / "models" / "templates.yaml"
        whole = hashlib.sha256(templates.read_bytes() if templates.exists() else b"")
        for name, digest in digests.items():
            whole.update(f"{name} {digest}\n".encode())
        digest = whole.hexdigest()
        models = cls(root, constants, sets, digest, {}, digests)
        models.index = kept(root / "compiled", "models", digest[:16], models._made) if templates.exists() else _EMPTY
        return models

    def _made(self) -> dict[str, Any]:
        return tables.index_of([self.file(name) for name in self.digests], tables.models_of(self.root))

    def file(self, name: str) -> Data:
        """What a file holds, completed (see `tables.read`)."""
        if name not in self._files:
            folder, _, stem = name.removesuffix(".yaml").partition("/")
            self._files[name] = kept(
                self.root / "compiled",
                f"model.{folder}.{stem}",
                self.digests[name][:16],
                lambda: tables.read(self.root / "models" / name),
            )
        return self._files[name]

    @cached_property
    def known(self) -> frozenset[str]:
        """The templateIds whose requirements are judged."""
        return frozenset(self.index["known"])

    @cached_property
    def titles(self) -> Mapping[str, Text]:
        """The titles of templates."""
        return {root: Text.of(title) for root, title in self.index["titles"].items()}

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """The file of each rule."""
        return {rule: name for name, rules in self.index["rules"].items() for rule in rules}

    @cached_property
    def family_of_file(self) -> Mapping[str, str]:
        return {name: family for family, (_title, name) in self.index["families"].items()}

    def families(self) -> dict[str, Text]:
        """Family → title."""
        return {family: Text.of(title) for family, (title, _name) in self.index["families"].items()}

    def proves(self) -> Iterator[tuple[str, list[str]]]:
        """Each rule with what it proves."""
        for rules in self.index["rules"].values():
            for rule, (_position, _level, proves, _set) in rules.items():
                yield rule, proves

    def value_set_of(self, rule: str) -> str:
        """The value set that a rule of a table reads, empty if none."""
        name = self.owners.get(rule)
        return str(self.index["rules"][name][rule][3]) if name is not None else ""

    def of_document(self, templates: Mapping[str, str]) -> Model | None:
        """The model of a document that follows these templates (root → extension)."""
        found: Model | None = None
        for root, extension in templates.items():
            versions = self.index["models"].get(root)
            if versions is None:
                continue
            known = versions.get(extension)
            name = known or next(iter(versions.values()))
            family, _, version = name.rpartition("_")
            model = Model(family, version if known else extension, self._judges(root, extension))
            if found is None or found.id == LEVEL_1:
                found = model
        return found

    def _judges(self, root: str, extension: str) -> bool:
        return any(
            self.table(name, at).versions_judge(extension) for _e, name, at in self.index["tables"].get(root, ())
        )

    def tables(self, root: str, extension: str) -> list[Table]:
        """The tables of a template: those of this extension, and those of any."""
        found = []
        for wanted, name, position in self.index["tables"].get(root, ()):
            if wanted is None or wanted == extension:
                table = self.table(name, position)
                if table.versions_judge(extension):
                    found.append(table)
        return found

    def table(self, name: str, position: int) -> Table:
        """A table, compiled once. Raises ValueError."""
        key = (name, position)
        if key not in self._tables:
            data = self.file(name)["templates"][position]
            written = [rule for rule in data["rules"] if rule["kind"] == "row"]
            by_kind = {rule["kind"]: rule["id"] for rule in data["rules"] if rule["kind"] != "row"}
            self._tables[key] = Table(
                stem=data["stem"],
                root=data["root"],
                extension=data["extension"] or "",
                versions=tuple(data["versions"]),
                family=self.family_of_file[name],
                tag=tag_of(data["element"]) if data["element"] else "",
                element=data["element"],
                parents=tuple(data["parents"]),
                unless=frozenset(data["unless"]),
                element_rule=by_kind.get("element", ""),
                parents_rule=by_kind.get("parents", ""),
                rows=[compiled(rule, self.constants, self.sets) for rule in written],
            )
        return self._tables[key]

    def data(self, rule: str) -> tuple[Data, Data]:
        """The template and the row of a rule. Raises KeyError."""
        name = self.owners[rule]
        template = self.file(name)["templates"][self.index["rules"][name][rule][0]]
        return template, next(row for row in template["rules"] if row["id"] == rule)

    def rule(self, name: str) -> Rule:
        """A rule of the catalogue. Raises KeyError."""
        if name not in self._rules:
            template, row = self.data(name)
            self._rules[name] = self._rule(self.family_of_file[self.owners[name]], template, row)
        return self._rules[name]

    def _rule(self, family: str, template: Data, row: Data) -> Rule:
        title = Text.of(template["title"])
        asked, remedy = _texts(template, row, title, self.titles)
        message = Text.of(row["message"]) if "message" in row else Text("{fault_fr}", "{fault_en}")
        used = frozenset((row["value_set"],)) if "value_set" in row else frozenset[str]()
        return Rule(
            id=row["id"],
            family=family,
            subject="cda",
            title=asked,
            level=row["level"],
            contexts=Expression(f"//*[templateId/@root='{template['root']}']", "cda", self.constants),
            when=Expression(expanded(row["when"]), "cda", self.constants) if "when" in row else None,
            check=Modelled(template["root"], template["extension"] or "", tuple(_names(template, row))),
            at=None,
            at_attribute="",
            shown={},
            negative=row.get("outcome", "failed"),
            message=Text(f"« {title.fr} » : {message.fr}", f"“{title.en}”: {message.en}"),
            remedy=remedy,
            proves=tuple(row.get("proves", ())),
            not_required=str(row.get("not_required", "")),
            source={name: str(value) for name, value in row["source"].items()},
            valid_from="",
            valid_to="",
            personal=frozenset(row.get("personal", ())),
            value_sets=used,
        )


_EMPTY: Data = {"tables": {}, "titles": {}, "rules": {}, "families": {}, "known": [], "models": {}}


def _texts(template: Data, row: Data, title: Text, titles: Mapping[str, Text]) -> tuple[Text, Text]:
    if row["kind"] == "element":
        name = template["element"]
        return (
            Text(f"{title.fr} : porté par l'élément `{name}`", f"{title.en}: on the element `{name}`"),
            Text(
                f"Porter le templateId {template['root']} sur `{name}`, ou le retirer.",
                f"Put the templateId {template['root']} on `{name}`, or remove it.",
            ),
        )
    if row["kind"] == "parents":
        names = ", ".join(template["parents"])
        return (
            Text(f"{title.fr} : templateIds parents déclarés", f"{title.en}: parent templateIds declared"),
            Text(f"Déclarer avec lui les templateIds {names}.", f"Declare with it the templateIds {names}."),
        )
    written = Text.of(row["remedy"]) if "remedy" in row else words.remedy(row, titles)
    return words.asked(row, title, titles), written


def _names(template: Data, row: Data) -> Iterator[str]:
    """What a row reads, as expressions: by them one knows whether two rules speak of the same thing."""
    if row["kind"] == "parents":
        yield "templateId"
    if row["kind"] == "element":
        yield template["element"]
    for name in ("path", "each", "assert"):
        if name in row:
            yield row[name]
    for name in (*row.get("attributes", ()), *row.get("pattern", ())):
        yield f"@{name}"
    if "type" in row:
        yield "@xsi:type"
    if "value_set" in row:
        yield "@code | @codeSystem"
    if "null" in row:
        yield "@nullFlavor"
    if row.get("narrative"):
        yield "@value"
