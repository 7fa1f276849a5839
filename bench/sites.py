"""The places of an XML subject where a mutation can strike, named as the rules name them.

A `path` is in the dialect of the rules (positions included, so that a survivor can be pasted into a rule's
`breaks`); a `place` is what the meaning table matches: no positions, but what an element is for in brackets:
`recordTarget/patientRole/id[INS]/@extension`, `ExtrinsicObject/Slot[creationTime]/ValueList/Value`,
`Classification[typeCode]/@nodeRepresentation`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from dui_conformance.rules.xpath import NAMESPACES
from dui_conformance.subjects.model import Element, Subject

_ALIAS = {uri: alias for alias, uri in NAMESPACES.items()}
_INS_ARC = "1.2.250.1.213.1.4."
_IDENTIFIED = {
    "1.2.250.1.71.4.2.1": "person",
    "1.2.250.1.71.4.2.2": "structure",
}
_II = ("id", "setId", "templateId", "typeId")

Form = Literal["element", "attribute", "text"]


@dataclass(frozen=True, eq=False, slots=True)
class Site:
    """An element, an attribute or the text of a leaf. `name`: its local name; `value` is empty for an element."""

    form: Form
    path: str
    place: str
    name: str
    value: str
    element: Element


def sites(subject: Subject) -> list[Site]:
    """Every site of a CDA (below the ClinicalDocument) or of XDS metadata (below the request)."""
    if subject.view is None:
        return []
    if subject.kind == "xds":
        start, prefix = subject.origin[subject.view], "rim"
        meant = {id(node): shown.tag for shown, node in subject.origin.items()}
    else:
        start, prefix, meant = subject.view, "h", {}
    return list(_below(start, "", "", prefix, meant))


def _below(parent: Element, path: str, place: str, prefix: str, meant: Mapping[int, str]) -> Iterator[Site]:
    totals: dict[str, int] = {}
    for child in parent.iterchildren(etree.Element):
        totals[str(child.tag)] = totals.get(str(child.tag), 0) + 1
    seen: dict[str, int] = {}
    for child in parent.iterchildren(etree.Element):
        tag = str(child.tag)
        seen[tag] = seen.get(tag, 0) + 1
        step = _step(child, prefix)
        if step is None:
            continue
        where = f"{path}/{step}" if path else step
        if totals[tag] > 1:
            where += f"[{seen[tag]}]"
        what = f"{place}/{step}" if place else step
        what += _purpose(child, meant)
        yield Site("element", where, what, step, "", child)
        yield from _attributes(child, where, what)
        if len(child) == 0 and (child.text or "").strip():
            yield Site("text", where, f"{what}/text()", step, child.text or "", child)
        yield from _below(child, where, what, prefix, meant)


def _attributes(element: Element, path: str, place: str) -> Iterator[Site]:
    for key, value in element.attrib.items():
        name = etree.QName(key)
        if name.namespace is None:
            local = name.localname
        elif name.namespace in _ALIAS:
            local = f"{_ALIAS[name.namespace]}:{name.localname}"
        else:
            continue  # xml:lang and the like
        yield Site("attribute", f"{path}/@{local}", f"{place}/@{local}", local, str(value), element)


def _step(element: Element, prefix: str) -> str | None:
    name = etree.QName(element)
    alias = _ALIAS.get(name.namespace or "")
    if alias is None:
        return None
    return name.localname if alias == prefix else f"{alias}:{name.localname}"


def _purpose(element: Element, meant: Mapping[int, str]) -> str:
    name = etree.QName(element).localname
    if name in _II:
        root = element.get("root", "")
        label = "INS" if root.startswith(_INS_ARC) else _IDENTIFIED.get(root, "")
        return f"[{label}]" if label else ""
    if name in ("family", "given"):
        return f"[{element.get('qualifier')}]" if element.get("qualifier") else ""
    if name == "telecom":
        return f"[{element.get('value', '').partition(':')[0]}]"
    if name == "Slot":
        return f"[{element.get('name')}]"
    if name in ("Classification", "ExternalIdentifier"):
        if element.get("classificationNode"):
            return "[submissionSet]"
        return f"[{meant.get(id(element), '')}]"
    if name == "Association":
        return f"[{element.get('associationType', '').rpartition(':')[2]}]"
    return ""
