"""The personal values that a subject holds: names, identifiers of the patient, dates of birth, addresses, telecoms.

They are looked for in the view, and in the bytes themselves where the bytes could not be read (a truncated document
still has the name of its patient in its file name).
"""

import re
from collections.abc import Iterable, Iterator

from dui_conformance.engine.personal_exchange import exchange_values
from dui_conformance.engine.personal_hl7v2 import line_values, message_values
from dui_conformance.engine.personal_words import dates
from dui_conformance.subjects.model import Element, Subject

_HL7 = "{urn:hl7-org:v3}"
_HEAD = 1 << 20  # bytes of an unread subject that are searched
# parts of an address that tell where somebody lives; a country or a kind of street does not
_ADDRESS = ("streetAddressLine", "streetName", "city", "postalCode", "additionalLocator", "postBox")
_PROFESSIONAL_ADDRESS = ("streetAddressLine", "streetName")
_PATIENT_SLOTS = ("sourcePatientId", "sourcePatientInfo", "legalAuthenticator", "intendedRecipient")
# the object of a mail that carries documents ends with NAME Given[ dd/mm/yyyy] (MSSanté #2, ECO.2.1.3)
_OBJECT = re.compile(r"XDM/1\.0/DDM\+.*?(?=\b[^\W\d_a-zà-ÿ]{2,}\b)(.*)", re.DOTALL)
_NAMED = re.compile(r"\d{8}_[^_]{1,80}_([^_]{2,80})_([^_.]{2,80})(?:_[^_]{1,80})?\.pdf", re.IGNORECASE)
_LOCAL_PART = re.compile(r"([\w.+'-]{3,64})@")
# what of a mail, or of a report on one, holds addresses; the parts before @ of a Message-ID are nobody's
_ADDRESSED = frozenset(
    "final-recipient original-recipient return-path delivered-to disposition-notification-to return-receipt-to "
    "sender from to cc bcc reply-to".split()
)

# Bytes that could not be read; every repetition is bounded, because they are hostile
_UNREAD = (
    re.compile(r"<(?:\w{1,20}:)?(?:family|given|streetAddressLine|streetName)\b[^<>]{0,200}>([^<>]{2,200})<"),
    re.compile(r"<(?:\w{1,20}:)?telecom\b[^<>]{0,200}?\bvalue=[\"']([^\"'<>]{3,200})"),
    re.compile(r"\bextension=[\"']([^\"'<>]{11,64})"),
    re.compile(r'"(?:family|line)"\s{0,9}:\s{0,9}(?:\[\s{0,99})?"([^"]{2,200})"'),
    re.compile(r'"value"\s{0,9}:\s{0,9}"([0-9AB]{15})"'),
    re.compile(r'"given"\s{0,9}:\s{0,9}\[\s{0,99}"([^"\]]{2,200})"'),
)
_UNREAD_BIRTH = (
    re.compile(r"<(?:\w{1,20}:)?birthTime\b[^<>]{0,200}?\bvalue=[\"'](\d{8})"),
    re.compile(r'"birthDate"\s{0,9}:\s{0,9}"(\d{4}-\d\d-\d\d)"'),
)
_UNREAD_XDS = re.compile(r"<(?:\w{1,20}:)?Value>([^<>]{3,800})<")
_UNREAD_CX = re.compile(r"\bvalue=[\"']([^\"'<>^]{3,64})\^\^\^")


def values_of(subject: Subject) -> set[str]:
    """Everything personal that a subject holds, as it is written there."""
    return {value for value in _values(subject) if value}


def patient_values_of(subject: Subject) -> set[str]:
    """What names the patient alone, in a subject that says who it is about."""
    view = subject.view
    if view is None or subject.kind != "cda":
        return values_of(subject) if subject.kind in ("cda", "xds", "hl7v2", "fhir", "integration") else set()
    role = view.find(f"{_HL7}recordTarget/{_HL7}patientRole")
    return set() if role is None else {value for value in _patient(role) if value}


def _values(subject: Subject) -> Iterable[str]:
    view, kind = subject.view, subject.kind
    if kind == "hl7v2":
        return line_values(_text(subject.data)) if view is None else message_values(view)
    if view is None:
        return _unread(_text(subject.data)) if kind in ("cda", "xds", "xml", "fhir") else ()
    if kind == "cda":
        return _cda(view)
    if kind == "exchange":
        return exchange_values(view)
    if kind == "integration":
        return _integration(view)
    if kind == "xds":
        return _xds(view)
    if kind == "fhir":
        return _fhir(view)
    if kind == "pdf":
        return _pdf(view, subject.name)
    return _mail(view) if kind == "mail" else ()


def _integration(view: Element) -> Iterator[str]:
    """The users that an integration report declares, and what it says of patients."""
    for element in view.iterfind("users/id"):
        yield element.get("value", "")
    for element in view.iter("birthName", "matricule", "value"):
        if element.tag != "value" or _local(element.getparent()) == "matricule":
            yield element.get("value", "")
    for element in view.iter("birthDate"):
        yield from dates(element.get("value", "").replace("-", ""))


def _cda(document: Element) -> Iterator[str]:
    for child in document:
        if not isinstance(child.tag, str) or child.tag == f"{_HL7}component":
            continue
        yield from _texts(child, "given", "family", *_PROFESSIONAL_ADDRESS)
        for element in child.iter("{*}telecom"):
            yield from _telecom(element.get("value", ""))
        for element in child.iter("{*}name"):  # of a person, written straight
            if not _local(element.getparent()).endswith(("Organization", "location", "place")):
                yield element.text or ""
        for element in child.iter("{*}relatedEntity", "{*}guardian"):
            yield from _texts(element, *_ADDRESS)
    role = document.find(f"{_HL7}recordTarget/{_HL7}patientRole")
    if role is not None:
        yield from _patient(role)


