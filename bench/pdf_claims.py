"""What two PDF must have in common for a change to be one of page content only."""

import io
import re
from typing import Any

import pikepdf

from dui_conformance.subjects import pdf_pages
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget

Claims = tuple[str, int, bool, tuple[bytes, ...], tuple[str, ...]]


def claims(data: bytes) -> Claims | None:
    """Version, pages, encryption, PDF/A declarations and the barcodes printed; None if a reader would complain.

    The words of a page are left out: only those that a header gives too can be known to be wrong.
    """
    try:
        with pikepdf.open(io.BytesIO(data), suppress_warnings=True, attempt_recovery=False) as document:
            for found in document.objects:
                if isinstance(found, pikepdf.Stream):
                    found.read_bytes()
            packet = document.Root.get("/Metadata")
            declared = packet.read_bytes() if isinstance(packet, pikepdf.Stream) else b""
            if document.get_warnings() or data[:5] != b"%PDF-":
                return None
            pdfa = tuple(sorted(re.findall(rb"pdfaid:\w+[=>]\"?[^\"<]*", declared)))
            return document.pdf_version, len(document.pages), document.is_encrypted, pdfa, _barcodes(data)
    except Exception:  # any complaint at all
        return None


def _barcodes(data: bytes) -> tuple[str, ...]:
    """What the barcodes say, read as the product reads them: in a process that a mutant may crash."""
    subject = open_bytes("mutant.pdf", data, Budget())
    pdf_pages.project(subject, barcodes=True)
    found = [] if subject.view is None else [code.get("content", "") for code in subject.view.iter("barcode")]
    return tuple(sorted(found))


def objects(data: bytes) -> list[Any] | None:
    """Every object, streams decoded; None if a reader would complain."""
    try:
        with pikepdf.open(io.BytesIO(data), suppress_warnings=True, attempt_recovery=False) as document:
            read = [
                (repr(found), found.read_bytes() if isinstance(found, pikepdf.Stream) else b"")
                for found in document.objects
            ]
            return None if document.get_warnings() else [document.pdf_version, *read]
    except Exception:  # any complaint at all
        return None
