"""The certificates of a session, made on the spot: invented authorities in the form of those of IGC Santé.

Two roots: `igc` signs a "Élémentaire Organisations" authority, the only one that a DUI may trust for MSSanté and the
DMP (Référentiel socle MSSanté #2, ECO.1.1.10; dmp-mssante D.1, A.1); `web` stands for any public-web authority, that
it must refuse. A server presents the sound certificate or one of the variants that must be refused: `expired`,
`not_yet`, `wrong_host`, `wrong_ca`, `self_signed`, `revoked`. Nothing here is a real certificate of IGC Santé.
"""

import datetime
import ipaddress
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Variant = Literal["sound", "expired", "not_yet", "wrong_host", "wrong_ca", "self_signed", "revoked"]
VARIANTS: tuple[Variant, ...] = ("sound", "expired", "not_yet", "wrong_host", "wrong_ca", "self_signed", "revoked")

_DAY = datetime.timedelta(days=1)
_BITS = 2048
_ORGANISATION = "Simulateur dui-conformance"
_STRUCTURE = "1539990010"  # Struct_IdNat of an invented establishment: 1 + FINESS (dmp-mssante H)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority; `crl_name` is the last part of the address of its CRL."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    crl_name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key and the authorities above it, in PEM; `path`: one file with all three."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]
    path: Path

    @property
    def certificate_pem(self) -> bytes:
        return pem(self.certificate)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


