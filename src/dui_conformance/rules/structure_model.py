"""The document model of `profiles/schemas/<name>/*.yaml`: types, their content and attributes, and simple values.

The notation is told at the head of `profiles/schemas/cda/datatypes.yaml`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from dui_conformance.rules.structure_content import ANYTHING, ContentError, Leaf, Particle, joined, leaves, parse
from dui_conformance.text import Text

HL7 = "urn:hl7-org:v3"
_URIS = {"hl7": HL7}

Tables = Mapping[str, Mapping[str, Any]]  # file name without extension → its content


class ModelError(ValueError):
    """Tables that do not hold together; the message names the type and the cause."""


@dataclass(frozen=True, slots=True)
class Value:
    """What an attribute may hold: `codes`, one of `members`, a list of `items`, or a `base` with facets."""

    name: str
    base: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    items: str = ""
    built_in: bool = False  # the base is a W3C type
    says: Text | None = None  # completes “… is not”


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name` in Clark notation; `fixed` is the only value it may have, if any."""

    name: str
    value: str
    required: bool = False
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Type:
    """`key` is `namespace:name`; `name` is the one that xsi:type carries, `label` the one that messages show.

    `content` and `attributes` are whole; `own_content` and `own_attributes` what the type adds to its `base`, or
    says again if it restricts it; `fallen` the attributes that a restriction takes away.
    """

    key: str
    uri: str
    name: str
    label: str
    base: str
    restricts: bool
    abstract: bool
    mixed: bool
    content: Particle | None
    own_content: Particle | None
    attributes: Mapping[str, Attribute]
    own_attributes: tuple[Attribute, ...]
    fallen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """`elements`: the elements that may begin a document or an open content, by tag."""

    namespaces: Mapping[str, str]  # alias → URI
    values: Mapping[str, Value]
    types: Mapping[str, Type]
    elements: Mapping[str, Leaf]

    def by_name(self, uri: str, name: str) -> Type | None:
        """The type that an xsi:type names."""
        alias = next((alias for alias, known in self.namespaces.items() if known == uri), "")
        return self.types.get(f"{alias}:{name}")

    @property
    def references(self) -> dict[str, list[str]]:
        """The elements that name others by their IDs, with the attributes that do (IDREF, IDREFS)."""
        pointing = {
            type_.key: sorted(a.name for a in type_.attributes.values() if a.value in ("IDREF", "IDREFS"))
            for type_ in self.types.values()
        }
        found = (leaf for type_ in self.types.values() for leaf in leaves(type_.content))
        return {leaf.tag: names for leaf in found if (names := pointing.get(leaf.type))}

    def derives(self, type_: Type, ancestor: str) -> bool:
        """Whether a type is another one, or is derived from it."""
        while type_.key != ancestor:
            if not type_.base:
                return False
            type_ = self.types[type_.base]
        return True


def read(tables: Tables) -> Model:
    """The model of a folder of tables. Raises ModelError."""
    return _Reader(tables).model()


