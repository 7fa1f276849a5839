"""The certificate of an endpoint: chain, host, dates, key, and revocation where its list may be fetched."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dui_conformance.probes.handshakes import connect
from dui_conformance.probes.targets import Target

_NOT_YET, _EXPIRED = 9, 10  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_SELF_SIGNED = (18, 19)
_CRL_SIZE = 32 << 20
_CRL_TIME = 15.0
_WEAK_HASHES = ("md5", "sha1")
_RSA_BITS, _EC_BITS = 2048, 256

Facts = dict[str, Any]


def trusting(target: Target) -> ssl.SSLContext:
    """A client that verifies the chain, with the authorities declared or those of this machine."""
    made = ssl.create_default_context(cafile=str(target.ca) if target.ca else None)
    if target.certificate is not None:
        made.load_cert_chain(target.certificate)
    return made


def facts_of(target: Target, der: bytes, now: datetime.datetime) -> Facts:
    """What a certificate says and whether it may be trusted. Raises handshakes.Unreachable."""
    certificate = x509.load_der_x509_certificate(der)
    end, start = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    facts: Facts = {
        "notBefore": f"{start:%Y-%m-%d}",
        "notAfter": f"{end:%Y-%m-%d}",
        "expired": now > end,
        "notYet": now < start,
        "daysLeft": (end - now).days,
        "hostMatches": any(_matches(target.host, name) for name in _names(certificate)),
        **_strength(certificate),
        **_chain(target),
    }
    return facts | _revocation(target, certificate)


def is_sound(facts: Facts) -> bool:
    """Whether something may be sent to who presents this certificate."""
    return bool(
        facts.get("trusted") == "true"
        and facts.get("hostMatches")
        and not facts.get("expired")
        and not facts.get("notYet")
        and facts.get("revoked") != "true"
    )


def _chain(target: Target) -> Facts:
    """Whether the chain leads to an authority; unknown where the dates alone are wrong."""
    client = trusting(target)
    client.check_hostname = False
    with connect(target) as plain:
        try:
            with client.wrap_socket(plain, server_hostname=target.host):
                return {"trusted": "true"}
        except ssl.SSLCertVerificationError as error:
            known = error.verify_code not in (_NOT_YET, _EXPIRED)
            return {
                "trusted": "false" if known else "",
                "trustError": error.verify_message,
                "selfSigned": error.verify_code in _SELF_SIGNED,
            }
        except (OSError, EOFError, ValueError):
            return {"trusted": "", "trustError": "handshake"}


def _names(certificate: x509.Certificate) -> Iterator[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return
    yield from names.get_values_for_type(x509.DNSName)
    yield from map(str, names.get_values_for_type(x509.IPAddress))


def _matches(host: str, name: str) -> bool:
    """RFC 6125 §6.4: a name, or a wildcard for its first label; an address for itself."""
    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(name)
    except ValueError:
        pass
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:] and "." in name[2:]
    return host == name


def _strength(certificate: x509.Certificate) -> Facts:
    key = certificate.public_key()
    weak = (isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS
    )
    size = getattr(key, "key_size", 0)
    try:
        hashed = certificate.signature_hash_algorithm
    except Exception:  # an algorithm that the library does not know
        hashed = None
    signature = hashed.name if hashed is not None else ""
    kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__.strip("_").removesuffix("PublicKey")
    return {
        "key": f"{kind} {size}",
        "weakKey": weak,
        "signature": signature,
        "weakSignature": signature in _WEAK_HASHES,
    }


def _revocation(target: Target, certificate: x509.Certificate) -> Facts:
    """Whether the authority's list says that the certificate is revoked; why it cannot be known otherwise."""
    addresses = list(_lists(certificate))
    if not addresses:
        return {"revoked": "", "revocation": "no list"}
    allowed = [address for address in addresses if target.may_fetch(address)]
    if not allowed:
        return {"revoked": "", "revocation": "not authorised"}
    for address in allowed:
        listed = _fetched(address)
        if listed is None or listed.issuer != certificate.issuer or not _is_signed(listed, target):
            continue
        if listed.next_update_utc is not None and listed.next_update_utc < datetime.datetime.now(datetime.UTC):
            continue
        found = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        return {"revoked": "false" if found is None else "true", "revocation": "list"}
    return {"revoked": "", "revocation": "unusable list"}


def _lists(certificate: x509.Certificate) -> Iterator[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return
    for point in points:
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value


def _fetched(address: str) -> x509.CertificateRevocationList | None:
    import requests

    try:
        with requests.Session() as http:
            http.trust_env = False
            with http.get(address, timeout=_CRL_TIME, allow_redirects=False, stream=True) as answer:
                if answer.status_code != 200:
                    return None
                data = answer.raw.read(_CRL_SIZE + 1, decode_content=True)
        if len(data) > _CRL_SIZE:
            return None
        read = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_crl
        return read(data)
    except (requests.RequestException, OSError, ValueError):
        return None


def _is_signed(listed: x509.CertificateRevocationList, target: Target) -> bool:
    """Whether an authority of this name signed the list; without its certificate at hand, the list is believed.

    The list then only ever speaks against the endpoint.
    """
    if target.ca is None:
        return True
    try:
        authorities = x509.load_pem_x509_certificates(target.ca.read_bytes())
    except (OSError, ValueError):
        return True
    issuers = [authority for authority in authorities if authority.subject == listed.issuer]
    return not issuers or any(listed.is_signature_valid(issuer.public_key()) for issuer in issuers)  # type: ignore[arg-type]


def pem_of(der: bytes) -> str:
    """A certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM).decode()
