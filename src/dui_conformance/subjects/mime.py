"""The structure of a mail (RFC 5322, 2045, 2046), read in bounded time from hostile bytes.

The standard library's parser is given single header blocks only: on a whole mail its time grows with depth times
lines, and its memory with the number of lines. Here a part is a range of the bytes; nothing is copied until a leaf
is decoded.
"""

import binascii
import codecs
import email.message
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)(?:\r?\n|\Z)")
_BLANK_LINE = re.compile(rb"[ \t]*\r?\n")
_AFTER_BOUNDARY = re.compile(rb"(--)?[ \t]*(\r?\n|\Z)")
_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
# Python also calls codecs what no mail uses and what is slow or unsafe on hostile text (punycode, unicode_escape…)
_CHARSETS = re.compile(r"utf-8|utf-16\S*|ascii|iso8859-\d+|cp\d+|koi8-\w|mac-roman|gb\w+|big5\w*|euc_\w+|shift_jis\w*")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_BASE64_BLANKS = b" \t\r\n"

_HEADERS = 1_000
_HEADER_BLOCK = 1 << 20
_PARAMETERS = 4096  # the longest Content-Type that is read: its grammar is quadratic in the library
_BOUNDARY = 200  # RFC 2046 allows 70 characters


@dataclass(frozen=True, slots=True)
class Header:
    """One header: `raw` as it is written, folding included; `line` counts from the start of the mail."""

    name: str
    raw: str
    line: int

    @property
    def text(self) -> str:
        """Unfolded, RFC 2047 words decoded, runs of blanks made one."""
        return " ".join(decoded_words(_FOLD.sub("", self.raw)).split())


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf, or an attached message. `within`: the types of the multiparts around it, outermost first."""

    headers: tuple[Header, ...]
    start: int
    end: int
    within: tuple[str, ...]

    def first(self, name: str) -> str:
        """The unfolded value of a header, decoded; empty if it is absent."""
        return next((header.text for header in self.headers if header.name == name), "")

    @property
    def typed(self) -> email.message.Message:
        """A message that has the MIME headers of this part and nothing else: it knows their grammar."""
        message = email.message.Message()
        for name in ("content-type", "content-disposition"):
            for header in self.headers:
                if header.name == name:
                    message[name] = _FOLD.sub("", header.raw).strip()[:_PARAMETERS]
                    break
        return message


@dataclass(slots=True)
class Structure:
    """A mail taken apart. `problems`: (code, values) for the defects of its structure."""

    headers: tuple[Header, ...] = ()
    parts: list[Part] = field(default_factory=list)
    problems: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)


def header_block(data: bytes, start: int, end: int, line: int = 1) -> tuple[tuple[Header, ...], int, str]:
    """The headers that begin at `start`, where the body begins, and the code of a defect or an empty text."""
    headers: list[Header] = []
    at, problem = start, ""
    while (match := _LINE.match(data, at, min(end, start + _HEADER_BLOCK))) is not None:
        if len(headers) == _HEADERS:
            return tuple(headers), end, "mail.too_many_headers"
        headers.append(Header(match[1].decode("ascii").lower(), _text(match[2]), line))
        line += match[0].count(b"\n")
        at = match.end()
    blank = _BLANK_LINE.match(data, at, end)
    if blank is not None:
        at = blank.end()
    elif at < end:
        problem = "mail.too_many_headers" if at >= start + _HEADER_BLOCK // 2 else "mail.header_line"
    return tuple(headers), at, problem


def beginning(data: bytes) -> int:
    """Where the headers begin: after a byte order mark or the separator line of an mbox file."""
    if data[:3] == b"\xef\xbb\xbf":
        return 3
    return data.find(b"\n") + 1 if data[:5] == b"From " else 0


def structure(data: bytes, nesting: int, most_parts: int) -> Structure:
    """The headers and the leaves of a mail, in order; multiparts deeper than `nesting` are left out."""
    found = Structure()
    start = beginning(data)
    found.headers, body, problem = header_block(data, start, len(data), data.count(b"\n", 0, start) + 1)
    ranges = _Ranges(data, nesting, most_parts, found.problems)
    if problem:
        ranges.header_problem(problem, body)
    found.parts = list(ranges.leaves(Part(found.headers, body, len(data), ())))
    return found


class _Ranges:
    """Walks the parts of one mail; `problems` gets each kind of defect once."""

    def __init__(
        self, data: bytes, nesting: int, most_parts: int, problems: list[tuple[str, Mapping[str, str]]]
    ) -> None:
        self.data = data
        self.nesting = nesting
        self.left = most_parts
        self.most_parts = most_parts
        self.problems = problems

    def leaves(self, top: Part) -> Iterator[Part]:
        # own: whether the part is this mail's; the content of an attached message is walked for its depth alone
        stack: list[tuple[Part, int, bool]] = [(top, 0, True)]
        while stack:
            part, depth, own = stack.pop()
            kind = content_type(part.typed)
            inside: list[Part] = []
            if kind.startswith("multipart/") or kind == "message/rfc822":
                if depth >= self.nesting:
                    self._problem("mail.too_deep", limit=str(self.nesting))
                    continue
                inside = self._attached(part) if kind == "message/rfc822" else self._split(part, kind)
            if own and not (kind.startswith("multipart/") and inside):
                yield part
            stack.extend((child, depth + 1, own and kind != "message/rfc822") for child in reversed(inside))

    def header_problem(self, code: str, at: int) -> None:
        if all(code != known for known, _ in self.problems):  # lines are counted once, not once a part
            self._problem(code, line=str(self.data.count(b"\n", 0, at) + 1))

    def _problem(self, code: str, **values: str) -> None:
        if all(code != known for known, _ in self.problems):
            self.problems.append((code, values))

    def _attached(self, part: Part) -> list[Part]:
        headers, body, _ = header_block(self.data, part.start, part.end)
        return [Part(headers, body, part.end, part.within)]

    def _split(self, part: Part, kind: str) -> list[Part]:
        """The parts of a multipart (RFC 2046 §5.1.1)."""
        name = _parameter(part.typed, "boundary")
        if not name or len(name) > _BOUNDARY:
            self._problem("mail.boundary")
            return []
        delimiter = b"\n--" + name.encode("utf-8", "replace")
        children: list[Part] = []
        at, opened, closed = max(part.start - 1, 0), -1, False
        while not closed and (at := self.data.find(delimiter, at, part.end)) >= 0:
            after = _AFTER_BOUNDARY.match(self.data, at + len(delimiter), part.end)
            if after is None:  # a longer boundary that begins alike
                at += len(delimiter)
                continue
            if opened >= 0:
                children.append(self._child(part, kind, opened, at))
            closed, opened, at = after[1] is not None, after.end(), after.end() - 1
            self.left -= 1
            if self.left < 0:
                self._problem("mail.too_many_parts", limit=str(self.most_parts))
                return children
        if opened < 0:
            self._problem("mail.boundary")
        elif not closed:
            self._problem("mail.truncated")
            children.append(self._child(part, kind, opened, part.end))
        return children

    def _child(self, parent: Part, kind: str, start: int, end: int) -> Part:
        if end > start and self.data[end - 1 : end] == b"\r" and self.data[end : end + 1] == b"\n":
            end -= 1  # the line break before a boundary is the boundary's
        end = max(start, end)
        headers, body, problem = header_block(self.data, start, end)
        if problem:
            self.header_problem(problem, body)
        return Part(headers, min(body, end), end, (*parent.within, kind))


def content_type(message: email.message.Message) -> str:
    """The type of a part, text/plain where it is absent or cannot be read (RFC 2045 §5.2)."""
    try:
        return message.get_content_type()
    except (ValueError, LookupError, TypeError, AttributeError):
        return "text/plain"


def charset(message: email.message.Message) -> str:
    """The charset parameter in lower case, empty if absent."""
    return _parameter(message, "charset").lower()


def disposition(message: email.message.Message) -> str:
    """`attachment`, `inline`, or empty."""
    try:
        return message.get_content_disposition() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def filename(message: email.message.Message) -> str:
    """The file name of a part, RFC 2231 and RFC 2047 decoded; empty if it has none."""
    try:
        name = message.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        name = ""
    return " ".join(decoded_words(str(name)).split())


def parameter(message: email.message.Message, name: str) -> str:
    """A parameter of Content-Type, empty if absent."""
    return _parameter(message, name)


def _parameter(message: email.message.Message, name: str) -> str:
    try:
        value = message.get_param(name, "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return str(value[2] if isinstance(value, tuple) else value).strip()


def payload(data: bytes, part: Part) -> tuple[bytes | None, str]:
    """The decoded bytes of a leaf and the code of a defect (or an empty text); None where nothing can be decoded."""
    encoding = part.first("content-transfer-encoding").lower()
    content = data[part.start : part.end]
    if encoding in ("", "7bit", "8bit", "binary"):
        return content, ""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(content), ""
    if encoding != "base64":
        return None, "mail.encoding"
    compact = content.translate(None, _BASE64_BLANKS)
    try:
        return binascii.a2b_base64(compact, strict_mode=True), ""
    except (binascii.Error, ValueError):
        pass
    try:
        return binascii.a2b_base64(compact + b"=" * (-len(compact) % 4)), "mail.base64"
    except (binascii.Error, ValueError):
        return None, "mail.base64"


def decoded_words(raw: str) -> str:
    """RFC 2047 words decoded, the blanks between two of them dropped; the rest as it is."""
    if "=?" not in raw:
        return raw
    out: list[str] = []
    pending, encoding, at = b"", "", 0
    for word in _WORD.finditer(raw):
        between = raw[at : word.start()]
        charset = word[1].lower()
        if between.strip() or charset != encoding or not pending:
            out += [_decoded(pending, encoding), between if between.strip() or not pending else ""]
            pending = b""
        # a character may be cut between two words of one charset, though it should not
        pending, encoding, at = pending + _word_bytes(word[2], word[3]), charset, word.end()
    return "".join([*out, _decoded(pending, encoding), raw[at:]])


def _word_bytes(form: str, text: str) -> bytes:
    content = text.encode("ascii", "replace")
    if form in "qQ":
        return binascii.a2b_qp(content, header=True)
    try:
        return binascii.a2b_base64(content + b"=" * (-len(content) % 4))
    except (binascii.Error, ValueError):
        return content


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(codec(encoding), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def codec(charset: str) -> str:
    """The codec of a charset, UTF-8 where none is known."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError, TypeError):
        return "utf-8"
    return name if _CHARSETS.fullmatch(name) else "utf-8"


def _text(raw: bytes) -> str:
    """Header bytes as text: UTF-8 (RFC 6532), else one character per byte."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
