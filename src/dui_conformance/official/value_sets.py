"""Value sets that a user brings, as data: IHE SVS (RetrieveValueSetResponse) and FHIR ValueSet, in JSON or XML.

Codes are stripped of blanks around them (twelve codes of the kit end with one, cda.md §4). A FHIR set that does not
list its codes (a whole code system, a filter) is not taken: an incomplete list would refuse good codes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from dui_conformance.official.bundle import Bundle
from dui_conformance.subjects import xml
from dui_conformance.subjects.model import Budget

Element = etree._Element

_SVS = "{urn:ihe:iti:svs:2008}"
_FHIR = "{http://hl7.org/fhir}"
_BLANKS = " \t\r\n\u00a0\u202f\ufeff"
_URLS = {
    "http://snomed.info/sct": "2.16.840.1.113883.6.96",
    "http://loinc.org": "2.16.840.1.113883.6.1",
    "http://unitsofmeasure.org": "2.16.840.1.113883.6.8",
    "http://hl7.org/fhir/sid/icd-10": "2.16.840.1.113883.6.3",
    "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis": "1.2.250.1.213.1.1.4.322",
    "https://smt.esante.gouv.fr/terminologie-SERAFINPH": "1.2.250.1.213.3.3.60",
    "https://smt.esante.gouv.fr/terminologie-cim-10": "2.16.840.1.113883.6.3",
}


@dataclass(frozen=True, slots=True)
class Published:
    """One list: codes by system, {system: {code: label}}. `date`: YYYY-MM-DD, empty when the file does not tell.

    `ends`: {system: {code: date}} of the codes that the list itself says are no longer valid, and since when.
    """

    oid: str
    name: str
    version: str
    date: str
    codes: Mapping[str, Mapping[str, str]]
    ends: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that looked like a value set, and why it is not taken: malformed, empty, no_oid, not_listed."""

    file: str
    why: str


def read(bundle: Bundle) -> tuple[list[Published], list[Unread]]:
    """The value sets of a bundle."""
    found: list[Published] = []
    left: list[Unread] = []
    for path in sorted(bundle.files):
        data = bundle.files[path]
        if path.lower().endswith(".json"):
            taken: Iterable[Published | Unread] = _of_json(path, data)
        elif xml.looks_like_xml(data):
            taken = _of_xml(path, data)
        else:
            continue
        for one in taken:
            if isinstance(one, Published):
                found.append(one)
            else:
                left.append(one)
    return found, left


def _of_xml(path: str, data: bytes) -> Iterator[Published | Unread]:
    root = xml.parse(data, Budget()).root
    if root is None:
        yield Unread(path, "malformed")
        return
    if root.tag == f"{_FHIR}ValueSet":
        yield _of_fhir(path, _as_json(root))
        return
    for listed in root.iter(f"{_SVS}ValueSet"):
        yield _of_svs(path, listed)


def _of_svs(path: str, listed: Element) -> Published | Unread:
    codes: dict[str, dict[str, str]] = {}
    ends: dict[str, dict[str, str]] = {}
    for concept in listed.iter(f"{_SVS}Concept"):
        code = (concept.get("code") or "").strip(_BLANKS)
        system = (concept.get("codeSystem") or "").strip(_BLANKS)
        if code and system:
            codes.setdefault(system, {})[code] = (concept.get("displayName") or "").strip(_BLANKS)
            if ended := _day(concept.get("dateFin") or ""):
                ends.setdefault(system, {})[code] = ended
    oid = (listed.get("id") or "").strip(_BLANKS)
    if not oid or not codes:
        return Unread(path, "empty" if oid else "no_oid")
    dates = (listed.get(name) or "" for name in ("dateMaj", "revisionDate", "effectiveDate", "dateValid"))
    date = next((day for text in dates if (day := _day(text))), "")
    name = (listed.get("displayName") or path.rpartition("/")[2].removesuffix(".xml")).strip()
    return Published(oid, name, (listed.get("version") or "").strip(), date, codes, ends)


def _of_json(path: str, data: bytes) -> Iterator[Published | Unread]:
    try:
        resource = json.loads(data)
    except (ValueError, RecursionError):
        yield Unread(path, "malformed")
        return
    if isinstance(resource, dict) and resource.get("resourceType") == "ValueSet":
        yield _of_fhir(path, resource)


def _of_fhir(path: str, resource: Mapping[str, Any]) -> Published | Unread:
    oid = ""
    for identifier in _list(resource.get("identifier")):
        value = str(identifier.get("value") or "") if isinstance(identifier, dict) else ""
        if value.startswith("urn:oid:"):
            oid = value.removeprefix("urn:oid:")
    if not oid:
        return Unread(path, "no_oid")
    codes: dict[str, dict[str, str]] = {}
    for system, code, label in _listed(resource):
        if code is None:
            return Unread(path, "not_listed")
        codes.setdefault(_system(system), {})[code.strip(_BLANKS)] = label.strip(_BLANKS)
    if not codes:
        return Unread(path, "empty")
    name = str(resource.get("name") or resource.get("title") or resource.get("id") or "")
    version = str(resource.get("version") or "")
    date = _day(version) or _day(str(resource.get("date") or ""))
    return Published(oid, name, version, date, codes)


def _listed(resource: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """(system, code, label) of every code; a code of None: the set does not list what it holds."""
    expansion = resource.get("expansion")
    if isinstance(expansion, dict) and _list(expansion.get("contains")):
        todo = list(_list(expansion.get("contains")))
        while todo:
            item = todo.pop()
            if isinstance(item, dict):
                todo += _list(item.get("contains"))
                if item.get("code") and not item.get("abstract"):
                    yield str(item.get("system") or ""), str(item["code"]), str(item.get("display") or "")
        return
    compose = resource.get("compose")
    included = _list(compose.get("include")) if isinstance(compose, dict) else []
    if isinstance(compose, dict) and _list(compose.get("exclude")):
        yield "", None, ""
    for part in included:
        concepts = _list(part.get("concept")) if isinstance(part, dict) else []
        if not isinstance(part, dict) or not concepts or part.get("valueSet"):
            yield "", None, ""
            continue
        for concept in concepts:
            if isinstance(concept, dict) and concept.get("code"):
                yield str(part.get("system") or ""), str(concept["code"]), str(concept.get("display") or "")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _system(url: str) -> str:
    """The OID of a system, when it is known; its URL otherwise."""
    if url in _URLS:
        return _URLS[url]
    return url.removeprefix("urn:oid:")


def _as_json(element: Element) -> dict[str, Any]:
    """A FHIR ValueSet in XML in the shape of its JSON, as far as it is read here."""
    out: dict[str, Any] = {"resourceType": "ValueSet"}
    repeated = ("identifier", "include", "exclude", "concept", "contains", "valueSet", "filter")

    def shaped(node: Element) -> Any:
        if node.get("value") is not None and len(node) == 0:
            return node.get("value")
        made: dict[str, Any] = {}
        for child in node.iterchildren(etree.Element):
            name = etree.QName(child).localname
            if name in repeated:
                made.setdefault(name, []).append(shaped(child))
            else:
                made[name] = shaped(child)
        return made

    shape = shaped(element)
    return out | shape if isinstance(shape, dict) else out


def _day(text: str) -> str:
    """YYYY-MM-DD at the beginning of 20250206120000, 2025-02-06T12:00:00 or 20250206; empty otherwise."""
    found = re.match(r"(\d{4})-?(\d{2})-?(\d{2})", text.strip())
    if found is None or not 1900 <= int(found[1]) <= 2200:
        return ""
    return "-".join(found.groups())
