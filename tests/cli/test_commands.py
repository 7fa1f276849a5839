"""Every other command, and what the process does with pipes and interruptions."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dui_conformance import __version__, reports
from dui_conformance.readiness import requirements
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from tests.cli.conftest import Cli
from tests.places import FAILING, READY, ROOT

DATE = ("--date", "2026-11-21")
COMMAND = [sys.executable, "-c", "from dui_conformance.cli import main; main()"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    # (PYTHONUNBUFFERED, which some machines set, makes Python itself forget that a pipe was closed in mid-write)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **more}


class TestReport:
    @pytest.fixture
    def run_json(self, cli: Cli, desk: Path) -> Path:
        cli("check", FAILING / "exports" / "mails", *DATE, "-m", FAILING / "dui.toml", "-o", "run.json")
        return desk / "run.json"

    @pytest.mark.parametrize("form", sorted(reports.FORMATS))
    def test_it_renders_what_check_would_have(self, cli: Cli, run_json: Path, form: str) -> None:
        direct = cli("check", FAILING / "exports" / "mails", *DATE, "-m", FAILING / "dui.toml", "-f", form)
        again = cli("report", run_json, "-f", form)
        assert again.code == 0
        assert again.out == direct.out

    def test_pairs_and_languages(self, cli: Cli, run_json: Path, desk: Path) -> None:
        done = cli("report", run_json, "-f", "html", "-o", "a.html", "-o", "b.md", "--lang", "en")
        assert (done.code, done.out) == (0, "")
        assert 'lang="en"' in (desk / "a.html").read_text(encoding="utf-8")
        assert (desk / "b.md").exists()

    @pytest.mark.parametrize(
        ("content", "said"),
        [("", "run.json"), ("{}", "run.json"), ("[1, 2", "run.json"), ('{"format": "x"}', "run.json")],
    )
    def test_a_broken_file(self, cli: Cli, desk: Path, content: str, said: str) -> None:
        (desk / "run.json").write_text(content)
        for lang, word in (("fr", "n'est pas un run.json lisible"), ("en", "not a readable run.json")):
            done = cli("report", "run.json", "--lang", lang)
            assert done.code == 2
            assert said in done.err
            assert word in done.err
            assert done.out == ""

    def test_a_file_that_is_not_there_gets_the_nearest(self, cli: Cli, run_json: Path) -> None:
        done = cli("report", "runn.json")
        assert done.code == 2
        assert "run.json" in done.err.replace("runn.json", "")

    def test_a_folder(self, cli: Cli, desk: Path) -> None:
        (desk / "folder").mkdir()
        assert cli("report", "folder").code == 2


class TestInit:
    @pytest.mark.parametrize("lang", ["fr", "en"])
    def test_init_then_check(self, cli: Cli, desk: Path, lang: str) -> None:
        done = cli("init", "--lang", lang)
        assert (done.code, done.out) == (0, "")
        assert "dui.toml" in done.err
        assert load(desk / "dui.toml").paths == ("exports",)
        (desk / "exports").mkdir()
        shutil.copy(READY / "exports" / "documents" / "dlu.xml", desk / "exports")
        done = cli("check", *DATE, "-f", "json", "--lang", lang)
        assert json.loads(done.out)["product"]["declared"] is True
        assert done.code == 0, done.err

    def test_what_exists_is_kept(self, cli: Cli, desk: Path) -> None:
        (desk / "dui.toml").write_text("mine")
        done = cli("init")
        assert done.code == 2
        assert "--force" in done.err
        assert (desk / "dui.toml").read_text() == "mine"
        assert cli("init", "--force").code == 0
        assert (desk / "dui.toml").read_text() != "mine"

    def test_in_another_folder(self, cli: Cli, desk: Path) -> None:
        (desk / "there").mkdir()
        assert cli("init", "there").code == 0
        assert (desk / "there" / "dui.toml").exists()
        assert cli("init", "nowhere").code == 2


class TestPlan:
    def test_what_would_run_and_what_would_not(self, cli: Cli, desk: Path) -> None:
        done = cli("plan", READY / "exports" / "mails", "-m", READY / "dui.toml")
        assert done.code == 0
        assert re.search(r"\d+ mail +\d+ règles", done.out)
        assert "SC.DOC.03.MS1" in done.out
        loaded = catalogue.load()
        asked = sum("verapdf" in getattr(r.check, "settings", {}).values() for r in loaded.written.values())
        assert re.search(rf"\b{len(loaded.rules) - asked} en tout", done.out), "all, bar those of an option"

    def test_without_a_manifest_some_rules_cannot(self, cli: Cli, desk: Path) -> None:
        done = cli("plan")
        assert "n'est pas déclaré dans dui.toml" in done.out
        assert "supposée" in done.out
        english = cli("plan", "--lang", "en")
        assert "is not declared in dui.toml" in english.out

    def test_a_preset(self, cli: Cli, desk: Path) -> None:
        done = cli("plan", "-p", "documents")
        assert "mail.message" not in done.out.split("ne le seraient pas")[0]

    def test_nothing_is_judged(self, cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from dui_conformance.engine import judge

        monkeypatch.setattr(judge, "evaluate", lambda *_: pytest.fail("judged"))
        assert cli("plan", FAILING / "exports").code == 0


class TestRules:
    def test_all(self, cli: Cli) -> None:
        done = cli("rules")
        assert done.code == 0
        listed = re.findall(r"^  ([A-Z][A-Z0-9-]+) ", done.out, re.MULTILINE)
        assert listed == list(catalogue.load().rules)

    def test_search_in_either_language_and_by_requirement(self, cli: Cli) -> None:
        for words in (("matricule", "clé"), ("CLÉ", "matricule"), ("SC.DOC.03.MS1",), ("INPUT-001",)):
            done = cli("rules", *words)
            assert done.code == 0, words
            count = len(re.findall(r"^  [A-Z][A-Z0-9-]+ ", done.out, re.MULTILINE))
            assert 0 < count < len(catalogue.load().rules), words

    def test_level_and_family(self, cli: Cli) -> None:
        done = cli("rules", "--level", "warning", "--family", "cda.ins")
        levels = set(re.findall(r"^  [A-Z][A-Z0-9-]+ +(\w+)", done.out, re.MULTILINE))
        assert levels == {"warning"}

    def test_nothing_found(self, cli: Cli) -> None:
        done = cli("rules", "xyzzy")
        assert done.code == 1
        assert "0 règle" in done.out


class TestPages:
    @pytest.mark.parametrize("lang", ["fr", "en"])
    def test_a_rule_has_its_page(self, lang: str) -> None:
        from dui_conformance.cli.rules import page
        from dui_conformance.cli.saying import Saying

        say = Saying("en" if lang == "en" else "fr")
        rules = list(catalogue.load().rules.values())
        for rule in rules[:: len(rules) // 3]:
            told = page(rule, say)
            assert told.startswith(f"# {rule.id}")
            for part in (say.text(rule.title), say.text(rule.remedy), rule.source["spec"], *rule.proves):
                assert part in told
            assert rule.source.get("clause", "") in told

    def test_rule_in_any_case(self, cli: Cli) -> None:
        assert cli("rule", "input-001").out == cli("rule", "INPUT-001").out
        assert "Le fichier n'est pas vide" in cli("rule", "INPUT-001").out

    @pytest.mark.parametrize("lang", ["fr", "en"])
    def test_a_requirement_has_its_page(self, lang: str) -> None:
        from dui_conformance.cli.requirement import page
        from dui_conformance.cli.saying import Saying

        tables = requirements.load()
        say = Saying("en" if lang == "en" else "fr")
        for row in list(tables.requirements.values())[::12]:
            told = page(row, tables, say)
            assert row.id in told
            assert say.text(row.statement) in told

    def test_requirement_by_alias(self, cli: Cli) -> None:
        done = cli("requirement", "dui.doc.03")
        assert done.code == 0
        assert "# SC.DOC.03.MS1" in done.out
        assert "INS-" in done.out, "the rules that prove it are listed"


class TestDemo:
    def test_it_judges_both_editors(self, cli: Cli, desk: Path) -> None:
        done = cli("demo", "-o", "out")
        assert done.code == 0
        assert sorted(p.name for p in (desk / "out").iterdir()) == ["failing.html", "ready.html"]
        assert "Prêt pour le dépôt" in done.out
        assert "Pas encore prêt" in done.out
        assert str(desk / "out" / "ready.html") in done.out

    def test_where_it_cannot_write(self, cli: Cli, desk: Path) -> None:
        (desk / "out").write_text("x")
        done = cli("demo", "-o", "out")
        assert done.code == 2
        assert "out" in done.err


class TestHelp:
    def test_version(self, cli: Cli) -> None:
        done = cli("--version")
        assert (done.code, __version__ in done.out) == (0, True)

    @pytest.mark.parametrize("command", ["check", "plan", "rules", "rule", "requirement", "init", "demo", "report"])
    def test_help_in_both_languages(self, cli: Cli, command: str) -> None:
        french, english = cli(command, "--help"), cli(command, "--help", "--lang", "en")
        assert french.code == english.code == 0
        assert french.out != english.out
        spoken = re.sub(r"--[\w-]+", " ", french.out)
        assert not re.search(r"\b(the|with|file of|show this|usage:|default)\b", spoken, re.IGNORECASE), french.out
        assert not re.search(r"\b(les|des|dans|fichier|dossier)\b", english.out, re.IGNORECASE), english.out

    def test_no_command_shows_help_and_is_a_mistake(self, cli: Cli) -> None:
        done = cli()
        assert done.code == 2
        assert done.out == ""
        for command in ("check", "plan", "rules", "rule", "requirement", "init", "demo", "report"):
            assert command in done.err


class TestProcess:
    def test_a_closed_pipe_is_not_a_defect(self, tmp_path: Path) -> None:
        """`dui-conformance rules | head -1`."""
        command = f"{sys.executable} -c 'from dui_conformance.cli import main; main()' rules"
        shell = f"{command} | head -c 20; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", shell], env=environment(), capture_output=True, text=True, check=False)
        assert done.stderr == ""
        assert done.returncode in (0, 141), "1 would mean findings"

    def test_a_closed_pipe_for_a_report(self, tmp_path: Path) -> None:
        shell = (
            f"{sys.executable} -c 'from dui_conformance.cli import main; main()' check {FAILING}/exports -f json"
            " | head -c 20; exit ${PIPESTATUS[0]}"
        )
        done = subprocess.run(["bash", "-c", shell], env=environment(), capture_output=True, text=True, check=False)
        assert done.stderr == ""
        assert done.returncode == 141

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_ctrl_c_stops_at_once_with_one_word(self, tmp_path: Path, workers: str) -> None:
        first = tmp_path / "first.xml"
        shutil.copyfile(READY / "exports" / "documents" / "dlu.xml", first)
        for number in range(6000):
            os.link(first, tmp_path / f"{number}.xml")
        output = tmp_path / "out"
        output.mkdir()
        process = subprocess.Popen(
            [*COMMAND, "check", str(tmp_path), "-w", workers, "-f", "json", "-o", str(output / "run.json")],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        time.sleep(4)
        assert process.poll() is None, "it was over before it could be interrupted"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        out, err = process.communicate(timeout=20)
        assert process.returncode == 130, err
        assert out == ""
        assert "Interrompu." in err
        assert "Traceback" not in err
        assert list(output.iterdir()) == []

    def test_a_terminal_without_utf_8(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [*COMMAND, "rule", "INPUT-001"],
            env=environment(PYTHONIOENCODING="ascii", LC_ALL="C"),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
        assert "n'est pas vide" in done.stdout.decode("utf-8")

    def test_start_up_loads_nothing_heavy(self) -> None:
        heavy = "rich jinja2 jsonschema yaml pikepdf requests fhir pytest lxml.html".split()
        for code in ("import dui_conformance.cli", "import dui_conformance.cli.check, dui_conformance.cli.plan"):
            command = f"{code}; import sys; print(*[n for n in {heavy!r} if n in sys.modules])"
            done = subprocess.run(
                [sys.executable, "-c", command], env=environment(), capture_output=True, text=True, check=True
            )
            assert done.stdout.split() == [], code

    def test_a_document_is_judged_without_what_it_does_not_need(self) -> None:
        """One CDA of level 3, the catalogue kept, to JSON: no YAML, no PDF, no HTML library."""
        code = (
            "import sys\nfrom dui_conformance.cli import main\n"
            "try:\n main(sys.argv[1:])\nexcept SystemExit:\n pass\n"
            "heavy = ('jinja2', 'rich', 'pikepdf', 'requests', 'fhir', 'pytest')\n"
            "print(*[n for n in heavy if n in sys.modules], file=sys.stderr)"
        )
        path = READY / "exports" / "documents" / "fludt.xml"
        done = subprocess.run(
            [sys.executable, "-c", code, "check", str(path), "-f", "json"],
            env=environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr.split() == []
