"""Random changes of archives, mails and PDF. Each operator takes bytes and a generator and gives a draft, or None."""

import base64
import email
import email.message
import email.policy
import io
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from bench.mutants import Draft, another_digit

Operator = Callable[[bytes, random.Random], Draft | None]

_FOREIGN = ("gmail.com", "orange.fr", "ch-exemple.fr", "mssante.fr.example")
_ADDED = (
    "IHE_XDM/SUBSET01/DOC0009.XML",
    "NOTES.TXT",
    "IHE_XDM/SUBSET02/METADATA.XML",
    "__MACOSX/._DOC",
    "../A.TXT",
)
_TYPES = ("text/plain", "application/octet-stream", "application/zip", "application/pdf", "text/html")


def _whole(place: str, data: bytes, said: str) -> Draft:
    return Draft(place, {"base64": base64.b64encode(data).decode()}, said=said)


def _flipped(data: bytes, rng: random.Random) -> tuple[bytes, str]:
    """The bytes with one to four of them changed at one place."""
    at = rng.randrange(len(data))
    some = bytes(b ^ rng.randint(1, 255) for b in data[at : at + rng.randint(1, 4)])
    return data[:at] + some + data[at + len(some) :], f"{len(some)} bytes flipped at {at} of {len(data)}"


def flip(data: bytes, rng: random.Random) -> Draft | None:
    flipped, said = _flipped(data, rng)
    return _whole("raw", flipped, said)


def truncate(data: bytes, rng: random.Random) -> Draft | None:
    keep = rng.randrange(1, len(data))
    return Draft("raw", {"truncate": keep})


# archives


