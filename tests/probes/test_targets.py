"""Only what is declared is probed, on this machine or where the manifest says that one may."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dui_conformance.probes import bundles, steps, tokens
from dui_conformance.probes.targets import TargetError, is_loopback, resolved, target_of, targets
from dui_conformance.readiness.manifest import Endpoint

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("dui.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("192.0.2.1", False),
        ("0.0.0.0", False),  # noqa: S104  not listened on
        ("dui.example", False),
    ],
)
def test_this_machine(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


@pytest.mark.parametrize(
    "url",
    [
        "ftp://localhost/",
        "https://",
        "https://user:secret@localhost/",
        "https://localhost:99999/",
        "https://localhost/?a=1",
        "https://localhost/#a",
    ],
)
def test_an_address_that_will_not_do(url: str) -> None:
    with pytest.raises(TargetError) as refused:
        target_of(Endpoint("x", "fhir", url), Path(), {})
    assert refused.value.why.fr != refused.value.why.en


def test_another_host_wants_to_be_authorised() -> None:
    endpoint = Endpoint("x", "fhir", "https://dui.example/fhir")
    with pytest.raises(TargetError, match="authorised"):
        target_of(endpoint, Path(), {})
    allowed = target_of(Endpoint("x", "fhir", "https://dui.example/fhir/", authorised=True), Path(), {})
    assert (allowed.url, allowed.host, allowed.port, allowed.tls) == (
        "https://dui.example/fhir",
        "dui.example",
        443,
        True,
    )


def test_files_that_are_declared_are_there(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"autorite\.pem"):
        target_of(Endpoint("x", "fhir", "https://localhost/", ca="autorite.pem"), tmp_path, {})


def test_secrets_come_from_the_environment_and_are_not_shown() -> None:
    endpoint = Endpoint("x", "fhir", "https://localhost/", token_env="A", expired_token_env="B", session_env="C")
    target = target_of(endpoint, Path(), {"A": "jeton", "C": "s=1"})
    assert (target.token, target.expired, target.session) == ("jeton", "", "s=1")
    assert "jeton" not in repr(target)


def test_names_choose() -> None:
    declared = [Endpoint("a", "fhir", "http://localhost/"), Endpoint("b", "web", "http://localhost/")]
    assert [t.name for t in targets(declared, Path(), {}, ("b",))] == ["b"]
    assert [t.name for t in targets(declared, Path(), {})] == ["a", "b"]


def test_a_name_of_this_machine_leads_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    target = target_of(Endpoint("x", "fhir", "http://piege.localhost/"), Path(), {})
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", ("203.0.113.5", 80))])
    with pytest.raises(TargetError):
        resolved(target)


def test_revocation_lists_are_fetched_where_it_is_allowed() -> None:
    near = target_of(Endpoint("x", "fhir", "https://localhost/"), Path(), {})
    far = target_of(Endpoint("x", "fhir", "https://dui.example/", authorised=True, hosts=("crl.example",)), Path(), {})
    assert near.may_fetch("http://localhost:8080/a.crl")
    assert not near.may_fetch("http://crl.example/a.crl")
    assert far.may_fetch("http://crl.example/a.crl")
    assert not far.may_fetch("http://localhost/a.crl"), "a far certificate does not make us call ourselves"
    assert not far.may_fetch("ldap://crl.example/a")


class TestTokens:
    def test_those_that_must_be_refused(self) -> None:
        assert tokens.claims_of(tokens.forged(NOW))["iss"] == tokens.ISSUER
        assert tokens.unsigned(NOW).endswith(".")
        good = tokens.forged(NOW)
        changed = tokens.tampered(good)
        assert changed != good
        assert changed.split(".")[2] == good.split(".")[2], "the signature is that of the good one"
        assert tokens.tampered("opaque-AAAA") == "opaque-BBBB"
        assert tokens.tampered("opaque-1234") == "opaque-AAAA"

    @pytest.mark.parametrize("token", ["", "a.b", "a.%%%.c", "a.e30.c", "a.WzFd.c"])
    def test_what_is_no_jwt_says_nothing(self, token: str) -> None:
        assert tokens.lifetime(token) is None

    def test_lifetime(self) -> None:
        assert tokens.lifetime(tokens.forged(NOW)) == 300


class TestSteps:
    def test_bad_bundles_come_before_the_good_one(self) -> None:
        sent = [body.operation for body in bundles.bodies()]
        assert sent[-1] == "bundle-good"
        assert set(bundles.BAD) < set(sent)
        assert len({body.body for body in bundles.bodies()}) == len(sent), "each breaks something else"

    def test_persons_are_invented(self) -> None:
        systems = {
            identifier["system"]
            for entry in bundles.good()["entry"]
            if entry["resource"]["resourceType"] == "Patient"
            for identifier in entry["resource"]["identifier"]
        }
        assert "urn:oid:1.2.250.1.213.1.4.10" in systems, "the OID of test identities"
        assert systems.isdisjoint({f"urn:oid:1.2.250.1.213.1.4.{n}" for n in (8, 9, 11)})

    @pytest.mark.parametrize("kind", ["tddui-consumer", "fhir", "web"])
    def test_each_is_told_in_both_languages(self, kind: str) -> None:
        target = target_of(Endpoint("x", kind, "http://localhost/", protected="p"), Path(), {})
        for step in steps.steps(target):
            assert step.title.fr != step.title.en

    def test_what_is_not_declared_is_not_tried(self) -> None:
        bare = target_of(Endpoint("x", "fhir", "http://localhost/"), Path(), {})
        assert {"expired-token", "tampered-token"}.isdisjoint(step.operation for step in steps.steps(bare))
        assert [name for name, _ in steps.not_tried(bare)] == ["expired-token", "tampered-token"]
        front = target_of(Endpoint("x", "web", "http://localhost/"), Path(), {})
        assert [step.operation for step in steps.steps(front)] == ["front"]
