"""The file structure of a PDF, read from its bytes (ISO 32000-1 §7.3.8, §7.5.4): damage that readers mend in silence.

qpdf, like every reader, finds objects again when their offsets are wrong and takes a stream whose length is wrong or
missing up to `endstream`; asking it to resolve every object of a hostile file is not bounded. Here the bytes are
gone through once, each step bounded: the classic cross-reference tables (streams of cross-references are qpdf's), and
the extent of each stream, its filter, and whether it inflates.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from itertools import pairwise

Fault = tuple[str, Mapping[str, str]]

_STARTXREF = re.compile(rb"startxref\s{1,4}(\d{1,12})\s")
_TABLE = re.compile(rb"\s{0,4}xref\s{1,4}")
_SUBSECTION = re.compile(rb"\s{0,4}(\d{1,10}) (\d{1,10})[ \t]{0,2}[\r\n]{1,2}")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])[ \r\n]{1,2}")
_PREVIOUS = re.compile(rb"/Prev\s{1,4}(\d{1,12})")
_OBJECT = re.compile(rb"\s{0,2}(\d{1,10})\s{1,4}(\d{1,5})\s{1,4}obj")
_STREAM = re.compile(rb">>\s{0,8}stream(\r?\n|\r)")
_LENGTH = re.compile(rb"/Length\s{1,4}(\d{1,12})(?:\s{1,4}\d{1,5}\s{1,4}(R))?")
_NUMBER = re.compile(rb"(?<!\d)(\d{1,10})\s{1,4}\d{1,5}\s{1,4}obj\s{0,4}(\d{1,12})\s{1,4}endobj")
_FILTER = re.compile(rb"/Filter\s{0,4}(?:\[\s{0,4})?/([^\s/<>\[\]()]{1,40})")
_HEAD = re.compile(rb"(\d{1,10})\s{1,4}\d{1,5}\s{1,4}$")
_END = re.compile(rb"\s{0,8}endstream")

# ISO 32000-1 Table 6, and their short names, which readers admit outside inline images too
_FILTERS = frozenset(
    b"ASCIIHexDecode ASCII85Decode LZWDecode FlateDecode RunLengthDecode CCITTFaxDecode JBIG2Decode DCTDecode "
    b"JPXDecode Crypt AHx A85 LZW Fl RL CCF DCT".split()
)
_TABLES = 64  # incremental updates that are followed
_ENTRIES = 100_000
_STREAMS = 50_000
_DICTIONARY = 8_192  # bytes before `stream` in which its dictionary is sought
_INFLATED = 64 << 20  # bytes that all streams together may inflate to
_LEAST = 4 << 20
_RATIO = 64  # over the size of the file: many small bombs take no more time than one large file
_CHUNK = 1 << 20


def faults(data: bytes, offset: int) -> Iterator[Fault]:
    """The faults of an unencrypted file whose header is at `offset`: each code once, with its first place.

    `pdf.offsets` (cross-reference table), `pdf.object` (an object without end), `pdf.length` (extent of a stream),
    `pdf.filter` (unknown), `pdf.stream` (a stream does not inflate).
    """
    told: set[str] = set()
    for code, values in (*_table_faults(data, offset), *_stream_faults(data)):
        if code not in told:
            told.add(code)
            yield code, values


def _table_faults(data: bytes, offset: int) -> Iterator[Fault]:
    starts = list(_STARTXREF.finditer(data, max(0, len(data) - 4_096)))
    at = int(starts[-1][1]) + offset if starts else len(data)
    seen: set[int] = set()
    known: set[int] = set()  # objects that a later table gives: the last one decides
    places: dict[int, int] = {}  # offset → number of the object that begins there
    while at not in seen and len(seen) < _TABLES and len(known) < _ENTRIES:
        seen.add(at)
        table = _TABLE.match(data, at) if at < len(data) else None
        if table is None:
            break  # a stream of cross-references, or nothing, of which qpdf warns
        at = table.end()
        while (section := _SUBSECTION.match(data, at)) is not None and len(known) < _ENTRIES:
            at = section.end()
            for number in range(int(section[1]), int(section[1]) + min(int(section[2]), _ENTRIES)):
                entry = _ENTRY.match(data, at)
                if entry is None:
                    yield "pdf.offsets", {"object": str(number)}
                    return
                at = entry.end()
                if entry[3] == b"n" and number not in known:
                    place = int(entry[1]) + offset
                    if not _is_at(data, number, int(entry[2]), place):
                        yield "pdf.offsets", {"object": str(number)}
                        return
                    places[place] = number
                known.add(number)
        following = data.find(b"startxref", at, at + _DICTIONARY)
        previous = _PREVIOUS.search(data, at, following if following >= 0 else at + _DICTIONARY)
        if previous is None:
            break
        at = int(previous[1]) + offset
    for place, following in pairwise((*sorted(places), len(data))):
        if data.find(b"endobj", place, following) < 0:
            yield "pdf.object", {"object": str(places[place])}
            return


def _is_at(data: bytes, number: int, generation: int, at: int) -> bool:
    found = _OBJECT.match(data, at)
    return found is not None and (int(found[1]), int(found[2])) == (number, generation)


def _stream_faults(data: bytes) -> Iterator[Fault]:
    numbers: dict[int, int] | None = None
    at, before = 0, 0
    left = min(_INFLATED, max(_LEAST, _RATIO * len(data)))
    for _ in range(_STREAMS):
        opening = _STREAM.search(data, at)
        lone = data.find(b"endstream", at, opening.start() if opening is not None else len(data))
        if lone >= 0:  # its beginning is damaged
            yield "pdf.length", {"object": _number_before(data, data.rfind(b"obj", max(at, lone - _DICTIONARY), lone))}
        if opening is None:
            return
        start = opening.end()
        floor = max(before, opening.start() - _DICTIONARY)
        begin = max(floor, data.rfind(b"obj", floor, opening.start()))
        dictionary = data[begin : opening.start()]
        number = {"object": _number_before(data, begin)}
        length = _LENGTH.search(dictionary)
        if length is not None and length[2] and numbers is None:
            numbers = {int(found[1]): int(found[2]) for found in _NUMBER.finditer(data)}
        end = _extent(data, start, length, numbers or {})
        if end is None:
            yield "pdf.length", number
            end = data.find(b"endstream", start)
            if end < 0:
                return
        first = _FILTER.search(dictionary)
        name = first[1] if first is not None else b""
        if name and name not in _FILTERS and b"#" not in name:
            yield "pdf.filter", {**number, "filter": name.decode("ascii", "replace")}
        elif name in (b"FlateDecode", b"Fl") and left > 0:
            inflated, whole = _inflated(data[start:end], left)
            left -= inflated
            if not whole:
                yield "pdf.stream", number
        closing = _END.match(data, end)
        at = before = closing.end() if closing is not None else end


def _number_before(data: bytes, at: int) -> str:
    """The number of the object whose `obj` is at `at`, a question mark where it is not there."""
    head = _HEAD.search(data[max(0, at - 24) : max(0, at)])
    return head[1].decode() if head is not None else "?"


def _extent(data: bytes, start: int, length: re.Match[bytes] | None, numbers: Mapping[int, int]) -> int | None:
    """Where a stream ends by its Length; None if that is absent or `endstream` does not follow."""
    if length is None:
        return None
    size: int | None = int(length[1])
    if length[2]:
        size = numbers.get(int(length[1]))
        if size is None:  # the number lies in a stream of objects, where qpdf reads it
            found = data.find(b"endstream", start)
            return found if found >= 0 else None
    end = start + (size or 0)
    return end if _END.match(data, end) else None


def _inflated(content: bytes, most: int) -> tuple[int, bool]:
    """How many bytes a Flate stream inflates to (up to `most`, about), and whether it does so to its end."""
    if not content.strip():
        return 0, True  # nothing, which some producers write for an empty page
    inflater, size, pending = zlib.decompressobj(), 0, content
    try:
        while pending and not inflater.eof and size < most:
            size += len(inflater.decompress(pending, _CHUNK))
            pending = inflater.unconsumed_tail
    except zlib.error:
        return size, False
    return size, inflater.eof or size >= most
