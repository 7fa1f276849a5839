"""Every format, in both languages, against the text it had when it was last looked at.

`pytest --snapshot-update` writes them anew; look at the difference before you commit it.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from dui_conformance import reports, runjson
from dui_conformance.text import Language
from tests.places import ROOT
from tests.reports.sample import large, sample

LANGUAGES: tuple[Language, ...] = ("fr", "en")
PACKAGE = ROOT / "src" / "dui_conformance" / "reports"


class Text(SingleFileSnapshotExtension):
    """One readable file for each snapshot."""

    _write_mode = WriteMode.TEXT  # the names of syrupy 4, then those of later versions
    _file_extension = "txt"
    write_mode = WriteMode.TEXT
    file_extension = "txt"


def test_the_sample_is_a_run() -> None:
    jsonschema.Draft202012Validator(runjson.schema()).validate(sample())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", sorted(set(reports.FORMATS) - {"json"}))
def test_text(name: str, lang: Language, snapshot: SnapshotAssertion) -> None:
    text = reports.render(name, sample(), lang)
    if name == "html":  # style and script have their own files; their digests follow them
        text = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", text, flags=re.DOTALL)
        text = re.sub(r"sha256-[\w+/=]+", "sha256", text)
    assert text == snapshot(extension_class=Text)


def test_json_is_the_canonical_run() -> None:
    assert json.loads(reports.render("json", sample(), "fr")) == sample()
    assert reports.render("json", sample(), "en") == runjson.dumps(sample())


@pytest.mark.parametrize("name", sorted(reports.FORMATS))
def test_same_bytes_each_time_and_the_run_is_left_as_it_was(name: str) -> None:
    run = sample()
    assert reports.render(name, run, "fr") == reports.render(name, run, "fr")
    assert run == sample()


@pytest.mark.parametrize("name", sorted(set(reports.FORMATS) - {"json"}))
def test_the_verdict_is_the_one_of_the_run(name: str) -> None:
    """No format says more or less ready than run.json does, whatever its numbers look like."""
    run = sample()
    run["readiness"]["ready"] = True
    run["readiness"]["sentence"] = {"fr": "Verdict du fichier.", "en": "Verdict of the file."}
    assert "Verdict du fichier." in reports.render(name, run, "fr")
    assert "Verdict of the file." in reports.render(name, run, "en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", sorted(reports.FORMATS))
def test_an_empty_run(name: str, lang: Language) -> None:
    run = sample()
    for key in ("subjects", "findings", "rules", "requirements", "waivers", "not_checked", "attestations_refused"):
        run[key] = []  # type: ignore[literal-required]
    run["funding"] = None
    run["options"] = {}
    run["tool"]["value_sets"] = []
    run["product"] |= {"editor": "", "product": "", "version": "", "nil": "", "declared": False}  # type: ignore[typeddict-item]
    run["readiness"] |= {"binding": 0, "settled": 0, "counts": {}, "blocking": [], "next": [], "ready": None}  # type: ignore[typeddict-item]
    assert reports.render(name, run, lang).strip()


@pytest.mark.parametrize("name", sorted(reports.FORMATS))
def test_words_nobody_knows_stand_for_themselves(name: str) -> None:
    """Fields that the schema leaves open may gain values; a report of an older version still shows them."""
    run = sample()
    run["requirements"][0]["status"] = "unheard_status"
    run["requirements"][0]["coverage"] = run["requirements"][0]["obligation"] = "unheard"
    run["subjects"][0]["kind"] = "unheard_kind"
    run["not_checked"][0]["what"] = "unheard_what"
    run["readiness"]["counts"]["unheard_status"] = 1
    assert run["funding"] is not None
    run["funding"]["lines"][0] |= {"beneficiary": "unheard", "source": {}, "payment": [{"odd": [1]}]}  # type: ignore[typeddict-item]
    run["funding"]["window"] = {}
    run["attestations_refused"] = [{"odd": 1}]
    text = reports.render(name, run, "fr")
    assert name == "sarif" or "unheard_status" in text


@pytest.mark.parametrize("name", sorted(reports.FORMATS))
def test_a_large_run_is_rendered(name: str) -> None:
    limits = {"console": 20_000, "html": 4_000_000, "markdown": 60_000}
    size = len(reports.render(name, large(), "fr").encode())
    assert size < limits.get(name, 20_000_000)


def test_format_unknown() -> None:
    with pytest.raises(KeyError):
        reports.render("xlsx", sample(), "fr")


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, dui_conformance.reports as r, dui_conformance.reports.console as c\n"
        "print([m for m in ('rich', 'jinja2', 'lxml', 'jsonschema') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("dui_conformance")}


@pytest.mark.parametrize("file", sorted(PACKAGE.glob("*.py")), ids=lambda file: file.name)
def test_reports_know_only_the_run(file: Path) -> None:
    allowed = ("dui_conformance.reports", "dui_conformance.runjson", "dui_conformance.text")
    assert {name for name in _imports(file) if not name.startswith(allowed)} == set()
