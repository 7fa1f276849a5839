"""Why a document does not follow its model: each fault with its element, its cause and what was expected there.

libxml2 only says yes or no to the engine: after a first fault in an element it skips what follows, it names ten
expected elements at most, and its search for the path of each fault takes time that grows with their square. This
reader goes through the whole document once and tells every fault.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from dui_conformance.rules.structure_content import ANYTHING, Leaf
from dui_conformance.rules.structure_model import HL7, Attribute, Model, Type, Value
from dui_conformance.rules.structure_order import Fault, faults
from dui_conformance.rules.structure_shape import Name, Shape
from dui_conformance.rules.structure_xsd import values_schema
from dui_conformance.text import Text

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_TYPE, _NIL = f"{_XSI}type", f"{_XSI}nil"
_META = frozenset((_TYPE, _NIL, f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"))
_BLANKS = " \t\r\n"
_MOST = 1000  # problems of one document: nobody reads more, and a hostile document has millions
_LISTED = 12  # expected names or codes that a message lists
CAUSES = (
    "order",
    "unknown_element",
    "missing_element",
    "repeated",
    "together",
    "text",
    "unknown_attribute",
    "missing_attribute",
    "bad_value",
    "bad_code",
    "type_missing",
    "type_wrong",
    "duplicate_id",
)

Said = str | Text
Element = etree._Element


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of structure. `about`: the local names of what it is about; `attribute`: the one it lies in, if any."""

    cause: str
    node: Element
    values: Mapping[str, Said]
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

    def problems(self, root: Element) -> list[Problem]:
        """Every problem of a document, in document order; the first thousand of a hopeless one."""
        return _Reading(self).of(root)

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
            known = self.answers[value, text] = self.values.validate(probe)
        return known


