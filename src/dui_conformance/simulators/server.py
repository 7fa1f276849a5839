"""HTTP/1.1 for the services: raw bytes recorded, everything bounded, faults played.

A service gives the server an `Application`: which operation a request is, and the answer to it.
"""

import asyncio
import http.client
import ssl
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import h11

from dui_conformance.simulators.connections import Connection, Listener, Tls
from dui_conformance.simulators.faults import ANSWER, Fault, soap_fault
from dui_conformance.simulators.recording import Recording
from dui_conformance.simulators.service import Scene


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may do: sizes in bytes, times in seconds."""

    head: int = 64 << 10
    body: int = 64 << 20
    head_time: float = 15.0
    body_time: float = 120.0
    idle: float = 75.0
    answer_time: float = 120.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Names of headers are in lower case; `certificate` is the client's, in PEM, empty without one."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    certificate: str = ""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The first value of each parameter of the target."""
        return _fields(self.target.partition("?")[2])

    @property
    def form(self) -> dict[str, str]:
        """The first value of each field of a form body."""
        return _fields(self.body.decode("utf-8", "replace")) if "form" in self.header("content-type") else {}

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=500):
            found.setdefault(name, value)
    except ValueError:
        pass
    return found


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; Content-Length is added."""

    status: int = 200
    body: bytes = b""
    type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Exchange:
    """What an application sees of the exchange it answers: it notes `facts`, and plays `fault` if there is one.

    Only faults that the server does not play itself come here.
    """

    recording: Recording
    fault: Fault | None

    @property
    def facts(self) -> dict[str, str | int | float | bool | list[str | int | float | bool]]:
        return self.recording.facts


class Application(Protocol):
    """What a service answers over HTTP."""

    def operation(self, request: Request) -> str:
        """The name of the operation, `unknown` for none; empty for what is not to be recorded."""
        ...

    async def answer(self, request: Request, operation: str, exchange: Exchange) -> Response:
        """The answer. An exception becomes a 500 and a fact, not the end of the service."""
        ...


class HttpServer:
    """Serves an application on a port of loopback."""

    def __init__(
        self,
        scene: Scene,
        service: str,
        application: Application,
        tls: Tls | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.scene = scene
        self.service = service
        self.application = application
        self.limits = limits or Limits()
        self.listener = Listener(scene, service, self._serve, tls)

    async def start(self, port: int | None = None) -> int:
        """Listen; gives the port. Raises OSError."""
        return await self.listener.start(port)

    async def stop(self) -> None:
        await self.listener.stop()

    @property
    def address(self) -> str:
        """`https://localhost:12345`"""
        scheme = "http" if self.listener.tls is None else "https"
        return f"{scheme}://{self.scene.name}:{self.listener.port}"

    async def _serve(self, connection: Connection) -> None:
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.head)
        while await self._one(connection, parser):
            try:
                parser.start_next_cycle()
            except h11.LocalProtocolError:
                return

    async def _one(self, connection: Connection, parser: h11.Connection) -> bool:
        """One request and its answer; whether the connection can go on."""
        recording: Recording | None = None
        try:
            waiting = parser.trailing_data[0]
            first = waiting or await _read(connection, self.limits.idle)
            if not first:
                return False
            recording = self.scene.recorder.begin(self.service)
            recording.tls = connection.tls
            recording.request(first)
            if not waiting:
                parser.receive_data(first)
            return await self._answered(connection, parser, recording)
        except h11.RemoteProtocolError as error:
            if recording is not None:
                self._identify(recording, "unknown", connection)
                recording.facts["refused"] = str(error)[:200]
                await self._refuse(connection, parser, recording, error.error_status_hint)
            return False
        except TimeoutError:
            if recording is not None:
                self._identify(recording, "unknown", connection)
                recording.facts["refused"] = "timeout"
                await self._refuse(connection, parser, recording, 408)
            return False
        except (OSError, ssl.SSLError, EOFError):
            if recording is not None:
                recording.facts["broken"] = True
            return False
        finally:
            if recording is not None:
                self._close(recording, connection)

    async def _answered(self, connection: Connection, parser: h11.Connection, recording: Recording) -> bool:
        async with asyncio.timeout(self.limits.head_time):
            head = await self._event(connection, parser, recording)
        if not isinstance(head, h11.Request):
            raise EOFError
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers]
        method, target = head.method.decode("latin-1"), head.target.decode("latin-1")
        bare = Request(method, target, headers, b"")
        length = bare.header("content-length")
        if length.isdigit() and int(length) > self.limits.body:
            return await self._too_large(connection, parser, recording, bare)
        if parser.they_are_waiting_for_100_continue:
            await self._send(connection, recording, parser.send(h11.InformationalResponse(status_code=100, headers=[])))
        body = bytearray()
        async with asyncio.timeout(self.limits.body_time):
            while isinstance(event := await self._event(connection, parser, recording), h11.Data):
                body += event.data
                if len(body) > self.limits.body:
                    return await self._too_large(connection, parser, recording, bare)
        if not isinstance(event, h11.EndOfMessage):
            raise EOFError
        recording.unread(len(parser.trailing_data[0]))
        certificate = (connection.tls or {}).get("clientCertificate", "")
        request = Request(method, target, headers, bytes(body), certificate)
        operation = self.application.operation(request)
        if not operation:
            recording.discard()
        fault = self._identify(recording, operation, connection)
        return await self._respond(connection, parser, recording, request, operation, fault)

    def _identify(self, recording: Recording, operation: str, connection: Connection) -> Fault | None:
        """Say which operation an exchange is; gives the fault that the scenario has for it."""
        recording.operation = operation
        connection.exchanges += 1
        progress = self.scene.progress
        fault = None
        if operation:
            progress.begins(self.service, operation)
            fault = progress.fault(self.service, operation)
        recording.step = progress.step.id
        named = fault or connection.fault
        recording.fault = named.name if named is not None else ""
        return fault

    async def _respond(
        self,
        connection: Connection,
        parser: h11.Connection,
        recording: Recording,
        request: Request,
        operation: str,
        fault: Fault | None,
    ) -> bool:
        if fault is not None and fault.name == "slow":
            await asyncio.sleep(fault.seconds)
            fault = None
        if fault is not None and fault.name == "reset":
            connection.abort()
            return False
        if fault is not None and fault.name == "garbage":
            await self._send(connection, recording, b"\x00\xff ceci n'est pas du HTTP\r\n\r\n")
            return False
        response = _played(fault) if fault is not None else None
        if response is None:
            own = fault if fault is not None and fault.name not in ANSWER else None
            try:
                async with asyncio.timeout(self.limits.answer_time):
                    response = await self.application.answer(request, operation, Exchange(recording, own))
            except Exception as error:  # a defect of the simulator must not stop the session; it is told
                recording.facts["simulatorError"] = type(error).__name__
                response = Response(500, b"erreur du simulateur\n", "text/plain; charset=utf-8")
        data = self._bytes(parser, request, response)
        if fault is not None and fault.name == "cut":
            await self._send(connection, recording, data[: len(data) // 2])
            return False
        await self._send(connection, recording, data)
        return parser.our_state is h11.DONE and parser.their_state is h11.DONE

    def _bytes(self, parser: h11.Connection, request: Request, response: Response) -> bytes:
        headers = [("Server", "dui-conformance"), ("Content-Length", str(len(response.body)))]
        if response.type:
            headers.append(("Content-Type", response.type))
        headers += [(name, value) for name, value in response.headers.items()]
        if self.scene.progress.scenario.changes_connections:
            headers.append(("Connection", "close"))
        reason = http.client.responses.get(response.status, "")
        head = parser.send(h11.Response(status_code=response.status, headers=headers, reason=reason)) or b""
        body = b"" if request.method == "HEAD" else parser.send(h11.Data(data=response.body)) or b""
        end = parser.send(h11.EndOfMessage()) or b""
        return bytes(head + body + end)

    async def _too_large(
        self, connection: Connection, parser: h11.Connection, recording: Recording, request: Request
    ) -> bool:
        self._identify(recording, self.application.operation(request), connection)
        recording.facts["refused"] = "body too large"
        await self._refuse(connection, parser, recording, 413)
        return False

    async def _refuse(self, connection: Connection, parser: h11.Connection, recording: Recording, status: int) -> None:
        """Say why and close; what the client still sends is not waited for."""
        if parser.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        try:
            data = parser.send(
                h11.Response(status_code=status, headers=[("Content-Length", "0"), ("Connection", "close")])
            )
            async with asyncio.timeout(5):
                await self._send(connection, recording, data)
        except (OSError, ssl.SSLError, TimeoutError, h11.LocalProtocolError):
            pass

    async def _event(
        self, connection: Connection, parser: h11.Connection, recording: Recording
    ) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := parser.next_event()) is h11.NEED_DATA:
            data = await connection.reader.read(1 << 16)
            if data:
                recording.request(data)
            parser.receive_data(data)
            if not data and parser.their_state is h11.IDLE:
                raise EOFError
        return event

    async def _send(self, connection: Connection, recording: Recording, data: bytes | None) -> None:
        if data:
            recording.response(data)
            connection.writer.write(data)
            await connection.writer.drain()

    def _close(self, recording: Recording, connection: Connection) -> None:
        recording.close()
        if recording.operation and not recording.discarded:
            self.scene.progress.seen(self.service, recording.operation, recording.folder)


async def _read(connection: Connection, seconds: float) -> bytes:
    connection.idle = True
    try:
        async with asyncio.timeout(seconds):
            return await connection.reader.read(1 << 16)
    except TimeoutError:
        return b""
    finally:
        connection.idle = False


def _played(fault: Fault) -> Response | None:
    """The answer of a fault that replaces the service's."""
    values = {name: str(value) for name, value in fault.values.items()}
    if fault.name == "server_error":
        return Response(500, b"erreur interne simul\xc3\xa9e\n", "text/plain; charset=utf-8")
    if fault.name == "unavailable":
        return Response(503, b"", headers={"Retry-After": values.get("seconds", "30")})
    if fault.name == "soap_fault":
        text = values.get("text", "Erreur simulée")
        body = soap_fault(text, code=values.get("code", "Receiver"), subcode=values.get("subcode", ""))
        return Response(500, body, "application/soap+xml; charset=utf-8")
    if fault.name == "wrong_content":
        page = b"<!doctype html><title>Maintenance</title><p>Service en maintenance."
        return Response(200, page, "text/html; charset=utf-8")
    return Response(200) if fault.name == "empty" else None
