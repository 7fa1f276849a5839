"""The structure of a kind of document: classes, order, cardinalities, attributes and data types.

The model is written in `profiles/schemas/<name>/*.yaml`. It is compiled to W3C XML Schema, by which libxml2 says
whether a document follows it, in a millisecond; only of one that does not is every fault told (`structure_words`).
"""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lxml import etree

from dui_conformance.data import read_yaml

if TYPE_CHECKING:  # a document that follows its model needs none of these
    from dui_conformance.rules.structure_words import Problem, Reader

Element = etree._Element
HL7 = "urn:hl7-org:v3"

# Beyond, libxml2 is not asked: for each error it seeks a path among the siblings, and a document can be nothing but
# errors. Official examples have 5 600 elements at most, and 200 under one parent.
_LARGE = etree.XPath("count(descendant::*) > 20000 or boolean(descendant-or-self::*/*[1000])")
_IDS = etree.XPath("descendant::h:*/@ID", namespaces={"h": HL7})


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
    if not tables:
        return {}
    from dui_conformance.rules.structure_model import read
    from dui_conformance.rules.structure_xsd import written

    made = {}
    for name, content in tables.items():
        model = read(content)
        made[name] = {"tables": content, "schemas": written(model), "references": model.references}
    return made


@dataclass(eq=False, repr=False)
class Structure:
    """A structure, from what `kept` gives. Nothing is compiled before it is asked for."""

    tables: Mapping[str, Mapping[str, Any]]
    schemas: Mapping[str, str]
    references: Mapping[str, Sequence[str]]  # elements that name others by their IDs, with the attributes that do
    roots: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        own = [table for table in self.tables.values() if table.get("namespace") == "hl7"]
        self.roots = frozenset(f"{{{HL7}}}{n}" for table in own for n in table.get("elements", ()))

    @cached_property
    def schema(self) -> etree.XMLSchema:
        """What says yes or no."""
        parser = etree.XMLParser(no_network=True, resolve_entities=False)
        parser.resolvers.add(_Schemas(self.schemas))
        return etree.XMLSchema(etree.fromstring(self.schemas["hl7"], parser))

    @cached_property
    def reader(self) -> "Reader":
        """What tells why."""
        from dui_conformance.rules.structure_model import read
        from dui_conformance.rules.structure_words import Reader

        return Reader(read(self.tables))

    def judges(self, view: Element) -> bool:
        """Whether an element is the root of such a document."""
        return view.tag in self.roots

    def problems(self, view: Element) -> "tuple[list[Problem], Counter[str]]":
        """What is wrong with a document, in its order, and how many more problems there are of each cause.

        Nothing if it follows the model. Raises StructureError.
        """
        large = _LARGE(view)
        if not large and self.schema.validate(_alone(view)) and not self._leads_nowhere(view):
            return [], Counter()
        found = self.reader.problems(view)
        if not found[0] and not large:
            raise StructureError("the schema refuses what the model admits")
        return found

    def _leads_nowhere(self, view: Element) -> bool:
        """Whether an IDREF names no ID of the document (XML Schema part 1, §3.15.4), which libxml2 does not look at."""
        pointing = (el.get(name) for el in view.iter(*self.references) for name in self.references[el.tag])
        named = {name for names in pointing if names for name in names.split()}
        return bool(named) and not named <= {str(value).strip() for value in cast("list[str]", _IDS(view))}


class _Schemas(etree.Resolver):
    """Gives the documents of a schema to one another, and nothing else to anyone."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
        """The schema of a namespace, by its alias; what is at an unknown place is empty, and refused."""
        return self.resolve_string(self.texts.get(system_url.rpartition(":")[2], ""), context, base_url=system_url)


def _alone(view: Element) -> Element:
    """The element as a document of its own (libxml2 would not see the namespaces declared above it)."""
    if view.getparent() is None:
        return view
    root = etree.Element(view.tag, nsmap=cast("dict[str, str]", view.nsmap))  # a default namespace is under None
    root.attrib.update(view.attrib)
    root.text = view.text
    root.extend(copy.deepcopy(child) for child in view)
    return root
