"""`dui-conformance simulate`: a command is run against the services, what it did is recorded and judged."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fixtures.dui_client.play import play
from syrupy.assertion import SnapshotAssertion

from dui_conformance.simulators.scenario import built_in
from tests.cli.conftest import Cli, Done
from tests.places import READY, ROOT

MANIFEST = ("-m", READY / "dui.toml", "--date", "2026-05-04")
CLIENT = (sys.executable, "-m", "fixtures.dui_client")


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'src'}{os.pathsep}{ROOT}")


def found(done: Done) -> list[tuple[str, Any]]:
    """The findings of a run: rule, outcome and messages."""
    return [(f["rule"], f["outcome"], f["message"]["fr"]) for f in json.loads(done.out)["findings"]]  # type: ignore[misc]


@pytest.mark.usefixtures("at_root")
class TestCommand:
    def test_a_good_client_gives_0_and_a_session_that_gives_the_same_again(self, cli: Cli, tmp_path: Path) -> None:
        record = tmp_path / "session"
        arguments = ("--scenario", "psc-connexion", "--record", record, *MANIFEST, "-f", "json")
        done = cli("simulate", *arguments, "--", *CLIENT, "psc-connexion")
        assert (done.code, found(done)) == (0, [])
        told = re.search(r"export DUI_PSC_CLIENT_SECRET=(\S+)", done.err)
        assert told is not None
        assert told[1] not in done.out
        assert {path.name for path in record.iterdir()} == {"session.json", "exchanges"}
        assert len(list(record.glob("exchanges/*/masked.txt"))) == len(list(record.glob("exchanges/*")))
        run = json.loads(done.out)
        (row,) = (row for row in run["requirements"] if row["id"] == "SC.PSC.08")
        (proof,) = (proof for proof in row["proofs"] if proof["id"] == "psc_authorization")
        assert proof["subjects"] == ["session/exchanges/0002-psc-authorize"], "run.json names the exchange"
        again = json.loads(cli("check", record, *MANIFEST, "-f", "json").out)
        for part in ("findings", "requirements", "rules"):
            assert again[part] == run[part]

    def test_findings_give_1_and_the_same_again(self, cli: Cli, tmp_path: Path) -> None:
        record = tmp_path / "session"
        arguments = ("--scenario", "psc-connexion", "--record", record, *MANIFEST, "-f", "json")
        done = cli("simulate", *arguments, "--", *CLIENT, "psc-connexion", "without_acr")
        assert done.code == 1
        assert [rule for rule, *_ in found(done)] == ["PSC-004"]
        again = cli("check", record, *MANIFEST, "-f", "json")
        assert (again.code, found(again)) == (1, found(done))

    @pytest.mark.parametrize("lang", ["fr", "en"])
    def test_a_command_that_fails_gives_1_and_is_said(self, lang: str, cli: Cli) -> None:
        code = "import os, sys, urllib.request; urllib.request.urlopen(os.environ['DUI_SCENARIO_URL']); sys.exit(3)"
        done = cli("simulate", "-s", "psc", "--lang", lang, *MANIFEST, "-f", "json", "--", sys.executable, "-c", code)
        assert done.code == 1
        assert ("La commande a échoué (code 3)" if lang == "fr" else "The command failed (code 3)") in done.err

    def test_a_command_that_does_not_exist(self, cli: Cli) -> None:
        done = cli("simulate", "-s", "psc", *MANIFEST, "-f", "json", "--", "/nowhere/dui-qui-n-existe-pas")
        assert done.code == 1
        assert "/nowhere/dui-qui-n-existe-pas : No such file" in done.err

    def test_its_output_is_not_the_report(self, cli: Cli) -> None:
        done = cli("simulate", "-s", "psc", *MANIFEST, "-f", "json", "--", sys.executable, "-c", "print('bonjour')")
        assert "bonjour" not in done.out
        assert done.code == 3, "without an exchange there is nothing to say yes to"
        assert "Aucun échange n'a eu lieu." in done.err
        json.loads(done.out)

    def test_strict_refuses_and_a_fault_is_served(self, cli: Cli, tmp_path: Path) -> None:
        record = tmp_path / "session"
        code = (
            "import os, ssl, urllib.request as u, urllib.error as e\n"
            "c = ssl.create_default_context(cafile=os.environ['DUI_CA_FILE'])\n"
            "try: u.urlopen(os.environ['DUI_PSC_DISCOVERY_URL'], context=c)\n"
            "except e.HTTPError as error: assert error.code == 503, error"
        )
        arguments = ("-s", "psc", "--mode", "strict", "--fault", "psc:discovery=unavailable", "--record", record)
        done = cli("simulate", *arguments, *MANIFEST, "-f", "json", "--", sys.executable, "-c", code)
        assert "échoué" not in done.err
        (exchange,) = (json.loads(path.read_text("utf-8")) for path in record.rglob("exchange.json"))
        assert exchange["fault"] == "unavailable"
        assert json.loads((record / "session.json").read_text("utf-8"))["mode"] == "strict"

    def test_stopped_by_a_signal_it_judges_and_leaves_nothing(self, tmp_path: Path) -> None:
        """A session of a person: started without a command, ended by SIGTERM as by Ctrl-C."""
        environment = {**os.environ, "TMPDIR": str(tmp_path), "NO_COLOR": "1"}
        command = [sys.executable, "-c", "from dui_conformance.cli import main; main()", "simulate", "-s", "psc"]
        running = subprocess.Popen(
            [*command, "-f", "json"], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert running.stderr is not None
        lines = []
        for line in running.stderr:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail("".join(lines))
        (address,) = re.findall(r"DUI_PSC_ISSUER=https://localhost:(\d+)", "".join(lines))
        socket.create_connection(("127.0.0.1", int(address)), 5).close()
        running.send_signal(signal.SIGTERM)
        out, _ = running.communicate(timeout=60)
        assert running.returncode == 3, "nobody called"
        assert json.loads(out)["findings"] == []
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(OSError, match=r"."):
            socket.create_connection(("127.0.0.1", int(address)), 1)


class TestGuide:
    @pytest.mark.parametrize("lang", ["fr", "en"])
    @pytest.mark.parametrize("name", ["psc-connexion", "psc-reponses-falsifiees"])
    def test_a_scenario_for_a_person(self, name: str, lang: str, cli: Cli, snapshot: SnapshotAssertion) -> None:
        done = cli("simulate", "--scenario", name, "--guide", "--lang", lang)
        assert done.code == 0
        assert done.out == snapshot

    @pytest.mark.parametrize("name", sorted(built_in()))
    def test_every_scenario_has_one(self, name: str, cli: Cli) -> None:
        done = cli("simulate", "--scenario", name, "--guide")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("# ")
        assert "## Étape 1 sur " in done.out
        assert name in cli("simulate", "--list").out

    def test_it_wants_a_scenario(self, cli: Cli) -> None:
        done = cli("simulate", "--guide")
        assert done.code == 2
        assert "psc-connexion" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--scenario", "psc-conexion"), "psc-connexion"),
        (("-s", "pcs"), "psc"),
        (("--fault", "psc:token"), "SERVICE:OPÉRATION=PANNE"),
        (("--fault", "psc:token=slow", "--scenario", "psc-connexion"), "--fault ne va pas avec --scenario"),
        (("--record", "."), "n'est pas un dossier vide"),
        (("--client-ca", "absente.pem"), "absente.pem"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], told: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plein").touch()
    done = cli("simulate", *arguments, "--", "true")
    assert done.code == 2
    assert told in done.err.replace("\xa0", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["plein"]


def test_a_scenario_file_that_is_wrong(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "essai.yaml").write_text("scenario: essai\nsteps: []\n", encoding="utf-8")
    done = cli("simulate", "--scenario", tmp_path / "essai.yaml", "--", "true")
    assert done.code == 2
    assert "essai.yaml" in done.err
    assert "  - " in done.err


@pytest.mark.parametrize("scenario", ["psc-refus", "psc-certificats"])
def test_a_recorded_session_gives_the_verdict_of_the_live_one(scenario: str, cli: Cli, tmp_path: Path) -> None:
    """Judged where it was recorded, then as copied elsewhere by a reviewer, files out of order."""
    import shutil

    play(scenario, tmp_path / "a", "fixed_state" if scenario == "psc-refus" else "trusts_anybody")
    first = found(cli("check", tmp_path / "a", *MANIFEST, "-f", "json"))
    assert first
    shutil.copytree(tmp_path / "a", tmp_path / "elsewhere" / "a")
    assert found(cli("check", tmp_path / "elsewhere" / "a", *MANIFEST, "-f", "json", "--workers", "2")) == first


def test_checking_documents_loads_nothing_of_the_services() -> None:
    """A cold `check` stays fast: no cryptography, no server, no client."""
    code = (
        "import sys\n"
        "from dui_conformance.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "names = 'cryptography h11 joserfc aiosmtpd requests signxml asyncio dui_conformance.simulators'.split()\n"
        "print('loaded:', *(name for name in names if name in sys.modules))"
    )
    document = READY / "exports" / "documents" / "dlu.xml"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", str(document), "--workers", "1"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "loaded:"
