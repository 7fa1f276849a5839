"""`check`: exit codes, outputs, and an answer to every mistake."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from dui_conformance import runjson
from dui_conformance.cli import check as command
from dui_conformance.engine import judge
from dui_conformance.readiness.manifest import load
from tests.cli.conftest import Cli
from tests.places import FAILING, READY

DATE = ("--date", "2026-11-21")
ONE = READY / "exports" / "documents" / "projet-personnalise.xml"
WRONG = FAILING / "exports" / "documents" / "ins-cle-fausse.xml"
EMPTY_MANIFEST = "[product]\nname = 'DUI'\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with nothing above it that could be taken for a manifest."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


class TestExitCodes:
    def test_0_nothing_to_say(self, cli: Cli, desk: Path) -> None:
        done = cli("check", READY / "exports", *DATE, "-f", "json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["findings"] == []

    def test_1_findings(self, cli: Cli, desk: Path) -> None:
        assert cli("check", WRONG, *DATE, "-f", "json").code == 1

    @pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
    def test_from_which_level(self, cli: Cli, desk: Path, level: str, code: int) -> None:
        run = json.loads(cli("check", FAILING / "exports", *DATE, "-f", "json", "--fail-on", "never").out)
        levels: dict[str, set[str]] = {}
        for finding in run["findings"]:
            levels.setdefault(finding["subject"], set()).add(finding["level"])
        only_warnings = next(s for s, found in levels.items() if found == {"warning"} and "!/" not in s)
        path = FAILING / "exports" / Path(only_warnings).relative_to("exports")
        assert cli("check", path, *DATE, "-f", "json", "--fail-on", level).code == code

    def test_never_fails_on_errors_neither(self, cli: Cli, desk: Path) -> None:
        assert cli("check", WRONG, *DATE, "-f", "json", "--fail-on", "never").code == 0

    def test_a_waived_error_does_not_count(self, cli: Cli, desk: Path) -> None:
        shutil.copy(WRONG, desk / "a.xml")
        rules = {f["rule"] for f in json.loads(cli("check", "a.xml", *DATE, "-f", "json").out)["findings"]}
        waivers = "".join(f"[[waivers]]\nrule='{r}'\nreason='x'\nowner='y'\nexpires=2027-01-01\n" for r in rules)
        (desk / "dui.toml").write_text(waivers)
        assert cli("check", "a.xml", *DATE, "-f", "json").code == 0
        assert cli("check", "a.xml", "--date", "2027-01-02", "-f", "json").code == 1, "expired"

    def test_3_nothing_to_judge(self, cli: Cli, desk: Path) -> None:
        (desk / "exports").mkdir()
        assert cli("check", "exports", *DATE, "-f", "json").code == 3
        (desk / "exports" / "p.txt").write_text("a text that no rule judges")
        assert cli("check", "exports", *DATE, "-f", "json").code == 3

    def test_3_a_rule_that_could_not_be_evaluated(self, cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from dui_conformance.checks import ins

        def broken(*_a: Any, **_k: Any) -> None:
            raise ZeroDivisionError("ZAXOVRETTE")

        monkeypatch.setattr(ins, _ins_predicate(), broken)
        judge.plan_of.cache_clear()
        try:
            done = cli("check", ONE, *DATE, "-f", "json", "--manifest", READY / "dui.toml")
        finally:
            judge.plan_of.cache_clear()
        assert done.code == 3
        run = json.loads(done.out)
        assert {f["outcome"] for f in run["findings"]} == {"error"}
        assert "ZeroDivisionError" in run["findings"][0]["message"]["fr"]
        assert "ZAXOVRETTE" not in done.out + done.err
        assert sum(r["outcomes"].get("passed", 0) for r in run["rules"]) > 50, "the run went on"

    def test_4_internal_error(self, cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command, "execute", lambda *_a, **_k: 1 / 0)
        done = cli("check", ONE)
        assert done.code == 4
        assert done.out == ""
        assert "ZeroDivisionError" in done.err
        assert "Traceback" not in done.err
        assert "defect of the tool" in cli("check", ONE, "--lang", "en").err

    def test_4_with_its_trace_if_asked(self, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from dui_conformance.cli import main

        monkeypatch.setenv("DUI_CONFORMANCE_DEBUG", "1")
        monkeypatch.setattr(command, "execute", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            main(["check", str(ONE)])


def _ins_predicate() -> str:
    """A predicate of `checks.ins` that a rule on every document with an INS calls."""
    from dui_conformance.rules import catalogue
    from dui_conformance.rules.model import Predicate

    for rule in catalogue.load().rules.values():
        if isinstance(rule.check, Predicate) and rule.check.name.startswith("ins.") and rule.subject == "cda":
            return rule.check.name.removeprefix("ins.")
    raise AssertionError("no rule calls checks.ins")


class TestOutputs:
    def written(self, folder: Path) -> dict[str, str]:
        """File → the format it is in."""
        return {path.name: _format(path.read_text(encoding="utf-8")) for path in folder.iterdir() if path.is_file()}

    @pytest.mark.parametrize(
        ("arguments", "stdout", "files"),
        [
            ((), "console", {}),
            (("-f", "json"), "json", {}),
            (("--format=junit",), "junit", {}),
            (("-fmarkdown",), "markdown", {}),
            (("-o", "a.json"), "", {"a.json": "json"}),
            (("-o", "a.html"), "", {"a.html": "html"}),
            (("-o", "a.xml"), "", {"a.xml": "junit"}),
            (("-o", "a.sarif"), "", {"a.sarif": "sarif"}),
            (("-o", "a.md"), "", {"a.md": "markdown"}),
            (("-oa.json",), "", {"a.json": "json"}),
            (("--output=a.json",), "", {"a.json": "json"}),
            (("-f", "json", "-o", "a.txt"), "", {"a.txt": "json"}),
            (("-f", "json", "-o", "report"), "", {"report": "json"}),
            (("-o", "report", "-f", "json"), "", {"report": "json"}),
            (("-o", "a.json", "-f", "json"), "", {"a.json": "json"}),
            (("-f", "json", "-o", "a", "-f", "html", "-o", "b"), "", {"a": "json", "b": "html"}),
            (("-o", "a", "-f", "json", "-o", "b", "-f", "html"), "", {"a": "json", "b": "html"}),
            (("-f", "json", "-o", "a", "-f", "html"), "html", {"a": "json"}),
            (("-f", "html", "-f", "json", "-o", "a"), "html", {"a": "json"}),
            (("-o", "a.html", "-f", "json"), "json", {"a.html": "html"}),
            (("-o", "a.html", "-o", "b.json"), "", {"a.html": "html", "b.json": "json"}),
            (("-f", "json", "-o", "a", "-o", "b.md"), "", {"a": "json", "b.md": "markdown"}),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_pairs(self, cli: Cli, desk: Path, arguments: tuple[str, ...], stdout: str, files: dict[str, str]) -> None:
        done = cli("check", WRONG, *DATE, *arguments)
        assert done.code == 1, done.err
        assert self.written(desk) == files
        assert (_format(done.out) if done.out else "") == stdout

    def test_options_may_stand_before_and_after_paths(self, cli: Cli, desk: Path) -> None:
        done = cli("check", "-f", "json", WRONG, "-o", "a", *DATE)
        assert (done.code, self.written(desk)) == (1, {"a": "json"})

    def test_two_formats_cannot_share_stdout(self, cli: Cli, desk: Path) -> None:
        for lang, word in (("fr", "sortie standard"), ("en", "standard output")):
            done = cli("check", WRONG, "-f", "json", "-f", "html", "--lang", lang)
            assert done.code == 2
            assert done.out == ""
            assert word in done.err

    def test_an_output_of_no_known_format(self, cli: Cli, desk: Path) -> None:
        for lang, word in (("fr", "format"), ("en", "format")):
            done = cli("check", WRONG, "-o", "report.docx", "--lang", lang)
            assert done.code == 2
            assert "report.docx" in done.err
            assert ".json" in done.err
            assert word in done.err
        assert list(desk.iterdir()) == []

    def test_stdout_holds_the_report_alone(self, cli: Cli, desk: Path) -> None:
        done = cli("check", FAILING / "exports", *DATE, "-f", "json", "-f", "html", "-o", "a.html")
        json.loads(done.out)
        assert "a.html" in done.err
        assert "a.html" not in done.out

    def test_nothing_on_stdout_when_all_goes_to_files(self, cli: Cli, desk: Path) -> None:
        assert cli("check", WRONG, *DATE, "-o", "a.json").out == ""

    def test_the_file_and_stdout_hold_the_same(self, cli: Cli, desk: Path) -> None:
        done = cli("check", WRONG, *DATE, "-f", "json")
        cli("check", WRONG, *DATE, "-f", "json", "-o", "a.json")
        assert (desk / "a.json").read_text(encoding="utf-8") == done.out

    @pytest.mark.parametrize("target", ["nowhere/a.json", "folder.json", "a.json/b.json"])
    def test_an_output_that_cannot_be_written(self, cli: Cli, desk: Path, target: str) -> None:
        (desk / "folder.json").mkdir()
        (desk / "a.json").write_text("kept")
        done = cli("check", WRONG, *DATE, "-f", "json", "-o", target)
        assert done.code == 2
        assert target in done.err
        assert "ne peut pas être écrit" in done.err
        assert (desk / "a.json").read_text() == "kept"
        assert sorted(p.name for p in desk.iterdir()) == ["a.json", "folder.json"], "nothing half written is left"

    def test_an_output_is_refused_before_the_work(self, cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever waits ten minutes must not learn then that the folder does not exist."""
        monkeypatch.setattr(command, "execute", lambda *_a, **_k: pytest.fail("judged for nothing"))
        assert cli("check", WRONG, *DATE, "-f", "json", "-o", "nowhere/a.json").code == 2

    def test_json_follows_the_schema(self, cli: Cli, desk: Path) -> None:
        cli("check", FAILING / "exports", *DATE, "-o", "run.json")
        assert runjson.load(desk / "run.json")["format"] == runjson.FORMAT


