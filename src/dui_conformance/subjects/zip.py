"""The safe door for ZIP: entries are read in memory under budgets, never extracted under their own names."""

import io
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass

from dui_conformance.subjects.model import Budget, Defect

_CHUNK = 1 << 20
_RATIO_FLOOR = 8 << 20  # small entries may compress as well as they like
_UNIX_LINK = 0o120000


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
    entries: tuple[Entry, ...]
    defects: tuple[Defect, ...]


def is_zip(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def read(data: bytes, budget: Budget, allowance: int) -> Opened:
    """Every entry that can be read safely, and a defect for each that cannot.

    `allowance`: bytes this archive may still inflate to. Never raises.
    """
    defects: list[Defect] = []
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, EOFError, OSError):
        return Opened((), (Defect("zip.broken"),))
    if len(infos) > budget.entries:
        return Opened((), (Defect("zip.too_many_entries", {"count": str(len(infos)), "limit": str(budget.entries)}),))
    counts = Counter(info.filename for info in infos)
    defects += [Defect("zip.duplicate", {"entry": name}) for name, count in counts.items() if count > 1]
    entries = []
    for info in infos:
        problem = _refusal(info)
        content = None
        if problem is None and not info.is_dir():
            content, problem = _inflate(archive, info, budget, allowance)
            allowance -= len(content or b"")
        if problem is not None:
            defects.append(Defect(problem, {"entry": info.filename}))
        entries.append(
            Entry(info.filename, info.is_dir(), info.compress_type, bool(info.flag_bits & 1), content)
        )
    return Opened(tuple(entries), tuple(defects))


def _refusal(info: zipfile.ZipInfo) -> str | None:
    """The defect that forbids reading an entry, from its header alone."""
    raw = info.orig_filename.replace("\\", "/")
    if ".." in raw.split("/") or raw.startswith("/") or raw[1:2] == ":" or "\x00" in raw:
        return "zip.path"
    if info.flag_bits & 1:
        return "zip.encrypted"
    if info.external_attr >> 16 & 0o170000 == _UNIX_LINK:
        return "zip.link"
    return None


def _inflate(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, allowance: int
) -> tuple[bytes | None, str | None]:
    """Inflate by chunks; stop as soon as a budget is broken, whatever the header promised."""
    chunks, total = [], 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > allowance:
                    return None, "zip.too_large"
                if total > _RATIO_FLOOR and total > budget.ratio * max(info.compress_size, 1):
                    return None, "zip.bomb"
                chunks.append(chunk)
    except NotImplementedError:
        return None, "zip.method"
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, OverflowError):
        return None, "zip.damaged"
    return b"".join(chunks), None
