"""The door for FHIR: JSON as the tree that its XML would be, and the documents that travel inside.

So that a rule reads both forms alike, the view of a JSON resource is in the namespace of FHIR XML (R4 §2.6.1): an
element for each property, a primitive in `@value`, `id` and the `url` of an extension as attributes. Nothing is
judged here; what the tree cannot hold (names that XML has not, nesting beyond the limit) is left out, and the validator
says so.
"""

import binascii
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lxml import etree

from dui_conformance.subjects.model import Element
from dui_conformance.subjects.xml import xml_safe

FHIR = "http://hl7.org/fhir"
_DEPTH = 120
_BLANKS = re.compile(r"\s+")
_VALUES = 800_000  # of a view: each takes memory and time; a bundle of 10 000 entries has half of them
_Open = tuple[Element, str, dict[str, Any], int]  # an element whose properties are still to be put, and its name


def view_of_json(data: bytes) -> Element | None:
    """The tree of a JSON resource; None if there is none to make, or too large a one."""
    if data.count(b",") > _VALUES:
        return None
    try:
        content = json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not _is_name(content.get("resourceType")):
        return None
    root = etree.Element(_tag(content["resourceType"]), nsmap={None: FHIR})  # type: ignore[dict-item]
    stack: list[_Open] = [(root, content["resourceType"], content, 0)]
    while stack:
        element, of, values, depth = stack.pop()
        for name, value in values.items():
            bare = name.removeprefix("_")
            if name == "resourceType" or (bare != name and bare in values) or not _is_name(bare):
                continue
            sibling = values.get("_" + bare) if bare == name else None
            for item, twin in _items(value, sibling) if isinstance(value, list) else ((value, sibling),):
                _put(element, of, bare, item, twin, depth, stack)
    return root


@lru_cache(maxsize=4096)
def _tag(name: str) -> str:
    return f"{{{FHIR}}}{name}"


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name.isalnum() and name.isascii() and len(name) <= 64 and name[0].isalpha()


def _items(values: list[Any], sibling: Any) -> Iterator[tuple[Any, Any]]:
    """Each value of a property with what its `_` twin says of it."""
    twins = sibling if isinstance(sibling, list) else []
    for index, item in enumerate(values):
        yield item, twins[index] if index < len(twins) else None


def _put(element: Element, of: str, name: str, item: Any, sibling: Any, depth: int, stack: list[_Open]) -> None:
    if isinstance(item, str):
        if (name == "id" and not of[:1].isupper()) or (name == "url" and of.endswith("xtension")):
            element.set(name, xml_safe(item))
            return
        child = etree.SubElement(element, _tag(name), {"value": item if item.isprintable() else xml_safe(item)})
    else:
        child = etree.SubElement(element, _tag(name))
    if isinstance(item, dict):
        type_ = item.get("resourceType")
        if _is_name(type_):
            name = str(type_)
            child = etree.SubElement(child, _tag(name))
        if depth < _DEPTH:
            stack.append((child, name, item, depth + 1))
    elif isinstance(item, bool):
        child.set("value", "true" if item else "false")
    if isinstance(sibling, dict) and depth < _DEPTH:
        stack.append((child, name, sibling, depth + 1))


def documents_of(view: Element) -> Iterator[tuple[Element, str, bytes]]:
    """The documents that a resource carries, with the element that holds each.

    They are the `data` of each Attachment and Binary, which is base64 (R4 §2.24.0.1).

    What is not base64 is passed over: the validator says so.
    """
    number = 0
    for data in view.iter(f"{{{FHIR}}}data"):
        holder = data.getparent()
        if holder is None or holder.find(f"{{{FHIR}}}contentType") is None:
            continue
        number += 1
        try:
            content = binascii.a2b_base64(_BLANKS.sub("", data.get("value", "")).encode("ascii"), strict_mode=True)
        except (binascii.Error, ValueError):
            continue
        if content:
            yield data, f"document{number}", content


def path_of(node: Element) -> str:
    """The FHIRPath of an element of a view: `Bundle.entry[2].resource.identifier[0].value`."""
    return ".".join(name if index is None else f"{name}[{index}]" for name, index in _steps(node))


def _steps(node: Element) -> list[tuple[str, int | None]]:
    """Names from the root, with a rank where siblings share one; a resource inside another is no step of its own."""
    steps: list[tuple[str, int | None]] = []
    current: Element | None = node
    while current is not None:
        name = etree.QName(current).localname
        parent = current.getparent()
        if parent is None or not name[:1].isupper():
            before = sum(1 for _ in current.itersiblings(current.tag, preceding=True)) if parent is not None else 0
            shared = before or (parent is not None and next(current.itersiblings(current.tag), None) is not None)
            steps.append((name, before if shared else None))
        current = parent
    return steps[::-1]


_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def position_in_json(data: bytes, node: Element) -> tuple[int | None, int | None]:
    """Line and column of the property (or the item) that an element of a view stands for."""
    try:
        text = data.decode("utf-8-sig")
        at = _space(text, 0)
        for name, index in _steps(node)[1:]:
            at = _into(text, at, name, index or 0)
    except (ValueError, RecursionError, IndexError):
        return None, None
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _into(text: str, at: int, name: str, index: int) -> int:
    """Where the property `name` of the object or item at `at` begins: its key, or its item if it is an array."""
    if text[at] == '"':  # the key of what was found last: its value is what is gone into
        at = _space(text, _space(text, _DECODER.raw_decode(text, at)[1]) + 1)
    at = _space(text, at + 1)
    while text[at] == '"':
        key, after = _DECODER.raw_decode(text, at)
        value = _space(text, _space(text, after) + 1)
        if key == name:
            if text[value] != "[":
                return at
            return _item(text, value, index)
        at = _space(text, _space(text, _DECODER.raw_decode(text, value)[1]))
        at = _space(text, at + 1)
    raise ValueError(name)


def _item(text: str, at: int, index: int) -> int:
    at = _space(text, at + 1)
    for _ in range(index):
        at = _space(text, _space(text, _DECODER.raw_decode(text, at)[1]) + 1)
    return at
