"""The header block of mails and the types of their parts: what RFC 5322 and MIME ask whatever a mail is about.

Clauses: RFC 5322 §3.3, §3.6; RFC 2045 §3 to §5; RFC 2047 §2, §5; RFC 8098 §3. What MSSanté asks besides is in
`checks.mail`.
"""

import binascii
import codecs
import re
import unicodedata
from collections import Counter
from datetime import date
from functools import lru_cache

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

_LONGEST = 200  # of a date; longer ones are none
_COMMENT = re.compile(r"\([^()]*\)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    r"(?:(?P<name>[a-z]{3}) ?, ?)?(?P<day>\d{1,2}) (?P<month>[a-z]{3}) (?P<year>\d{4}) "
    r"(?P<hour>\d\d) ?: ?(?P<minute>\d\d)(?: ?: ?(?P<second>\d\d))? (?P<zone>[+-]\d\d[0-5]\d|[a-z]{1,5})",
    re.ASCII,
)

# RFC 5322 §3.6 (table) and the grammar of RFC 2045 §3. Message-ID, whose rule is its own, is not here.
_ONCE = frozenset(
    "date from sender reply-to to cc bcc in-reply-to references subject "
    "mime-version content-type content-transfer-encoding".split()
)

_WORD = re.compile(r"=\?(?P<charset>[^?\s]{1,60})\?(?P<form>[^?\s]{1,20})\?(?P<text>[^?]*)\?=")
_TOKEN = re.compile(r"[A-Za-z0-9][\w.:+-]{0,39}", re.ASCII)
_CHARSETS = re.compile(
    r"utf-8|utf-(?:16|32)\S*|ascii|iso8859-\d+|iso2022\S*|cp\d+|koi8-\w|mac-\w+|gb\w+|hz|big5\w*|euc_\w+|"
    r"shift_jis\w*|tis-620|johab"
)
_QUOTED = re.compile(r"(?:[^=]|=[0-9A-F]{2})*", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_ADDRESS = re.compile(r"[^\s<>@,;\"]{1,256}@[^\s<>@,;\"]{1,256}")

_GENERIC = frozenset(
    "application/octet-stream application/binary binary/octet-stream application/download application/x-download "
    "application/force-download".split()
)
_PDF = frozenset(("application/pdf", "application/x-pdf"))
_ZIP = frozenset(("application/zip", "application/x-zip", "application/x-zip-compressed"))
_TEXTS = frozenset("cda xds xml text fhir hl7v2".split())
_SEEN_OR_HEARD = frozenset(("image", "audio", "video", "font"))


def date_is_real(value: str) -> Verdict:
    """A day of the calendar with its name, a time and a zone (RFC 5322 §3.3).

    The names of zones of §4.3 are admitted; two-digit years are not.
    """
    bare = " ".join(_COMMENT.sub(" ", value[: _LONGEST + 1]).split()).lower()
    found = _DATE.fullmatch(bare) if len(value) <= _LONGEST else None
    if found is None or found["month"] not in _MONTHS:
        return failed(found=value)
    try:
        day = date(int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"]))
    except ValueError:
        return failed(found=value)
    named = found["name"] in (None, _DAYS[day.weekday()])
    # second 60 is a leap second
    timed = int(found["hour"]) < 24 and int(found["minute"]) < 60 and int(found["second"] or 0) <= 60
    return check(named and timed and day.year >= 1900, found=value)


def version_is_one(values: tuple[str, ...]) -> Verdict:
    """MIME-Version is there and is 1.0, comments aside (RFC 2045 §4)."""
    bare = ["".join(_COMMENT.sub("", value[:_LONGEST]).split()) for value in values]
    return check(bool(bare) and set(bare) == {"1.0"}, found=values[0] if values else "")


def headers_occur_once(names: tuple[str, ...]) -> Verdict:
    """A header that RFC 5322 §3.6 or RFC 2045 §3 bounds to one is not there twice. `names`: of all headers."""
    twice = sorted(name for name, count in Counter(names).items() if count > 1 and name in _ONCE)
    return check(not twice, names=", ".join(twice))


def words_decode(raw: str) -> Verdict:
    """Each encoded word names a known charset and a known form, and decodes by itself (RFC 2047 §2, §5).

    `raw`: the header as it is written.
    """
    for word in _WORD.finditer(raw):
        if not _decodes(word["charset"].partition("*")[0], word["form"], word["text"]):
            return failed(word=word[0][:80])
    return PASSED


def _decodes(charset: str, form: str, text: str) -> bool:
    content, codec = _word_bytes(form, text), _codec(charset)
    if content is None or not codec:
        return False
    try:
        content.decode(codec)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _codec(charset: str) -> str:
    """The codec of a charset, empty for none and for what Python alone calls one."""
    if not _TOKEN.fullmatch(charset):
        return ""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return ""
    return name if _CHARSETS.fullmatch(name) else ""


def _word_bytes(form: str, text: str) -> bytes | None:
    if not text.isascii():
        return None
    if form in ("Q", "q"):
        return binascii.a2b_qp(text.encode(), header=True) if _QUOTED.fullmatch(text) else None
    compact = "".join(text.split())
    if form not in ("B", "b") or not _BASE64.fullmatch(compact):
        return None
    bare = compact.rstrip("=")  # padding is forgotten by some, and readers do without
    try:
        return binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return None


def receipt_goes_to_who_asked(to: tuple[str, ...], asked: tuple[str, ...]) -> Verdict:
    """A receipt is addressed to Disposition-Notification-To of the original mail (RFC 8098 §3).

    Values of both headers.
    """
    written, wanted = _addresses(to), _addresses(asked)
    if not written or not wanted:
        return NOT_APPLICABLE  # that nobody asked, that nobody is written to: other rules
    return check(wanted <= written, expected=", ".join(sorted(wanted)))


def _addresses(values: tuple[str, ...]) -> set[str]:
    return {address.lower() for value in values for address in _ADDRESS.findall(value)}


def receipt_has_nil(found: str, original: str, declared: str) -> Verdict:
    """X-MSS-NIL is on every mail, receipts included (ECO.2.4.3).

    `original`: that of the mail that the receipt answers. If it is the one declared, the receipt came from the
    software of a correspondent.
    """
    if declared and original == declared:
        return NOT_APPLICABLE
    return check(bool(found.strip()))


def receipt_nil_is_declared(found: str, original: str, declared: str) -> Verdict:
    """X-MSS-NIL of a receipt is the product reference declared in dui.toml (ECO.2.4.3); see `receipt_has_nil`."""
    if not found.strip() or original == declared:
        return NOT_APPLICABLE
    return check(found == declared, found=found, expected=declared)


def failure_names_the_mail(title: str, original: str) -> Verdict:
    """The object of a failure ends with the object of the mail that was not integrated (volet LPS 1.1).

    Whether it begins as it should is said elsewhere.
    """
    if "]" not in title or not original:
        return NOT_APPLICABLE
    written, expected = (unicodedata.normalize("NFC", text).strip() for text in (title, original))
    return check(written.endswith(expected), found=title, expected=original)


def type_is_of_the_bytes(kind: str, declared: str) -> Verdict:
    """Content-Type does not name another format than the one the bytes are in (RFC 2045 §5).

    `kind`: what the bytes are. Types that say nothing, and what is declared as PDF and is none, have other rules.
    """
    main, _, sub = declared.partition("/")
    if declared in _GENERIC or (declared in _PDF and kind != "pdf"):
        return NOT_APPLICABLE
    if kind == "pdf":
        return check(declared in _PDF)
    if kind == "zip":  # office documents and others are archives too
        return check(main not in _SEEN_OR_HEARD and main != "text" and not sub.endswith(("xml", "json")))
    if kind in _TEXTS:
        return check(declared not in _ZIP and (main not in _SEEN_OR_HEARD or sub.endswith("+xml")))
    return NOT_APPLICABLE


def type_says_something(kind: str, declared: str) -> Verdict:
    """A PDF or an archive is not declared as bytes without format (RFC 2046 §4.5.1)."""
    if kind not in ("pdf", "zip"):
        return NOT_APPLICABLE
    return check(declared not in _GENERIC)
