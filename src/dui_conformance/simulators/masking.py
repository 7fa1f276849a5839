"""The view of an exchange for a reviewer: what was said, personal values and secrets masked (`masked.txt`).

The same value has the same mask in all the exchanges of a session; no value can be had from its mask. What is in
base64 (a document inside a message) is not shown: its length is.
"""

import contextlib
import json
import re
import secrets
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

from dui_conformance.engine.personal import values_of
from dui_conformance.engine.privacy import Scrubber, Tokens
from dui_conformance.subjects.disk import Unit
from dui_conformance.subjects.exchange import MASKED, REQUEST, RESPONSE, TRANSCRIPT
from dui_conformance.subjects.intake import open_unit
from dui_conformance.subjects.model import Budget
from dui_conformance.text import plain, unmark

_SHOWN = 16_384  # characters of a side that are shown
_BASE64 = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}(?:[0-9A-Fa-f]{64})?")


def mask(session: Path) -> None:
    """Write masked.txt in the folder of each exchange of a session."""
    tokens = Tokens([secrets.token_bytes(32)])
    for folder in sorted((session / "exchanges").iterdir()):
        with contextlib.suppress(OSError):  # a full disk: the raw bytes are there
            (folder / MASKED).write_text("\n".join(_lines(folder, tokens)) + "\n", encoding="utf-8")


def _lines(folder: Path, tokens: Tokens) -> Iterator[str]:
    subject = open_unit(Unit(folder.name, folder, exchange=True), Budget())
    scrub = Scrubber(_as_written(value for inside in subject.walk() for value in values_of(inside)))
    view = subject.view
    if view is not None:
        yield " ".join(view.get(name, "") for name in ("number", "service", "operation", "started")).strip()
        told = [f"{name}: {view.get(name)}" for name in ("step", "fault") if view.get(name)]
        tls = view.find("tls")
        if tls is not None:
            told.append("tls: " + " ".join(tls.get(n, "") for n in ("version", "cipher", "reason") if tls.get(n)))
        facts = [f"{fact.get('name')}: {fact.text or ''}" for fact in view.iterfind("facts/fact")]
        yield from (unmark(scrub(plain(line)), tokens.mask) for line in [*told, *facts])
    for name in (REQUEST, RESPONSE, TRANSCRIPT):
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        yield f"\n--- {name} ({len(data)} bytes)"
        text = data[: 2 * _SHOWN].decode("utf-8", "replace")[:_SHOWN]
        for line in text.splitlines():
            yield _BASE64.sub(_length, unmark(scrub(plain(line)), tokens.mask))
        if len(data) > _SHOWN:
            yield "…"


def _as_written(values: Iterable[str]) -> Iterator[str]:
    """Values as the view has them, and as they stand in an address, a form or JSON."""
    for value in values:
        yield value
        if not value.isascii() or not value.isalnum():
            yield from {urllib.parse.quote(value), urllib.parse.quote_plus(value), json.dumps(value)[1:-1]} - {value}


def _length(found: re.Match[str]) -> str:
    """What stands for base64, digests excepted."""
    return found[0] if _DIGEST.fullmatch(found[0]) else f"‹base64: {len(found[0])}›"
