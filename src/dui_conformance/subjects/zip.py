"""The safe door for ZIP: entries are read in memory under budgets, never extracted under their own names."""

import io
import zipfile
from collections import Counter
from dataclasses import dataclass

from dui_conformance.subjects.model import Budget, Defect

_CHUNK = 1 << 20
_RATIO_FLOOR = 8 << 20  # small entries may compress as well as they like
_UNIX_LINK = 0o120000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others may ask for gigabytes of dictionary
_ENTRY_HEADER = b"PK\x01\x02"
_LOCAL_HEADER = 30  # bytes, before the name


@dataclass(frozen=True, slots=True)
class Entry:
    """`data` is None for a folder and for what could not be read."""

    name: str
    is_dir: bool
    compression: int
    encrypted: bool
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Opened:
    """`wasted`: bytes that were inflated from entries refused midway."""

    entries: tuple[Entry, ...]
    defects: tuple[Defect, ...]
    wasted: int = 0


def is_zip(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def directory(data: bytes, budget: Budget) -> zipfile.ZipFile | Defect:
    """The archive with its directory read and nothing inflated, or what is wrong with it. Never raises."""
    # an archive of a million entries is refused before the library makes objects of them
    count = data.count(_ENTRY_HEADER)
    if count <= 2 * budget.entries:
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except Exception:  # the library answers hostile directories with a dozen types; each means one thing
            return Defect("zip.broken")
        count = len(archive.infolist())
    if count > budget.entries:
        return Defect("zip.too_many_entries", {"count": str(count), "limit": str(budget.entries)})
    return archive if count else Defect("zip.empty")


def read(data: bytes, budget: Budget, allowance: int) -> Opened:
    """Every entry that can be read safely, and a defect for each that cannot.

    `allowance`: bytes this archive may still inflate to. Never raises.
    """
    archive = directory(data, budget)
    if isinstance(archive, Defect):
        return Opened((), (archive,))
    infos = archive.infolist()
    defects: list[Defect] = []
    counts = Counter(info.filename for info in infos)
    defects += [Defect("zip.duplicate", {"entry": name}) for name, count in counts.items() if count > 1]
    entries, wasted = [], 0
    overlapping = _overlapping(infos)
    for info in infos:
        problem = "zip.overlap" if info.header_offset in overlapping else _refusal(info)
        content = None
        folder = info.filename.endswith("/")  # ZipInfo.is_dir fails on an empty name
        if problem is None and not folder:
            content, problem, inflated = _inflate(archive, info, budget, allowance)
            allowance -= inflated
            wasted += inflated if content is None else 0
        if problem is not None:
            defects.append(Defect(problem, {"entry": info.filename}))
        entries.append(Entry(info.filename, folder, info.compress_type, bool(info.flag_bits & 1), content))
    return Opened(tuple(entries), tuple(defects), wasted)


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """The offsets of entries whose bytes are also another entry's (the way of the densest bombs)."""
    found = set()
    end = min((info.header_offset for info in infos), default=0)  # bytes cut out before make offsets negative
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            found.add(info.header_offset)
        end = max(end, info.header_offset + _LOCAL_HEADER + info.compress_size)
    return found


def _refusal(info: zipfile.ZipInfo) -> str | None:
    """The defect that forbids reading an entry, from its header alone."""
    raw = info.orig_filename.replace("\\", "/")
    if not raw.strip("/") or ".." in raw.split("/") or raw.startswith("/") or raw[1:2] == ":" or "\x00" in raw:
        return "zip.path"
    if info.flag_bits & 1:
        return "zip.encrypted"
    if info.external_attr >> 16 & 0o170000 == _UNIX_LINK:
        return "zip.link"
    return None if info.compress_type in _METHODS else "zip.method"


def _inflate(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, allowance: int
) -> tuple[bytes | None, str | None, int]:
    """The content, or the defect, and how much was inflated. Stops at a budget, whatever the header promised."""
    chunks: list[bytes] = []
    total = 0
    try:
        with archive.open(info) as stream:
            while total <= allowance and (chunk := stream.read(_CHUNK)):
                total += len(chunk)
                chunks.append(chunk)
                if total > _RATIO_FLOOR and total > budget.ratio * max(info.compress_size, 1):
                    return None, "zip.bomb", total
    except Exception:  # see read: zlib.error, BadZipFile, EOFError, struct.error…
        return None, "zip.damaged", total
    if total > allowance:
        return None, "zip.too_large", total
    return b"".join(chunks), None, total
