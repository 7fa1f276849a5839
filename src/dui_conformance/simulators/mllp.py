"""The interface engine (PFI) of an establishment, over MLLP: it acknowledges what the DUI sends, then sends it its
business acknowledgements (ZAM) and the documents that came by MSSanté.

In mode `record` every message that can be read is accepted; in `strict` it is refused as `pfi.refusal` says. What the
engine sends goes to the DUI's own MLLP port, which is on this machine: DUI_MLLP_ADDRESS (`localhost:2576`) if it is set
when the service starts, else a free port, told in the variable of that name. Where nobody listens nothing is recorded.
Setting `send`, in a step: `[mdm-lps]` hands the DUI a document; `patience`: the seconds that the DUI has to listen, and
to acknowledge (10).
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

from dui_conformance.data import fixtures_root
from dui_conformance.simulators import pfi
from dui_conformance.simulators.connections import Connection, Listener, Tls
from dui_conformance.simulators.faults import Fault
from dui_conformance.simulators.recording import Recording
from dui_conformance.simulators.service import Scene, Started
from dui_conformance.subjects import er7

NAME = "pfi"
FAULTS = {
    "refused_message": "AE; values: code (207), application (ERR-5)",
    "wrong_control": "MSA-2 names another message",
    "silent": "no acknowledgement",
    "negative": "the business acknowledgement says N; value: application (ERR-5)",
}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MESSAGE = 64 << 20
_CHUNK = 1 << 16
_IDLE = 300.0
_POLL = 0.2  # seconds between two looks at what the present step sends
_HANDED = "ready/exports/hl7v2/recu-mdm-t02.hl7"


class InterfaceEngine:
    """The service: one port in clear, one in TLS."""

    name = NAME

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._control = 0
        self._dui: tuple[str, int] | None = None

    async def start(self, scene: Scene) -> Started:
        self._scene = scene
        plain, secure = Listener(scene, NAME, self._serve), Listener(scene, NAME, self._serve, Tls(client="optional"))
        self._listeners = [plain, secure]
        await plain.start()
        await secure.start(0)
        self._dui = target(os.environ.get("DUI_MLLP_ADDRESS") or f"{scene.name}:{_free_port()}")
        self._later(self._follow())
        return Started(
            {"mllp": f"{scene.name}:{plain.port}", "mllps": f"{scene.name}:{secure.port}"},
            {
                "DUI_PFI_HOST": scene.name,
                "DUI_PFI_PORT": str(plain.port),
                "DUI_PFI_TLS_PORT": str(secure.port),
                "DUI_MLLP_ADDRESS": "" if self._dui is None else f"{self._dui[0]}:{self._dui[1]}",
            },
        )

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners:
            await listener.stop()

    def _later(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _next(self) -> str:
        self._control += 1
        return f"PFI{self._control:06}"

    async def _serve(self, connection: Connection) -> None:
        async for block in blocks(connection.reader, connection):
            recording = self._scene.recorder.begin(NAME, "mllp")
            recording.tls = connection.tls
            connection.exchanges += 1
            try:
                if not await self._answer(connection, recording, block):
                    return
            finally:
                recording.close()
                self._scene.progress.seen(NAME, recording.operation, recording.folder)

    async def _answer(self, connection: Connection, recording: Recording, block: bytes) -> bool:
        """Record a block and acknowledge it; whether the connection can go on."""
        scene = self._scene
        message = await asyncio.to_thread(pfi.received, block)
        recording.operation = message.operation
        scene.progress.begins(NAME, message.operation)
        fault = scene.progress.fault(NAME, message.operation)
        recording.step = scene.progress.step.id
        recording.fault = fault.name if fault is not None else ""
        name = recording.message(block)
        recording.line("C", f"<{name}>")
        recording.facts.update({"control": message.get("id"), "size": len(block)})
        refused = pfi.refusal(message) if scene.mode == "strict" or message.view is None else None
        answered = None
        if fault is not None:
            if fault.name == "silent":
                recording.facts["acknowledgement"] = ""
                return True
            if fault.name in ("reset", "garbage", "cut", "empty"):
                return await self._break(connection, recording, fault)
            if fault.name == "slow":
                await asyncio.sleep(fault.seconds)
            if fault.name == "refused_message":
                code = str(fault.values.get("code", "207"))
                refused = pfi.Refusal(code, "MSH^1", str(fault.values.get("application", "")))
            if fault.name == "wrong_control":
                answered = "INCONNU"
        reply = pfi.acknowledgement(message, self._next(), scene.recorder.now(), refused, answered=answered)
        _lines(recording, "S", reply)
        recording.facts["acknowledgement"] = "AA" if refused is None else "AE"
        if refused is not None:
            recording.facts["error"] = refused.code
        connection.writer.write(pfi.framed(reply))
        await connection.writer.drain()
        if refused is None and message.operation.startswith(("mdm", "oru")):
            error = ""
            if fault is not None and fault.name == "negative":
                error = str(fault.values.get("application", "DMPClosed^DMP fermé^DMP_ERROR_CODE"))
            self._later(self._report(message, error))
        return True

    async def _report(self, message: pfi.Received, error: str) -> None:
        """Send the business acknowledgements that a message asks for, one after the other."""
        for wanted in pfi.asked(message):
            control = self._next()
            what = pfi.Business(wanted.event, wanted.mailbox, error)
            zam = pfi.business(message, what, control, self._scene.recorder.now())
            await self._send(f"zam-{what.event.lower()}", control, zam)

    async def _break(self, connection: Connection, recording: Recording, fault: Fault) -> bool:
        if fault.name == "reset":
            connection.abort()
            return False
        reply = {"garbage": b"\x00\xff\x0b\x0b", "cut": er7.START + b"MSH|^~\\&|PFI", "empty": pfi.framed(b"")}[
            fault.name
        ]
        recording.line("S", repr(reply))
        connection.writer.write(reply)
        with contextlib.suppress(OSError):
            await connection.writer.drain()
        return False

    async def _follow(self) -> None:
        """Send what the present step of the scenario sends, once each."""
        done: set[str] = set()
        while True:
            step = self._scene.progress.step.id
            if step not in done:
                done.add(step)
                for what in self._scene.setting(NAME, "send", []):
                    if what == "mdm-lps":
                        control = self._next()
                        await self._send("mdm-lps", control, handed(control))
            await asyncio.sleep(_POLL)

    async def _send(self, operation: str, control: str, message: bytes) -> None:
        """Send a message to the DUI's own port and wait for its acknowledgement; recorded, the DUI being the server."""
        scene = self._scene
        patience = float(scene.setting(NAME, "patience", 10))
        opened = await self._connected(patience)
        if opened is None:
            return
        reader, writer = opened
        recording = scene.recorder.begin(NAME, "mllp")
        recording.dui, recording.operation = "server", operation
        scene.progress.begins(NAME, operation)
        recording.step = scene.progress.step.id
        recording.facts.update({"control": control, "answered": False, "acknowledgement": "", "about": ""})
        _lines(recording, "C", message)
        try:
            async with asyncio.timeout(patience):
                writer.write(pfi.framed(message))
                await writer.drain()
                async for block in blocks(reader):
                    recording.line("S", f"<{recording.message(block)}>")
                    answer = await asyncio.to_thread(pfi.received, block)
                    about = answer.field("MSA", 2)
                    recording.facts.update(
                        {"answered": True, "acknowledgement": answer.field("MSA", 1), "about": about}
                    )
                    break
        except (OSError, TimeoutError) as error:
            recording.facts["failure"] = "timeout" if isinstance(error, TimeoutError) else type(error).__name__
        finally:
            writer.close()
            recording.close()
            scene.progress.seen(NAME, operation, recording.folder)

    async def _connected(self, patience: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the DUI's own port; None if nobody listens there in time."""
        if self._dui is None:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while True:
                    try:
                        return await asyncio.open_connection(*self._dui)
                    except OSError:
                        await asyncio.sleep(_POLL)
        return None


def _free_port() -> int:
    """A port of loopback that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def target(address: str) -> tuple[str, int] | None:
    """Host and port of the DUI's listener, if it is on this machine; None otherwise."""
    host, _, port = address.rpartition(":")
    if host.strip("[]") not in _LOOPBACK or not port.isdigit() or not 0 < int(port) < 65536:
        return None
    return host.strip("[]"), int(port)


def handed(control: str) -> bytes:
    """A document that came by MSSanté, as the engine hands it to the DUI: one of an invented resident."""
    message = (fixtures_root() / _HANDED).read_bytes()
    head, _, rest = message.partition(b"\r")
    fields = head.split(b"|")
    fields[9] = control.encode()
    return b"|".join(fields) + b"\r" + rest


def _lines(recording: Recording, side: Any, message: bytes) -> None:
    for segment in message.decode("utf-8", "replace").split("\r"):
        if segment:
            recording.line(side, segment[:4000])


async def blocks(reader: asyncio.StreamReader, connection: Connection | None = None) -> AsyncIterator[bytes]:
    """The blocks that come, delimiters included; what is outside any block goes with the next one.

    `connection` is idle while no block is under way, so that a session that ends does not wait for it. Ends with the
    connection, when nothing comes for long, or after a message that is too large; a block that is not closed then is
    given as it is.
    """
    buffer = bytearray()
    looked = 0
    while True:
        end = buffer.find(er7.END, looked)
        if end >= 0:
            if len(buffer) == end + 1 and not reader.at_eof():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        buffer += await reader.read(_CHUNK)
            close = end + 2 if buffer[end + 1 : end + 2] == er7.RETURN else end + 1
            yield bytes(buffer[:close])
            del buffer[:close]
            looked = 0
            continue
        looked = len(buffer)
        try:
            if connection is not None:
                connection.idle = not buffer
            async with asyncio.timeout(_IDLE):
                data = await reader.read(_CHUNK)
        except TimeoutError:
            data = b""
        finally:
            if connection is not None:
                connection.idle = False
        buffer += data
        if not data or len(buffer) > _MESSAGE:
            if buffer.strip():
                yield bytes(buffer)
            return
