"""`dui.toml`: what is accepted, and every way in which it is refused, in one sentence that names the nearest word."""

import datetime
from pathlib import Path

import pytest

from dui_conformance.data import profiles_root
from dui_conformance.readiness.manifest import OPTIONS, Manifest, ManifestError, load
from tests.places import FAILING, READY

WHOLE = """
[editor]
name = "Éditeur"
nie = "E-1"
[product]
name = "DUI"
version = "4.2"
nil = "CLV-1"
[referencing]
wave = 2
referenced = true
number = "R-1"
date = 2026-01-31
[scope]
domains = ["PA", "PJM"]
[options]
hosted = false
mailbox_operator = "mailiz"
[exports]
paths = ["exports", "more/mails"]
environment = "production"
gdpr_notice = "Vos données…"
structures = ["1750000018"]
mail_domains = ["ok.example"]
[[attestations]]
file = "a.pdf"
title = "Certificat"
date = 2026-01-15
expires = "2028-01-15"
attests = ["SC.DMP.04.MS1"]
[[waivers]]
rule = "CDA-1"
subject = "exports/*"
fingerprint = "0123456789abcdef"
reason = "Connu"
owner = "Qualité"
expires = 2026-06-30
[funding]
scheme = "cnsa-national-2022"
essms = 80
already_equipped = true
amounts = {upgrade = 1500.5}
"""


def read(folder: Path, text: str | bytes) -> Manifest:
    path = folder / "dui.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(path)


def problems(folder: Path, text: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(ManifestError) as refused:
        read(folder, text)
    assert refused.value.file == "dui.toml"
    return refused.value.problems


def test_everything_it_may_hold(tmp_path: Path) -> None:
    manifest = read(tmp_path, WHOLE)
    assert (manifest.editor, manifest.nie, manifest.product, manifest.version, manifest.nil) == (
        "Éditeur", "E-1", "DUI", "4.2", "CLV-1",
    )  # fmt: skip
    assert (manifest.wave, manifest.referenced, manifest.referencing_number) == (2, True, "R-1")
    assert manifest.domains == ("PA", "PJM")
    assert manifest.options == {"hosted": False, "mailbox_operator": "mailiz"}
    assert manifest.paths == ("exports", "more/mails")
    assert manifest.folder == tmp_path
    (attestation,) = manifest.attestations
    assert (attestation.date, attestation.expires) == (datetime.date(2026, 1, 15), datetime.date(2028, 1, 15))
    assert attestation.attests == ("SC.DMP.04.MS1",)
    (waiver,) = manifest.waivers
    assert (waiver.rule, waiver.subject, waiver.fingerprint) == ("CDA-1", "exports/*", "0123456789abcdef")
    assert waiver.expires == datetime.date(2026, 6, 30)
    assert manifest.project is not None
    assert (manifest.project.scheme, manifest.project.essms, manifest.project.already_equipped) == (
        "cnsa-national-2022", 80, True,
    )  # fmt: skip
    assert manifest.project.amounts == {"upgrade": 1500.5}


def test_settings_are_what_rules_may_ask_for(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE).settings() == {
        "nil": "CLV-1",
        "product": "DUI",
        "version": "4.2",
        "environment": "production",
        "gdpr_notice": "Vos données…",
        "structures": ("1750000018",),
        "mail_domains": ("ok.example",),
    }


def test_what_is_not_declared_is_no_setting(tmp_path: Path) -> None:
    assert read(tmp_path, "").settings() == {"mail_domains": ()}
    assert read(tmp_path, '[product]\nnil = ""\n').settings() == {"mail_domains": ()}


def test_an_empty_manifest_is_one(tmp_path: Path) -> None:
    manifest = read(tmp_path, "")
    assert (manifest.wave, manifest.referenced, manifest.options, manifest.project) == (1, False, {}, None)


def test_a_byte_order_mark_is_forgiven(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf[product]\nname = 'DUI'\n").product == "DUI"


@pytest.mark.parametrize(
    "content", ['[editor]\nname = "Éditeur"\n'.encode("latin-1"), '[editor]\nname="x"'.encode("utf-16")]
)
def test_another_encoding_is_told(tmp_path: Path, content: bytes) -> None:
    assert problems(tmp_path, content) == [("n'est pas en UTF-8", "is not UTF-8")]


def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    ((french, english),) = problems(tmp_path, "[editor]\nname = \n")
    assert french.startswith("TOML invalide")
    assert "line 2" in english


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as refused:
        load(tmp_path / "nowhere.toml")
    assert "illisible" in refused.value.problems[0][0]
    with pytest.raises(ManifestError):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "wrong", "near"),
    [
        ("[exprots]\n", "exprots", "exports"),
        ('[editor]\nnom = "x"\n', "nom", "name"),
        ("[product]\nversoin = '1'\n", "versoin", "version"),
        ("[options]\nidentity_mastr = true\n", "identity_mastr", "identity_master"),
        ("[referencing]\nrefenced = true\n", "refenced", "referenced"),
        ("[exports]\npath = ['x']\n", "path", "paths"),
        ("[[waivers]]\nrules='a'\nrule='a'\nreason='b'\nowner='c'\nexpires=2026-01-01\n", "rules", "rule"),
        ("[[attestation]]\nfile='a'\n", "attestation", "attestations"),
        ("[funding]\nscheme='x'\nessms=1\nesms=2\n", "esms", "essms"),
    ],
)
def test_a_misspelt_key_gets_the_nearest_one(tmp_path: Path, text: str, wrong: str, near: str) -> None:
    ((french, english),) = problems(tmp_path, text)
    assert f"« {wrong} »" in french
    assert f"« {near} »" in french
    assert f"`{wrong}`" in english
    assert f"`{near}`" in english


