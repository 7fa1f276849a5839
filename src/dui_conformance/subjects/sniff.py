"""Which format bytes are in, decided by content alone."""

import json
import re
from typing import Literal

from dui_conformance.subjects import mail, pdf, xml, zip
from dui_conformance.subjects.exchange import SESSION_FORMAT, is_session
from dui_conformance.subjects.model import Kind

Format = Literal["zip", "pdf", "xml", "html", "json", "hl7v2", "mail", "text", "binary", "empty"]

_XSL_ROOTS = ("stylesheet", "transform")
_JSON_READ = 4 << 20  # read whole, JSON can take thirty times its size in memory
_JSON_HEAD = 4096

_NAMES_TYPE = re.compile(rb'"resourceType"\s{0,9}:\s{0,9}"[A-Z]')
_HL7V2 = re.compile(rb"\s*\x0b?\s*(MSH|FHS|BHS)[|^~&#\\]")
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE)


def format_of(data: bytes) -> Format:
    """The format of bytes; `text` is readable and nothing more, `binary` is neither."""
    if not data:
        return "empty"
    if zip.is_zip(data):
        return "zip"
    if data.startswith(b"%PDF-"):
        return "pdf"
    if _HL7V2.match(data[:64]):
        return "hl7v2"
    if _HTML.match(data[:1024]):
        return "html"
    if xml.looks_like_xml(data):
        return "xml"
    if data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return "json"
    if mail.is_mail(data):
        return "mail"
    if pdf.is_pdf(data):  # after some bytes that are not its own, which readers forgive
        return "pdf"
    return "text" if _readable(data[:8192]) else "binary"


def is_fhir_json(data: bytes) -> bool:
    """Whether the bytes are a JSON object that names its resourceType (sought at the start, if large)."""
    if len(data) > _JSON_READ:
        return _NAMES_TYPE.search(data[:_JSON_HEAD]) is not None
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):  # damaged, and still FHIR
        return _NAMES_TYPE.search(data[:_JSON_HEAD]) is not None
    return isinstance(content, dict) and isinstance(content.get("resourceType"), str)


def is_session_json(data: bytes) -> bool:
    """Whether the bytes are the session.json of recorded exchanges."""
    if len(data) > _JSON_READ or SESSION_FORMAT.encode() not in data[:_JSON_HEAD]:
        return False
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return is_session(content)


def _readable(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            controls = sum(byte < 32 and byte not in b"\t\r\n\f\x1b" for byte in head)
            return controls == 0
    return True


def claimed_kind(data: bytes) -> Kind:
    """What unreadable XML claims to be, so that the finding says what could not be judged."""
    name = xml.root_name(data)
    if name == "ClinicalDocument" or (name in _XSL_ROOTS and b"ClinicalDocument" in data):
        return "cda"
    return "xds" if name in ("SubmitObjectsRequest", "ProvideAndRegisterDocumentSetRequest") else "xml"
