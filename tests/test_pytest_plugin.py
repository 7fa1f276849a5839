"""The pytest plugin, in the test suite of an editor: one test per rule or per requirement, and nothing unasked."""

import importlib.metadata
import os
from pathlib import Path

import pikepdf
import pytest
import yaml

import dui_conformance.run.execute
from dui_conformance.readiness import requirements
from dui_conformance.rules import catalogue
from tests.places import FAILING, READY, ROOT

pytest_plugins = ["pytester"]
# pytester forgets what a run in this process imported, and extension modules cannot be imported twice
_KEPT = (pikepdf, yaml, dui_conformance.run.execute)

# installed, pytest finds the plugin itself; from a mere clone it has to be named
_INSTALLED = any(
    point.value == "dui_conformance.pytest_plugin" for point in importlib.metadata.entry_points(group="pytest11")
)
PLUGIN = () if _INSTALLED else ("-p", "dui_conformance.pytest_plugin")
OWN = "def test_of_the_editor():\n    assert True\n"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    pytester.makepyfile(test_own=OWN)
    return pytester


def run(suite: pytest.Pytester, *arguments: object) -> pytest.RunResult:
    return suite.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *map(str, arguments))


def names(result: pytest.RunResult, word: str) -> list[str]:
    """The tests that a verbose run tells with a word, without what stands before their name."""
    lines = [line.split(" ")[0] for line in result.outlines if f" {word}" in line and "::" in line.split(" ")[0]]
    return [line.rpartition("::")[2] for line in lines]


def test_one_test_per_rule(suite: pytest.Pytester) -> None:
    result = run(suite, "--dui", READY / "exports", "--dui-manifest", READY / "dui.toml", "-v", "-n", "0")
    assert result.ret == 0
    passed, skipped = names(result, "PASSED"), names(result, "SKIPPED")
    loaded = catalogue.load()
    told = {*passed, *skipped} - {"test_of_the_editor"}
    assert told <= set(loaded.rules)
    silent = {name: rule for name, rule in loaded.written.items() if name not in told}
    unasked = {name for name, rule in silent.items() if "verapdf" in getattr(rule.check, "settings", {}).values()}
    kinds = {rule.subject for name, rule in silent.items() if name not in unasked}
    assert kinds <= {"exchange", "session", "run"}, "a rule about what no export holds has no test, and no other"
    assert "INPUT-001" in passed
    assert len(passed) > len(loaded.written) / 2


def test_a_failing_rule_tells_the_place_and_the_fix(suite: pytest.Pytester) -> None:
    path = FAILING / "exports" / "documents" / "ins-cle-fausse.xml"
    result = run(suite, "--dui", path, "-v", "-n", "0", "--dui-lang", "fr")
    assert result.ret == 1
    failed, symbol = names(result, "FAILED")  # the key in the document, and its symbol on the page
    assert symbol.startswith("INS-DM-")
    rule = catalogue.load().rules[failed]
    told = result.stdout.str()
    assert f"ins-cle-fausse.xml:{line_of(path)}" in told
    assert rule.remedy.fr in told
    assert "Traceback" not in told
    assert "238055313" not in told


def line_of(path: Path) -> int:
    """The line of the first identifier of the patient."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if "1.2.250.1.213.1.4." in line)


def test_in_english(suite: pytest.Pytester) -> None:
    path = FAILING / "exports" / "documents" / "ins-cle-fausse.xml"
    result = run(suite, "--dui", path, "--dui-lang", "en", "-n", "0", "-v")
    failed, _ = names(result, "FAILED")
    assert catalogue.load().rules[failed].remedy.en in result.stdout.str()


def test_a_waived_rule_does_not_fail(suite: pytest.Pytester) -> None:
    path = FAILING / "exports" / "documents" / "ins-cle-fausse.xml"
    said = names(run(suite, "--dui", path, "-v", "-n", "0"), "FAILED")
    waiver = "".join(
        f"[[waivers]]\nrule = '{rule}'\nreason = 'x'\nowner = 'y'\nexpires = 9999-12-31\n" for rule in said
    )
    (suite.path / "dui.toml").write_text(waiver)
    assert run(suite, "--dui", path, "--dui-manifest", "dui.toml", "-n", "0").ret == 0


def test_one_test_per_requirement(suite: pytest.Pytester) -> None:
    arguments = ("--dui", READY / "exports", "--dui-manifest", READY / "dui.toml", "--dui-by", "requirement", "-v")
    result = run(suite, *arguments, "-n", "0")
    assert result.ret == 0
    found = {*names(result, "PASSED"), *names(result, "SKIPPED")} - {"test_of_the_editor"}
    # ids hold slashes, of which the helper keeps what it can
    wanted = {row.id for row in requirements.load().requirements.values() if row.table == "wave1-dui"}
    assert found == wanted
    assert "SC.DOC.03.MS1" in names(result, "PASSED")
    assert "SC.CDL.01" in names(result, "SKIPPED"), "what is not covered is not a pass"


def test_a_requirement_that_is_not_settled_fails_with_its_sentence(suite: pytest.Pytester) -> None:
    result = run(suite, "--dui", READY / "exports" / "pdf", "--dui-by", "requirement", "-v", "-n", "0")
    assert result.ret == 1
    assert "SC.DOC.03.MS1" in names(result, "FAILED")
    result.stdout.fnmatch_lines(["*SC.DOC.03.MS1 (missing): à fournir*"])


def test_tests_can_be_chosen_by_name(suite: pytest.Pytester) -> None:
    result = run(suite, "--dui", READY / "exports" / "pdf", "-k", "INPUT-001", "-v", "-n", "0")
    assert names(result, "PASSED") == ["INPUT-001"]


def test_several_paths(suite: pytest.Pytester) -> None:
    good, bad = READY / "exports" / "pdf", FAILING / "exports" / "documents" / "ins-cle-fausse.xml"
    assert run(suite, "--dui", good, "-n", "0").ret == 0
    assert run(suite, "--dui", good, "--dui", bad, "-n", "0").ret == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--dui", "nowhere"), "nowhere"),
        (("--dui", ".", "--dui-manifest", "nowhere.toml"), "nowhere.toml"),
        (("--dui", ".", "--dui-manifest", "bad.toml"), "exports"),
    ],
)
def test_a_mistake_is_a_usage_error(suite: pytest.Pytester, arguments: tuple[str, ...], said: str) -> None:
    (suite.path / "bad.toml").write_text("[exprots]\n")
    result = run(suite, *arguments, "-n", "0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str() + result.stdout.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_nothing_happens_without_dui(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_own="import sys\n"
        "def test_nothing_was_imported():\n"
        "    loaded = sorted(n for n in sys.modules if n.startswith('dui_conformance'))\n"
        "    assert loaded == ['dui_conformance', 'dui_conformance.pytest_plugin']\n"
    )
    result = suite.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", "-v")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_it_is_declared_as_a_plugin() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"dui_conformance": "dui_conformance.pytest_plugin"}