def test_an_unknown_key_near_nothing(tmp_path: Path) -> None:
    ((french, _english),) = problems(tmp_path, "zzzzzz = 1\n")
    assert french == "« zzzzzz » est inconnu dans dui.toml"


@pytest.mark.parametrize(
    ("text", "place", "shown"),
    [
        ("[referencing]\nwave = 3\n", "referencing.wave", "1, 2"),
        ("[scope]\ndomains = ['PA', 'XX']\n", "scope.domains.1", "PA, PH, DOM, PDE, PDS, AHI, PJM"),
        ("[options]\nmailbox_operator = 'me'\n", "options.mailbox_operator", "mailiz, other"),
        ("[exports]\nenvironment = 'prod'\n", "exports.environment", "test, production"),
    ],
)
def test_a_refused_value_shows_those_admitted(tmp_path: Path, text: str, place: str, shown: str) -> None:
    ((french, english),) = problems(tmp_path, text)
    assert french.startswith(place)
    assert french.endswith(shown)
    assert english.startswith(place)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[options]\nhosted = 'oui'\n", "options.hosted"),
        ("[options]\nhosted = 1\n", "options.hosted"),
        ("[scope]\ndomains = 'PA'\n", "scope.domains"),
        ("[scope]\ndomains = ['PA', 'PA']\n", "scope.domains"),
        ("[editor]\nname = ''\n", "editor.name"),
        ("editor = 'x'\n", "editor"),
        ("[referencing]\ndate = 'hier'\n", "referencing.date"),
        ("[referencing]\ndate = 2026-01-31T10:00:00\n", "referencing.date"),
        ("[attestations]\nfile = 'a'\n", "attestations"),
        ("[funding]\nscheme='x'\nessms=0\n", "funding.essms"),
        ("[funding]\nscheme='x'\nessms=-5\n", "funding.essms"),
        ("[funding]\nscheme='x'\nessms='80'\n", "funding.essms"),
        ("[funding]\nscheme='x'\nessms=80.5\n", "funding.essms"),
        ("[funding]\nscheme='x'\nessms=80\namounts={a=-1}\n", "funding.amounts.a"),
        ("[funding]\nscheme='x'\nessms=80\namounts={a=nan}\n", "funding.amounts.a"),
        ("[funding]\nscheme='x'\nessms=80\namounts={a=inf}\n", "funding.amounts.a"),
        (
            "[[waivers]]\nrule='a'\nreason='b'\nowner='c'\nexpires=2026-01-01\nfingerprint='XYZ'\n",
            "waivers.0.fingerprint",
        ),
    ],
)
def test_a_value_of_another_form_is_refused_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    ((french, english),) = problems(tmp_path, text)
    assert french.startswith(f"{place} : ")
    assert english.startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("[[waivers]]\nrule='a'\n", "expires, owner, reason dans waivers.0"),
        ("[[attestations]]\nfile='a'\n", "attests, date dans attestations.0"),
        ("[funding]\nessms=1\n", "scheme dans funding"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, text: str, missing: str) -> None:
    assert f"il manque {missing}" in [french for french, _ in problems(tmp_path, text)]


