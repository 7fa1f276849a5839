"""The files that are handed in as proofs: what form each has, whether it opens, and what it says.

A proof is declared in `[[attestations]]` of dui.toml: a picture or a video of the screen, a PDF, an extract of a
configuration or of code, a certificate. Never judges.
"""

from collections.abc import Sequence
from typing import Literal

from lxml import etree

from dui_conformance.subjects import pdf, sniff, zip
from dui_conformance.subjects.model import Budget, Defect, Subject
from dui_conformance.subjects.xml import xml_safe

Form = Literal["picture", "video", "pdf", "text", "office", "archive", "empty", "unknown"]

_TEXT = 1 << 20  # bytes of a text that are read
_BOXES = 10_000  # of an MP4 that are gone through
_PICTURES = ((b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"), (b"\xff\xd8\xff", b"\xff\xd9"), (b"GIF8", b"\x3b"))
_MATROSKA, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_OFFICE = ("[Content_Types].xml", "mimetype")
_TAIL = 4_096  # bytes after its end that a picture may carry
_DAMAGE = frozenset(("pdf.damaged", "pdf.lzw", "pdf.too_large"))


def opened(
    identifier: str, data: bytes, *, date: str, attests: Sequence[str], title: str = "", budget: Budget | None = None
) -> Subject:
    """The subject of a proof declared under a path, on a day (YYYY-MM-DD), for requirements.

    Its view: `<proof form file date title whole encrypted pages><attests id/>…<text/>…</proof>`. `form`: one of `Form`;
    `whole`: false where the file is cut or damaged; `encrypted`: a PDF or an office file that wants a password;
    `text`: what a text says; `pages`: how many a PDF has, which `subjects.pdf_pages` adds as it does to a PDF.
    """
    identifier = xml_safe(identifier)
    name = identifier.rsplit("/", 1)[-1]
    subject = Subject(identifier, name, "proof", data)
    form, whole, encrypted = _form(data)
    view = etree.Element(
        "proof", form=form, file=name, date=xml_safe(date), title=xml_safe(title), whole=_truth(whole),
        encrypted=_truth(encrypted),
    )  # fmt: skip
    for requirement in attests:
        etree.SubElement(view, "attests", id=xml_safe(requirement))
    if form == "text":
        etree.SubElement(view, "text").text = xml_safe(_decoded(data))
    elif form == "pdf":
        inner = Subject(identifier, name, "pdf", data)
        pdf.read(inner, budget or Budget())
        view.set("whole", _truth(not any(defect.code in _DAMAGE for defect in inner.defects)))
        if inner.view is not None:
            view.set("encrypted", inner.view.get("encrypted", "false"))
            view.set("pages", inner.view.get("pages", "0"))
    subject.view = view
    return subject


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _decoded(data: bytes) -> str:
    head = data[:_TEXT]
    try:
        return head.decode("utf-8-sig", "strict" if len(data) <= _TEXT else "ignore")
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _form(data: bytes) -> tuple[Form, bool, bool]:
    """What form bytes have, whether they are whole, and whether they are encrypted."""
    if not data:
        return "empty", False, False
    for start, end in _PICTURES:
        if data.startswith(start):
            return "picture", end in data[-_TAIL:], False
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"AVI "):
        size = int.from_bytes(data[4:8], "little")
        return ("picture" if data[8:12] == b"WEBP" else "video"), size + 8 <= len(data) + 1, False
    if data[4:8] == b"ftyp":
        return "video", _has_index(data), False
    if data.startswith(_MATROSKA):
        return "video", _SEGMENT in data[:_TAIL], False
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):  # the old office format, and the new one encrypted
        return "office", True, "EncryptedPackage".encode("utf-16-le") in data
    form = sniff.format_of(data)
    if form == "zip":
        return _archive(data)
    if form == "pdf":
        return "pdf", True, False
    return ("unknown" if form == "binary" else "text"), True, False


def _archive(data: bytes) -> tuple[Form, bool, bool]:
    archive = zip.directory(data, Budget())
    if isinstance(archive, Defect):
        return "archive", False, False
    names = {info.filename for info in archive.infolist()}
    encrypted = any(info.flag_bits & 1 for info in archive.infolist())
    return ("office" if any(name in names for name in _OFFICE) else "archive"), True, encrypted


def _has_index(data: bytes) -> bool:
    """Whether an MP4 has its `moov` box, without which no player opens it: a recording that was cut has none."""
    at = 0
    for _ in range(_BOXES):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"moov":
            return True
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8 or at + size >= len(data):
            return False
        at += size
    return False
