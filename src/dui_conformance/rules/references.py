"""What a reference of a FHIR view leads to, for the rules: `resolve()` of the XPath dialect.

A reference of a Bundle names the fullUrl of an entry, or Type/id (R4 §2.36.4.1); `#id` names a resource contained in
the one that refers to it (§2.27.3). What lies elsewhere leads to nothing here.
"""

from functools import lru_cache
from typing import Any

from lxml import etree

Element = etree._Element
_FHIR = "{http://hl7.org/fhir}"


def resolved(_context: Any, references: Any) -> list[Element]:
    """The resources that elements of type Reference lead to, each once, in the order of the references."""
    found: list[Element] = []
    for reference in references if isinstance(references, list) else ():
        target = _target(reference) if isinstance(reference, Element) else None
        if target is not None and target not in found:
            found.append(target)
    return found


def _target(reference: Element) -> Element | None:
    literal = reference.find(f"{_FHIR}reference")
    value = "" if literal is None else literal.get("value", "")
    if value.startswith("#"):
        return _contained(reference, value[1:])
    return _entries(reference.getroottree().getroot()).get(value.partition("/_history/")[0]) if value else None


def _contained(reference: Element, identity: str) -> Element | None:
    for above in reference.iterancestors():
        for resource in above.iterfind(f"{_FHIR}contained/*"):
            if _id(resource) == identity:
                return resource
    return None


@lru_cache(maxsize=1)
def _entries(root: Element) -> dict[str, Element]:
    """The resources of a Bundle by their fullUrl, and by Type/id; of two that share one, the first."""
    known: dict[str, Element] = {}
    for entry in root.iterfind(f"{_FHIR}entry"):
        resource = entry.find(f"{_FHIR}resource/*")
        if resource is None:
            continue
        address = entry.find(f"{_FHIR}fullUrl")
        if address is not None and address.get("value"):
            known.setdefault(address.get("value", ""), resource)
        if identity := _id(resource):
            known.setdefault(f"{str(resource.tag).rpartition('}')[2]}/{identity}", resource)
    return known


def _id(resource: Element) -> str:
    identity = resource.find(f"{_FHIR}id")
    return "" if identity is None else identity.get("value", "")
