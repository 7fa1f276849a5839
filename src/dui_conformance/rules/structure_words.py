"""Why a document does not follow its model: each fault with its element, its cause and what was expected there.

libxml2 only says yes or no to the engine: after a first fault in an element it skips what follows, it names ten
expected elements at most, and its search for the path of each fault takes time that grows with their square. This
reader goes through the whole document once and tells every fault.
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from dui_conformance.rules.structure_content import ANYTHING, Leaf
from dui_conformance.rules.structure_model import HL7, Attribute, Model, Type
from dui_conformance.rules.structure_order import Fault, faults
from dui_conformance.rules.structure_shape import Name, Shape
from dui_conformance.rules.structure_xsd import values_schema
from dui_conformance.text import Text

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_TYPE, _NIL = f"{_XSI}type", f"{_XSI}nil"
_META = frozenset((_TYPE, _NIL, f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"))
_BLANKS = " \t\r\n"
_KEPT = 100  # problems of one cause in one document: nobody reads more; the others are counted
_HOPELESS = 20_000  # problems after which the rest is not read
_LISTED = 12  # expected names or codes that a message lists
_SHORT = 200  # characters of a value that is remembered with its answer

# the causes, with the values that a problem of each shows
CAUSES: Mapping[str, frozenset[str]] = {
    "order": frozenset(("element", "before", "parent")),
    "unknown_element": frozenset(("element", "parent", "expected_fr", "expected_en")),
    "missing_element": frozenset(("element", "parent")),
    "repeated": frozenset(("element", "parent", "count", "limit")),
    "together": frozenset(("elements", "parent", "expected")),
    "text": frozenset(("parent", "text")),
    "blank": frozenset(("parent",)),
    "unknown_attribute": frozenset(("attribute", "element", "expected_fr", "expected_en")),
    "missing_attribute": frozenset(("attribute", "element", "expected_fr", "expected_en")),
    "bad_value": frozenset(("place_fr", "place_en", "element", "value", "expected_fr", "expected_en")),
    "bad_code": frozenset(("attribute", "element", "value", "expected")),
    "type_missing": frozenset(("element",)),
    "type_wrong": frozenset(("element", "found", "why_fr", "why_en")),
}

Element = etree._Element


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of structure. `about`: the local names of what it is about; `attribute`: the one it lies in, if any."""

    cause: str
    node: Element
    values: Mapping[str, str]  # what differs by language under two names: expected_fr, expected_en
    about: frozenset[str]
    attribute: str = ""


