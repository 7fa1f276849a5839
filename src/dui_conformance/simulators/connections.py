"""Listening on loopback: accepted connections, TLS with what the client offered, and the faults of connections.

A connection whose handshake fails, or that a client drops when it sees a fault of connection, is recorded as an
exchange of operation `handshake`: that a DUI refuses a bad certificate is seen there.
"""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from dui_conformance.simulators import hello
from dui_conformance.simulators.faults import CONNECTION, Fault
from dui_conformance.simulators.pki import VARIANTS, Variant
from dui_conformance.simulators.service import Scene

# PDT-INF-579 v4: suites that the DMP accepts in TLS 1.2 (dmp-mssante A.1)
DMP_SUITES = (
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-CHACHA20-POLY1305"
)
_HANDSHAKE = 10.0  # seconds
_CLOSING = 1.0
_LAST = 2.0  # seconds that a session waits at its end for what is under way


@dataclass(frozen=True, slots=True)
class Tls:
    """How a service speaks TLS. `client`: what it wants of a client's certificate; `suites`: OpenSSL's names."""

    client: Literal["none", "optional", "required"] = "none"
    suites: str = ""
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2


@dataclass(eq=False, slots=True)
class Connection:
    """An accepted connection. `fault`: what is played on it; `tls`: the facts, once it is in TLS."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    fault: Fault | None = None
    tls: dict[str, Any] | None = None
    exchanges: int = 0  # recorded on it
    idle: bool = False  # waiting for the client to say something: may be closed when the session stops
    notes: dict[str, Any] = field(default_factory=dict)  # the service's own

    def abort(self) -> None:
        """Reset the connection (RST, not FIN)."""
        sock = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        """Close in good order, for as long as the client plays along."""
        try:
            self.writer.close()
            async with asyncio.timeout(_CLOSING):
                await self.writer.wait_closed()
        except (OSError, ssl.SSLError, TimeoutError):
            pass
        finally:
            self.writer.transport.abort()


Serve = Callable[[Connection], Awaitable[None]]


class Listener:
    """Listens for a service and runs `serve` for each connection; never dies of what one of them does.

    `tls`: the connection begins in TLS; None: in clear (a service may call `start_tls` later).
    """

    def __init__(self, scene: Scene, service: str, serve: Serve, tls: Tls | None = None, *, most: int = 512) -> None:
        self.scene = scene
        self.service = service
        self.serve = serve
        self.tls = tls
        self.most = most
        self.port = 0
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._one_by_one = asyncio.Lock()
        self._contexts: dict[tuple[str, Tls], ssl.SSLContext] = {}

    async def start(self, port: int | None = None) -> int:
        """Listen on a port (that asked for the service by default, else a free one); gives it. Raises OSError."""
        wanted = self.scene.ports.get(self.service, 0) if port is None else port
        self._socket = socket.create_server((self.scene.host, wanted), backlog=256)
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._accepting = asyncio.create_task(self._accept(self._socket))
        return self.port

    async def stop(self) -> None:
        """Stop listening, let what is under way come to its end for a moment, and close every connection."""
        if self._accepting is not None:
            self._accepting.cancel()
        loop = asyncio.get_running_loop()
        until = loop.time() + _LAST
        while (busy := [task for task in self._tasks if not self._is_idle(task)]) and loop.time() < until:
            await asyncio.wait(busy, timeout=0.02)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*([self._accepting] if self._accepting else []), *self._tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()

    def _is_idle(self, task: asyncio.Task[None]) -> bool:
        connection = self._connections.get(task)
        return connection is not None and connection.idle

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(listening)
            except OSError as error:  # too many open files, or a client already gone
                await asyncio.sleep(0.05 if error.errno in (errno.EMFILE, errno.ENFILE) else 0)
                continue
            if len(self._tasks) >= self.most:
                sock.close()
                continue
            sock.setblocking(False)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._run(sock))
            self._tasks.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._connections.pop(task, None)

    async def _run(self, sock: socket.socket) -> None:
        connection = None
        try:
            if self.scene.progress.scenario.changes_connections:
                async with self._one_by_one:  # which step a connection belongs to hangs on how the last one ended
                    connection = await self._begin(sock)
            else:
                connection = await self._begin(sock)
            if connection is None:
                return
            fault = connection.fault
            self._connections[cast("asyncio.Task[None]", asyncio.current_task())] = connection
            await self.serve(connection)
            if fault is not None and not connection.exchanges:
                self._note(connection.tls, fault, {"dropped": True})
        except (OSError, ssl.SSLError, TimeoutError, asyncio.IncompleteReadError, EOFError):
            pass  # the client is gone
        except asyncio.CancelledError:
            if connection is not None:
                connection.writer.transport.abort()
            raise
        finally:
            if connection is None:
                sock.close()
            elif not connection.writer.transport.is_closing():
                connection.idle = True
                await connection.close()

    async def _begin(self, sock: socket.socket) -> Connection | None:
        self.scene.progress.begins(self.service, "handshake")
        fault = self.scene.progress.fault(self.service, "handshake")
        fault = fault if fault is not None and fault.name in CONNECTION else None
        if fault is not None and fault.name == "refused":
            self._note(None, fault, {})
            return None
        return await self._open(sock, fault)

    async def _open(self, sock: socket.socket, fault: Fault | None) -> Connection | None:
        """The connection, in TLS if the service begins so; None if that failed, which is recorded."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 20)
        protocol = asyncio.StreamReaderProtocol(reader)
        plain = self.tls is None or (fault is not None and fault.name == "no_tls")
        facts: dict[str, Any] = {}
        try:
            if plain:
                transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock)
            else:
                facts = hello.offered(await _peeked(sock))
                transport, _ = await loop.connect_accepted_socket(
                    lambda: protocol,
                    sock,
                    ssl=self.context(cast(Tls, self.tls), fault),
                    ssl_handshake_timeout=_HANDSHAKE,
                    ssl_shutdown_timeout=_CLOSING,
                )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            if facts or fault is not None:  # something that spoke TLS was there
                self._note(facts | _failure(error), fault, {})
            return None
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return Connection(reader, writer, fault, None if plain else facts | _established(writer))

    async def start_tls(self, connection: Connection, tls: Tls) -> bool:
        """Go on in TLS (STARTTLS), after the answer that allows it was written; False if the client refused.

        Call `hold` before that answer is written, so that the ClientHello is still to be seen here. What failed is
        recorded.
        """
        facts: dict[str, Any] = {}
        try:
            await connection.writer.drain()
            duplicate = socket.socket(fileno=os.dup(connection.writer.get_extra_info("socket").fileno()))
            try:
                facts = hello.offered(await _peeked(duplicate))
            finally:
                duplicate.close()
            await connection.writer.start_tls(self.context(tls, connection.fault), ssl_handshake_timeout=_HANDSHAKE)
        except (OSError, ssl.SSLError, TimeoutError) as error:
            connection.tls = facts | _failure(error)
            self._note(connection.tls, connection.fault, {"starttls": True})
            return False
        connection.tls = facts | _established(connection.writer)
        return True

    @staticmethod
    def hold(connection: Connection) -> None:
        """Leave what comes next in the socket, for `start_tls`."""
        cast(asyncio.ReadTransport, connection.writer.transport).pause_reading()

    def context(self, tls: Tls, fault: Fault | None = None) -> ssl.SSLContext:
        """The TLS of this service, with the certificate or the versions that a fault asks for."""
        name = fault.name if fault is not None else ""
        if (name, tls) not in self._contexts:
            self._contexts[name, tls] = _context(self.scene, tls, name)
        return self._contexts[name, tls]

    def _note(self, tls: Mapping[str, Any] | None, fault: Fault | None, facts: Mapping[str, Any]) -> None:
        recording = self.scene.recorder.begin(self.service, "tls")
        recording.operation = "handshake"
        recording.tls = tls
        recording.facts.update(facts)
        recording.fault = fault.name if fault is not None else ""
        recording.step = self.scene.progress.step.id
        recording.close()
        self.scene.progress.seen(self.service, "handshake", recording.folder)


