"""What a DUI says it integrated of the prescriptions it received, beside these prescriptions.

`integration.json` (`profiles/schemas/integration.schema.json`) lies in a folder, or in a ZIP, with the documents
received, each in a file that it names: CDA documents, or the mails and archives that carried them. All of it is one
unit. The documents received are other people's: they are compared with the report, and not judged as exports.

View: the JSON as elements (a property is an element, an array several of one name, a scalar has `@value`), with

* on each property of a document and of a line, `@is`: its value in one form whatever the writing (numbers, dates,
  spaces, order of properties), by which two values are compared;
* in each `documents` whose file is there, `<received level="1|3" version sha256 body known="true|false">` with what
  the document says (`document`, `replaces`, `number`, `prescriber`, `date`, `validity`, `narrative`, `comment`,
  `patient`), and, when the INS is that of a declared user, `<owner>`: this user; `<replacedBy value/>` when another
  document received for the same INS replaces it; `<before value/>` the file of an earlier entry of the same document;
* in each `lines` whose rank is one of the document received, `<received>`; `<lost rank>` for a line received that has
  no entry; in `steps` likewise (`<lostSteps rank>`);
* `<unlisted value/>` for each prescription received that no entry names.

Only CDA documents of type 57833-6 are prescriptions; other files that lie there are not looked at.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from dui_conformance.subjects import cda, prescription_lines
from dui_conformance.subjects.model import Element, Subject
from dui_conformance.subjects.xml import xml_safe

NAME = "integration.json"
FORMAT = "dui-conformance/integration/1"
_MARK = re.compile(rb'"format"\s{0,9}:\s{0,9}"dui-conformance/integration/')
HEAD = 4096  # bytes within which a report says what it is
_SIZE = 16 << 20
_VALUES = 400_000
_DEPTH = 24
_HL7 = "{urn:hl7-org:v3}"
_PRESCRIPTION = "57833-6"
_EP_MED_DM = "1.2.250.1.213.1.1.1.39"
_NUMBERS = "1.2.250.1.215.500.1.1"
_PERSONS = "1.2.250.1.71.4.2.1"
_INS = frozenset(f"1.2.250.1.213.1.4.{arc}" for arc in ("8", "9", "10", "11"))
_OURS = frozenset(("received", "owner", "replacedBy", "before", "lost", "lostSteps", "unlisted"))
_TRAITS = frozenset(("id", "birthName", "birthDate", "sex"))
_ENTRIES = 2  # of one file that are compared: a rule says that there is one too many
_CONTAINERS = frozenset(("users", "documents", "lines", "steps"))
_DATED = frozenset(("low", "high", "date", "birthDate"))
_NUMERIC = frozenset(("value", "low", "high", "rank", "renewals", "time"))
_UNORDERED = frozenset(("others", "conditions", "maximum"))
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_HL7_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?(?:\.\d+)?)?([+-]\d{4})?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}")


def is_report(data: bytes) -> bool:
    """Whether JSON bytes say, near their start, that they are an integration report."""
    return _MARK.search(data[:HEAD]) is not None


def read(subject: Subject, received: Mapping[str, Subject]) -> None:
    """Give an integration report its view; `received` are the files that lie with it, by their names from its folder.

    Defects: `integration.unreadable` (not JSON, not an object, too large).
    """
    content = _content(subject.data)
    if content is None:
        subject.add("integration.unreadable")
        return
    root = etree.Element("integration")
    subject.view = root
    _put(root, content)
    documents = list(_documents(received))
    _tie(root, documents)


class _Document:
    """A prescription received: the file and the subject it lies in, and what it says."""

    def __init__(self, file: str, subject: Subject, document: Element) -> None:
        self.file = file
        self.subject = subject
        self.document = document
        self.id = prescription_lines.identifier(document.find(f"{_HL7}id"))
        parents = document.iterfind(f"{_HL7}relatedDocument[@typeCode='RPLC']/{_HL7}parentDocument/{_HL7}id")
        self.replaces = [prescription_lines.identifier(parent) for parent in parents]

    def matricules(self) -> list[tuple[str, str]]:
        """The INS of the patient: number and OID."""
        ids = self.document.iterfind(f"{_HL7}recordTarget/{_HL7}patientRole/{_HL7}id")
        return [(i.get("extension", ""), i.get("root", "")) for i in ids if i.get("root", "") in _INS]

    def said(self) -> dict[str, Any]:
        """What the document says of itself, in the words of the report."""
        document = self.document
        event = document.find(f"{_HL7}documentationOf/{_HL7}serviceEvent/{_HL7}effectiveTime")
        validity = {
            end: time.get("value", "")
            for end in ("low", "high")
            if event is not None and (time := event.find(f"{_HL7}{end}")) is not None and time.get("value")
        }
        number = document.find(f"{_HL7}documentationOf/{_HL7}serviceEvent/{_HL7}id[@root='{_NUMBERS}']")
        author = document.find(f"{_HL7}author/{_HL7}assignedAuthor/{_HL7}id[@root='{_PERSONS}']")
        date = document.find(f"{_HL7}effectiveTime")
        said = {
            "document": self.id,
            "replaces": self.replaces[0] if self.replaces else "",
            "number": "" if number is None else number.get("extension", ""),
            "prescriber": "" if author is None else author.get("extension", ""),
            "date": "" if date is None else date.get("value", ""),
            "validity": validity,
            "narrative": prescription_lines.narrative_of(document),
            "comment": prescription_lines.comment_of(document),
            "patient": self._patient(),
        }
        return {name: value for name, value in said.items() if value}

    def _patient(self) -> dict[str, str]:
        role = self.document.find(f"{_HL7}recordTarget/{_HL7}patientRole")
        if role is None:
            return {}
        name = role.find(f"{_HL7}patient/{_HL7}name/{_HL7}family[@qualifier='BR']")
        sex = role.find(f"{_HL7}patient/{_HL7}administrativeGenderCode")
        born = role.find(f"{_HL7}patient/{_HL7}birthTime")
        traits = {
            "matricule": next((number for number, _ in self.matricules()), ""),
            "birthName": "" if name is None else name.text or "",
            "sex": "" if sex is None else sex.get("code", ""),
            "birthDate": "" if born is None else born.get("value", ""),
        }
        return {trait: value for trait, value in traits.items() if value}


def _documents(received: Mapping[str, Subject]) -> Iterator[_Document]:
    """The prescriptions among the files received and what lies in them."""
    for name, top in sorted(received.items()):
        for subject in top.walk():
            view = subject.view
            if subject.kind == "cda" and view is not None and cda.code_of(view) == _PRESCRIPTION:
                inner = subject.id[len(top.id) :] if subject.id.startswith(top.id) else ""
                yield _Document(f"{name}{inner}", subject, view)


def _tie(root: Element, documents: list[_Document]) -> None:
    by_file = {document.file: document for document in documents}
    replaced = {(old, pair): new.id for new in documents for old in new.replaces for pair in new.matricules()}
    users = {
        (m.get("value", ""), s.get("value", "")): user for user in root.iterfind("users") for m, s in _matricule(user)
    }
    seen: dict[str, str] = {}
    listed: Counter[str] = Counter()
    for entry in root.iterfind("documents"):
        file = entry.find("file")
        found = None if file is None else by_file.get(file.get("value", ""))
        if found is None:
            continue
        listed[found.file] += 1
        if listed[found.file] > _ENTRIES:
            continue
        _tie_document(entry, found, users)
        if found.id in seen:
            etree.SubElement(entry, "before", value=xml_safe(seen[found.id]))
        elif found.id:
            seen[found.id] = found.file
        newer = next((replaced[found.id, pair] for pair in found.matricules() if (found.id, pair) in replaced), None)
        if newer is not None:
            etree.SubElement(entry, "replacedBy", value=xml_safe(newer))
    for document in documents:
        if document.file not in listed:
            etree.SubElement(root, "unlisted", value=xml_safe(document.file))


def _matricule(user: Element) -> Iterator[tuple[Element, Element]]:
    for matricule in user.iterfind("matricule"):
        number, system = matricule.find("value"), matricule.find("system")
        if number is not None and system is not None:
            yield number, system


def _tie_document(entry: Element, found: _Document, users: Mapping[tuple[str, str], Element]) -> None:
    version = found.document.find(f"{_HL7}templateId[@root='{_EP_MED_DM}']")
    level = "1" if cda.body_text(found.document) is not None else "3"
    received = etree.SubElement(
        entry,
        "received",
        level=level,
        version=xml_safe("" if version is None else version.get("extension", "")),
        sha256=found.subject.sha256,
    )
    body = next((child for child in found.subject.children if child.name == "nonXMLBody"), None)
    if body is not None:
        received.set("body", body.sha256)
    _put(received, found.said())
    owner = next((users[pair] for pair in found.matricules() if pair in users), None)
    received.set("known", "false" if owner is None else "true")
    if owner is not None:
        copy = etree.SubElement(entry, "owner")
        copy.extend(deepcopy([child for child in owner if child.tag in _TRAITS]))
    if level == "3":
        _pair(entry, "lines", "lost", prescription_lines.lines_of(found.document))


def _pair(parent: Element, name: str, lost: str, items: Iterable[dict[str, Any]]) -> None:
    """Put beside each declared item the one of its rank that was received; add those that have no entry."""
    declared: dict[str, Element] = {}
    for element in parent.iterfind(name):
        rank = element.find("rank")
        if rank is not None:
            declared.setdefault(rank.get("is", ""), element)
    for item in items:
        steps = item.pop("steps", [])
        beside = declared.get(str(item.get("rank", "")))
        if beside is None or beside.find("received") is not None:
            missing = etree.SubElement(parent, lost, rank=xml_safe(str(item.get("rank", ""))))
            _put(missing, item)
            continue
        _put(etree.SubElement(beside, "received"), item)
        if name == "lines":
            _pair(beside, "steps", "lostSteps", steps)


def _content(data: bytes) -> dict[str, Any] | None:
    if len(data) > _SIZE or data.count(b",") > _VALUES:
        return None
    try:
        content = json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _put(parent: Element, content: Mapping[str, Any]) -> None:
    """The properties of an object as elements, those that are ours by name left out."""
    stack: list[tuple[Element, Mapping[str, Any], int]] = [(parent, content, 0)]
    while stack:
        above, properties, depth = stack.pop()
        for name, value in properties.items():
            if name in _OURS or _NAME.fullmatch(name) is None:
                continue
            whole = None if name in _CONTAINERS else xml_safe(_is(name, value))
            for item in value if isinstance(value, list) else [value]:
                element = etree.SubElement(above, name)
                if whole is not None:  # of the whole property: the first of several elements is enough
                    element.set("is", whole)
                    whole = None
                if isinstance(item, Mapping):
                    if depth < _DEPTH:
                        stack.append((element, item, depth + 1))
                elif not isinstance(item, list):
                    element.set("value", xml_safe(_scalar(item)))


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _is(name: str, value: Any, depth: int = 0) -> str:
    """A value in one form, whatever the writing of numbers, dates and spaces and the order of properties."""
    if depth > _DEPTH:
        return "…"
    if isinstance(value, Mapping):
        inside = ((key, _is(key, item, depth + 1)) for key, item in sorted(value.items()) if key not in _OURS)
        return ", ".join(f"{key} {text}" for key, text in inside if text)
    if isinstance(value, list):
        items = [_is(name, item, depth + 1) for item in value]
        return " ; ".join(sorted(items) if name in _UNORDERED else items)
    text = " ".join(unicodedata.normalize("NFC", _scalar(value)).split())
    return (_moment(text) if name in _DATED else "") or (_number(text) if name in _NUMERIC else text)


def _number(text: str) -> str:
    if len(text) > 20:
        return text
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite() or abs(value.adjusted()) > 20:
        return text
    return f"{value.normalize():f}"


def _moment(text: str) -> str:
    """A date as YYYY-MM-DD, an instant as UTC to the second; empty if the text is neither."""
    found = _ISO.fullmatch(text) or (_HL7_TIME.fullmatch(text) if len(text) in (8, 14, 19) else None)
    if found is None:
        return ""
    year, month, day, hour, minute, second, zone = found.groups()
    try:
        if hour is None:
            return f"{datetime(int(year), int(month), int(day), tzinfo=UTC):%Y-%m-%d}"
        stamp = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}"
        offset = "" if zone is None else "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
        moment = datetime.fromisoformat(stamp + offset)
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if zone else stamp
    except (ValueError, OverflowError):
        return ""
