"""What a subject says of itself: its date, and what a reader calls it."""

from lxml import etree

from dui_conformance.subjects.model import Subject

_HL7 = "{urn:hl7-org:v3}"


def date_of(subject: Subject) -> str:
    """The document's own date as YYYY-MM-DD, empty if it has none."""
    if subject.kind != "cda" or subject.view is None:
        return ""
    time = subject.view.find(f"{_HL7}effectiveTime")
    value = time.get("value", "")[:8] if time is not None else ""
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 and value.isdigit() else ""


def label_of(subject: Subject) -> str:
    """What a reader calls this subject; never personal."""
    if subject.kind == "cda" and subject.view is not None:
        code = subject.view.find(f"{_HL7}code")
        if code is not None:
            return code.get("code", "")
    if subject.kind == "mail" and subject.view is not None:
        return etree.QName(subject.view).localname + ":" + subject.view.get("flavour", "")
    if subject.kind == "hl7v2" and subject.view is not None:
        message = subject.view.find("message")
        return "" if message is None else f"{message.get('type', '')}^{message.get('trigger', '')}"
    if subject.kind == "exchange" and subject.view is not None:
        return f"{subject.view.get('service', '')}:{subject.view.get('operation', '')}"
    if subject.kind == "session" and subject.view is not None:
        return subject.view.get("scenario", "")
    return ""