def _format(text: str) -> str:
    """Which format a report is in, from its content."""
    if text.startswith("{"):
        return "sarif" if "sarif" in text[:300] else "json"
    if "<testsuite" in text[:400]:
        return "junit"
    if text.lstrip().lower().startswith("<!doctype html"):
        return "html"
    return "markdown" if text.startswith("#") else "console"


class TestPaths:
    def test_those_of_the_manifest_by_default(self, cli: Cli, desk: Path) -> None:
        (desk / "dui.toml").write_text("[exports]\npaths = ['mine']\n")
        (desk / "mine").mkdir()
        shutil.copy(ONE, desk / "mine")
        run = json.loads(cli("check", *DATE, "-f", "json").out)
        assert run["subjects"][0]["id"] == "mine/projet-personnalise.xml"
        assert run["product"]["declared"] is True

    def test_the_manifest_of_the_folder_that_is_checked(self, cli: Cli, desk: Path) -> None:
        run = json.loads(cli("check", READY, *DATE, "-f", "json").out)
        assert run["product"]["product"] == load(READY / "dui.toml").product

    def test_the_manifest_of_the_current_folder_comes_first(self, cli: Cli, desk: Path) -> None:
        (desk / "dui.toml").write_text(EMPTY_MANIFEST)
        run = json.loads(cli("check", READY, *DATE, "-f", "json").out)
        assert run["product"]["product"] == "DUI"

    def test_the_manifest_that_is_given_comes_before_all(self, cli: Cli, desk: Path) -> None:
        (desk / "dui.toml").write_text(EMPTY_MANIFEST)
        run = json.loads(cli("check", ONE, *DATE, "-f", "json", "-m", FAILING / "dui.toml").out)
        assert run["product"]["product"] == load(FAILING / "dui.toml").product

    def test_nothing_to_judge(self, cli: Cli, desk: Path) -> None:
        for lang, word in (("fr", "rien à juger"), ("en", "nothing to judge")):
            done = cli("check", "--lang", lang)
            assert done.code == 2
            assert word in done.err
            assert "init" in done.err

    def test_ids_are_relative_to_the_current_folder(self, cli: Cli, desk: Path) -> None:
        (desk / "a" / "b").mkdir(parents=True)
        shutil.copy(ONE, desk / "a" / "b" / "c.xml")
        for given in ("a/b/c.xml", "./a/../a/b/c.xml", desk / "a" / "b" / "c.xml"):
            assert json.loads(cli("check", given, *DATE, "-f", "json").out)["subjects"][0]["id"] == "a/b/c.xml"
        assert json.loads(cli("check", ".", *DATE, "-f", "json").out)["subjects"][0]["id"].endswith("a/b/c.xml")

    def test_the_manifest_is_no_export(self, cli: Cli, desk: Path) -> None:
        """`check .` in the folder of the manifest must not judge the manifest as an export."""
        shutil.copy(ONE, desk)
        (desk / "dui.toml").write_text(EMPTY_MANIFEST)
        done = cli("check", ".", *DATE, "-f", "json")
        assert done.code == 0


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "wrong", "near"),
        [
            (("chekc", "x"), "chekc", "check"),
            (("chek",), "chek", "check"),
            (("reprot",), "reprot", "report"),
            (("check", "--fromat", "json"), "--fromat", "--format"),
            (("check", "--formats", "json"), "--formats", "--format"),
            (("check", "{one}", "--preset", "segur-vaque1"), "segur-vaque1", "segur-vague1"),
            (("check", "{one}", "--only", "INPUT-01"), "INPUT-01", "INPUT-001"),
            (("check", "{one}", "--only", "input-001"), "input-001", "INPUT-001"),
            (("rule", "INPUT-1"), "INPUT-1", "INPUT-001"),
            (("requirement", "SC.DOC.3.MS1"), "SC.DOC.3.MS1", "SC.DOC.03.MS1"),
            (("rules", "--family", "inputs"), "inputs", "input"),
            (("check", "{folder}/projet-personalise.xml"), "projet-personalise.xml", "projet-personnalise.xml"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_a_typo_gets_the_nearest_name(
        self, cli: Cli, desk: Path, arguments: tuple[str, ...], wrong: str, near: str
    ) -> None:
        filled = [a.format(one=ONE, folder=ONE.parent) for a in arguments]
        for lang in ("fr", "en"):
            done = cli(*filled, "--lang", lang)
            assert done.code == 2
            assert done.out == ""
            assert wrong in done.err
            assert re.search(rf"(?<![\w-]){re.escape(near)}(?![\w-])", done.err.replace(wrong, "")), done.err
            assert "Traceback" not in done.err

    @pytest.mark.parametrize(
        ("text", "wrong", "near"),
        [
            ("[exprots]\n", "exprots", "exports"),
            ("[[waivers]]\nrule='INPUT-01'\nreason='x'\nowner='y'\nexpires=2027-01-01\n", "INPUT-01", "INPUT-001"),
            (
                "[[attestations]]\nfile='a'\ndate=2026-01-01\nattests=['SC.DMP.4.MS1']\n",
                "SC.DMP.4.MS1",
                "SC.DMP.04.MS1",
            ),
            ("[funding]\nscheme='cnsa-national-2202'\nessms=80\n", "cnsa-national-2202", "cnsa-national-2022"),
            ("[funding]\nscheme='cnsa-national-2022'\nessms=80\namounts={upgarde=1}\n", "upgarde", "upgrade"),
            ("[exports]\npaths=['exprots']\n", "exprots", "exports"),
        ],
        ids=["key", "waived rule", "requirement", "scheme", "amount", "path"],
    )
    def test_a_typo_in_the_manifest(self, cli: Cli, desk: Path, text: str, wrong: str, near: str) -> None:
        (desk / "exports").mkdir()
        (desk / "dui.toml").write_text(text)
        for lang in ("fr", "en"):
            done = cli("check", "--lang", lang) if "paths" in text else cli("check", "exports", "--lang", lang)
            assert done.code == 2
            assert wrong in done.err
            assert near in done.err.replace(wrong, "")

    def test_several_problems_of_a_manifest_at_once(self, cli: Cli, desk: Path) -> None:
        (desk / "dui.toml").write_text("[exprots]\n[options]\nhosted = 'oui'\n")
        done = cli("check", ONE)
        assert done.code == 2
        assert done.err.count("\n  - ") == 2

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"a = ", b"[editor]\nname = '\xe9'\n"])
    def test_a_manifest_that_cannot_be_read(self, cli: Cli, desk: Path, content: bytes) -> None:
        (desk / "dui.toml").write_bytes(content)
        done = cli("check", ONE)
        assert done.code == 2
        assert "dui.toml" in done.err

    def test_a_manifest_that_is_not_there(self, cli: Cli, desk: Path) -> None:
        done = cli("check", ONE, "-m", "dui.tmol")
        assert done.code == 2
        assert "dui.tmol" in done.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--format", "jsno"),
            ("--fail-on", "fatal"),
            ("--workers", "0"),
            ("--workers", "many"),
            ("--date", "hier"),
            ("--lang", "de"),
            ("--format",),
        ],
        ids=" ".join,
    )
    def test_a_refused_value(self, cli: Cli, desk: Path, arguments: tuple[str, ...]) -> None:
        done = cli("check", ONE, *arguments)
        assert done.code == 2
        assert arguments[0] in done.err
        assert done.out == ""

    def test_values_that_are_admitted_are_shown(self, cli: Cli, desk: Path) -> None:
        done = cli("check", ONE, "--format", "jsno")
        assert "json, junit" in done.err

    def test_no_english_in_a_french_error(self, cli: Cli, desk: Path) -> None:
        for arguments in (
            ("check", "--date", "hier"),
            ("check", "-w", "x"),
            ("check", "--format"),
            ("rule",),
            ("report",),
        ):
            done = cli(*arguments)
            assert done.code == 2
            assert not re.search(r"\b(is not|does not|requires|Missing|Invalid|argument\.|range)\b", done.err), done.err


