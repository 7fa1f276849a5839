"""What an ebRIM SubmitObjectsRequest holds that its schema does not allow, and that the flat projection would hide.

Sources: OASIS ebRIM 3.0 (rim.xsd): IdentifiableType, RegistryObjectType, SlotType1, InternationalStringType and the
types derived from them; IHE ITI TF-3 §4.2 for the slots that hold one value. Each anomaly becomes an `<irregular>` of
the view (see `subjects.xds`), with its `kind`:

* `unknown-element`, `unknown-attribute`: a name that the schema does not have there;
* `missing-element`, `missing-attribute`: what it requires (an identifier that is blank counts as missing);
* `repeated`: more of an element than it admits; `order`, `code-order`: out of its order (in a classification, the
  second: official archives write Name before Slot there);
* `slot-twice`: two slots of one name in one object; `several-values`, `same-value`, `blank-value`: in one slot;
* `language-twice`: two texts of one language in a name; `no-representation`: a classification under a scheme without
  the code it gives there (empty for an author).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from dui_conformance.subjects.model import Element
from dui_conformance.subjects.xml import xml_safe

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_LIMIT = 200  # anomalies told of one request
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_URI = "{" + RIM
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

_OBJECT = ("Slot", "Name", "Description", "VersionInfo", "Classification", "ExternalIdentifier")
_OBJECT_ATTRIBUTES = frozenset(("id", "home", "lid", "objectType", "status"))
_SINGLE = frozenset(("Name", "Description", "VersionInfo", "ContentVersionInfo", "ValueList", "RegistryObjectList"))
# Slots of one value (IHE ITI TF-3 §4.2.3) that the rules of cardinality of the DMP do not judge.
_ONE_VALUE = frozenset(("codingScheme", "SubmissionSetStatus", "authorPerson"))
# Slots of a document or of a set that XDS-DE-001, XDS-DE-002, XDS-SS-003 and XDS-SS-004 judge.
_COUNTED = frozenset(
    "creationTime serviceStartTime serviceStopTime languageCode legalAuthenticator sourcePatientId hash size URI"
    " submissionTime".split()
)
_REQUIRED = _COUNTED - {"hash", "size", "URI", "serviceStopTime"} | {"sourcePatientInfo"}


@dataclass(frozen=True, slots=True)
class _Shape:
    """Children in their order, attributes, those of them that are required and those that must not be blank."""

    children: tuple[str, ...] = ()
    attributes: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    filled: frozenset[str] = frozenset()
    needs: str = ""
    any_order: bool = False


def _object(required: tuple[str, ...] = (), also: tuple[str, ...] = (), last: tuple[str, ...] = ()) -> _Shape:
    return _Shape(
        _OBJECT + last,
        _OBJECT_ATTRIBUTES | {*required, *also},
        ("id", *required),
        frozenset(("id", *required)) - {"value"},
    )


_LISTED = tuple(
    "RegistryPackage ExtrinsicObject Association Classification ExternalIdentifier ObjectRef AdhocQuery AuditableEvent"
    " ClassificationNode ClassificationScheme ExternalLink Federation Notification Organization Person Registry"
    " Service ServiceBinding SpecificationLink Subscription User".split()
)
_SHAPES = {
    f"{{{RIM}}}{name}": shape
    for name, shape in {
        "RegistryObjectList": _Shape(_LISTED, any_order=True),
        "RegistryPackage": _object(last=("RegistryObjectList",)),
        "ExtrinsicObject": _object(also=("mimeType", "isOpaque"), last=("ContentVersionInfo",)),
        "Association": _object(("associationType", "sourceObject", "targetObject")),
        "Classification": _object(
            ("classifiedObject",), ("classificationScheme", "classificationNode", "nodeRepresentation")
        ),
        "ExternalIdentifier": _object(("registryObject", "identificationScheme", "value")),
        "ObjectRef": _Shape(("Slot",), frozenset(("id", "home", "createReplica")), ("id",), frozenset(("id",))),
        "Slot": _Shape(
            ("ValueList",), frozenset(("name", "slotType")), ("name",), frozenset(("name",)), needs="ValueList"
        ),
        "ValueList": _Shape(("Value",), needs="Value"),
        "Value": _Shape(),
        "Name": _Shape(("LocalizedString",)),
        "Description": _Shape(("LocalizedString",)),
        "LocalizedString": _Shape((), frozenset(("value", "charset", _XML_LANG)), ("value",)),
        "VersionInfo": _Shape((), frozenset(("versionName", "comment"))),
        "ContentVersionInfo": _Shape((), frozenset(("versionName", "comment"))),
    }.items()
}
_SLOT, _LIST, _VALUE = f"{{{RIM}}}Slot", f"{{{RIM}}}ValueList", f"{{{RIM}}}Value"

_TEXTS = (f"{{{RIM}}}Name", f"{{{RIM}}}Description")
_CLASSIFICATION = f"{{{RIM}}}Classification"
_SCHEMED = frozenset(("classificationScheme", "nodeRepresentation"))

_Told = tuple[Element, str, str]  # the element at fault, the kind, the name that is


def describe(view: Element, request: Element, origin: dict[Element, Element]) -> None:
    """Add to the view an `<irregular kind element parent name>` per anomaly of the request."""
    for number, (node, kind, name) in enumerate(_anomalies(request)):
        if number == _LIMIT:
            return
        above = node.getparent()
        irregular = etree.SubElement(
            view,
            "irregular",
            kind=kind,
            element=_local(node),
            parent=_local(above) if above is not None else "",
            name=xml_safe(name),
        )
        origin[irregular] = node


def _anomalies(request: Element) -> Iterator[_Told]:
    if request.find(f"{{{RIM}}}RegistryObjectList") is None:
        yield request, "missing-element", "RegistryObjectList"
    for node in request.iter(*_SHAPES):
        shape = _SHAPES[str(node.tag)]
        yield from _attributes(node, shape)
        yield from _children(node, shape)
        if node.tag == _SLOT:
            yield from _values(node)
        elif node.tag in _TEXTS:
            yield from _languages(node)
        elif node.tag == _CLASSIFICATION and {*node.attrib} & _SCHEMED == {"classificationScheme"}:
            yield node, "no-representation", "nodeRepresentation"


def _attributes(node: Element, shape: _Shape) -> Iterator[_Told]:
    names = map(str, node.attrib)
    strange = [name for name in names if name not in shape.attributes and not name.startswith(_XSI)]
    for name in strange:
        yield node, "unknown-attribute", name.rpartition("}")[2]
    for name in shape.required:
        value = node.get(name)
        if (value is None and not strange) or (value is not None and name in shape.filled and not value.strip()):
            yield node, "missing-attribute", name


def _children(node: Element, shape: _Shape) -> Iterator[_Told]:
    reached, seen, strange, misplaced = 0, set(), False, False
    slots: set[str] = set()
    for child in node.iterchildren("*"):
        uri, _, name = str(child.tag).rpartition("}")
        if uri != _URI or name not in shape.children:
            strange = True
            yield child, "unknown-element", name
            continue
        if not shape.any_order:
            place = shape.children.index(name)
            if name in seen and name in _SINGLE:
                yield child, "repeated", name
            elif place < reached and not misplaced:
                misplaced = True
                yield child, "code-order" if node.tag == _CLASSIFICATION else "order", name
            reached = max(reached, place)
        seen.add(name)
        if name == "Slot":
            slot = child.get("name", "")
            if slot in slots and slot not in _COUNTED:
                yield child, "slot-twice", slot
            slots.add(slot)
    if shape.needs and shape.needs not in seen and not strange:
        yield node, "missing-element", shape.needs


def _values(slot: Element) -> Iterator[_Told]:
    name = slot.get("name", "")
    held = slot.find(_LIST)
    values = [] if held is None else [(value, (value.text or "").strip()) for value in held.iterfind(_VALUE)]
    if name in _ONE_VALUE and len(values) > 1:
        yield slot, "several-values", name
    elif name not in _COUNTED and len({text for _, text in values}) < len(values):
        yield slot, "same-value", name
    if name not in _REQUIRED:
        yield from ((value, "blank-value", name) for value, text in values if not text)


def _languages(name: Element) -> Iterator[_Told]:
    seen: set[str] = set()
    for text in name.iterfind(f"{{{RIM}}}LocalizedString"):
        language = text.get(_XML_LANG, "en-US").lower()  # the default of the schema
        if language in seen:
            yield text, "language-twice", language
        seen.add(language)


def _local(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]
