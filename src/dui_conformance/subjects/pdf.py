"""The door for PDF: what it claims to be. Built on pikepdf (qpdf), which is loaded when a first PDF comes."""

import io
import logging
import re
import zlib
from functools import cache
from typing import TYPE_CHECKING

from lxml import etree

from dui_conformance.subjects import pdf_file, pdf_objects
from dui_conformance.subjects.model import Budget, Subject
from dui_conformance.subjects.xml import parse

if TYPE_CHECKING:
    import pikepdf

_PDFAID = "http://www.aiim.org/pdfa/ns/id/"


_XMP = 4 << 20  # bytes of metadata that are read
_DECODED = 64 << 20  # bytes that qpdf may decode one stream to
_SIZE = 64 << 20
_DELIMITERS = 8_000_000  # of objects: qpdf takes seventy bytes of memory for each
_INTENTS = 16  # that are looked at
_LZW = re.compile(rb"/(?:L|#4[cC])(?:Z|#5[aA])(?:W|#57)")


def is_pdf(data: bytes) -> bool:
    """A PDF header within the first kilobyte, as readers accept it."""
    return b"%PDF-" in data[:1024]


def read(subject: Subject, budget: Budget) -> None:
    """Give the subject its view: `<pdf sha256 holder body version offset pages encrypted pdfa_part pdfa_conformance
    output_intent file_id xmp_filtered>`, with what its objects do (`subjects.pdf_objects`).

    An attribute that cannot be known is absent. `holder`: the kind of what it lies in (cda, mail, xdm…), empty for a
    file; `body`: true for that of a level-1 CDA; `offset`: bytes before the header; the last three are true or false
    (ISO 19005-1 §6.2.2, §6.1.3, §6.7.2).

    Where a rule that is planned reads `page`, the engine has `subjects.pdf_pages` add what is printed on the first 50
    pages: `<page number width height pictured><text/><foot/><barcode format x y content/>…</page>`. `text`: all of the
    page, a line per line; `foot`: that of its lowest fifth; both empty where nothing but pictures is printed.
    `pictured`: how much of the page pictures cover, in hundredths. `barcode` (first 4 pages): `format` is DataMatrix
    or QRCode, `content` its whole message, control characters as their signs (U+241D for GS); `x`, `y`: its upper
    left corner. Lengths and places in millimetres from the upper left of the page as it is seen. All of it is personal.

    A barcode that is an INS DataMatrix holds `<ins header rest unclosed closed><block id>value</block>…</ins>` (see
    `subjects.ins_symbol`): `header` right or wrong, `rest` the number of characters that make no block, `unclosed`,
    `closed` the fields that lack their GS, or have one too many.

    A PDF whose bytes lie twice in a unit has its pages too, and `same`, the id of the first; one attached to a mail has
    `subject`, the id of the CDA it is printed from, where that can be known.

    Damage is recorded as the defect `pdf.damaged`, as `pdf.repaired` where qpdf found its way and says so, or by the
    codes of `pdf_file` where it finds it in silence; LZW, whose output qpdf cannot bound and ISO 19005-1 §6.1.10
    forbids, as `pdf.lzw`.
    """
    import pikepdf

    view = etree.Element("pdf", sha256=subject.sha256, holder=subject.parent.kind if subject.parent else "")
    subject.view = view
    if subject.parent is not None and subject.parent.kind == "cda" and subject.name == "nonXMLBody":
        view.set("body", "true")
    header = re.search(rb"%PDF-(\d\.\d)?", subject.data[:1024])
    if header is not None:
        view.set("offset", str(header.start()))
        if header[1]:
            view.set("version", header[1].decode())
    if subject.size > _SIZE or _delimiters(subject.data) > _DELIMITERS:
        subject.add("pdf.too_large", limit=str(_SIZE >> 20))
        return
    if _LZW.search(subject.data):
        subject.add("pdf.lzw")
        return
    _bound_qpdf()
    try:
        with pikepdf.open(io.BytesIO(subject.data), suppress_warnings=True) as document:
            view.set("encrypted", "true" if document.is_encrypted else "false")
            view.set("pages", str(len(document.pages)))
            packet = document.Root.get("/Metadata")
            if isinstance(packet, pikepdf.Stream):
                _read_xmp(view, _xmp_bytes(packet), budget)
                view.set("xmp_filtered", _truth("/Filter" in packet))
            view.set("file_id", _truth("/ID" in document.trailer))
            view.set("output_intent", _truth(_has_output_intent(document)))
            if document.get_warnings():
                subject.add("pdf.repaired")
            elif not document.is_encrypted:
                for code, values in pdf_file.faults(subject.data, int(view.get("offset", "0"))):
                    subject.add(code, **values)
            if not document.is_encrypted:
                pdf_objects.examine(document, view)
    except pikepdf.PasswordError:
        view.set("encrypted", "true")
    except Exception as error:  # qpdf reports damage through many types; any of them is damage, not a crash of ours
        subject.add("pdf.damaged", cause=type(error).__name__)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _has_output_intent(document: "pikepdf.Pdf") -> bool:
    """Whether the catalogue has an OutputIntent of PDF/A-1 (ISO 19005-1 §6.2.2)."""
    import pikepdf

    intents = document.Root.get("/OutputIntents")
    if not isinstance(intents, pikepdf.Array):
        return False
    return any(
        isinstance(intent, pikepdf.Dictionary) and intent.get("/S") == pikepdf.Name("/GTS_PDFA1")
        for intent in (intents[at] for at in range(min(len(intents), _INTENTS)))
    )


def _delimiters(data: bytes) -> int:
    return len(data) - len(data.translate(None, b" \t\r\n[]<>/()"))


@cache
def _bound_qpdf() -> None:
    """Limit what qpdf decodes on opening. Its limits are the process's: they are set once."""
    from pikepdf import settings

    logging.getLogger("pikepdf").addHandler(logging.NullHandler())  # what it says of damage, our defects say

    if hasattr(settings, "set_qpdf_limits"):  # older releases have none
        settings.set_qpdf_limits(
            max_stream_filters=4,
            flate_max_memory=_DECODED,
            png_max_memory=_DECODED,
            tiff_max_memory=_DECODED,
            run_length_max_memory=_DECODED,
        )


def _xmp_bytes(packet: "pikepdf.Stream") -> bytes:
    """The XMP packet. ISO 19005-1 §6.7.2 wants it unfiltered; a lone Flate filter is read all the same."""
    import pikepdf

    raw = bytes(packet.get_raw_stream_buffer())
    filters = packet.get("/Filter")
    names = [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters or "")]
    if names in ([], [""]):
        return raw[:_XMP]
    if names == ["/FlateDecode"] and "/DecodeParms" not in packet:
        return zlib.decompressobj().decompress(raw, _XMP)
    return b""


def _read_xmp(view: etree._Element, packet: bytes, budget: Budget) -> None:
    """The PDF/A identification (ISO 19005-1 §6.7.11), written as attributes or as elements."""
    root = parse(packet.strip(b"\x00 \t\r\n"), budget).root
    if root is None:
        return
    for name, attribute in (("part", "pdfa_part"), ("conformance", "pdfa_conformance")):
        tag = f"{{{_PDFAID}}}{name}"
        for element in root.iter():
            if not isinstance(element.tag, str):
                continue
            value = element.get(tag) or (element.text if element.tag == tag else None)
            if value and value.strip():
                view.set(attribute, value.strip()[:8])
                break
