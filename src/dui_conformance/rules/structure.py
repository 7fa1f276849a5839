"""The structure of a kind of document: classes, order, cardinalities, attributes and data types.

The model is written in `profiles/schemas/<name>/*.yaml`. It is compiled to W3C XML Schema, by which libxml2 says
whether a document follows it, in a millisecond; only of one that does not is every fault told (`structure_words`).
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from lxml import etree

from dui_conformance.data import read_yaml
from dui_conformance.rules import structure_model, structure_xsd
from dui_conformance.rules.structure_words import Problem, Reader

Element = etree._Element

# Beyond, libxml2 is not asked: for each error it seeks a path among the siblings, and a document can be nothing but
# errors. Official examples have 5 600 elements at most, and 200 under one parent.
_LARGE = etree.XPath("count(descendant::*) > 20000 or boolean(descendant::*[1000])")


class StructureError(RuntimeError):
    """The schema and the model do not agree on a document: a defect of this tool."""


def files(root: Path) -> list[Path]:
    """The tables of every structure of a profiles folder."""
    return sorted((root / "schemas").glob("*/*.yaml"))


def kept(root: Path) -> dict[str, Any]:
    """What is worth keeping of these tables, by the name of the structure: themselves, and the schemas they give."""
    tables: dict[str, dict[str, Any]] = {}
    for path in files(root):
        tables.setdefault(path.parent.name, {})[path.stem] = read_yaml(path)
    return {
        name: {"tables": content, "schemas": structure_xsd.written(structure_model.read(content))}
        for name, content in tables.items()
    }


@dataclass(eq=False, repr=False)
class Structure:
    """A structure, from what `kept` gives. Nothing is compiled before it is asked for."""

    tables: structure_model.Tables
    schemas: Mapping[str, str]
    roots: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        own = [table for table in self.tables.values() if table.get("namespace") == "hl7"]
        self.roots = frozenset(f"{{{structure_model.HL7}}}{n}" for table in own for n in table.get("elements", ()))

    @cached_property
    def schema(self) -> etree.XMLSchema:
        """What says yes or no."""
        return structure_xsd.compiled(self.schemas)

    @cached_property
    def reader(self) -> Reader:
        """What tells why."""
        return Reader(structure_model.read(self.tables))

    def judges(self, view: Element) -> bool:
        """Whether an element is the root of such a document."""
        return view.tag in self.roots

    def problems(self, view: Element) -> list[Problem]:
        """What is wrong with a document, in its order; empty if it follows the model. Raises StructureError."""
        large = _LARGE(view)
        if not large and self.schema.validate(_alone(view)):
            return []
        found = self.reader.problems(view)
        if not found and not large:
            raise StructureError("the schema refuses what the model admits")
        return found


def _alone(view: Element) -> Element:
    """The element as a document of its own (libxml2 would not see the namespaces declared above it)."""
    if view.getparent() is None:
        return view
    root = etree.Element(view.tag, nsmap=cast("dict[str, str]", view.nsmap))  # a default namespace is under None
    root.attrib.update(view.attrib)
    root.text = view.text
    root.extend(copy.deepcopy(child) for child in view)
    return root
