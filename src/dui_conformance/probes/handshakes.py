"""TLS as an endpoint really speaks it: one handshake per version, and per set of suites. Nothing is sent inside.

What this machine's OpenSSL cannot offer is not concluded upon: a handshake with ourselves tells.
"""

import datetime
import socket
import ssl
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from dui_conformance.probes.targets import Target

VERSIONS: dict[str, ssl.TLSVersion] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_TIMEOUT = 10.0
_MOST = 80  # handshakes that look for suites


class Unreachable(OSError):
    """Nobody answers at the address of a target."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of one: `unknown` where this machine cannot offer what was asked; `certificate` in DER."""

    outcome: Literal["accepted", "refused", "unknown"]
    version: str = ""
    cipher: str = ""
    reason: str = ""
    certificate: bytes = b""


def context(version: ssl.TLSVersion, suites: str = _EVERYTHING, certificate: Path | None = None) -> ssl.SSLContext:
    """A client that offers one version and verifies nothing: only handshakes are made with it. Raises ssl.SSLError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is looked for
        made.minimum_version = version
        made.maximum_version = version
    made.set_ciphers(suites)
    if certificate is not None:
        made.load_cert_chain(certificate)
    return made


def connect(target: Target) -> socket.socket:
    """A connection to a target. Raises Unreachable."""
    try:
        return socket.create_connection((target.host, target.port), _TIMEOUT)
    except OSError as error:
        raise Unreachable(str(error)) from error


def handshake(target: Target, client: ssl.SSLContext) -> Handshake:
    """One handshake. Raises Unreachable."""
    with connect(target) as plain:
        try:
            with client.wrap_socket(plain, server_hostname=target.host) as link:
                cipher = link.cipher()
                certificate = link.getpeercert(binary_form=True) or b""
                return Handshake("accepted", link.version() or "", cipher[0] if cipher else "", "", certificate)
        except ssl.SSLError as error:
            return Handshake("refused", reason=error.reason or "")
        except (OSError, EOFError, ValueError) as error:
            return Handshake("refused", reason="timeout" if isinstance(error, TimeoutError) else "closed")


def offer(target: Target, name: str) -> Handshake:
    """A handshake in one version (`1.0`…), whatever the suite. Raises Unreachable."""
    if not offerable(name):
        return Handshake("unknown", reason=ssl.OPENSSL_VERSION)
    return handshake(target, context(VERSIONS[name], certificate=target.certificate))


def suites(target: Target) -> tuple[str, ...]:
    """The suites accepted in TLS 1.2, the endpoint's favourite first. Raises Unreachable."""
    left = [c["name"] for c in context(ssl.TLSVersion.TLSv1_2).get_ciphers() if c.get("protocol") != "TLSv1.3"]
    found: list[str] = []
    while left and len(found) < _MOST:
        try:
            client = context(ssl.TLSVersion.TLSv1_2, ":".join(left) + ":@SECLEVEL=0", target.certificate)
        except ssl.SSLError:
            break
        answer = handshake(target, client)
        if answer.outcome != "accepted" or answer.cipher not in left:
            break
        found.append(answer.cipher)
        left.remove(answer.cipher)
    return tuple(found)


def known_suites() -> frozenset[str]:
    """The suites that this machine can offer in TLS 1.2."""
    return frozenset(c["name"] for c in context(ssl.TLSVersion.TLSv1_2).get_ciphers())


@cache
def offerable(name: str) -> bool:
    """Whether this machine's OpenSSL can speak a version: it does so with itself."""
    try:
        client = context(VERSIONS[name])
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            server.minimum_version = VERSIONS[name]
            server.maximum_version = VERSIONS[name]
        server.set_ciphers(_EVERYTHING)
        _load_throwaway(server)
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        one = client.wrap_bio(back, there, server_hostname="localhost")
        other = server.wrap_bio(there, back, server_side=True)
        done = [False, False]
        for _ in range(20):
            for rank, side in enumerate((one, other)):
                try:
                    side.do_handshake()
                    done[rank] = True
                except ssl.SSLWantReadError:
                    pass
            if all(done):
                return True
    except (ssl.SSLError, ValueError, OSError):
        return False
    return False


def _load_throwaway(server: ssl.SSLContext) -> None:
    """A certificate for `offerable`, that lives as long as the call."""
    import tempfile

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
    certificate = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pem)
        file.flush()
        server.load_cert_chain(file.name)