class _Reader:
    """Resolves names: a type is known by its name in its file's namespace, with or without the file's prefix."""

    def __init__(self, tables: Tables) -> None:
        self.tables = {name: table for name, table in tables.items() if "namespace" in table}
        self.uris = _URIS | {t["namespace"]: t["uri"] for t in self.tables.values() if "uri" in t}
        self.raw: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}  # key → file, type
        self.short: dict[tuple[str, str], str] = {}  # (namespace, name without prefix) → key
        self.elements: dict[str, Leaf] = {}
        self.types: dict[str, Type] = {}
        self.values = dict(_values(tables))

    def model(self) -> Model:
        for table in self.tables.values():
            self._collect(table)
        for table in self.tables.values():
            self._copy(table)
        for table in self.tables.values():
            for name, said in table.get("elements", {}).items():
                leaf = self._leaf(table, name, said)
                self.elements[leaf.tag] = leaf
        for key in self.raw:
            self._type(key)
        for type_ in self.types.values():
            for attribute in type_.attributes.values():
                if attribute.value not in self.values:
                    raise ModelError(f"{type_.key}: @{attribute.name}: no value {attribute.value}")
        return Model(self.uris, self.values, self.types, self.elements)

    def _collect(self, table: Mapping[str, Any]) -> None:
        alias, prefix = table["namespace"], table.get("xsi_prefix", "")
        for name, said in table.get("types", {}).items():
            for short, type_ in _variants(name, said or {}):
                self.short[alias, short] = f"{alias}:{prefix}{short}"
                self.raw[f"{alias}:{prefix}{short}"] = (table, type_)

    def _copy(self, table: Mapping[str, Any]) -> None:
        """Give a namespace its own copies of the data types."""
        if "copies" not in table:
            return
        alias, source = table["namespace"], self.tables["datatypes"]
        wanted = [name for name, (file, _) in self.raw.items() if file is source and name.startswith("hl7:")]
        if table["copies"] != "all":
            wanted = [key for name in table["copies"] for key in self._lineage(f"hl7:{name}")]
        own = {**source, "namespace": alias}
        for key in wanted:
            short = key.removeprefix("hl7:")
            self.short[alias, short] = f"{alias}:{short}"
            self.raw[f"{alias}:{short}"] = (own, self.raw[key][1])

    def _lineage(self, key: str) -> Iterator[str]:
        said = self.raw[key][1]
        base = said.get("extends") or said.get("restricts")
        if base:
            yield from self._lineage(f"hl7:{base}")
        yield key

    def _type(self, key: str) -> Type:
        if key in self.types:
            return self.types[key]
        table, said = self.raw[key]
        alias = table["namespace"]
        named = said.get("extends") or said.get("restricts") or ""
        base = self._type(self._key(table, named)) if named else None
        first = said.get("begins_with", table.get("begins_with", "")) if base is None else ""
        before = self._type(self._key(table, first)) if first and first != "nothing" else None
        try:
            own = parse(said.get("content", ""), _groups(table), partial(self._leaf, table))
        except ContentError as error:
            raise ModelError(f"{key}: {error}") from error
        shared = table.get("attributes", {}) if "attributes" in said else {}
        attributes = {a.name: a for a in map(self._attribute, (shared | said.get("attributes", {})).items())}
        fallen = tuple(said.get("without", ()))
        if before is not None:
            own = joined(before.content, own)
            attributes = {name: a for name, a in before.attributes.items() if name not in fallen} | attributes
        whole = own
        inherited: Mapping[str, Attribute] = {}
        if base is not None:
            inherited = {name: a for name, a in base.attributes.items() if name not in fallen}
            if "extends" in said:
                whole = joined(base.content, own)
        made = Type(
            key=key,
            uri=self.uris[alias],
            name=key.partition(":")[2],
            label=key.partition(":")[2].removeprefix(table.get("xsi_prefix", "")),
            base=base.key if base else "",
            restricts="restricts" in said,
            abstract=bool(said.get("abstract")),
            mixed=bool(said.get("mixed")) or (base is not None and base.mixed),
            content=whole,
            own_content=own,
            attributes={**inherited, **attributes},
            own_attributes=tuple(attributes.values()),
            fallen=fallen if base is not None else (),
        )
        self.types[key] = made
        return made

    def _key(self, table: Mapping[str, Any], name: str) -> str:
        """The key of a type (or the name of a value) that a table names."""
        if name == ANYTHING:
            return name
        alias, colon, local = name.partition(":")
        if not colon:
            alias, local = table["namespace"], name
        prefixed = f"{alias}:{local}"
        found = prefixed if prefixed in self.raw else self.short.get((alias, local), "")
        if not found and local in self.values and not colon:
            return local
        if not found:
            raise ModelError(f"{table['namespace']}: no type {name}")
        return found

    def _leaf(self, table: Mapping[str, Any], name: str, said: str) -> Leaf:
        """`name` with its type; an element of another namespace without a type is declared there."""
        alias, colon, local = name.partition(":")
        tag = f"{{{self.uris[alias]}}}{local}" if colon else f"{{{self.uris[table['namespace']]}}}{name}"
        type_, _, nillable = said.partition(" ")
        if type_:
            return Leaf(tag, self._key(table, type_), nillable=nillable == "nillable")
        declaring = next((t for t in self.tables.values() if t["namespace"] == alias and "elements" in t), None)
        if declaring is None or local not in declaring["elements"]:
            raise ModelError(f"{name} has no type and is not declared")
        return replace(self._leaf(declaring, local, declaring["elements"][local]), declared=True)

    def _attribute(self, item: tuple[str, str]) -> Attribute:
        name, said = item
        found = re.fullmatch(r"([\w.]+)(!?)(?: = (.+))?", said)
        if found is None:
            raise ModelError(f"@{name}: {said!r} is not the notation of an attribute")
        alias, colon, local = name.partition(":")
        clark = f"{{{self.uris[alias]}}}{local}" if colon else name
        return Attribute(clark, found[1], bool(found[2]), found[3] or "")


def _values(tables: Tables) -> Iterator[tuple[str, Value]]:
    domains: dict[str, str] = {}
    for table in tables.values():
        domains |= table.get("codes", {})
    for name, codes in domains.items():
        yield name, Value(name, base="cs", codes=tuple(_codes(codes, domains)))
    named = {name: said for table in tables.values() for name, said in table.get("values", {}).items()}
    for name, said in named.items():
        facets = {facet: str(said[facet]) for facet in ("pattern", "min", "max", "min_length") if facet in said}
        yield (
            name,
            Value(
                name,
                base=said.get("base", ""),
                facets=facets,
                codes=tuple(said.get("codes", "").split()),
                members=tuple(said.get("one_of", "").split()),
                items=said.get("list_of", ""),
                built_in=said.get("base") not in named or said.get("base") == name,
                says=Text.of(said["is"]) if "is" in said else None,
            ),
        )


def _codes(codes: str, domains: Mapping[str, str]) -> Iterator[str]:
    for code in codes.split():
        if code.startswith("+"):
            yield from _codes(domains[code[1:]], domains)
        else:
            yield code


def _variants(name: str, said: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A type, or those of its `variants`."""
    if "variants" not in said:
        yield name, said
        return
    for attribute, variants in said["variants"].items():
        fixed, value = attribute.split()
        for variant in variants.split(","):
            local, code = variant.split()
            yield f"{name}.{local}", {"restricts": said["restricts"], "attributes": {fixed: f"{value} = {code}"}}


def _groups(table: Mapping[str, Any]) -> dict[str, str]:
    """The groups of a file, and one for each type that has variants."""
    groups = dict(table.get("groups", {}))
    for name, said in table.get("types", {}).items():
        if said and "variants" in said:
            locals_ = [variant.split()[0] for v in said["variants"].values() for variant in v.split(",")]
            groups[name] = " | ".join(f"{local} {name}.{local}" for local in locals_)
    return groups