@dataclass(slots=True)
class _Reading:
    """One document."""

    reader: Reader
    found: list[Problem] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def of(self, root: Element) -> list[Problem]:
        leaf = self.reader.model.elements[root.tag]
        stack: list[tuple[Element, Leaf | None]] = [(root, leaf)]
        while stack and len(self.found) < _MOST:
            element, leaf = stack.pop()
            stack += reversed(list(self._element(element, leaf)))
        return self.found

    def _say(self, cause: str, node: Element, about: Sequence[str], at: str = "", /, **values: Said) -> None:
        locals_ = frozenset(etree.QName(name).localname for name in about)
        self.found.append(Problem(cause, node, values, locals_, at))

    def _element(self, element: Element, leaf: Leaf | None) -> Iterator[tuple[Element, Leaf | None]]:
        """Judge an element; gives the children to look at, with what they are declared as."""
        model = self.reader.model
        if leaf is not None and leaf.type in model.values:
            yield from self._simple(element, leaf.type)
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

    def _simple(self, element: Element, value: str) -> Iterator[tuple[Element, Leaf | None]]:
        self._attributes(element, {})
        for child in element.iterchildren("*"):
            name = self.reader.name(child.tag)
            parent = self.reader.name(element.tag)
            self._say("unknown_element", child, [child.tag], element=name, parent=parent, expected=_NOTHING)
        self._value(element, value, "".join(element.itertext()), "")
        return iter(())

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
            self._say("unknown_attribute", element, ["nil"], "nil", attribute="xsi:nil", element=name, expected=_NOTHING)
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
        spoken = next((text for text in texts if text.strip(_BLANKS)), "")
        if not spoken and not (empty and any(texts)):
            return
        parent = self.reader.name(element.tag)
        shown = f"« {' '.join(spoken.split())} »" if spoken else ""
        what = Text(f"le texte {shown}", f"the text {shown}") if spoken else Text("des blancs", "blanks")
        where = Text("qui doit rester vide", "which must stay empty") if empty else Text(
            "qui n'a que des éléments", "which holds elements only"
        )
        self._say("text", element, [element.tag], parent=parent, text=what, where=where)

    def _content(self, parent: Element, fault: Fault, shape: Shape) -> None:
        name = self.reader.name
        values: dict[str, Said] = {"parent": name(parent.tag)}
        if fault.cause in ("order", "repeated", "unknown_element"):
            values["element"] = name(fault.tags[0])
        if fault.cause == "order":
            values["element"], values["before"] = name(fault.tags[0]), name(fault.tags[1])
        elif fault.cause == "repeated":
            values |= {"count": str(fault.count), "limit": str(fault.limit)}
        elif fault.cause == "unknown_element":
            values["expected"] = self._expected(values["element"], [name(tag) for tag in fault.expected])  # type: ignore[arg-type]
        elif fault.cause == "missing_element":
            values["element"] = " | ".join(map(name, fault.tags))
        else:
            values |= {"elements": ", ".join(map(name, fault.tags)), "expected": shape.told(name)}
        node = fault.node if fault.node is not None else parent
        self._say(fault.cause, node, [*fault.tags, *fault.absorbed], **values)

    def _expected(self, found: str, names: Sequence[str]) -> Said:
        """The names that may stand there, those like the one that was found first."""
        if not names:
            return _NOTHING
        like = [name for name in names if name.lower() == found.lower().rpartition(":")[2]]
        if len(found) < 60:
            like += difflib.get_close_matches(found, names, 2)
        ordered = list(dict.fromkeys([*like, *names]))
        return _listed(ordered)

    # attributes

    def _attributes(self, element: Element, admitted: Mapping[str, Attribute]) -> None:
        name = self.reader.name
        present = element.attrib
        for attribute, text in present.items():
            known = admitted.get(attribute)
            if known is not None:
                self._attribute(element, known, text)
            elif attribute not in _META:
                bare = etree.QName(attribute)
                shown = bare.localname if not bare.namespace else name(attribute)
                expected = self._expected(shown, [_attribute_name(a, name) for a in admitted if a not in present])
                self._say(
                    "unknown_attribute",
                    element,
                    [attribute],
                    bare.localname,
                    attribute=shown,
                    element=name(element.tag),
                    expected=expected,
                )
        for known in admitted.values():
            if known.required and known.name not in present:
                self._say(
                    "missing_attribute",
                    element,
                    [known.name],
                    attribute=known.name,
                    element=name(element.tag),
                    expected=self._wanted(known.value, known.fixed),
                )

    def _attribute(self, element: Element, attribute: Attribute, text: str) -> None:
        local = etree.QName(attribute.name).localname
        right = self._value(element, attribute.value, text, local, attribute.fixed)
        plain = " ".join(text.split())
        if not right:
            return
        if attribute.fixed and plain != attribute.fixed:
            self._code(element, local, text, attribute.fixed)
        elif attribute.value == "ID":
            if plain in self.ids:
                self._say("duplicate_id", element, [local], local, value=text, element=self.reader.name(element.tag))
            self.ids.add(plain)

    def _value(self, element: Element, value: str, text: str, attribute: str, fixed: str = "") -> bool:
        """Whether a value is right; says so if it is not."""
        if self.reader.admits(value, text):
            return True
        known = self.reader.model.values[value]
        codes = known.codes or (self.reader.model.values[known.items].codes if known.items else ())
        if fixed or codes:
            self._code(element, attribute, text, fixed or _listed(codes))
            return False
        name = self.reader.name(element.tag)
        place: Said = f"@{attribute}" if attribute else Text("le texte", "the text")
        expected = known.says or Text(f"un {value}", f"a {value}")
        about = [attribute or element.tag]
        self._say("bad_value", element, about, attribute, place=place, element=name, value=text, expected=expected)
        return False

    def _code(self, element: Element, attribute: str, text: str, expected: Said) -> None:
        name = self.reader.name(element.tag)
        self._say(
            "bad_code", element, [attribute], attribute, attribute=attribute, element=name, value=text, expected=expected
        )

    def _wanted(self, value: str, fixed: str) -> Said:
        known: Value = self.reader.model.values[value]
        if fixed:
            return fixed
        return _listed(known.codes) if known.codes else known.says or value


_NOTHING = Text("rien", "nothing")


def _attribute_name(clark: str, name: Name) -> str:
    return name(clark) if clark.startswith("{") else clark


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f"… ({len(names)})" if len(names) > _LISTED else "")
