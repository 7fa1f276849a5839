"""The door for recorded HTTP/1.1 messages (RFC 9112): head and body, as far as the bytes go.

Forgiving: what was recorded may be cut short, or be no HTTP at all. What is wrong comes back as names of problems
(`http.start`, `http.header`, `http.cut`, `http.chunk`), never as an exception. One pass, no backtracking.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dui_conformance.subjects.xml import xml_safe

_HEADERS = 500
_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Message:
    """`start` is the request line or the status line; names of headers are as written. `body` is dechunked."""

    start: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    problems: Sequence[str] = ()

    def header(self, name: str) -> str:
        """The first header of a name, whatever its case; empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def parse(data: bytes) -> Message:
    """The message that bytes hold; interim answers (100 Continue) before it are passed over."""
    while data.startswith(b"HTTP/1.") and data[8:10] == b" 1":
        end = data.find(b"\r\n\r\n")
        if end < 0:
            break
        data = data[end + 4 :]
    problems: list[str] = []
    end = data.find(b"\r\n\r\n", 0, _HEAD)
    head, body = (data[:end], data[end + 4 :]) if end >= 0 else (data[:_HEAD], b"")
    if data and end < 0:
        problems.append("http.cut")
    lines = head.split(b"\r\n")
    headers: list[tuple[str, str]] = []
    for line in lines[1 : _HEADERS + 1]:
        if line[:1] in (b" ", b"\t") and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {_text(line).strip()}")
            continue
        name_bytes, colon, rest = line.partition(b":")
        if not colon or not name_bytes or b" " in name_bytes:
            problems.append("http.header")
            continue
        headers.append((_text(name_bytes), _text(rest).strip()))
    start = _text(lines[0])
    if data and "HTTP/" not in start:
        problems.append("http.start")
    message = Message(start, headers, body)
    if "chunked" in message.header("transfer-encoding").lower():
        body, whole = _dechunked(body)
        if not whole:
            problems.append("http.chunk")
    else:
        length = message.header("content-length")
        if length.isascii() and length.isdigit() and len(length) < 19:
            if len(body) < int(length):
                problems.append("http.cut")
            body = body[: int(length)]
    return Message(start, headers, body, tuple(dict.fromkeys(problems)))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A header's value and its parameters: `multipart/related; boundary="x"` → type in lower case, {boundary: x}."""
    first, *rest = _split(value, ";")
    found: dict[str, str] = {}
    for part in rest[:50]:
        name, equals, text = part.partition("=")
        if equals:
            text = text.strip()
            if len(text) >= 2 and text[0] == text[-1] == '"':
                text = text[1:-1].replace('\\"', '"')
            found.setdefault(name.strip().lower(), text)
    return first.strip().lower(), found


def parts_of(body: bytes, boundary: str, limit: int) -> list[tuple[dict[str, str], bytes]]:
    """The parts of a multipart body (RFC 2046 §5.1) with their headers, names in lower case; `limit` at most.

    The bytes of a part are as sent: XOP parts are binary (XOP §4.3.2), and their digest is of these bytes.
    """
    if not boundary or len(boundary) > 200:
        return []
    mark = b"--" + boundary.encode("latin-1", "replace")
    found = []
    for chunk in (b"\r\n" + body).split(b"\r\n" + mark)[1 : limit + 1]:
        if chunk.startswith(b"--"):
            break
        head, blank, content = chunk.partition(b"\r\n\r\n")
        if not blank:
            continue
        headers = {}
        for line in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")[:50]:
            name, colon, value = line.partition(b":")
            if colon:
                headers[_text(name).strip().lower()] = _text(value).strip()
        found.append((headers, content))
    return found


def _split(value: str, separator: str) -> list[str]:
    """The pieces of a header's value, separators inside quotes left alone."""
    pieces, quoted, last = [], False, 0
    for at, character in enumerate(value[:8192]):
        if character == '"' and (at == 0 or value[at - 1] != "\\"):
            quoted = not quoted
        elif character == separator and not quoted:
            pieces.append(value[last:at])
            last = at + 1
    return [*pieces, value[last:8192]]


def _dechunked(body: bytes) -> tuple[bytes, bool]:
    """The content of a chunked body (RFC 9112 §7.1), and whether its last chunk is there."""
    out: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at, at + 1024)
        size = body[at:end].partition(b";")[0].strip() if end >= 0 else b""
        try:
            length = int(size, 16) if len(size) <= 16 and size[:1] not in (b"-", b"+") else -1
        except ValueError:
            length = -1
        if length < 0:
            return b"".join(out), False
        if length == 0:
            return b"".join(out), True
        out.append(body[end + 2 : end + 2 + length])
        at = end + 2 + length + 2
        if at > len(body):
            return b"".join(out), False


def _text(data: bytes) -> str:
    try:
        return xml_safe(data.decode("utf-8"))
    except UnicodeDecodeError:
        return xml_safe(data.decode("latin-1"))
