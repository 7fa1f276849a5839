"""Profiles written as tables, compiled to conformance resources.

A package is a folder. `package.yaml` says what it is; every other `.yaml` file holds tables:

    profiles:
      stay:
        of: Encounter                  # the type; the parent too, unless `parent` names another profile
        parent: fr:fr-core-encounter
        title: {fr: Séjour, en: Stay}
        elements:                      # one row each: see `tables_rows`
          identifier: 1.. by pattern:type
          subject: 1.. Reference(patient)
          identifier:number:           # a group: what is said of an element, then of those below it
            .: 1..1
            system: 1.. = uri urn:oid:1.2.3
        constraints:                   # FHIRPath, by key; a row takes one by `check key`
          stay-1: {severity: error, path: "period.exists()"}
    extensions:
      comment: {context: Patient Encounter, value: string}
      decision:
        context: Basic
        parts:                         # row of the part: its cardinality, then that of its value
          type: 1..1 CodeableConcept required VS:decision-type
          detail: {card: 0..1, parts: {…}}
    value_sets: …                      # see `tables_terms`
    code_systems: …

package.yaml: `id`, `canonical`, `version`, `status`, `needs` (packages this one builds on), `prefixes`, and
`beside` (files of the folder that are no tables). A profile, extension, value set or code system with a `url` is
that of another publisher, told here because this package needs it.

Names: `prefixes` of package.yaml turns `fr:x` into a URL, `{}` standing for the name and `{-}` for the name with
`_` written `-`. A bare name is of this package if the package declares it, else a type of the core.
`VS:x`, `CS:x` and `SD:x` are this package's, whatever it declares.

Compiled are differentials: slicing of extensions by url and of choices by type is implied, not written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dui_conformance.fhir import tables_paths, tables_terms
from dui_conformance.fhir.packages import DefinitionsError
from dui_conformance.fhir.tables_rows import Names, RowError, element

Resource = dict[str, Any]
CORE = "http://hl7.org/fhir/"
_OWN = {"SD": "StructureDefinition", "VS": "ValueSet", "CS": "CodeSystem"}
_SECTIONS = {"profiles": "StructureDefinition", "extensions": "StructureDefinition",
             "value_sets": "ValueSet", "code_systems": "CodeSystem"}  # fmt: skip
_PROFILE = {"of", "parent", "title", "elements", "constraints", "source", "abstract", "url"}
_EXTENSION = {"context", "value", "parts", "title", "elements", "constraints", "source", "check", "url"}
_VARIABLE = re.compile(r"\$(SD|VS|CS)\b")
_TRANSLATION = f"{CORE}StructureDefinition/translation"
_BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}
_BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}


class TablesError(DefinitionsError):
    """A table that cannot be compiled: file, table and row are told."""


@dataclass(frozen=True, slots=True)
class TablePackage:
    """A compiled package. `needs` are the names of the packages whose definitions it builds on."""

    name: str
    canonical: str
    version: str
    status: str
    needs: tuple[str, ...]
    resources: tuple[Resource, ...]


def load(folder: Path) -> TablePackage:
    """Compile the tables of one folder. Raises TablesError."""
    files: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yaml")):
        files[path.name] = _yaml(path)
    return compile_tables(files)


def with_needs(root: Path, names: Iterable[str]) -> list[Resource]:
    """The resources of packages of `root` (one folder each) and of all those they need, parents first."""
    done: dict[str, TablePackage] = {}

    def add(name: str, asked_by: str) -> None:
        if name in done:
            return
        folder = root / name
        if not (folder / "package.yaml").is_file():
            raise TablesError(f"{asked_by}: the package {name} is not there")
        package = load(folder)
        for need in package.needs:
            if need != name:
                add(need, name)
        done[name] = package

    for name in names:
        add(name, "asked")
    return [resource for package in done.values() for resource in package.resources]


def compile_tables(files: Mapping[str, Any]) -> TablePackage:
    """Compile tables already read: file name → its content; one of them is package.yaml."""
    head = files.get("package.yaml")
    if not isinstance(head, Mapping) or not all(isinstance(head.get(k), str) for k in ("canonical", "version")):
        raise TablesError("package.yaml: canonical and version are needed")
    return _Compiler(head, files).package()


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise TablesError(f"{path.name}: {error}") from error


class _Compiler:
    def __init__(self, head: Mapping[str, Any], files: Mapping[str, Any]) -> None:
        self.head = head
        self.canonical = str(head["canonical"]).rstrip("/")
        self.prefixes = {str(k): str(v) for k, v in (head.get("prefixes") or {}).items()}
        self.tables: list[tuple[str, str, str, Any]] = []  # file, section, name, table
        for file, content in files.items():
            if file == "package.yaml" or content is None or file in (head.get("beside") or ()):
                continue
            if not isinstance(content, Mapping):
                raise TablesError(f"{file}: sections are expected")
            if unknown := set(content) - set(_SECTIONS):
                raise TablesError(f"{file}: no such section: {', '.join(sorted(map(str, unknown)))}")
            for section in _SECTIONS:
                for name, table in (content.get(section) or {}).items():
                    self.tables.append((file, section, str(name), table))
        # what this package declares, with the URL of those that are of another publisher
        self.declared = {
            (_SECTIONS[section], name): str(table["url"]) if isinstance(table, Mapping) and "url" in table else ""
            for _, section, name, table in self.tables
        }
        self.names = Names(self.resolve, self.expand)

    def package(self) -> TablePackage:
        seen: dict[tuple[str, str], str] = {}
        resources = []
        for file, section, name, table in self.tables:
            key = (_SECTIONS[section], name)
            if key in seen:
                raise TablesError(f"{file}: {name} is already in {seen[key]}")
            seen[key] = file
            try:
                resources.append(self._resource(section, name, table))
            except RowError as error:
                raise TablesError(f"{file}: {section}: {name}: {error}") from error
        head = self.head
        return TablePackage(
            str(head.get("id", "")), self.canonical, str(head["version"]), str(head.get("status", "active")),
            tuple(head.get("needs") or ()), tuple(resources),
        )  # fmt: skip

    # names

    def resolve(self, kind: str, name: str) -> str:
        """A short name made whole; a URL or an URN is left as it is."""
        if name.startswith(("http://", "https://", "urn:")):
            return name
        prefix, colon, rest = name.partition(":")
        if not colon:
            if (kind, name) in self.declared or kind in ("ValueSet", "CodeSystem"):
                return self.declared.get((kind, name)) or f"{self.canonical}/{kind}/{name}"
            if kind == "StructureDefinition" and name[:1].isupper():
                return f"{CORE}StructureDefinition/{name}"
            if kind:
                raise RowError(f"“{name}” is neither of this package nor of the core")
            return name
        if prefix in self.prefixes:
            template = self.prefixes[prefix]
            return template.replace("{-}", rest.replace("_", "-")).replace("{}", rest)
        if prefix in _OWN:
            return self.declared.get((_OWN[prefix], rest)) or f"{self.canonical}/{_OWN[prefix]}/{rest}"
        raise RowError(f"the prefix of “{name}” is not declared")

    def expand(self, text: str) -> str:
        return _VARIABLE.sub(lambda found: f"{self.canonical}/{_OWN[found.group(1)]}", text)

    # resources

    def _resource(self, section: str, name: str, table: Any) -> Resource:
        kind = _SECTIONS[section]
        out: Resource = {
            "resourceType": kind, "id": name, "url": self.declared[kind, name] or f"{self.canonical}/{kind}/{name}",
            "version": str(self.head["version"]), "name": name.replace("-", "_").replace(".", "_"),
            "status": str(self.head.get("status", "active")),
        }  # fmt: skip
        if isinstance(table, Mapping) and isinstance(table.get("title"), Mapping):
            out["title"] = table["title"].get("fr") or table["title"].get("en")
        if section == "value_sets":
            return {**out, **tables_terms.value_set(table, self.names)}
        if section == "code_systems":
            return {**out, **tables_terms.code_system(table)}
        known = _PROFILE if section == "profiles" else _EXTENSION
        if not isinstance(table, Mapping) or set(table) - known:
            raise RowError(f"it holds {', '.join(sorted(known))}")
        out["fhirVersion"] = "4.0.1"
        out.update(self._profile(table) if section == "profiles" else self._extension(out["url"], table))
        return out

    def _profile(self, table: Mapping[str, Any]) -> Resource:
        type_ = str(table.get("of", ""))
        if not type_.isalnum():
            raise RowError("`of` names the type")
        if not tables_paths.is_type(type_):
            raise RowError(f"{type_} is no type of R4")
        constraints = self._constraints(table)
        elements: list[Resource] = [{"id": type_, "path": type_}]
        told: set[str] = set()
        for path, row in _rows(table.get("elements") or {}):
            self._row(elements, told, path, row, constraints)
        return {
            "kind": "complex-type" if type_ in _DATA_TYPES else "resource",
            "abstract": bool(table.get("abstract", False)), "type": type_,
            "baseDefinition": self.resolve("StructureDefinition", str(table.get("parent", type_))),
            "derivation": "constraint", "differential": {"element": elements},
        }  # fmt: skip

    def _row(
        self, elements: list[Resource], told: set[str], path: str, row: str, constraints: dict[str, Resource]
    ) -> None:
        try:
            facets = element(row, self.names, constraints)
        except RowError as error:
            raise RowError(f"{path}: {error}") from error
        if path == ".":
            elements[0].update(facets)
            return
        id_ = f"{elements[0]['id']}.{path}"
        _exists(elements[0]["id"], path)
        self._imply(elements, id_)
        if path in told:
            raise RowError(f"{path}: it is there twice")
        told.add(path)
        held = next((e for e in elements if e["id"] == id_), None)
        if held is None:
            elements.append(_named(id_, facets))
        else:  # implied by a row before
            held.update(facets)

    @staticmethod
    def _imply(elements: list[Resource], id_: str) -> None:
        """The elements above, which other tools want to see, and the slicing that slices of extensions or of a
        choice imply, where no row tells them."""
        held = {e["id"]: e for e in elements}
        steps = id_.split(".")
        for end in range(2, len(steps) + 1):
            above = ".".join(steps[:end])
            base, colon, _ = above.rpartition(":")
            wanted = [base, above] if colon and "." not in above[len(base) :] else [above]
            for name in wanted:
                if name not in held and name != id_:
                    held[name] = _named(name, {})
                    elements.append(held[name])
            last = base.rpartition(".")[2]
            slicing = (
                _BY_URL if last in ("extension", "modifierExtension") else _BY_TYPE if last.endswith("[x]") else None
            )
            if len(wanted) == 2 and slicing is not None:
                held[base].setdefault("slicing", slicing)

    def _constraints(self, table: Mapping[str, Any]) -> dict[str, Resource]:
        out: dict[str, Resource] = {}
        for key, told in (table.get("constraints") or {}).items():
            if not isinstance(told, Mapping) or not isinstance(told.get("path"), str):
                raise RowError(f"the constraint {key} needs a path")
            out[str(key)] = {
                "key": str(key), "severity": str(told.get("severity", "error")),
                "human": str(told.get("fr") or told.get("en") or key),
                "expression": self.expand(" ".join(told["path"].split())),
            }  # fmt: skip
            if "fr" in told and "en" in told:
                parts = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": str(told["en"])}]
                out[str(key)]["_human"] = {"extension": [{"url": _TRANSLATION, "extension": parts}]}
        return out

    def _extension(self, url: str, table: Mapping[str, Any]) -> Resource:
        constraints = self._constraints(table)
        told = table.get("context")
        contexts = told.split() if isinstance(told, str) else told
        if not contexts:
            raise RowError("`context` names the elements that may carry it")
        elements: list[Resource] = [{"id": "Extension", "path": "Extension"}]
        if "check" in table:
            elements[0] |= element(f"check {table['check']}", self.names, constraints)
        elements += self._body("Extension", url, table, constraints)
        return {
            "kind": "complex-type", "abstract": False,
            "context": [{"type": "element", "expression": str(c)} for c in contexts],
            "type": "Extension", "baseDefinition": f"{CORE}StructureDefinition/Extension",
            "derivation": "constraint", "differential": {"element": elements},
        }  # fmt: skip

    def _body(
        self, at: str, url: str, table: Mapping[str, Any], constraints: dict[str, Resource]
    ) -> Iterator[Resource]:
        """What stands inside an extension: one value, or parts that are extensions themselves."""
        parts = table.get("parts")
        if (parts is None) == (table.get("value") is None):
            raise RowError("an extension has a value or parts, one of the two")
        if parts is None:
            yield _named(f"{at}.extension", {"max": "0"})
            yield _named(f"{at}.url", {"fixedUri": url})
            facets = element(str(table["value"]), self.names, constraints)
            yield _named(f"{at}.value[x]", facets)
            for path, row in _rows(table.get("elements") or {}):
                _exists("Extension", path)
                yield _named(f"{at}.{path}", element(row, self.names, constraints))
            return
        least = 0
        slices: list[Resource] = []
        for name, told in parts.items():
            part = told if isinstance(told, Mapping) else None
            facets = element(str(part.get("card", "0..*") if part else told), self.names, constraints)
            id_ = f"{at}.extension:{name}"
            own: Resource = {k: facets.pop(k) for k in ("min", "max", "mustSupport") if k in facets}
            if part and "check" in part:
                own |= element(f"check {part['check']}", self.names, constraints)
            least += own.get("min", 0)
            slices.append(_named(id_, own))
            if part:
                slices += self._body(id_, str(name), part, constraints)
            else:
                slices.append(_named(f"{id_}.extension", {"max": "0"}))
                slices.append(_named(f"{id_}.url", {"fixedUri": str(name)}))
                slices.append(_named(f"{id_}.value[x]", facets))
        yield _named(f"{at}.extension", {"slicing": _BY_URL, **({"min": least} if least else {})})
        yield from slices
        yield _named(f"{at}.url", {"fixedUri": url})
        yield _named(f"{at}.value[x]", {"max": "0"})


def _exists(type_: str, path: str) -> None:
    if step := tables_paths.unknown_step(type_, path):
        raise RowError(f"{path}: “{step}” is no element there")


def _rows(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """The rows of a table, path first; those of a group carry the group's path."""
    for name, row in table.items():
        path = ".".join(filter(None, (above, "" if name == "." and above else str(name))))
        if isinstance(row, Mapping):
            yield from _rows(row, path)
        else:
            yield path, str(row or "")


def _named(id_: str, facets: Resource) -> Resource:
    last = id_.rpartition(".")[2]
    out = {"id": id_, "path": ".".join(step.split(":", 1)[0] for step in id_.split(".")), **facets}
    if ":" in last:
        out["sliceName"] = last.split(":", 1)[1]
    return out


_DATA_TYPES = frozenset(
    "Address Age Annotation Attachment CodeableConcept Coding ContactDetail ContactPoint Contributor Count"
    " DataRequirement Distance Dosage Duration Element BackboneElement Expression Extension HumanName Identifier"
    " Meta Money Narrative ParameterDefinition Period Quantity Range Ratio Reference RelatedArtifact"
    " SampledData Signature Timing TriggerDefinition UsageContext".split()
)
