"""What an answer to a probe is worth."""

import pytest

from dui_conformance.checks import probes
from dui_conformance.checks.verdict import Answer


@pytest.mark.parametrize(
    ("status", "failure", "kind", "answer"),
    [
        ("401", "", "fhir", "passed"),
        ("403", "", "web", "passed"),
        ("302", "", "web", "passed"),
        ("302", "", "fhir", "review"),
        ("200", "", "fhir", "failed"),
        ("204", "", "web", "failed"),
        ("404", "", "fhir", "review"),
        ("500", "", "fhir", "review"),
        ("", "SSLError", "fhir", "passed"),
        ("", "ReadTimeout", "fhir", "blocked"),
    ],
)
def test_refusal(status: str, failure: str, kind: str, answer: Answer) -> None:
    assert probes.access_is_refused(status, failure, kind).answer == answer


@pytest.mark.parametrize(
    ("status", "success", "whole"),
    [
        ("200", "passed", "failed"),
        ("422", "failed", "passed"),
        ("500", "failed", "passed"),
        ("401", "blocked", "blocked"),
        ("", "blocked", "blocked"),
    ],
)
def test_success_and_refusal_of_a_bundle(status: str, success: Answer, whole: Answer) -> None:
    assert probes.answer_is_success(status, "").answer == success
    assert probes.nothing_is_kept(status, "").answer == whole


@pytest.mark.parametrize(
    ("suite", "broken", "recommended"),
    [
        ("ECDHE-RSA-AES256-GCM-SHA384", False, True),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", False, True),
        ("DHE-RSA-AES128-GCM-SHA256", False, True),
        ("TLS_AES_128_GCM_SHA256", False, True),
        ("ECDHE-RSA-AES128-SHA", False, False),
        ("ECDHE-RSA-AES256-SHA384", False, False),
        ("AES256-GCM-SHA384", False, False),
        ("DES-CBC3-SHA", False, False),
        ("ECDHE-RSA-NULL-SHA", True, True),
        ("ADH-AES128-GCM-SHA256", True, True),
        ("AECDH-AES128-SHA", True, True),
        ("RC4-MD5", True, True),
        ("EXP-RC4-MD5", True, True),
        ("DES-CBC-SHA", True, True),
    ],
)
def test_suites(suite: str, broken: bool, recommended: bool) -> None:
    assert (probes.suites_are_not_broken((suite,)).answer == "failed") is broken
    assert (probes.suites_are_recommended((suite,)).answer == "passed") is recommended


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("max-age=31536000; includeSubDomains", "passed"),
        ('max-age="31536000"', "passed"),
        ("max-age=3600", "failed"),
        ("", "failed"),
    ],
)
def test_strict_transport(value: str, answer: Answer) -> None:
    assert probes.transport_is_strict(value).answer == answer


def test_framing() -> None:
    assert probes.framing_is_bounded("default-src 'self'; frame-ancestors 'none'", "").answer == "passed"
    assert probes.framing_is_bounded("", "SAMEORIGIN").answer == "passed"
    assert probes.framing_is_bounded("default-src 'self'", "ALLOWALL").answer == "failed"


def test_cookies() -> None:
    assert probes.cookie_is_guarded("s=1; Path=/; secure; httponly; SameSite=Lax").answer == "passed"
    assert probes.cookie_is_guarded("s=1; Path=/; Secure").values == {"missing": "HttpOnly, SameSite", "cookie": "s"}
    assert probes.cookie_does_not_outlive_idleness("s=1; Max-Age=7200").answer == "passed"
    assert probes.cookie_does_not_outlive_idleness("s=1").answer == "passed"
    assert probes.cookie_does_not_outlive_idleness("s=1; Max-Age=7201").values == {"found": "7201", "cookie": "s"}
    assert probes.token_does_not_outlive_idleness("600").answer == "passed"
    assert probes.token_does_not_outlive_idleness("36000").answer == "review"
    assert probes.token_does_not_outlive_idleness("").answer == "not_applicable"


def test_claims() -> None:
    held = (("transaction",), ("Patient", "Task"), ("read", "read"))
    assert probes.claims_are_stated(("transaction", "Patient", "Task.read"), *held).answer == "passed"
    assert probes.claims_are_stated(("Device.read", "batch"), *held).values["missing"] == "Device.read, batch"
    assert probes.claims_are_stated((), *held).answer == "not_applicable"


def test_entries() -> None:
    assert probes.entries_are_created("2", ("201", "201 Created")).answer == "passed"
    assert probes.entries_are_created("2", ("201", "200 OK")).values["found"] == "200 OK"
    assert probes.entries_are_created("2", ("201",)).values == {"found": "1", "expected": "2"}
    assert probes.locations_are_told(("201",), ("Patient/1/_history/1",)).answer == "passed"
    assert probes.locations_are_told(("201",), ("Patient/1",)).answer == "failed"
