"""Sending a request and recording it: redirects are told and not followed, sizes and times are bounded.

What is recorded is put together from what was sent and received; the DUI is the server. Credentials that somebody
entrusted to the probe are not written down: a reviewer sees that there were some.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests

from dui_conformance import __version__
from dui_conformance.probes import tokens
from dui_conformance.probes.steps import Step
from dui_conformance.probes.targets import Target
from dui_conformance.simulators.recording import Recording

CONNECT, READ, WHOLE = 5.0, 20.0, 60.0  # seconds
_BODY = 8 << 20
_SHOWN = 16 << 10  # bytes of a request that are recorded
_CHUNK = 1 << 16
_DROPPED = frozenset(("transfer-encoding", "content-length"))  # the body is recorded as it was read
_HIDDEN = "***"


def send(target: Target, step: Step, recording: Recording, now: datetime) -> int:
    """Send one request; gives the status, 0 without an answer. Never raises for what the network does."""
    headers = {"User-Agent": f"dui-conformance/{__version__} (probe)", "Accept-Encoding": "identity", **step.headers}
    shown = dict(headers)
    value = _credentials(target, step, now)
    if value:
        name, secret, hidden = value
        headers[name] = secret
        shown[name] = hidden
    address = target.address(step.path)
    recording.facts.update({"expects": step.expects, "credentials": step.credentials, "entries": step.entries})
    certificate = str(target.certificate) if target.certificate and step.credentials in ("own", "session") else None
    with requests.Session() as http:
        http.trust_env = False
        prepared = http.prepare_request(requests.Request(step.method, address, headers=headers, data=step.body or None))
        recording.request(_request_bytes(prepared, shown))
        try:
            with http.send(
                prepared,
                timeout=(CONNECT, READ),
                verify=str(target.ca) if target.ca else True,
                cert=certificate,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return _received(answer, recording)
        except (requests.RequestException, OSError, ValueError) as error:
            recording.facts["failure"] = type(error).__name__
            recording.response(b"")
            return 0


def _credentials(target: Target, step: Step, now: datetime) -> tuple[str, str, str] | None:
    """The header of the credentials of a step: its name, its value, and what is recorded of it."""
    if step.credentials == "own" and target.token:
        return "Authorization", f"Bearer {target.token}", f"Bearer {_HIDDEN}"
    if step.credentials == "expired":
        return "Authorization", f"Bearer {target.expired}", f"Bearer {_HIDDEN}"
    if step.credentials == "tampered":
        return "Authorization", f"Bearer {tokens.tampered(target.token)}", f"Bearer {_HIDDEN}"
    if step.credentials == "forged":
        value = f"Bearer {tokens.forged(now)}"
        return "Authorization", value, value
    if step.credentials == "unsigned":
        value = f"Bearer {tokens.unsigned(now)}"
        return "Authorization", value, value
    if step.credentials == "session":
        return "Cookie", target.session, _HIDDEN
    return None


def _request_bytes(prepared: requests.PreparedRequest, shown: Mapping[str, str]) -> bytes:
    body = prepared.body or b""
    data = body if isinstance(body, bytes) else str(body).encode()
    # a header may be bytes for requests
    sent = {name: v.decode("latin-1") if isinstance(v, bytes) else str(v) for name, v in prepared.headers.items()}
    headers = {"Host": (prepared.url or "").split("/")[2], **sent, **shown}
    lines = [f"{prepared.method} {prepared.path_url} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + data[:_SHOWN]


def _received(answer: requests.Response, recording: Recording) -> int:
    body = bytearray()
    until = time.monotonic() + WHOLE
    while len(body) <= _BODY:
        chunk = answer.raw.read(_CHUNK, decode_content=True)
        if not chunk:
            break
        body += chunk
        if time.monotonic() > until:
            recording.facts["failure"] = "timeout"
            break
    if len(body) > _BODY:
        recording.facts["failure"] = "too large"
        del body[_BODY:]
    raw: Any = answer.raw.headers
    kept = [(name, value) for name, value in raw.items() if name.lower() not in _DROPPED]
    lines = [f"HTTP/1.1 {answer.status_code} {answer.reason or ''}".rstrip(), *(f"{n}: {v}" for n, v in kept)]
    lines.append(f"Content-Length: {len(body)}")
    recording.response("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + bytes(body))
    return answer.status_code
