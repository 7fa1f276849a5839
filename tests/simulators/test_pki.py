"""The certificates of a session are what their names say, as a verifier of others sees it."""

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from dui_conformance.simulators.pki import VARIANTS, Pki

NOW = datetime.datetime(2026, 5, 4, 8, 0, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"), "http://localhost:1/crl/", NOW)


def verified(pki: Pki, certificate: x509.Certificate, host: str = "localhost") -> str:
    """Why `cryptography`, which trusts the IGC Santé root alone, refuses the chain; empty if it does not."""
    builder = PolicyBuilder().store(Store([pki.igc_root.certificate])).time(NOW)
    try:
        builder.build_server_verifier(x509.DNSName(host)).verify(certificate, [pki.organisations.certificate])
    except VerificationError as error:
        return str(error)
    return ""


def test_the_sound_certificate_is_accepted(pki: Pki) -> None:
    assert verified(pki, pki.server().certificate) == ""


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        ("expired", "not valid at validation time"),
        ("not_yet", "not valid at validation time"),
        ("wrong_host", "leaf certificate has no matching subjectAltName"),
        ("wrong_ca", "candidates exhausted"),
        ("self_signed", "2.5.29.35: Certificate is missing required extension"),  # no authority above it
    ],
)
def test_each_variant_is_refused_for_its_own_fault(pki: Pki, variant: str, why: str) -> None:
    assert why in verified(pki, pki.server(variant).certificate)  # type: ignore[arg-type]


def test_every_variant_is_another_certificate(pki: Pki) -> None:
    serials = {pki.server(variant).certificate.serial_number for variant in VARIANTS}
    assert len(serials) == len(VARIANTS)
    assert pki.server("revoked") is pki.server("revoked")


def test_the_revoked_certificate_is_in_the_crl_and_the_sound_one_is_not(pki: Pki) -> None:
    crl = x509.load_der_x509_crl(pki.crl("organisations") or b"")
    assert crl.is_signature_valid(pki.organisations.key.public_key())
    assert crl.get_revoked_certificate_by_serial_number(pki.server("revoked").certificate.serial_number) is not None
    assert crl.get_revoked_certificate_by_serial_number(pki.server().certificate.serial_number) is None
    assert verified(pki, pki.server("revoked").certificate) == "", "only its revocation is wrong"
    assert crl.next_update_utc is not None
    assert crl.next_update_utc > NOW


@pytest.mark.parametrize("name", ["racine", "organisations", "web"])
def test_each_authority_has_a_crl(pki: Pki, name: str) -> None:
    assert x509.load_der_x509_crl(pki.crl(name) or b"").issuer is not None


def test_there_is_no_crl_of_another_name(pki: Pki) -> None:
    assert pki.crl("../racine") is None


def test_certificates_say_where_their_crl_is(pki: Pki) -> None:
    points = pki.server().certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name == [x509.UniformResourceIdentifier("http://localhost:1/crl/organisations.crl")]


def test_a_client_is_an_organisation_that_may_authenticate(pki: Pki) -> None:
    client = pki.client().certificate
    usages = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert "OU=1539990010" in client.subject.rfc4514_string()
    client.verify_directly_issued_by(pki.organisations.certificate)
    assert not any(isinstance(e.value, x509.ExtendedKeyUsage) for e in pki.signer().certificate.extensions)


def test_an_expired_or_revoked_client_is_one(pki: Pki) -> None:
    assert pki.client(variant="expired").certificate.not_valid_after_utc < NOW
    revoked = pki.client(variant="revoked").certificate.serial_number
    crl = x509.load_der_x509_crl(pki.crl("organisations") or b"")
    assert crl.get_revoked_certificate_by_serial_number(revoked) is not None


def test_keys_are_for_their_owner_alone(pki: Pki) -> None:
    pki.server()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in Path(pki.folder).iterdir()}
    assert modes == {0o600}
    assert b"PRIVATE" not in pki.trusted.read_bytes()
