"""The compact file of definitions: one index, and one compressed record per resource, read when asked for.

Layout: the magic, the length of the header (8 bytes, big endian), the header (zlib, JSON: `about`, `size`
of the dictionary, `records` {resource type: {url: [offset, length]}}), the shared zlib dictionary (itself
zlib), then the records (each zlib over that dictionary, JSON).
"""

import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

_MAGIC = b"FHIRPACK1\n"
_DICTIONARY_LIMIT = 32768  # what zlib can refer back to


class PackError(ValueError):
    """A definitions file that cannot be read."""


class Pack:
    """A definitions file. Opening reads the header alone; `get` reads one record."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(_MAGIC):
            raise PackError("not a FHIR definitions file")
        start = len(_MAGIC) + 8
        length = int.from_bytes(data[len(_MAGIC) : start], "big")
        header = json.loads(zlib.decompress(data[start : start + length]))
        self.about: dict[str, Any] = header["about"]
        self._records: dict[str, dict[str, list[int]]] = header["records"]
        body = start + length
        self._data = data
        self._body = body + header["dictionary"]
        self._dictionary = zlib.decompress(data[body : self._body])

    @classmethod
    def open(cls, path: Path) -> "Pack":
        return cls(path.read_bytes())

    def urls(self, kind: str) -> Iterable[str]:
        """The canonical URLs held for one resource type."""
        return self._records.get(kind, {}).keys()

    def get(self, kind: str, url: str) -> Resource | None:
        """One definition, or None if it is not held."""
        where = self._records.get(kind, {}).get(url)
        if where is None:
            return None
        offset, length = where
        chunk = self._data[self._body + offset : self._body + offset + length]
        inflate = zlib.decompressobj(zdict=self._dictionary)
        record: Resource = json.loads(inflate.decompress(chunk) + inflate.flush())
        return record


def write(path: Path, about: dict[str, Any], resources: Iterable[Resource]) -> None:
    """Write a definitions file; the same resources give the same bytes."""
    texts = {
        (str(r["resourceType"]), str(r["url"])): json.dumps(r, separators=(",", ":"), ensure_ascii=False).encode()
        for r in resources
    }
    dictionary = _dictionary(list(texts.values()))
    records: dict[str, dict[str, list[int]]] = {}
    body = bytearray()
    for (kind, url), text in sorted(texts.items()):
        deflate = zlib.compressobj(9, zdict=dictionary)
        chunk = deflate.compress(text) + deflate.flush()
        records.setdefault(kind, {})[url] = [len(body), len(chunk)]
        body += chunk
    packed = zlib.compress(dictionary, 9)
    header = {"about": about, "dictionary": len(packed), "records": records}
    head = zlib.compress(json.dumps(header, separators=(",", ":"), sort_keys=True).encode(), 9)
    path.write_bytes(_MAGIC + len(head).to_bytes(8, "big") + head + packed + bytes(body))


def _dictionary(texts: list[bytes]) -> bytes:
    """Samples taken evenly by rank of size, so that small records find their usual words in it."""
    ranked = sorted(texts, key=lambda t: (len(t), t))
    step = max(1, len(ranked) // 60)
    return b"".join(text[:700] for text in ranked[::step])[-_DICTIONARY_LIMIT:]