def _patient(role: Element) -> Iterator[str]:
    yield from (element.get("extension", "") for element in role.iterfind(f"{_HL7}id"))
    yield from _texts(role, "given", "family", *_ADDRESS)
    for element in role.iter("{*}county"):
        text = (element.text or "").strip()
        yield text if len(text) >= 5 else ""  # the place of birth, as an INSEE code
    for element in role.iter("{*}telecom"):
        yield from _telecom(element.get("value", ""))
    for element in role.iter("{*}birthTime"):
        yield from dates(element.get("value", "")[:8])


def _texts(element: Element, *names: str) -> Iterator[str]:
    for found in element.iter(*(f"{{*}}{name}" for name in names)):
        words = "".join(map(str, found.itertext())).split()
        yield " ".join(words)
        if len(words) > 1 and _local(found) == "given":
            yield from (word for word in words if len(word) >= 3)  # a list of given names


def _local(element: Element | None) -> str:
    return "" if element is None else str(element.tag).rpartition("}")[2]


def _telecom(value: str) -> Iterator[str]:
    yield value
    yield value.partition(":")[2]


def _xds(view: Element) -> Iterator[str]:
    for element in view.iter("authorPerson"):
        yield from _xcn(element.text or "")
    for element in view.iter("patientId"):
        yield element.get("value", "").split("^")[0]
    for slot in view.iter("slot"):
        if slot.get("name") in _PATIENT_SLOTS:
            for value in slot.iter("value"):
                yield from _slot_value(value.text or "")


def _slot_value(text: str) -> Iterator[str]:
    for half in text.split("|"):
        for part in half.split("^"):
            if "&" in part:
                continue
            yield part
            yield from dates(part)


def _xcn(text: str) -> Iterator[str]:
    """Identifier, family and given names of an XCN (HL7 v2)."""
    yield from text.split("^")[:3]


_FHIR_NAMES = ("family", "given", "line", "city", "postalCode", "text")
_FHIR_PERSONS = ("Patient", "RelatedPerson", "Person")


def _fhir(view: Element) -> Iterator[str]:
    """Values of HumanName, Address and ContactPoint, identifiers and birth dates of persons, what references show."""
    for element in view.iter("{*}name", "{*}address", "{*}telecom", "{*}contact"):
        where = any(_local(above) == "address" for above in (element, *element.iterancestors()))
        for part in element.iter(*(f"{{*}}{name}" for name in _FHIR_NAMES)):
            value = part.get("value", "")  # the words of an address ("des", "rue") name nobody one by one
            yield from (value,) if where or _local(part.getparent()) == "address" else _listed(value)
        if _local(element) == "telecom":
            yield from (value.get("value", "") for value in element.iterfind("{*}value"))
    for element in view.iter("{*}birthDate"):
        yield from dates(element.get("value", "").replace("-", ""))
    for resource in view.iter(*(f"{{*}}{name}" for name in _FHIR_PERSONS)):
        yield from (value.get("value", "") for value in resource.iterfind("{*}identifier/{*}value"))
    for display in view.iter("{*}display"):
        holder = display.getparent()
        if holder is None or holder.find("{*}code") is None:  # of a reference, and so of somebody; not of a Coding
            yield from _listed(display.get("value", ""))


def _listed(value: str) -> Iterator[str]:
    """A name, and the names in it when it lists several."""
    yield value
    words = value.split()
    yield from (word for word in words if len(words) > 1 and len(word) >= 3)


def _mail(view: Element) -> Iterator[str]:
    for address in view.iter("address"):
        yield from (address.get("local", ""), address.get("name", ""))
        if "=?" in address.get("domain", ""):  # the whole header was encoded, name and address together
            yield address.get("domain", "")
    for header in view.iter("header"):
        if header.get("name") == "subject":
            yield from _object(header.text or "")
    for field in view.iter("field", "header"):
        if field.get("name") in _ADDRESSED:
            yield from _LOCAL_PART.findall(field.text or "")


def _pdf(view: Element, name: str) -> Iterator[str]:
    """The traits that an INS DataMatrix gives, and the names that the name of the file does (ECO.2.1.6)."""
    for block in view.iter("block"):
        value = block.text or ""
        if block.get("id") in ("S1", "S3", "S4", "S7"):
            yield from _listed(value)
        elif block.get("id") == "S6":
            yield from dates("".join(reversed(value.split("-"))))
    named = _NAMED.fullmatch(name)
    if named is not None:
        yield from named.groups()


def _object(text: str) -> Iterator[str]:
    """The name, given name and date of birth that end the object of a mail."""
    found = _OBJECT.search(text)
    for word in found[1].split() if found else ():
        yield word if len(word) >= 3 else ""
        yield from dates("".join(reversed(word.split("/"))) if word.count("/") == 2 else "")


def _unread(text: str) -> Iterator[str]:
    for pattern in _UNREAD:
        yield from pattern.findall(text)
    for pattern in _UNREAD_BIRTH:
        for date in pattern.findall(text):
            yield from dates(date.replace("-", ""))
    for value in _UNREAD_XDS.findall(text):
        if "^" in value or "|" in value:
            yield from _slot_value(value)
    yield from _UNREAD_CX.findall(text)


def _text(data: bytes) -> str:
    head = data[:_HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace")
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        return head.decode("utf-8" if error.start >= len(head) - 4 else "latin-1", "replace")