def _context(scene: Scene, tls: Tls, fault: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = tls.oldest
    if tls.suites:
        context.set_ciphers(tls.suites)
    if fault == "old_tls":
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old is what is wanted
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    variant: Variant = next((known for known in VARIANTS if known == fault), "sound")
    context.load_cert_chain(scene.pki.server(variant, host=scene.name).path)
    if tls.client != "none":
        context.verify_mode = ssl.CERT_REQUIRED if tls.client == "required" else ssl.CERT_OPTIONAL
        for file in (scene.pki.trusted, *scene.client_authorities):
            context.load_verify_locations(cafile=str(Path(file)))
    return context


async def _peeked(sock: socket.socket) -> bytes:
    """The first bytes that a client sends, left in place: the ClientHello, whole if it comes in time."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_HANDSHAKE):
        seen = b""
        while True:
            readable = loop.create_future()
            loop.add_reader(sock.fileno(), lambda f=readable: f.done() or f.set_result(None))  # type: ignore[misc]
            try:
                await readable
            finally:
                loop.remove_reader(sock.fileno())
            data = sock.recv(16384, socket.MSG_PEEK)
            whole = 5 + int.from_bytes(data[3:5], "big") if hello.is_hello(data) and len(data) >= 5 else 0
            if not data or len(data) >= whole or len(data) == 16384:
                return data
            if len(data) == len(seen):
                await asyncio.sleep(0.01)  # nothing new yet: the socket stays readable
            seen = data


def _established(writer: asyncio.StreamWriter) -> dict[str, Any]:
    tls = cast(ssl.SSLObject, writer.get_extra_info("ssl_object"))
    cipher = tls.cipher()
    found: dict[str, Any] = {"version": tls.version() or "", "cipher": cipher[0] if cipher else "", "failed": False}
    certificate = tls.getpeercert(binary_form=True)
    if certificate:
        found["clientCertificate"] = ssl.DER_cert_to_PEM_cert(certificate)
    return found


def _failure(error: BaseException) -> dict[str, Any]:
    """Why a handshake failed: OpenSSL's reason (TLSV1_ALERT_UNKNOWN_CA…), or `closed`, `timeout`."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return {"failed": True, "reason": error.reason}
    return {"failed": True, "reason": "timeout" if isinstance(error, TimeoutError) else "closed"}