class Reader:
    """Reads documents against a model; keeps what it learns of types and values from one to the next."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.name = Name(model.namespaces, HL7)
        self.shapes: dict[str, Shape] = {}
        self.answers: dict[tuple[str, str], bool] = {}
        self.values = values_schema(model)

    def problems(self, root: Element) -> tuple[list[Problem], Counter[str]]:
        """The problems of a document, in its order, and how many more there are of each cause."""
        reading = _Reading(self)
        reading.read(root)
        more = {cause: count - _KEPT for cause, count in reading.counts.items() if count > _KEPT}
        return reading.found, Counter(more)

    def shape(self, type_: Type) -> Shape:
        """The content of a type."""
        shape = self.shapes.get(type_.key)
        if shape is None:
            shape = self.shapes[type_.key] = Shape(type_.content, type_.uri)
        return shape

    def admits(self, value: str, text: str) -> bool:
        """Whether a simple value may be this text; libxml2 answers, so that no pattern is written twice."""
        known = self.answers.get((value, text))
        if known is None:
            if len(self.answers) > 20_000:
                self.answers.clear()
            probe = etree.Element(f"{{{HL7}}}{value}")
            probe.text = text
            known = self.values.validate(probe)
            if len(text) <= _SHORT:
                self.answers[value, text] = known
        return known


@dataclass(slots=True)
class _Reading:
    """One document."""

    reader: Reader
    found: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)
    pointers: list[tuple[Element, str, str]] = field(default_factory=list)  # element, attribute, the ID it names

    def read(self, root: Element) -> None:
        stack: list[tuple[Element, Leaf | None]] = [(root, self.reader.model.elements[root.tag])]
        while stack and self.counts.total() < _HOPELESS:
            element, leaf = stack.pop()
            stack += reversed(list(self._element(element, leaf)))
        for element, attribute, name in self.pointers:
            if name not in self.ids:
                self._wrong(element, attribute, name, _NO_ID)

    def _say(self, cause: str, node: Element, about: Sequence[str], at: str = "", /, **values: str | Text) -> None:
        if self._enough(cause):
            return
        self.counts[cause] += 1
        locals_ = frozenset(etree.QName(name).localname for name in about)
        shown: dict[str, str] = {}
        for name, value in values.items():
            shown |= {name: value} if isinstance(value, str) else {f"{name}_fr": value.fr, f"{name}_en": value.en}
        self.found.append(Problem(cause, node, shown, locals_, at))

    def _enough(self, cause: str) -> bool:
        """Whether a problem of this cause is counted only."""
        if self.counts[cause] < _KEPT:
            return False
        self.counts[cause] += 1
        return True

    def _element(self, element: Element, leaf: Leaf | None) -> Iterator[tuple[Element, Leaf | None]]:
        """Judge an element; gives the children to look at, with what they are declared as."""
        model = self.reader.model
        if leaf is not None and leaf.type in model.values:
            self._simple(element, leaf.type)
            return
        type_ = self._type(element, leaf)
        if type_ is None:
            if leaf is None or leaf.type == ANYTHING:  # whatever it holds, but what is declared must be right
                yield from ((child, model.elements.get(child.tag)) for child in element.iterchildren("*"))
            return
        self._attributes(element, type_.attributes)
        if self._nilled(element, leaf):
            return
        shape = self.reader.shape(type_)
        children = list(element.iterchildren("*"))
        if not type_.mixed:
            self._text(element, empty=type_.content is None)
        if not shape.admits([child.tag for child in children]):
            for fault in faults(children, shape):
                self._content(element, fault, shape)
        for child in children:
            known = shape.children.get(child.tag)
            if known is not None:
                yield child, known

    def _simple(self, element: Element, value: str) -> None:
        """An element that holds a value and nothing else."""
        self._attributes(element, {})
        for child in element.iterchildren("*"):
            values = {"element": self.reader.name(child.tag), "parent": self.reader.name(element.tag)}
            self._say("unknown_element", child, [child.tag], **values, expected=_NOTHING)
        self._value(element, value, "".join(map(str, element.itertext())), "")

    # types

    def _type(self, element: Element, leaf: Leaf | None) -> Type | None:
        """The type that an element has: the one it is declared with, or the one that xsi:type names."""
        model = self.reader.model
        declared = model.types.get(leaf.type) if leaf is not None else None
        named = element.get(_TYPE)
        if named is None:
            if declared is None or not declared.abstract:
                return declared
            self._say("type_missing", element, [element.tag, "type"], element=self.reader.name(element.tag))
            return None
        prefix, colon, local = named.rpartition(":")
        uri = element.nsmap.get(prefix if colon else None, "")
        found = model.by_name(uri, local)
        if found is None:
            why = Text("n'est pas un type du CDA", "is not a type of the CDA")
        elif declared is not None and not model.derives(found, declared.key):
            why = Text(f"n'est pas dérivé de {declared.label}", f"is not derived from {declared.label}")
        elif found.abstract:
            why = Text("est un type abstrait", "is an abstract type")
        else:
            return found
        name = self.reader.name(element.tag)
        self._say("type_wrong", element, ["type"], "type", element=name, found=named, why=why)
        return None if declared is None or declared.abstract else declared

    def _nilled(self, element: Element, leaf: Leaf | None) -> bool:
        """Whether the element is nil, and so has nothing inside."""
        nil = element.get(_NIL)
        if nil is None or leaf is None:
            return False
        name = self.reader.name(element.tag)
        if not leaf.nillable:
            values = {"attribute": "xsi:nil", "element": name}
            self._say("unknown_attribute", element, ["nil"], "nil", **values, expected=_NOTHING)
            return False
        if not self.reader.admits("boolean", nil):
            self._value(element, "boolean", nil, "nil")
            return False
        if nil.strip(_BLANKS) not in ("true", "1"):
            return False
        self._text(element, empty=True)
        for child in element.iterchildren("*"):
            inner = self.reader.name(child.tag)
            expected = Text("rien, car xsi:nil est vrai", "nothing, since xsi:nil is true")
            self._say("unknown_element", child, [child.tag, "nil"], element=inner, parent=name, expected=expected)
        return True

    # content

    def _text(self, element: Element, empty: bool) -> None:
        """Text where only elements may stand, or anything where nothing may."""
        texts = [element.text or "", *(child.tail or "" for child in element)]
        parent = self.reader.name(element.tag)
        spoken = next((text for text in texts if text.strip(_BLANKS)), "")
        if spoken:
            self._say("text", element, [element.tag], parent=parent, text=" ".join(spoken.split()))
        elif empty and any(texts):
            self._say("blank", element, [element.tag], parent=parent)

    def _content(self, parent: Element, fault: Fault, shape: Shape) -> None:
        if self._enough(fault.cause):
            return
        name = self.reader.name
        first = name(fault.tags[0]) if fault.tags else ""
        values: dict[str, str | Text] = {"parent": name(parent.tag), "element": first}
        if fault.cause == "order":
            values["before"] = name(fault.tags[1])
        elif fault.cause == "repeated":
            values |= {"count": str(fault.count), "limit": str(fault.limit)}
        elif fault.cause == "unknown_element":
            values["expected"] = _expected(first, [name(tag) for tag in fault.expected])
        elif fault.cause == "missing_element":
            values["element"] = " | ".join(map(name, fault.tags))
        else:
            del values["element"]
            expected = " | ".join(map(name, fault.expected)) or shape.told(name)
            values |= {"elements": ", ".join(map(name, fault.tags)), "expected": expected}
        node = fault.node if fault.node is not None else parent
        self._say(fault.cause, node, [*fault.tags, *fault.absorbed], **values)

    # attributes

    def _attributes(self, element: Element, admitted: Mapping[str, Attribute]) -> None:
        name = self.reader.name
        present = cast("list[tuple[str, str]]", element.items())
        for attribute, text in present:
            known = admitted.get(attribute)
            if known is not None:
                self._attribute(element, known, text)
            elif attribute not in _META and not self._enough("unknown_attribute"):
                written = {other for other, _ in present}
                expected = _expected(_called(attribute, name), [_called(a, name) for a in admitted if a not in written])
                values = {"attribute": _called(attribute, name), "element": name(element.tag)}
                local = etree.QName(attribute).localname
                self._say("unknown_attribute", element, [attribute], local, **values, expected=expected)
        for known in admitted.values():
            if known.required and element.get(known.name) is None:
                expected = self._wanted(known)
                values = {"attribute": known.name, "element": name(element.tag)}
                self._say("missing_attribute", element, [known.name], **values, expected=expected)

    def _attribute(self, element: Element, attribute: Attribute, text: str) -> None:
        local = attribute.name.rpartition("}")[2]
        if not self._value(element, attribute.value, text, local, attribute.fixed):
            return
        if attribute.fixed and " ".join(text.split()) != attribute.fixed:
            self._code(element, local, text, attribute.fixed)
        elif attribute.value == "ID":
            if text.strip(_BLANKS) in self.ids:
                self._wrong(element, local, text, _UNIQUE)
            self.ids.add(text.strip(_BLANKS))
        elif attribute.value in ("IDREF", "IDREFS"):
            self.pointers += [(element, local, name) for name in text.split()]

    def _value(self, element: Element, value: str, text: str, attribute: str, fixed: str = "") -> bool:
        """Whether a value is right; says so if it is not. An empty `attribute`: the text of the element."""
        if self.reader.admits(value, text):
            return True
        codes = self._codes(value)
        if fixed or codes:
            self._code(element, attribute, text, fixed or _listed(codes))
            return False
        self._wrong(element, attribute, text, self._words(value))
        return False

    def _wrong(self, element: Element, attribute: str, text: str, expected: Text) -> None:
        place = Text(f"@{attribute}", f"@{attribute}") if attribute else Text("le texte", "the text")
        values = {"element": self.reader.name(element.tag), "value": text}
        self._say("bad_value", element, [attribute or element.tag], attribute, **values, place=place, expected=expected)

    def _code(self, element: Element, attribute: str, text: str, expected: str) -> None:
        values = {"attribute": attribute, "element": self.reader.name(element.tag), "value": text}
        self._say("bad_code", element, [attribute], attribute, **values, expected=expected)

    def _codes(self, value: str) -> Sequence[str]:
        """The codes of a value, or of the parts of a list."""
        known = self.reader.model.values[value]
        return self._codes(known.items) if known.items else known.codes

    def _words(self, value: str) -> Text:
        known = self.reader.model.values[value]
        return known.says or Text(f"un {value}", f"a {value}")

    def _wanted(self, attribute: Attribute) -> Text:
        """What a missing attribute should hold."""
        told = attribute.fixed or _listed(self._codes(attribute.value))
        return Text(told, told) if told else self._words(attribute.value)


_NOTHING = Text("rien", "nothing")
_NO_ID = Text("l'ID d'un élément du document", "the ID of an element of the document")
_UNIQUE = Text(
    "un identifiant unique : un autre élément porte le même", "a unique identifier: another element bears it"
)


def _called(attribute: str, name: Name) -> str:
    return name(attribute) if attribute.startswith("{") else attribute


def _expected(found: str, names: Sequence[str]) -> Text:
    """The names that may stand there, those like the one that was found first."""
    if not names:
        return _NOTHING
    like = [name for name in names if name.lower() == found.lower().rpartition(":")[2]]
    if len(found) < 60:
        like += difflib.get_close_matches(found, names, 2)
    told = _listed(list(dict.fromkeys([*like, *names])))
    return Text(told, told)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f"… ({len(names)})" if len(names) > _LISTED else "")
