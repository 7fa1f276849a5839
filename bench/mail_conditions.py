"""Conditions of the meaning table on mails (see `bench.meaning`), read with Python's own mail parser."""

import base64
import email
import email.errors
import email.header
import email.message
import email.utils
import io
import re
import zipfile
from collections.abc import Callable

from bench import pdf_claims
from bench.mutants import Mutant

_LEVEL_1 = re.compile(rb"<nonXMLBody>.*?<text[^>]*>(.*?)</text>", re.S)


def _utf_8_kept(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The text parts of the mail still decode."""
    try:
        for part in email.message_from_bytes(after).walk():
            content = part.get_payload(decode=True)
            if part.get_content_maintype() == "text" and isinstance(content, bytes):
                content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mail_reads_equal(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Same headers, same parts, no defect that a reader of mails would report."""
    old, new = _mail_contents(before), _mail_contents(after)
    return new is not None and old == new


def _mail_contents(data: bytes, texts: bool = True) -> list[object] | None:
    parts = list(email.message_from_bytes(data).walk())
    if any(part.defects for part in parts):
        return None
    return [
        (part.items(), _content(part) if texts or part.get_content_maintype() != "text" else None) for part in parts
    ]


def _content(part: email.message.Message) -> object:
    return None if part.is_multipart() else part.get_payload(decode=True)


def _real_mail_date(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """A date of the same form (RFC 5322), with the right day of the week."""
    try:
        read = email.utils.parsedate_to_datetime(mutant.draft.after)
    except ValueError:
        return False
    return mutant.draft.after.startswith(read.strftime("%a"))


def _same_addresses(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Only a display name changed, and it still decodes."""
    old, new = (email.utils.getaddresses([text]) for text in (mutant.draft.before, mutant.draft.after))
    try:
        str(email.header.make_header(email.header.decode_header(mutant.draft.after)))
    except (LookupError, ValueError, email.errors.HeaderParseError):
        return False
    return [address for _, address in old] == [address for _, address in new]


def _subject_is_free(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """A reply without attachment, or the report of a success: no clause gives their subject a form."""
    message = email.message_from_bytes(before)
    return not message.is_multipart() or (
        message.get_content_type() == "multipart/report" and b"processed/error" not in before.lower()
    )


def _only_text_differs(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Same headers and parts, no defect, and only the text of text parts is shorter."""
    old, new = _mail_contents(before, texts=False), _mail_contents(after, texts=False)
    return new is not None and old == new


def _pdf_with_the_same_claims(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """A PDF made from a structured document (no level-1 body in the mail holds its bytes), with the same claims."""
    for old, new in zip(_pdf_parts(before), _pdf_parts(after), strict=False):
        if old != new:
            return old not in _level_1_bodies(before) and pdf_claims.claims(old) == pdf_claims.claims(new) is not None
    return False


def _pdf_parts(data: bytes) -> list[bytes]:
    parts = [p for p in email.message_from_bytes(data).walk() if p.get_content_type() == "application/pdf"]
    return [content for part in parts if isinstance(content := part.get_payload(decode=True), bytes)]


def _level_1_bodies(data: bytes) -> list[bytes]:
    found = []
    for part in email.message_from_bytes(data).walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                documents = [archive.read(name) for name in archive.namelist() if name.endswith(".XML")]
            found += [base64.b64decode(b[1]) for d in documents if (b := _LEVEL_1.search(d))]
    return found


def _record_number(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """A number added before `.pdf`, where the form of the name admits one (ECO.2.1.6)."""
    return mutant.draft.after.endswith("_2.pdf")


CONDITIONS: dict[str, Callable[[Mutant, bytes, bytes], bool]] = {
    "utf_8_kept": _utf_8_kept,
    "mail_reads_equal": _mail_reads_equal,
    "real_mail_date": _real_mail_date,
    "same_addresses": _same_addresses,
    "subject_is_free": _subject_is_free,
    "only_text_differs": _only_text_differs,
    "pdf_with_the_same_claims": _pdf_with_the_same_claims,
    "record_number": _record_number,
}
