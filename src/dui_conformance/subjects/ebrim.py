"""What an ebRIM SubmitObjectsRequest holds that its schema does not allow, and that the flat projection would hide.

Sources: OASIS ebRIM 3.0 (rim.xsd): IdentifiableType, RegistryObjectType, SlotType1, InternationalStringType and the
types derived from them; IHE ITI TF-3 §4.2 for the slots that hold one value. Each anomaly becomes an `<irregular>` of
the view (see `subjects.xds`), with its `kind`:

* `unknown-element`, `unknown-attribute`: a name that the schema does not have there;
* `missing-element`, `missing-attribute`: what it requires (an identifier that is blank counts as missing);
* `repeated`: more of an element than it admits; `order`, `code-order`: out of its order (in a classification, the
  second: official archives write Name before Slot there);
* `slot-twice`: two slots of one name in one object; `several-values`, `same-value`, `blank-value`: in one slot.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from dui_conformance.subjects.model import Element
from dui_conformance.subjects.xml import xml_safe

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_LIMIT = 200  # anomalies told of one request
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
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


def _attributes(node: Element, shape: _Shape) -> Iterator[_Told]:
    strange = [str(name) for name in node.attrib if name not in shape.attributes and not str(name).startswith(_XSI)]
    for name in strange:
        yield node, "unknown-attribute", etree.QName(name).localname
    for name in shape.required:
        value = node.get(name)
        if (value is None and not strange) or (value is not None and name in shape.filled and not value.strip()):
            yield node, "missing-attribute", name


def _children(node: Element, shape: _Shape) -> Iterator[_Told]:
    reached, seen, strange, misplaced = 0, set(), False, False
    slots: set[str] = set()
    for child in node.iterchildren("*"):
        name = _local(child)
        if child.tag != f"{{{RIM}}}{name}" or name not in shape.children:
            strange = True
            yield child, "unknown-element", name
            continue
        if name in seen and name in _SINGLE:
            yield child, "repeated", name
        elif not shape.any_order and not misplaced and shape.children.index(name) < reached:
            misplaced = True
            yield child, "code-order" if _local(node) == "Classification" else "order", name
        reached = max(reached, shape.children.index(name))
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
    values = [(value, (value.text or "").strip()) for value in slot.iterfind(f"{_LIST}/{_VALUE}")]
    if name in _ONE_VALUE and len(values) > 1:
        yield slot, "several-values", name
    elif name not in _COUNTED and len({text for _, text in values}) < len(values):
        yield slot, "same-value", name
    if name not in _REQUIRED:
        yield from ((value, "blank-value", name) for value, text in values if not text)


def _local(node: Element) -> str:
    return etree.QName(node).localname