@pytest.mark.parametrize("date", ["2026-02-30", "2026-13-01", "2026-00-10"])
def test_a_day_that_does_not_exist(tmp_path: Path, date: str) -> None:
    text = f"[[waivers]]\nrule='a'\nreason='b'\nowner='c'\nexpires='{date}'\n"
    ((french, english),) = problems(tmp_path, text)
    assert date in french
    assert "n'est pas une date" in french
    assert "waivers.0.expires" in english


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = "[exprots]\n[options]\nhosted='x'\n[referencing]\nwave=9\n"
    assert len(problems(tmp_path, text)) == 3


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    manifest = read(tmp_path, "[referencing]\nwave = 1.0\n[funding]\nscheme='x'\nessms=80.0\n")
    assert str(manifest.wave) == "1"
    assert manifest.project is not None
    assert str(manifest.project.essms) == "80"


def test_the_options_of_the_schema_are_those_of_the_requirements() -> None:
    import json

    from dui_conformance.readiness import requirements

    schema = json.loads((profiles_root() / "schemas" / "manifest.schema.json").read_bytes())
    assert set(schema["properties"]["options"]["properties"]) == set(OPTIONS)
    asked = {name for row in requirements.load().requirements.values() for name in row.applies}
    assert asked <= {"domains", *OPTIONS}


@pytest.mark.parametrize("path", [READY / "dui.toml", FAILING / "dui.toml"], ids=["ready", "failing"])
def test_the_manifests_of_the_fixtures_are_read(path: Path) -> None:
    manifest = load(path)
    assert manifest.product
    assert manifest.project is not None


class TestEndpoints:
    def test_what_is_declared_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "dui.toml"
        path.write_text(
            '[[endpoints]]\nkind = "fhir"\nurl = "https://localhost/fhir"\nhosts = ["crl.example"]\n'
            'token_env = "JETON"\nclaims = ["transaction"]\n',
            encoding="utf-8",
        )
        (endpoint,) = load(path).endpoints
        assert (endpoint.kind, endpoint.url, endpoint.authorised) == ("fhir", "https://localhost/fhir", False)
        assert (endpoint.hosts, endpoint.claims, endpoint.token_env) == (("crl.example",), ("transaction",), "JETON")
        assert endpoint.name == "fhir https://localhost/fhir", "named after its address unless it has a name"

    @pytest.mark.parametrize(
        "lines",
        [
            'kind = "fhir"',
            'url = "https://localhost"',
            'kind = "fhir"\nurl = "ldap://localhost"',
            'kind = "fhir"\nurl = "https://localhost"\ntoken = "secret"',
            'kind = "fhir"\nurl = "https://localhost"\ntoken_env = "un jeton"',
            'kind = "fhir"\nurl = "https://localhost"\nauthorised = "oui"',
        ],
    )
    def test_what_is_not_an_endpoint(self, tmp_path: Path, lines: str) -> None:
        path = tmp_path / "dui.toml"
        path.write_text(f"[[endpoints]]\n{lines}\n", encoding="utf-8")
        with pytest.raises(ManifestError):
            load(path)
