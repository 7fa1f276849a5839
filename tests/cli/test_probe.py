"""`dui-conformance probe`: declared endpoints, a dry run, a recorded and judged run."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.dui_server.server import serving

from tests.cli.conftest import Cli


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str, str]]:
    """The address of the invented DUI, its authorities, a token and one that has expired."""
    with serving(tmp_path_factory.mktemp("pki")) as (dui, address, trusted):
        yield address, trusted, dui.token(), dui.token(-10)


def manifest(folder: Path, lines: str) -> Path:
    path = folder / "dui.toml"
    path.write_text(f'[product]\nname = "MaisonClaire DUI"\n\n[[endpoints]]\n{lines}\n', encoding="utf-8")
    return path


def declared(served: tuple[str, Path, str, str], folder: Path) -> Path:
    address, trusted, *_ = served
    (folder / "ac.pem").write_bytes(trusted.read_bytes())
    return manifest(
        folder,
        f'name = "facade"\nkind = "fhir"\nurl = "{address}/fhir"\nca = "ac.pem"\ntoken_env = "JETON"\n'
        'expired_token_env = "VIEUX"\nclaims = ["Patient.read"]',
    )


def test_a_good_endpoint_is_probed_and_judged(
    cli: Cli, served: tuple[str, Path, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = declared(served, tmp_path)
    monkeypatch.setenv("JETON", served[2])
    monkeypatch.setenv("VIEUX", served[3])
    record = tmp_path / "sonde"
    done = cli("probe", "-m", path, "--record", record, "--format", "json", "--date", "2026-05-04")
    run = json.loads(done.out)
    assert (done.code, run["findings"]) == (0, [])
    operations = {subject["id"].rpartition("/")[2] for subject in run["subjects"] if subject["kind"] == "exchange"}
    assert any(name.endswith("probe-capability") for name in operations)
    assert (record / "session.json").is_file()
    assert list(record.rglob("masked.txt"))
    assert served[2] not in done.err
    again = cli("check", record, "-m", path, "--format", "json", "--date", "2026-05-04")
    assert json.loads(again.out)["findings"] == [], "a recorded session gives the same verdict"


def test_a_dry_run_sends_nothing(cli: Cli, tmp_path: Path) -> None:
    path = manifest(tmp_path, 'name = "import"\nkind = "tddui-consumer"\nurl = "http://localhost:9/fhir"')
    for lang, word in (("fr", "lot conforme"), ("en", "conformant bundle")):
        done = cli("probe", "-m", path, "--dry-run", "--lang", lang)
        assert done.code == 0
        assert word in done.out
        assert "POST http://localhost:9/fhir  bundle-good" in done.out
        assert "token_env" in done.out, "what is not tried is said"


def test_findings_give_the_code(cli: Cli, tmp_path: Path) -> None:
    path = manifest(tmp_path, 'name = "eteint"\nkind = "web"\nurl = "http://localhost:9/"')
    done = cli("probe", "-m", path, "--format", "json")
    run = json.loads(done.out)
    assert done.code == 1
    assert {finding["rule"] for finding in run["findings"]} == {"PRB-NET-001"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('kind = "web"\nurl = "https://dui.example/"', "authorised = true"),
        ('kind = "web"\nurl = "https://localhost/?a=b"', "sans identifiants ni paramètres"),
        ('kind = "ldap"\nurl = "https://localhost/"', "les valeurs admises sont"),
        ('kind = "web"\nurl = "https://localhost/"\ntoken = "secret"', "« token » est inconnu"),
        ('kind = "web"\nurl = "https://localhost/"\nca = "absente.pem"', "absente.pem"),
    ],
)
def test_what_will_not_be_probed(cli: Cli, tmp_path: Path, lines: str, told: str) -> None:
    done = cli("probe", "-m", manifest(tmp_path, lines))
    assert done.code == 2
    assert told in done.err
    assert done.out == ""


def test_a_name_that_is_none(cli: Cli, tmp_path: Path) -> None:
    path = manifest(tmp_path, 'name = "import"\nkind = "web"\nurl = "https://localhost/"')
    assert "import" in cli("probe", "-m", path, "-e", "imprt").err
    (tmp_path / "vide.toml").write_text("", encoding="utf-8")
    assert "[[endpoints]]" in cli("probe", "-m", tmp_path / "vide.toml").err
