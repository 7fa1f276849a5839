"""The door for mails (RFC 5322, MIME): a projection for the rules, and the attachments.

View: `<mail flavour patient size sha256 type reportType>` (flavour: document, reply, mdn, dsn, other) holding, in
order, each `<header name line raw ascii>decoded</header>`; `<from> <to> <cc> <bcc> <replyTo>` with
`<address local domain name>`; each leaf `<part n type within filename disposition charset ascii utf8 encoding size>`
(`within`: the multiparts around it; `ascii`: of its headers; the text of a text part is its text), which intake
completes with `subject`, `kind` and `sha256`; a part that is an attached message, or its headers, holds
`<original attachments>` with its `<header>`s; for reports `<report type>` with the `<field name>value</field>` of
RFC 3464 / 8098.
"""

import email.utils
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from dui_conformance.subjects import mime
from dui_conformance.subjects.model import Budget, Element, Location, Subject
from dui_conformance.subjects.xml import xml_safe

_KNOWN = frozenset(
    "from to cc subject date message-id mime-version received return-path content-type reply-to "
    "delivered-to disposition-notification-to x-mss-nil".split()
)
_HEADER_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|\Z)")
_REPLY = re.compile(r"(?:re|ré|rép) ?:", re.IGNORECASE)
_OBJECT = re.compile(r"(?:\[annule et remplace\] ?)?XDM/1\.0/DDM", re.IGNORECASE)
_ATTACHED = re.compile(rb"\n[Cc]ontent-[Dd]isposition:[ \t]*attachment")
_ADDRESSES = {"from": "from", "to": "to", "cc": "cc", "bcc": "bcc", "reply-to": "replyTo"}
_PATIENT_DOMAIN = "patient.mssante.fr"
_PARTS = 1_000
_MOST_ADDRESSES = 2_000
_TEXT = 65_536  # characters of a text part that the view keeps
_FIELDS = 200  # of a report, or of an attached message


@dataclass(frozen=True, slots=True)
class Attachment:
    """A leaf part's decoded bytes; `name` is its file name, or `part-3` when it has none."""

    name: str
    data: bytes
    part: Element


def is_mail(data: bytes) -> bool:
    """Whether the bytes begin with a header block that has at least two headers mails have."""
    at, known = mime.beginning(data), 0
    for _ in range(60):
        line = _HEADER_LINE.match(data, at, at + 65536)
        if line is None:
            break
        known += line[1].decode("ascii", "replace").lower() in _KNOWN
        at = line.end()
    return known >= 2


def read(subject: Subject, budget: Budget) -> list[Attachment]:
    """Give the subject its view and return its attachments (every leaf that is not the text of the mail)."""
    view = etree.Element("mail", size=str(subject.size), sha256=subject.sha256)
    subject.view = view
    if subject.data[:3] == b"\xef\xbb\xbf":
        subject.add("mail.bom", Location(1, 1))
    found = mime.structure(subject.data, budget.mail_nesting, _PARTS)
    for code, values in found.problems:
        subject.add(code, Location(int(values["line"])) if "line" in values else None, **values)
    top = mime.Part(found.headers, 0, 0, ()).typed
    view.set("type", xml_safe(mime.content_type(top)))
    if mime.parameter(top, "report-type"):
        view.set("reportType", xml_safe(mime.parameter(top, "report-type").lower()))
    _headers(view, subject, found.headers)
    attachments = []
    for number, leaf in enumerate(found.parts, 1):
        attachment = _part(view, subject, leaf, number)
        if attachment is not None:
            attachments.append(attachment)
    view.set("flavour", _flavour(view))
    domains = [a.get("domain", "") for tag in ("to", "cc", "bcc") for a in view.iterfind(f"{tag}/address")]
    view.set("patient", "true" if _PATIENT_DOMAIN in domains else "false")
    return attachments


def _headers(view: Element, subject: Subject, headers: Sequence[mime.Header]) -> None:
    for header in headers:
        element = _header(view, header)
        element.set("line", str(header.line))
        subject.lines[element] = header.line
    for name, tag in _ADDRESSES.items():
        group = etree.SubElement(view, tag)
        values = [header.raw for header in headers if header.name == name]
        line = next((header.line for header in headers if header.name == name), None)
        addresses = _addresses(values)
        if len(addresses) > _MOST_ADDRESSES:
            subject.add("mail.too_many_addresses", limit=str(_MOST_ADDRESSES))
        for display, address in addresses[:_MOST_ADDRESSES]:
            local, _, domain = address.rpartition("@") if "@" in address else (address, "", "")
            element = etree.SubElement(
                group,
                "address",
                local=xml_safe(local),
                domain=xml_safe(domain.lower()),
                name=xml_safe(" ".join(mime.decoded_words(display).split())),
            )
            if line is not None:
                subject.lines[element] = line