def _entries(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def _zipped(entries: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def _files(data: bytes) -> list[tuple[str, bytes]]:
    return [(name, content) for name, content in _entries(data) if not name.endswith("/")]


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def rename_entry(data: bytes, rng: random.Random) -> Draft | None:
    name, _ = rng.choice(_files(data))
    stem, dot, extension = name.rpartition(".")
    others = (
        name.lower(),
        f"{stem}1{dot}{extension}",
        f"{stem}{dot}BIN",
        name.replace("/", "\\"),
        f"X/{name}",
    )
    after = rng.choice(others)
    return Draft(_last(name), {"zip": "rename", "entry": name, "to": after}, name, after) if after != name else None


def remove_entry(data: bytes, rng: random.Random) -> Draft | None:
    name, _ = rng.choice(_files(data))
    return Draft(_last(name), {"zip": "remove", "entry": name}, name)


def add_entry(data: bytes, rng: random.Random) -> Draft | None:
    name = rng.choice(_ADDED)
    return Draft(_last(name), {"zip": "add", "entry": name, "text": "ajout"}, after=name)


def repeat_entry(data: bytes, rng: random.Random) -> Draft | None:
    name, _ = rng.choice(_files(data))
    return Draft(_last(name), {"zip": "duplicate", "entry": name}, name)


def swap_entries(data: bytes, rng: random.Random) -> Draft | None:
    """Two entries change contents."""
    entries = _entries(data)
    one, two = rng.sample(_files(data), 2)
    exchanged = {one[0]: two[1], two[0]: one[1]}
    new = _zipped([(name, exchanged.get(name, content)) for name, content in entries])
    return _whole(f"{_last(one[0])} and {_last(two[0])}", new, f"{one[0]} and {two[0]} change contents")


def flip_entry(data: bytes, rng: random.Random) -> Draft | None:
    """Bytes of an entry change, checksums follow, METADATA.XML does not."""
    name, content = rng.choice(_files(data))
    flipped, said = _flipped(content, rng)
    new = _zipped([(n, flipped if n == name else c) for n, c in _entries(data)])
    return _whole(_last(name), new, f"{name}: {said}")


def empty_entry(data: bytes, rng: random.Random) -> Draft | None:
    name, _ = rng.choice(_files(data))
    new = _zipped([(n, b"" if n == name else c) for n, c in _entries(data)])
    return _whole(_last(name), new, f"{name} is emptied")


def encrypt_entry(data: bytes, rng: random.Random) -> Draft | None:
    name, _ = rng.choice(_files(data))
    return Draft(_last(name), {"zip": "encrypt", "entry": name}, name)


# mails


def _message(data: bytes) -> email.message.Message:
    return email.message_from_bytes(data, policy=email.policy.compat32)


@dataclass(frozen=True, slots=True)
class _Header:
    """A header of the mail as it is written, folded lines and line end included."""

    name: str
    value: str
    raw: str


def _headers(data: bytes) -> list[_Header]:
    block = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0].decode("utf-8", "replace") + "\n"
    found = re.finditer(r"([!-9;-~]+):[ \t]*(.*(?:\r?\n[ \t].*)*)\r?\n", block)
    return [_Header(one[1], one[2].rstrip("\r"), one[0]) for one in found]


def _rewritten(data: bytes, header: _Header, after: str, shown: str = "") -> Draft | None:
    """The mail with the text of one header replaced."""
    if data.count(header.raw.encode()) != 1:
        return None
    change = {"replace": header.raw, "to": after}
    return Draft(f"header/{header.name}", change, header.value, shown)


def _leaves(data: bytes) -> list[email.message.Message]:
    return [p for p in _message(data).walk() if not p.is_multipart() or p.get_content_maintype() == "message"]


def _part(data: bytes, rng: random.Random) -> tuple[int, email.message.Message, str]:
    leaves = _leaves(data)
    number = rng.randrange(len(leaves))
    return number + 1, leaves[number], f"part[{leaves[number].get_content_type()}]"


def drop_header(data: bytes, rng: random.Random) -> Draft | None:
    return _rewritten(data, rng.choice(_headers(data)), "")


def blank_header(data: bytes, rng: random.Random) -> Draft | None:
    header = rng.choice(_headers(data))
    return _rewritten(data, header, f"{header.name}:\r\n")


def repeat_header(data: bytes, rng: random.Random) -> Draft | None:
    header = rng.choice(_headers(data))
    return _rewritten(data, header, header.raw * 2)


def rename_header(data: bytes, rng: random.Random) -> Draft | None:
    header = rng.choice(_headers(data))
    name = header.name
    after = rng.choice((f"X-{name}", name[:-1], name.replace("-", "_") if "-" in name else f"{name}s"))
    return _rewritten(data, header, after + header.raw[len(name) :], after)


def change_header_digit(data: bytes, rng: random.Random) -> Draft | None:
    header = rng.choice(_headers(data))
    at = [index for index, letter in enumerate(header.raw) if letter in "0123456789"]
    if not at:
        return None
    after = another_digit(header.raw, rng.choice(at), rng)
    return _rewritten(data, header, after, after.partition(":")[2].strip())


def exchange_headers(data: bytes, rng: random.Random) -> Draft | None:
    """The values of two headers change places."""
    one, two = rng.sample(_headers(data), 2)
    if one.value == two.value or data.count(one.raw.encode()) != 1 or data.count(two.raw.encode()) != 1:
        return None
    steps = [
        {"replace": header.raw, "to": f"{header.name}: {other.value}\r\n"} for header, other in ((one, two), (two, one))
    ]
    return Draft(f"header/{one.name} and {two.name}", {"steps": steps}, one.value, two.value)


def move_recipient(data: bytes, rng: random.Random) -> Draft | None:
    """An address leaves for another domain."""
    found = [h for h in _headers(data) if h.name in ("To", "Cc", "From", "Reply-To") and "@" in h.value]
    if not found:
        return None
    header = rng.choice(found)
    after = re.sub(r"@[\w.-]+", f"@{rng.choice(_FOREIGN)}", header.raw)
    return _rewritten(data, header, after, after.partition(":")[2].strip())


def drop_part(data: bytes, rng: random.Random) -> Draft | None:
    if not _message(data).is_multipart():
        return None
    number, _, place = _part(data, rng)
    return Draft(place, {"drop_part": number})


def rename_part(data: bytes, rng: random.Random) -> Draft | None:
    number, leaf, place = _part(data, rng)
    before = leaf.get_filename()
    if not before:
        return None
    stem, dot, extension = before.rpartition(".")
    after = rng.choice((f"{stem}_2{dot}{extension}", f"{stem}{dot}bin", "document", f"{dot}{extension}"))
    return Draft(place, {"part_name": number, "to": after}, str(before), after) if after != before else None


def retype_part(data: bytes, rng: random.Random) -> Draft | None:
    number, leaf, place = _part(data, rng)
    before = leaf.get_content_type()
    after = rng.choice([t for t in _TYPES if t != before])
    value = str(leaf.get("Content-Type", "")).replace(before, after, 1) or after
    if before not in str(leaf.get("Content-Type", "")):
        return None
    return Draft(place, {"part_header": number, "name": "Content-Type", "to": value}, before, after)


def _remade(message: email.message.Message, place: str, said: str) -> Draft:
    return _whole(place, message.as_bytes(), said)


def swap_parts(data: bytes, rng: random.Random) -> Draft | None:
    message = _message(data)
    payload = message.get_payload()
    if not isinstance(payload, list) or len(payload) < 2:
        return None
    one, two = sorted(rng.sample(range(len(payload)), 2))
    payload[one], payload[two] = payload[two], payload[one]
    return _remade(
        message, f"order of parts[{message.get_content_type()}]", f"parts {one + 1} and {two + 1} change places"
    )


def repeat_part(data: bytes, rng: random.Random) -> Draft | None:
    message = _message(data)
    payload = message.get_payload()
    if not isinstance(payload, list):
        return None
    index = rng.randrange(len(payload))
    part = payload[index]
    assert isinstance(part, email.message.Message)
    payload.insert(index + 1, part)
    return _remade(message, f"part[{part.get_content_type()}]", f"part {index + 1} is there twice")


def flip_part(data: bytes, rng: random.Random) -> Draft | None:
    """Decoded bytes of a part change; its encoding is redone."""
    message = _message(data)
    leaves = [p for p in message.walk() if not p.is_multipart() and p.get_content_maintype() != "message"]
    part = rng.choice(leaves)
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes) or not content:
        return None
    flipped, said = _flipped(content, rng)
    place = f"part[{part.get_content_type()}]"
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(flipped).decode())
    return _remade(message, place, f"{place}: {said}")