class TestEmptyFolder:
    @pytest.mark.parametrize(
        ("lang", "words"),
        [
            ("fr", ["Pas encore prêt", "Exporter", "SC.DOC.03.MS1"]),
            ("en", ["Not ready yet", "Export", "SC.DOC.03.MS1"]),
        ],
    )
    def test_it_says_what_applies_and_what_to_produce_first(
        self, cli: Cli, desk: Path, lang: str, words: list[str]
    ) -> None:
        (desk / "exports").mkdir()
        cli("init", "--lang", lang)
        done = cli("check", "exports", *DATE, "--lang", lang)
        assert done.code == 3
        flat = " ".join(done.out.replace("\xa0", " ").split())
        for word in words:
            assert word in flat
        page = cli("check", "exports", *DATE, "--lang", lang, "-f", "html")
        assert page.code == 3
        assert "SC.DOC.03.MS1" in page.out


class TestLanguages:
    def test_french_by_default(self, cli: Cli, desk: Path) -> None:
        assert "Rapport json" in cli("check", WRONG, *DATE, "-o", "a.json").err
        assert 'lang="fr"' in cli("check", WRONG, *DATE, "-f", "html").out

    def test_english(self, cli: Cli, desk: Path) -> None:
        assert "json report" in cli("check", WRONG, *DATE, "-o", "a.json", "--lang", "en").err
        assert 'lang="en"' in cli("check", WRONG, *DATE, "-f", "html", "--lang=en").out

    def test_from_the_environment(self, cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DUI_CONFORMANCE_LANG", "en")
        assert "json report" in cli("check", WRONG, *DATE, "-o", "a.json").err
        assert "Rapport json" in cli("check", WRONG, *DATE, "-o", "a.json", "--lang", "fr").err

    def test_the_json_does_not_depend_on_it(self, cli: Cli, desk: Path) -> None:
        french, english = (cli("check", WRONG, *DATE, "-f", "json", "--lang", lang).out for lang in ("fr", "en"))
        assert french == english


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_number_of_workers_changes_nothing(cli: Cli, desk: Path, workers: str) -> None:
    told = cli("check", FAILING / "exports" / "documents", *DATE, "-f", "json", "-w", workers).out
    assert told == cli("check", FAILING / "exports" / "documents", *DATE, "-f", "json").out


def test_progress_is_not_shown_without_a_terminal(cli: Cli, desk: Path) -> None:
    for number in range(60):
        (desk / f"{number}.txt").write_text("x")
    assert cli("check", ".", *DATE, "-f", "json").err == ""


def test_with_values(cli: Cli, desk: Path) -> None:
    shown = json.loads(cli("check", WRONG, *DATE, "-f", "json", "--with-values").out)
    hidden = json.loads(cli("check", WRONG, *DATE, "-f", "json").out)
    assert shown["options"]["with_values"] is True
    assert any("‹" in f["message"]["fr"] for f in hidden["findings"])
    assert not any("‹" in f["message"]["fr"] for f in shown["findings"])


def test_only(cli: Cli, desk: Path) -> None:
    run = json.loads(cli("check", ONE, *DATE, "-f", "json", "--only", "INPUT-*", "--only", "cda.ins").out)
    assert {r["family"].split(".")[0] for r in run["rules"]} == {"input", "cda"}
    assert {r["family"] for r in run["rules"] if r["family"].startswith("cda")} == {"cda.ins"}


def test_a_pattern_that_selects_nothing_is_a_mistake(cli: Cli, desk: Path) -> None:
    done = cli("check", ONE, "--only", "XYZ-*")
    assert done.code == 2
    assert "XYZ-*" in done.err
