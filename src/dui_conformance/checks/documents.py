"""Bodies of documents: the file of an unstructured body, the references and identifiers of a narrative.

Every function is linear in what it is given: a hostile document may hold 100 000 references.
"""

import binascii
import re
from collections.abc import Callable, Iterable

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

_NAMED = 3  # offenders that a message names
_NAME = re.compile(r"[^\W\d][\w.\-·]*")  # an NCName, but for characters that nobody writes in an ID
_HEAD = 1500  # characters of base64 that a rule gives: enough for a signature within the first kilobyte

_SIGNATURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("application/pdf", lambda head: b"%PDF-" in head[:1024]),
    ("image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("image/tiff", lambda head: head.startswith((b"II*\x00", b"MM\x00*"))),
    ("text/rtf", lambda head: head.startswith(b"{\\rtf")),
    ("image/png", lambda head: head.startswith(b"\x89PNG")),
    ("application/zip", lambda head: head.startswith(b"PK\x03\x04")),
    (
        "application/octet-stream",
        lambda head: b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")),
    ),
)
_RECOGNISED = frozenset(("application/pdf", "image/jpeg", "image/tiff", "text/rtf", "text/plain"))


def body_is_of_its_type(media: str, head: str) -> Verdict:
    """The bytes of an unstructured body are of the type that @mediaType says (HL7 v3 data types R1, ED).

    `head` is the first 1500 characters of the base64 text. Says nothing of types outside TRE_R222 nor of a broken
    base64.
    """
    if media not in _RECOGNISED:
        return NOT_APPLICABLE
    data = _decoded(head)
    if not data:
        return NOT_APPLICABLE
    found = next((name for name, is_it in _SIGNATURES if is_it(data)), "text/plain")
    return check(found == media, media=media, found=found)


def references_resolve(references: tuple[str, ...], ids: tuple[str, ...]) -> Verdict:
    """Each `#id` points at an element of the narrative that has this ID (HL7 CDA R2 §4.3.5, reference)."""
    known = set(ids)
    return _none_of(value for value in references if value.startswith("#") and value[1:] not in known)


def objects_exist(objects: tuple[str, ...], ids: tuple[str, ...]) -> Verdict:
    """Each object that the narrative shows exists (HL7 CDA R2 schema, renderMultiMedia/@referencedObject, IDREFS)."""
    known = set(ids)
    return _none_of(name for value in objects for name in value.split() if name not in known)


def ids_are_distinct(ids: tuple[str, ...]) -> Verdict:
    """No ID comes twice (HL7 CDA R2 schema, xs:ID)."""
    seen: set[str] = set()
    twice = []
    for value in ids:
        if value in seen:
            twice.append(value)
        seen.add(value)
    return _none_of(twice)


def ids_are_names(ids: tuple[str, ...]) -> Verdict:
    """Each ID is a name: a letter or _ first, no blank, no colon (HL7 CDA R2 schema, xs:ID)."""
    return _none_of(value for value in ids if _NAME.fullmatch(value.strip()) is None)


def _none_of(offenders: Iterable[str]) -> Verdict:
    """Passed if there is none; else failed, with their number and the first different ones."""
    first: list[str] = []
    count, more = 0, False
    for value in offenders:
        count += 1
        if value not in first:
            if len(first) < _NAMED:
                first.append(value)
            else:
                more = True
    if not count:
        return PASSED
    shown = ", ".join(f"« {value[:60]} »" for value in first)
    return failed(count=str(count), first=shown + (", …" if more else ""))


def _decoded(head: str) -> bytes:
    """The bytes of the beginning of a base64 text, blanks forgiven; empty if it is not base64."""
    compact = "".join(head.split())
    whole = len(head) < _HEAD
    if not whole:
        compact = compact[: len(compact) // 4 * 4]
    try:
        return binascii.a2b_base64(compact.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
