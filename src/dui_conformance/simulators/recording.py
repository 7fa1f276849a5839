"""Writes what happens between a DUI and a service into the folder of a session (see `subjects.exchange` for its form).

Bytes are spooled to disk beyond a small size and an exchange is forgotten once it is written, so that memory does not
grow with their number. Of each side at most `limit` bytes are kept; what is cut is said in the facts.
"""

import datetime
import json
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal, cast

from dui_conformance.subjects.exchange import EXCHANGE_FORMAT, FACTS, REQUEST, RESPONSE, SESSION_FORMAT, TRANSCRIPT

Fact = str | int | float | bool
Protocol = Literal["http", "smtp", "imap", "mllp", "tls"]

_SPOOL = 1 << 18  # bytes of one side held in memory
_LIMIT = 128 << 20  # bytes of one side kept
_MESSAGES = 1000
_UNFIT = re.compile(r"[^a-z0-9]+")


class Recorder:
    """The folder of a session. Numbers exchanges in the order they began."""

    def __init__(self, folder: Path, *, limit: int = _LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self.count = 0
        self.began = datetime.datetime.now(datetime.UTC)
        self._tick = time.monotonic()
        (folder / "exchanges").mkdir(parents=True, exist_ok=True)

    def begin(self, service: str, protocol: Protocol = "http") -> "Recording":
        """A new exchange, written when it is closed."""
        self.count += 1
        return Recording(self, self.count, service, protocol)

    def now(self) -> datetime.datetime:
        """The time of the session: that of the machine when it began, then of a clock that never steps."""
        return self.began + datetime.timedelta(seconds=time.monotonic() - self._tick)

    def write_session(self, content: Mapping[str, Any]) -> None:
        """Write session.json, whole or not at all."""
        partial = self.folder / ".session.json"
        partial.write_text(_json({"format": SESSION_FORMAT, **content}), encoding="utf-8")
        partial.replace(self.folder / "session.json")


class Recording:
    """One exchange while it lasts. `facts` is what the service notes for the rules: scalars, or lists of them.

    `fault` names what was served on purpose, `step` the step of the scenario, `dui` the side the DUI is on.
    """

    def __init__(self, recorder: Recorder, number: int, service: str, protocol: Protocol) -> None:
        self.recorder = recorder
        self.number = number
        self.service = service
        self.protocol = protocol
        self.operation = ""
        self.fault = ""
        self.step = ""
        self.dui: Literal["client", "server"] = "client"
        self.facts: dict[str, Fact | list[Fact]] = {}
        self.tls: Mapping[str, Any] | None = None
        self.started = recorder.now()
        self._files: dict[str, IO[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self._messages = 0
        self._closed = False
        self.discarded = False

    @property
    def folder(self) -> str:
        """The name of its folder: `0001-psc-token`."""
        return f"{self.number:04}-{_slug(self.service)}-{_slug(self.operation or 'unknown')}"

    def request(self, data: bytes) -> None:
        """Raw bytes of the request, as they came."""
        self._append(REQUEST, data)

    def unread(self, size: int) -> None:
        """Take the last bytes of the request off: they belong to the next one."""
        file = self._files.get(REQUEST)
        if file is not None and size:
            self._sizes[REQUEST] -= size
            file.seek(self._sizes[REQUEST])
            file.truncate()

    def response(self, data: bytes) -> None:
        """Raw bytes of the response, as they were sent."""
        self._append(RESPONSE, data)

    def line(self, side: Literal["C", "S"], text: bytes | str) -> None:
        """One line of another protocol, without its end; `side`: C the client, S the server."""
        data = text.encode() if isinstance(text, str) else text
        self._append(TRANSCRIPT, f"{side}: ".encode() + data.replace(b"\r", b"").replace(b"\n", b" ") + b"\n")

    def message(self, data: bytes) -> str:
        """What a protocol of lines carried (a mail, an HL7 v2 message), kept apart; gives its name, for the line."""
        self._messages += 1
        name = f"message-{self._messages}"
        if self._messages <= _MESSAGES:
            self._append(name, data)
        return name

    def discard(self) -> None:
        """Not to be recorded after all."""
        self.discarded = True

    def close(self) -> None:
        """Write the exchange. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if self.discarded:
            for file in self._files.values():
                file.close()
            return
        seconds = (self.recorder.now() - self.started).total_seconds()
        facts = {
            "format": EXCHANGE_FORMAT,
            "number": self.number,
            "service": self.service,
            "operation": self.operation or "unknown",
            "protocol": self.protocol,
            "dui": self.dui,
            "fault": self.fault,
            "step": self.step,
            "started": self.started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "seconds": round(seconds, 6),
            "tls": self.tls,
            "facts": self.facts,
        }
        folder = self.recorder.folder / "exchanges" / self.folder
        folder.mkdir(exist_ok=True)
        for name, file in self._files.items():
            file.seek(0)
            with (folder / name).open("wb") as target:
                shutil.copyfileobj(file, target)
            file.close()
        for name in (REQUEST, RESPONSE):
            if self.protocol == "http" and name not in self._files:
                (folder / name).write_bytes(b"")
        if self.protocol != "http" and TRANSCRIPT not in self._files:
            (folder / TRANSCRIPT).write_bytes(b"")
        (folder / FACTS).write_text(_json(facts), encoding="utf-8")

    def _append(self, name: str, data: bytes) -> None:
        if name not in self._files:
            spool = tempfile.SpooledTemporaryFile(_SPOOL, dir=str(self.recorder.folder))  # noqa: SIM115  closed in close
            self._files[name], self._sizes[name] = cast("IO[bytes]", spool), 0
        room = self.recorder.limit - self._sizes[name]
        if len(data) > room:
            self.facts[f"{name} truncated"] = True
            data = data[: max(room, 0)]
        self._files[name].write(data)
        self._sizes[name] += len(data)


def _slug(text: str) -> str:
    return _UNFIT.sub("-", text.lower()).strip("-")[:40] or "unknown"


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=False) + "\n"
