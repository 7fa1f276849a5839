"""What two PDF must have in common for a change to be one of page content only."""

import io
import re
from typing import Any

import pikepdf

Claims = tuple[str, int, bool, tuple[bytes, ...]]


def claims(data: bytes) -> Claims | None:
    """Version, pages, encryption and PDF/A declarations; None if a reader would complain."""
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
            return document.pdf_version, len(document.pages), document.is_encrypted, pdfa
    except Exception:  # any complaint at all
        return None


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
