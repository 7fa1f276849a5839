"""The encoding rules of HL7 v2 (ER7): blocks, segments, fields, escapes and character sets. Nothing is judged here.

Sources: HL7 v2.6 chapter 2 (§2.5 delimiters, §2.7 escape sequences, §2.10.3 batches; table 0211 for MSH-18) and the
Minimal Lower Layer Protocol, release 1: a block is 0x0B, the message, 0x1C 0x0D.
"""

import codecs
import re
from dataclasses import dataclass, field
from itertools import chain

START, END, RETURN = b"\x0b", b"\x1c", b"\x0d"

# table 0211, as MSH-18 writes it; the volets of the CI-SIS admit the first two
CODECS = {
    "UNICODE UTF-8": "utf-8",
    "8859/15": "iso8859-15",
    "8859/1": "iso8859-1",
    "ASCII": "ascii",
}
_TERMINATOR = re.compile(rb"\r\n|\r|\n")
_MARKS = re.compile(rb"[\x0b\x1c]")
_TOLD = 50  # problems of one input that are told
_NAME = re.compile(rb"[A-Z][A-Z0-9]{2}")
_HEADERS = (b"MSH", b"FHS", b"BHS")
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_ESCAPED = {"F": 0, "S": 1, "R": 2, "E": 3, "T": 4}  # rank in `Delimiters`
_FORMATTING = re.compile(r"\.(?:br|sp|fi|nf|ce|in|ti|sk)[+-]?\d{0,4}|[HN]|[CM][0-9A-F]{4,6}|Z.{0,16}|P")
_HEXADECIMAL = re.compile(r"X(?:[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2, decoded: field, component, repetition, escape, sub-component. Empty: not announced."""

    field: str
    component: str = ""
    repetition: str = ""
    escape: str = ""
    subcomponent: str = ""

    @property
    def ordered(self) -> tuple[str, str, str, str, str]:
        return (self.field, self.component, self.repetition, self.escape, self.subcomponent)


@dataclass(frozen=True, slots=True)
class Line:
    """A segment as it lies in the bytes: `number` counts segments from 1 in the whole input.

    `opens`: it is the first of an MLLP block.
    """

    number: int
    data: bytes
    opens: bool = False

    @property
    def name(self) -> str:
        found = _NAME.match(self.data)
        return found[0].decode() if found else ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the bytes: the code of a defect, the number of the line, and particulars."""

    code: str
    line: int
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Split:
    """The segments of an input, whether it is framed (MLLP), and what is wrong with its blocks."""

    lines: list[Line] = field(default_factory=list)
    framed: bool = False
    problems: list[Problem] = field(default_factory=list)


def split(data: bytes, limit: int) -> Split:
    """Cut an input into segments; `limit` bounds their number (one more is given, so that who asks can tell).

    In a file segments end with CR, LF or CR LF alike; in an MLLP block with CR alone, and others are told.
    """
    body = data.lstrip(b" \t\r\n")
    out = Split(framed=body.startswith(START))
    if not out.framed:
        if END in body:
            _tell(out, "hl7v2.mllp", missing="0x0B")
        _cut(out, body.replace(END, RETURN), limit)
        return out
    opened: int | None = None  # where the block that is being read begins
    outside = 0  # where what lies between two blocks begins
    for mark in _MARKS.finditer(body):
        if len(out.lines) > limit:
            break
        at = mark.start()
        if mark[0] == START:
            if opened is not None:
                _block(out, body[opened:at], limit)
                _tell(out, "hl7v2.mllp", missing="0x1C")
            elif body[outside:at].strip():
                _tell(out, "hl7v2.outside", size=str(at - outside))
            opened = at + 1
        elif opened is not None:
            _block(out, body[opened:at], limit)
            if body[at + 1 : at + 2] != RETURN:
                _tell(out, "hl7v2.mllp", missing="0x0D")
            opened, outside = None, at + 1
    if opened is not None:
        _block(out, body[opened:], limit)
        _tell(out, "hl7v2.mllp", missing="0x1C")
    elif body[outside:].strip(b" \t\r\n" + END):
        _tell(out, "hl7v2.outside", size=str(len(body) - outside))
    return out


def _tell(out: Split, code: str, **values: str) -> None:
    if len(out.problems) < _TOLD:
        out.problems.append(Problem(code, max(len(out.lines), 1), values))


def _block(out: Split, block: bytes, limit: int) -> None:
    if b"\n" in block:
        _tell(out, "hl7v2.separator")
    _cut(out, block, limit)


def _cut(out: Split, block: bytes, limit: int) -> None:
    at = 0
    opens = out.framed
    ends = (found.span() for found in _TERMINATOR.finditer(block))
    for start, end in chain(ends, ((len(block), len(block)),)):
        if block[at:start].strip(b" \t"):
            out.lines.append(Line(len(out.lines) + 1, block[at:start], opens))
            opens = False
            if len(out.lines) > limit:
                return
        at = end


def is_segment(line: Line) -> bool:
    """Three capitals or digits (the first a letter), then the end or something that is none."""
    return _NAME.match(line.data) is not None and not line.data[3:4].isalnum()


def is_header(line: Line) -> bool:
    return line.data[:3] in _HEADERS and len(line.data) > 3


def declared_charset(header: Line) -> str:
    """MSH-18, first repetition, as written; empty where there is none."""
    separator = header.data[3:4]
    fields = header.data.split(separator, 18)
    if len(fields) < 18 or not header.data.startswith(b"MSH"):
        return ""
    encoding = fields[1]
    repetition = encoding[1:2] if encoding else b"~"
    return fields[17].split(repetition or b"~")[0].decode("ascii", "replace").strip()


def read_charset(data: bytes, declared: str) -> tuple[str, str]:
    """The codec to read a message with, and why it is not what is declared (empty: it is, or may be).

    Bytes above 0x7F that make good UTF-8 under a one-byte declaration are UTF-8: no text of 8859/15 does by chance
    in each of its accents. Bytes 0x80 to 0x9F are controls in 8859/15, and letters in the Windows code page 1252.
    """
    if data.isascii():
        return CODECS.get(declared, "utf-8"), ""
    try:
        data.decode("utf-8")
        is_utf8 = True
    except UnicodeDecodeError:
        is_utf8 = False
    codec = CODECS.get(declared)
    if codec is None:
        return ("utf-8" if is_utf8 else "iso8859-15"), ""  # another rule says what MSH-18 may be
    if codec == "utf-8":
        return ("utf-8", "") if is_utf8 else ("iso8859-15", "8859/15")
    if is_utf8:
        return "utf-8", "UNICODE UTF-8"
    if codec == "ascii":
        return "iso8859-15", "8859/15"
    if _CONTROLS.search(data):
        return "cp1252", "Windows-1252"
    return codec, ""


def text_of(data: bytes, codec: str) -> str:
    return codecs.decode(data, codec, "replace")


def delimiters(header: str) -> Delimiters:
    """MSH-1 and MSH-2 of a decoded header segment."""
    separator = header[3:4]
    marks = header[4:].split(separator, 1)[0] if separator else ""
    marks = marks[:4].ljust(4, "\0")
    component, repetition, escape, subcomponent = (mark if mark != "\0" else "" for mark in marks)
    return Delimiters(separator, component, repetition, escape, subcomponent)


def parts(text: str, mark: str) -> list[str]:
    return text.split(mark) if mark else [text]


def unescaped(text: str, marks: Delimiters, codec: str) -> tuple[str, str]:
    """A leaf value without its escape sequences, and the first sequence that is none (empty if all are)."""
    mark = marks.escape
    if not mark or mark not in text:
        return text, ""
    pieces = text.split(mark)
    out, wrong = [pieces[0]], ""
    at = 1
    while at < len(pieces):
        sequence = pieces[at]
        closed = at + 1 < len(pieces)
        value = _sequence(sequence, marks, codec) if closed else None
        if value is None:  # no sequence: the mark stands for itself, and what follows may begin one
            wrong = wrong or f"{mark}{sequence[:16]}"
            out.append(mark + sequence)
            at += 1
            continue
        out.append(value)
        out.append(pieces[at + 1])
        at += 2
    return "".join(out), wrong


def _sequence(name: str, marks: Delimiters, codec: str) -> str | None:
    if name in _ESCAPED:
        return marks.ordered[_ESCAPED[name]]
    if _HEXADECIMAL.fullmatch(name):
        return text_of(bytes.fromhex(name[1:]), codec)
    if name.startswith((".br", ".sp")):
        return "\n"
    return "" if _FORMATTING.fullmatch(name) else None