# PDF


def change_digit(data: bytes, rng: random.Random) -> Draft | None:
    """Another digit in what can be read of a file without inflating its streams."""
    outside = [m.start() for m in re.finditer(rb"\d", re.sub(rb"stream\r?\n.*?endstream", _hidden, data, flags=re.S))]
    if not outside:
        return None
    at = rng.choice(outside)
    after = rng.choice([d for d in b"0123456789" if d != data[at]])
    new = data[:at] + bytes([after]) + data[at + 1 :]
    return _whole("raw", new, f"digit {chr(data[at])} becomes {chr(after)} in …{_around(data, at)}…")


def _hidden(stream: re.Match[bytes]) -> bytes:
    return b" " * len(stream[0])


def _around(data: bytes, at: int) -> str:
    return repr(data[max(0, at - 25) : at + 15])[2:-1]


def rename_key(data: bytes, rng: random.Random) -> Draft | None:
    """A `/Name` loses its last letter to another."""
    names = list(re.finditer(rb"/([A-Z][A-Za-z]+)", data))
    if not names:
        return None
    found = rng.choice(names)
    new = data[: found.end() - 1] + b"z" + data[found.end() :]
    return _whole("raw", new, f"{found[0].decode()} is renamed in …{_around(data, found.start())}…")


def drop_object(data: bytes, rng: random.Random) -> Draft | None:
    """An object becomes null, at the same length."""
    objects = list(re.finditer(rb"\d+ 0 obj(.*?)endobj", data, flags=re.S))
    if not objects:
        return None
    found = rng.choice(objects)
    new = data[: found.start(1)] + b"\nnull".ljust(found.end(1) - found.start(1)) + data[found.end(1) :]
    return _whole("raw", new, f"object {found[0][:8].decode()} becomes null")


def drop_declaration(data: bytes, rng: random.Random) -> Draft | None:
    """What the XMP packet says of PDF/A is changed or lost."""
    found = list(re.finditer(rb"pdfaid:\w+(?:=\"[^\"]*\"|>[^<]*<)", data))
    if not found:
        return None
    one = rng.choice(found)
    new = data[: one.start()] + re.sub(rb"[1-9AB](?=[\"<])", b"7", one[0]) + data[one.end() :]
    return _whole("XMP", new, f"{one[0].decode()} is changed")


XDM: dict[str, Operator] = {
    "rename entry": rename_entry,
    "remove entry": remove_entry,
    "add entry": add_entry,
    "repeat entry": repeat_entry,
    "swap two entries": swap_entries,
    "flip bytes of an entry": flip_entry,
    "empty an entry": empty_entry,
    "encrypt an entry": encrypt_entry,
    "flip bytes": flip,
    "truncate": truncate,
}
MAIL: dict[str, Operator] = {
    "drop header": drop_header,
    "blank header": blank_header,
    "repeat header": repeat_header,
    "rename header": rename_header,
    "change digit": change_header_digit,
    "exchange values": exchange_headers,
    "move address": move_recipient,
    "drop part": drop_part,
    "change part name": rename_part,
    "change part type": retype_part,
    "repeat part": repeat_part,
    "swap two parts": swap_parts,
    "flip bytes of a part": flip_part,
    "truncate": truncate,
}
PDF: dict[str, Operator] = {
    "flip bytes": flip,
    "truncate": truncate,
    "change digit": change_digit,
    "rename key": rename_key,
    "drop object": drop_object,
    "change declaration": drop_declaration,
}