def _header(parent: Element, header: mime.Header) -> Element:
    element = etree.SubElement(parent, "header", name=xml_safe(header.name), raw=xml_safe(header.raw.strip()))
    element.set("ascii", "true" if header.raw.isascii() else "false")
    element.text = xml_safe(header.text)
    return element


def _addresses(values: list[str]) -> list[tuple[str, str]]:
    try:
        return email.utils.getaddresses(values)
    except (ValueError, IndexError, TypeError, RecursionError):
        return []


def _part(view: Element, subject: Subject, leaf: mime.Part, number: int) -> Attachment | None:
    message = leaf.typed
    kind = mime.content_type(message)
    element = etree.SubElement(view, "part", n=str(number), type=xml_safe(kind), within=" ".join(leaf.within))
    element.set("ascii", "true" if all(header.raw.isascii() for header in leaf.headers) else "false")
    filename = mime.filename(message)
    disposition = mime.disposition(message)
    for name, value in (
        ("filename", filename),
        ("disposition", disposition),
        ("charset", mime.charset(message)),
        ("encoding", leaf.first("content-transfer-encoding").lower()),
    ):
        if value:
            element.set(name, xml_safe(value))
    if kind.startswith("multipart/"):
        return None  # its structure could not be read, and a defect says so
    if kind == "message/rfc822":
        element.set("size", str(leaf.end - leaf.start))
        original = _original(element, mime.header_block(subject.data, leaf.start, leaf.end)[0])
        attached = _ATTACHED.search(subject.data, leaf.start, leaf.end) is not None
        original.set("attachments", "true" if attached else "false")
        return None
    data, problem = mime.payload(subject.data, leaf)
    if problem:
        subject.add(problem, part=filename or str(number), encoding=element.get("encoding", ""))
    if data is None:
        return None
    element.set("size", str(len(data)))
    if kind in ("message/disposition-notification", "message/delivery-status"):
        _report(view, kind, data)
        return None
    if kind == "text/rfc822-headers":
        _original(element, mime.header_block(data, 0, len(data))[0])
        return None
    if kind.startswith("text/") and disposition != "attachment" and not filename:
        _text(element, data)
        return None
    return Attachment(filename or f"part-{number}", data, element)


def _text(element: Element, data: bytes) -> None:
    try:
        data.decode("utf-8")
        element.set("utf8", "true")
    except UnicodeDecodeError:
        element.set("utf8", "false")
    codec = mime.codec(element.get("charset", "utf-8"))
    element.text = xml_safe(data[: 4 * _TEXT].decode(codec, "replace")[:_TEXT])


def _original(part: Element, headers: Sequence[mime.Header]) -> Element:
    original = etree.SubElement(part, "original")
    for header in headers[:_FIELDS]:
        _header(original, header)
    return original


def _report(view: Element, kind: str, data: bytes) -> None:
    """The fields of a report: blocks of headers parted by blank lines."""
    report = etree.SubElement(view, "report", type=kind.removeprefix("message/"))
    at, left = 0, _FIELDS
    while at < len(data) and left > 0:
        headers, after, problem = mime.header_block(data, at, len(data))
        for header in headers[:left]:
            etree.SubElement(report, "field", name=xml_safe(header.name)).text = xml_safe(header.text)
        left -= max(len(headers), 1)
        if problem or after == at:
            break
        at = after


def _flavour(view: Element) -> str:
    report = view.find("report")
    if report is not None:
        return "mdn" if report.get("type") == "disposition-notification" else "dsn"
    if any((part.get("filename") or "").upper().endswith((".ZIP", ".PDF")) for part in view.iterfind("part")):
        return "document"
    names = {header.get("name") for header in view.iterfind("header")}
    title = " ".join(header.text or "" for header in view.iterfind("header[@name='subject']"))
    if "in-reply-to" in names or _REPLY.match(title):
        return "reply"
    return "document" if _OBJECT.match(title) else "other"
