"""Small changes of a whole document, drawn over its places: every kind of place before any place twice.

A place is named by the template it lies in and the way down from there, so that the thirty observations of a document
count once, and its one signature counts as much.
"""

import copy
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from dui_conformance.rules.xpath import NAMESPACES
from dui_conformance.subjects.cda import HL7, document_of
from dui_conformance.subjects.positions import path_of

Element = etree._Element

_TYPE = f"{{{NAMESPACES['xsi']}}}type"
_TEMPLATE = f"{{{HL7}}}templateId"
_OTHER = {
    "classCode": ("ACT", "OBS", "ENC", "PROC", "SBADM", "ORGANIZER", "CLUSTER"),
    "moodCode": ("EVN", "INT", "RQO", "PRMS", "GOL"),
    "typeCode": ("COMP", "REFR", "SUBJ", "RSON", "CAUS", "PERT"),
    "inversionInd": ("true", "false"),
    "nullFlavor": ("UNK", "NA", "OTH", "NAV"),
    "codeSystem": ("2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", "1.2.250.1.213.1.1.4.322"),
    "root": ("1.2.250.1.213.9.9.9", "2.16.840.1.113883.9.99"),
    "unit": ("kg", "xyz", "1"),
    _TYPE: ("CD", "ST", "PQ", "INT", "TS", "BL"),
}
_CODES = ("code", "displayName")

Change = Callable[[Element, random.Random], str]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A changed document: `root` is the whole file, `said` what was done, `part` structure, header or body."""

    root: Element
    operator: str
    said: str
    part: str


def _delete(element: Element, rng: random.Random) -> str:
    parent = element.getparent()
    if parent is None:
        return ""
    said = f"{path_of(element)} deleted"
    parent.remove(element)
    return said


def _duplicate(element: Element, rng: random.Random) -> str:
    element.addnext(copy.deepcopy(element))
    return f"{path_of(element)} written twice"


def _attribute(element: Element, rng: random.Random) -> str | None:
    names = [str(name) for name in element.attrib]
    return rng.choice(names) if names else None


def _delete_attribute(element: Element, rng: random.Random) -> str:
    name = _attribute(element, rng)
    if name is None:
        return ""
    del element.attrib[name]
    return f"{path_of(element)}/@{etree.QName(name).localname} deleted"


def _another_value(element: Element, rng: random.Random) -> str:
    """An attribute takes a value that is right elsewhere."""
    name = _attribute(element, rng)
    if name is None:
        return ""
    before = element.get(name, "")
    if name in _OTHER:
        choices: Sequence[str] = [value for value in _OTHER[name] if value != before]
    else:
        root = element.getroottree().getroot()
        choices = sorted({e.get(name, "") for e in root.iter("*")} - {before, ""}) if name in _CODES else ()
        choices = [*choices, before[:-1] + ("1" if before[-1:] != "1" else "2")]
    after = rng.choice(choices)
    element.set(name, after)
    return f"{path_of(element)}/@{etree.QName(name).localname}: {before} becomes {after}"


def _blank(element: Element, rng: random.Random) -> str:
    if (element.text or "").strip() and len(element) == 0:
        element.text = ""
        return f"the text of {path_of(element)} emptied"
    name = _attribute(element, rng)
    if name is None:
        return ""
    element.set(name, "")
    return f"{path_of(element)}/@{etree.QName(name).localname} emptied"


def _null(element: Element, rng: random.Random) -> str:
    """What it holds is unknown."""
    if element.get("nullFlavor") or element.tag == _TEMPLATE:
        return ""
    kept = element.get(_TYPE)
    said = f"{path_of(element)} becomes null"
    tail = element.tail
    element.clear()
    element.tail = tail
    if kept:
        element.set(_TYPE, kept)
    element.set("nullFlavor", "UNK")
    return said


def _rename(element: Element, rng: random.Random) -> str:
    name = etree.QName(element)
    said = f"{path_of(element)} renamed"
    element.tag = f"{{{name.namespace}}}{name.localname[0].swapcase()}{name.localname[1:]}"
    return said


def _swap(element: Element, rng: random.Random) -> str:
    following = element.getnext()
    if following is None or not isinstance(following.tag, str) or following.tag == element.tag:
        return ""
    said = f"{path_of(element)} and what follows it change places"
    following.addnext(element)
    return said


OPERATORS: dict[str, Change] = {
    "delete element": _delete,
    "delete attribute": _delete_attribute,
    "another value": _another_value,
    "null": _null,
    "blank": _blank,
    "duplicate": _duplicate,
    "rename": _rename,
    "swap": _swap,
}


def mutations(root: Element, rng: random.Random, parts: Sequence[str] = ("header", "body")) -> Iterator[Mutation]:
    """Mutations of a file, without end: place × operator, each once in a random order, then again."""
    while True:
        drawn = [(place, operator) for place in _places(root, parts) for operator in OPERATORS]
        if not drawn:
            return
        rng.shuffle(drawn)
        for place, operator in drawn:
            part, indexes = place
            changed = copy.deepcopy(root)
            document = document_of(changed)
            if document is None:
                return
            element = list(document.iter("*"))[rng.choice(indexes)]
            said = OPERATORS[operator](element, rng)
            if said:
                yield Mutation(changed, operator, said, part)


def _places(root: Element, parts: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
    """(part, positions in document order of the elements of one place) for each place below the ClinicalDocument."""
    document = document_of(root)
    if document is None:
        return []
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    labels: dict[Element, tuple[str, str]] = {document: ("header", "")}
    for index, element in enumerate(document.iter("*")):
        if element is document:
            continue
        parent = element.getparent()
        part, way = labels[parent] if parent is not None else ("header", "")
        name = etree.QName(element).localname
        if parent is document and name == "component":
            part = "body"
        template = element.find(_TEMPLATE)
        own = f"[{template.get('root')}]" if template is not None else ""
        if name == "templateId":
            own = f"[{element.get('root')}]"
        way = f"{name}{own}" if own and name != "templateId" else f"{way}/{name}{own}"
        if way.count("/text/") or (way.endswith("/text") and part == "body" and len(element)):
            labels[element] = (part, f"{way.partition('/text')[0]}/text/")  # the narrative: one place
        else:
            labels[element] = (part, way)
        found[labels[element]].append(index)
    return [(part, tuple(indexes)) for (part, _), indexes in sorted(found.items()) if part in parts]
