"""The door for mails (RFC 5322, MIME): a projection for the rules, and the attachments.

View: `<mail flavour patient size>` holding, in order, each `<header name line raw>decoded</header>`;
`<from> <to> <cc> <replyTo>` with `<address local domain name>`; each leaf `<part type filename disposition
charset encoding size n>`; for reports `<report type>` with the `<field name>value</field>` of RFC 3464 / 8098.
"""

import email
import email.errors
import email.header
import email.message
import email.policy
import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from dui_conformance.subjects.model import Budget, Element, Subject
from dui_conformance.subjects.xml import xml_safe

_KNOWN = frozenset(
    "from to cc subject date message-id mime-version received return-path content-type reply-to "
    "delivered-to disposition-notification-to x-mss-nil".split()
)
_HEADER_LINE = re.compile(rb"([!-9;-~]+):[ \t]?[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n")
_ADDRESSES = {"from": "from", "to": "to", "cc": "cc", "reply-to": "replyTo"}
_PATIENT_DOMAIN = "patient.mssante.fr"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A leaf part's decoded bytes; `name` is its file name, or `part-3` when it has none."""

    name: str
    data: bytes
    part: Element


def is_mail(data: bytes) -> bool:
    """Whether the bytes begin with a header block that has at least two headers mails have."""
    at, known = 0, 0
    for _ in range(60):
        line = _HEADER_LINE.match(data, at, at + 65536)
        if line is None:
            break
        known += line[1].decode("ascii", "replace").lower() in _KNOWN
        at = line.end()
    return known >= 2


def read(subject: Subject, budget: Budget) -> list[Attachment]:
    """Give the subject its view and return its attachments (every leaf that is not the text of the mail)."""
    view = etree.Element("mail", size=str(subject.size))
    subject.view = view
    try:
        message = email.message_from_bytes(subject.data, policy=email.policy.compat32)
        _headers(view, subject, message)
        leaves = list(_leaves(message, budget))
    except RecursionError:
        subject.add("mail.too_deep", limit=str(budget.mail_nesting))
        view.set("flavour", "other")
        return []
    attachments = []
    if any(leaf is None for leaf in leaves):
        subject.add("mail.too_deep", limit=str(budget.mail_nesting))
    for number, leaf in enumerate((leaf for leaf in leaves if leaf is not None), 1):
        attachment = _part(view, subject, leaf, number)
        if attachment is not None:
            attachments.append(attachment)
    view.set("flavour", _flavour(view, message))
    domains = [a.get("domain", "") for tag in ("to", "cc") for a in view.iterfind(f"{tag}/address")]
    view.set("patient", "true" if _PATIENT_DOMAIN in domains else "false")
    return attachments


def _headers(view: Element, subject: Subject, message: email.message.Message) -> None:
    lines = _header_lines(subject.data)
    for rank, (name, raw) in enumerate(message.items()):
        raw = str(raw)
        header = etree.SubElement(view, "header", name=xml_safe(name.lower()), raw=xml_safe(raw))
        header.text = xml_safe(_decoded(raw))
        if rank < len(lines):
            header.set("line", str(lines[rank]))
            subject.lines[header] = lines[rank]
    for name, tag in _ADDRESSES.items():
        group = etree.SubElement(view, tag)
        values = [str(value) for value in message.get_all(name, [])]
        for display, address in _addresses(values):
            local, _, domain = address.rpartition("@")
            etree.SubElement(
                group,
                "address",
                local=xml_safe(local),
                domain=xml_safe(domain.lower()),
                name=xml_safe(_decoded(display)),
            )


def _addresses(values: list[str]) -> list[tuple[str, str]]:
    try:
        return email.utils.getaddresses(values)
    except (ValueError, IndexError, TypeError, RecursionError):
        return []


def _header_lines(data: bytes) -> list[int]:
    """The line on which each header begins, in order."""
    lines, at, line = [], 0, 1
    while (header := _HEADER_LINE.match(data, at)) is not None:
        lines.append(line)
        line += header[0].count(b"\n")
        at = header.end()
    return lines


