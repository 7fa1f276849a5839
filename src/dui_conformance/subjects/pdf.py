"""The door for PDF: what it claims to be. Built on pikepdf (qpdf), which is loaded when a first PDF comes."""

import io
import re

from lxml import etree

from dui_conformance.subjects.model import Budget, Subject
from dui_conformance.subjects.xml import parse

_PDFAID = "http://www.aiim.org/pdfa/ns/id/"


def is_pdf(data: bytes) -> bool:
    """A PDF header within the first kilobyte, as readers accept it."""
    return b"%PDF-" in data[:1024]


def read(subject: Subject, budget: Budget) -> None:
    """Give the subject its view: `<pdf version pages encrypted pdfa_part pdfa_conformance/>`.

    An attribute that cannot be known is absent. Damage is recorded as the defect `pdf.damaged`.
    """
    import pikepdf

    view = etree.Element("pdf")
    header = re.search(rb"%PDF-(\d\.\d)", subject.data[:1024])
    if header:
        view.set("version", header[1].decode())
    subject.view = view
    try:
        with pikepdf.open(io.BytesIO(subject.data), suppress_warnings=True) as document:
            view.set("encrypted", "true" if document.is_encrypted else "false")
            view.set("pages", str(len(document.pages)))
            packet = document.Root.get("/Metadata")
            if packet is not None:
                _read_xmp(view, packet.read_bytes(), budget)
    except pikepdf.PasswordError:
        view.set("encrypted", "true")
    except Exception as error:  # qpdf reports damage through many types; any of them is damage, not a crash of ours
        subject.add("pdf.damaged", cause=type(error).__name__)


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
