"""The files that a prescription embeds: its PDF copy, the picture of its code."""

import binascii
import re

from dui_conformance.checks.verdict import NOT_APPLICABLE, Verdict, check

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bm"),
    (b"%PDF-", "application/pdf"),
)
_BLANKS = re.compile(r"\s+")


def picture_is_of_its_type(media: str, head: str) -> Verdict:
    """The bytes of a picture are of the type that @mediaType says; nothing is said of formats that are not known.

    `head` is the beginning of the base64 text.
    """
    data = _decoded(head)
    found = next((name for magic, name in _PICTURES if data.startswith(magic)), "")
    return check(found == media, media=media, found=found) if found else NOT_APPLICABLE


def is_pdf(head: str) -> Verdict:
    """The base64 text decodes to bytes that begin as a PDF does (within the first kilobyte, as readers accept it)."""
    return check(b"%PDF-" in _decoded(head)[:1024])


def _decoded(head: str) -> bytes:
    compact = _BLANKS.sub("", head)
    try:
        return binascii.a2b_base64(compact[: len(compact) // 4 * 4].encode("ascii"), strict_mode=True)
    except (binascii.Error, ValueError):
        return b""