class Pki:
    """Authorities and identities, each made when first asked for and written into `folder` (0600).

    `crl_base`: the address under which the service `pki` serves the CRLs; it is written into the certificates.
    """

    def __init__(self, folder: Path, crl_base: str, now: datetime.datetime | None = None) -> None:
        self.folder = folder
        self.crl_base = crl_base.rstrip("/")
        self.now = (now or datetime.datetime.now(datetime.UTC)).replace(microsecond=0)
        self._identities: dict[str, Identity] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @cached_property
    def igc_root(self) -> Authority:
        return self._authority("AC RACINE IGC-SANTE ELEMENTAIRE (simulateur)", None, "racine")

    @cached_property
    def organisations(self) -> Authority:
        return self._authority("AC IGC-SANTE ELEMENTAIRE ORGANISATIONS (simulateur)", self.igc_root, "organisations")

    @cached_property
    def web(self) -> Authority:
        return self._authority("Autorité publique du web (simulateur)", None, "web")

    @cached_property
    def trusted(self) -> Path:
        """The PEM file of what a DUI is to trust: the IGC Santé root and its authority, and nothing else."""
        return self._write("igc-sante.pem", pem(self.igc_root.certificate) + pem(self.organisations.certificate))

    @cached_property
    def web_trusted(self) -> Path:
        """The PEM file of the public-web root."""
        return self._write("autorite-web.pem", pem(self.web.certificate))

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        """One key for every server certificate: what differs between variants is what is certified."""
        return _new_key()

    def server(self, variant: Variant = "sound", *, host: str = "localhost") -> Identity:
        """The certificate of a server: for `host`, localhost and 127.0.0.1, unless the variant says otherwise."""
        name = f"serveur-{variant}-{host}"
        if name not in self._identities:
            authority = self._authority_of(variant)
            start, end = {
                "expired": (-400 * _DAY, -1 * _DAY),
                "not_yet": (30 * _DAY, 400 * _DAY),
            }.get(variant, (-1 * _DAY, 365 * _DAY))
            served = "autre-hote.example" if variant == "wrong_host" else host
            names: list[x509.GeneralName] = [x509.DNSName(served)]
            if variant != "wrong_host":
                names += [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            certificate = self._leaf(
                served, self._key, authority, start, end, (ExtendedKeyUsageOID.SERVER_AUTH,), names
            )
            self._identities[name] = self._identity(name, certificate, self._key, authority)
        return self._identities[name]

    def client(
        self, structure: str = _STRUCTURE, *, name: str = "DUI sous test", variant: Variant = "sound"
    ) -> Identity:
        """An organisation's authentication certificate (ORG AUTH_CLI): OU is the structure's identifier."""
        return self._organisation("client", structure, name, variant, (ExtendedKeyUsageOID.CLIENT_AUTH,))

    def signer(self, structure: str = _STRUCTURE, *, name: str = "Cachet du DUI sous test") -> Identity:
        """An organisation's seal certificate, which signs the VIHF in indirect authentication (dmp-mssante B)."""
        return self._organisation("cachet", structure, name, "sound", ())

    def _organisation(
        self, use: str, structure: str, name: str, variant: Variant, usages: tuple[x509.ObjectIdentifier, ...]
    ) -> Identity:
        key_name = f"{use}-{variant}-{structure}-{name}"
        if key_name not in self._identities:
            authority = self._authority_of(variant)
            end = -1 * _DAY if variant == "expired" else 365 * _DAY
            key = _new_key()
            certificate = self._leaf(name, key, authority, -400 * _DAY, end, usages, [], structure)
            file = f"{use}-{variant}-{len(self._identities)}"
            self._identities[key_name] = self._identity(file, certificate, key, authority)
        return self._identities[key_name]

    def _authority_of(self, variant: Variant) -> Authority | None:
        if variant == "self_signed":
            return None
        return self.web if variant == "wrong_ca" else self.organisations

    def crl(self, name: str) -> bytes | None:
        """The CRL of an authority as DER, by its `crl_name`: every `revoked` certificate is in it."""
        authority = {"racine": "igc_root", "organisations": "organisations", "web": "web"}.get(name)
        if authority is None:
            return None
        issuer: Authority = getattr(self, authority)
        self.server("revoked")  # in the CRL before it is presented, as a client may have fetched it before
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
        builder = builder.last_update(self.now - _DAY).next_update(self.now + 7 * _DAY)
        for key, identity in self._identities.items():
            if "-revoked-" in key and identity.certificate.issuer == issuer.certificate.subject:
                revoked = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
                builder = builder.add_revoked_certificate(revoked.revocation_date(self.now - _DAY).build())
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _authority(self, name: str, above: Authority | None, crl_name: str) -> Authority:
        key = _new_key()
        subject = _name(name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(above.certificate.subject if above else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - 800 * _DAY)
            .not_valid_after(self.now + 3650 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None if above is None else 0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if above is not None:
            builder = self._signed_by(builder, above)
        certificate = builder.sign(above.key if above else key, hashes.SHA256())
        return Authority(certificate, key, crl_name)

    def _leaf(
        self,
        name: str,
        key: rsa.RSAPrivateKey,
        authority: Authority | None,
        start: datetime.timedelta,
        end: datetime.timedelta,
        usages: tuple[x509.ObjectIdentifier, ...],
        names: list[x509.GeneralName],
        structure: str = "",
    ) -> x509.Certificate:
        subject = _name(name, structure)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority.certificate.subject if authority else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + start)
            .not_valid_after(self.now + end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(_distinct(names)), critical=False)
        if authority is not None:
            builder = self._signed_by(builder, authority)
        return builder.sign(authority.key if authority else key, hashes.SHA256())

    def _signed_by(self, builder: x509.CertificateBuilder, above: Authority) -> x509.CertificateBuilder:
        point = x509.DistributionPoint(
            [x509.UniformResourceIdentifier(f"{self.crl_base}/{above.crl_name}.crl")], None, None, None
        )
        return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key()), critical=False
        )

    def _identity(
        self, name: str, certificate: x509.Certificate, key: rsa.RSAPrivateKey, authority: Authority | None
    ) -> Identity:
        chain = () if authority is None else (authority.certificate,)
        path = self.folder / f"{name}.pem"
        identity = Identity(certificate, key, chain, path)
        self._write(path.name, identity.key_pem + identity.certificate_pem + b"".join(map(pem, chain)))
        return identity

    def _write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        return path


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, _BITS)


def _name(common: str, structure: str = "") -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
    ]
    if structure:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, structure))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _distinct(names: list[x509.GeneralName]) -> list[x509.GeneralName]:
    return [name for at, name in enumerate(names) if name not in names[:at]]