def _leaves(message: email.message.Message, budget: Budget) -> "Iterator[email.message.Message | None]":
    """Leaf parts in order; a message/rfc822 is a leaf. None stands for what lies too deep to be read."""
    stack: list[tuple[email.message.Message, int]] = [(message, 0)]
    while stack:
        part, depth = stack.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            if depth >= budget.mail_nesting:
                yield None
            else:
                stack.extend((child, depth + 1) for child in reversed(payload))
        else:
            yield part


def _part(view: Element, subject: Subject, leaf: email.message.Message, number: int) -> Attachment | None:
    kind = leaf.get_content_type()
    element = etree.SubElement(view, "part", n=str(number), type=xml_safe(kind))
    filename = _filename(leaf)
    disposition = _lenient(leaf.get_content_disposition) or ""
    encoding = str(leaf.get("content-transfer-encoding", "")).strip().lower()
    for name, value in (
        ("filename", filename),
        ("disposition", disposition),
        ("charset", str(_lenient(leaf.get_content_charset) or "")),
        ("encoding", encoding),
    ):
        if value:
            element.set(name, xml_safe(value))
    if kind in ("message/disposition-notification", "message/delivery-status"):
        _report(view, kind, leaf)
        return None
    if kind.startswith("message/"):
        payload = leaf.get_payload()
        if isinstance(payload, list) and payload:
            message_id = str(payload[0].get("message-id", ""))
            element.set("messageId", xml_safe(message_id))
        return None
    data = _decoded_payload(leaf, subject, element, encoding)
    element.set("size", str(len(data)))
    if kind.startswith("text/") and disposition != "attachment" and not filename:
        element.text = xml_safe(data.decode(_codec(element.get("charset", "utf-8")), "replace")[:65536])
        return None
    return Attachment(filename or f"part-{number}", data, element)


def _decoded_payload(leaf: email.message.Message, subject: Subject, element: Element, encoding: str) -> bytes:
    try:
        data = leaf.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError):
        data = None
    if not isinstance(data, bytes):
        subject.add("mail.encoding", part=element.get("filename", element.get("n", "")))
        return b""
    if encoding == "base64" and any("Base64" in type(defect).__name__ for defect in leaf.defects):
        subject.add("mail.base64", part=element.get("filename", element.get("n", "")))
    return data


def _report(view: Element, kind: str, leaf: email.message.Message) -> None:
    report = etree.SubElement(view, "report", type=kind.removeprefix("message/"))
    payload = leaf.get_payload()
    blocks = payload if isinstance(payload, list) else [leaf]
    if blocks == [leaf]:
        blocks = [email.message_from_string(str(payload), policy=email.policy.compat32)]
    for block in blocks[:100]:
        for name, value in block.items():
            field = etree.SubElement(report, "field", name=xml_safe(name.lower()))
            field.text = xml_safe(" ".join(str(value).split()))


def _flavour(view: Element, message: email.message.Message) -> str:
    report = view.find("report")
    if report is not None:
        return "mdn" if report.get("type") == "disposition-notification" else "dsn"
    names = {header.get("name") for header in view.iterfind("header")}
    subject = " ".join(header.text or "" for header in view.iterfind("header[@name='subject']"))
    if "XDM/1.0/DDM" in subject or any(
        (part.get("filename") or "").upper().endswith((".ZIP", ".PDF")) for part in view.iterfind("part")
    ):
        return "document"
    return "reply" if "in-reply-to" in names else "other"


def _filename(leaf: email.message.Message) -> str:
    name = _lenient(leaf.get_filename)
    return _decoded(str(name)) if name else ""


def _lenient(read_value: "object") -> object:
    """A header read by the library, None where it cannot make sense of it."""
    assert callable(read_value)  # noqa: S101
    try:
        return read_value()  # type: ignore[no-any-return]
    except (ValueError, LookupError, TypeError, AttributeError, UnicodeError):
        return None


def _decoded(raw: str) -> str:
    """RFC 2047 words decoded, folding removed; raw where it cannot be decoded."""
    try:
        words = email.header.decode_header(raw)
        text = "".join(
            word if isinstance(word, str) else word.decode(_codec(charset or "utf-8"), "replace")
            for word, charset in words
        )
    except (email.errors.HeaderParseError, ValueError, LookupError, UnicodeError):
        text = raw
    return " ".join(text.split())


def _codec(charset: str) -> str:
    try:
        "".encode(charset)
    except (LookupError, ValueError, UnicodeError):
        return "utf-8"
    return charset
