"""What a TLS client offers, read from its ClientHello (RFC 8446 §4.1.2) before the handshake takes it.

Hostile bytes: what cannot be read is left out.
"""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

_VERSIONS: Mapping[int, str] = {
    0x0300: "SSLv3",
    0x0301: "TLSv1",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
    0x0304: "TLSv1.3",
}
_SERVER_NAME, _ALPN, _SUPPORTED_VERSIONS = 0, 16, 43


@cache
def _suites() -> Mapping[int, str]:
    """Names of cipher suites, as OpenSSL writes them, by number."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return {cipher["id"] & 0xFFFF: cipher["name"] for cipher in context.get_ciphers()}


def is_hello(data: bytes) -> bool:
    """Whether bytes begin as a TLS handshake does."""
    return data[:1] == b"\x16" and data[1:2] == b"\x03"


def offered(data: bytes) -> dict[str, Any]:
    """`{offeredVersions, offered, sni}` of a ClientHello: versions and suites by name (unknown ones as 0x….)."""
    try:
        return _offered(data)
    except IndexError:
        return {}


def _offered(data: bytes) -> dict[str, Any]:
    if not is_hello(data) or data[5] != 1:
        return {}
    legacy = int.from_bytes(data[9:11], "big")
    at = 43 + 1 + data[43]
    size = int.from_bytes(data[at : at + 2], "big")
    numbers = [int.from_bytes(data[i : i + 2], "big") for i in range(at + 2, min(at + 2 + size, len(data) - 1), 2)]
    at += 2 + size
    at += 1 + data[at]
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    at += 2
    versions, name, protocols = [legacy], "", ""
    while at + 4 <= min(end, len(data)):
        kind, length = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 4 + length]
        if kind == _SUPPORTED_VERSIONS and body:
            versions = [int.from_bytes(body[i : i + 2], "big") for i in range(1, len(body) - 1, 2)]
        elif kind == _SERVER_NAME and len(body) > 5:
            name = body[5 : 5 + int.from_bytes(body[3:5], "big")].decode("ascii", "replace")
        elif kind == _ALPN and len(body) > 3:
            protocols = body[3 : 3 + body[2]].decode("ascii", "replace")
        at += 4 + length
    suites = _suites()
    return {
        "offeredVersions": [_VERSIONS[v] for v in sorted(set(versions)) if v in _VERSIONS],
        "offered": [suites.get(n, f"0x{n:04X}") for n in numbers if n & 0x0F0F != 0x0A0A and n != 0x00FF],
        "sni": name,
        "alpn": protocols,
    }
