"""The two invented editors: each file of the failing one is told what is wrong with it, and the ready one nothing."""

import datetime
import re
from functools import cache

import pytest

from dui_conformance import runjson
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.run.execute import Job, execute
from tests.places import FAILING

TODAY = datetime.date(2026, 11, 21)
ROW = re.compile(r"^\| `(?P<file>[^`]+)` \| (?P<what>.+) \| (?P<fact>.+) \|$", re.MULTILINE)
WRITTEN = (FAILING / "EXPECTED.md").read_text(encoding="utf-8")
EXPECTED = [found.groupdict() for found in ROW.finditer(WRITTEN) if found["file"] != "dui.toml"]


@cache
def run() -> runjson.Run:
    return execute(Job([FAILING / "exports"], FAILING, TODAY, load(FAILING / "dui.toml"), declared=True))


@cache
def facts_of() -> dict[str, set[str]]:
    """Rule → the names of checks and the rows of the header that it implements."""
    return {
        rule["id"]: {*rule.get("fact", ()), *(f"cda {row}" for row in rule.get("row", ()))}
        for _path, family in catalogue.sources()
        for rule in family["rules"]
    }


def spoken(file: str) -> dict[str, str]:
    """Rule → message, of what was said on a file or on what lies inside."""
    return {
        f["rule"]: f["message"]["fr"]
        for f in run()["findings"]
        if f["subject"] == f"exports/{file}" or f["subject"].startswith(f"exports/{file}!/")
    }


def test_the_table_lists_every_file() -> None:
    files = {
        path.relative_to(FAILING / "exports").as_posix() for path in (FAILING / "exports").rglob("*") if path.is_file()
    }
    listed = {row["file"] for row in EXPECTED}
    assert len(EXPECTED) > 40
    assert listed <= files
    assert files - listed == set(), "a broken file that the table does not explain"


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["file"])
def test_a_broken_file_is_told(row: dict[str, str]) -> None:
    said = spoken(row["file"])
    if row["file"].startswith("fhir/") and not any(rule.subject == "fhir" for rule in catalogue.load().rules.values()):
        assert any((n["what"], n["name"]) == ("kind", "fhir") for n in run()["not_checked"]), "listed, never silent"
        return
    assert said, f"nothing is said of: {row['what']}"
    wanted = set(re.findall(r"\b(?:INS|ID|XDM|DMP|MSS)-[A-Z0-9-]+", row["fact"]))
    wanted |= {
        f"cda {number}"
        for group in re.findall(r"cda ((?:\d+(?:, )?)+)", row["fact"])
        for number in re.findall(r"\d+", group)
    }
    if wanted - {f"cda {n}" for n in range(80, 100)}:
        met = set().union(*(facts_of().get(rule, set()) for rule in said))
        assert met & wanted or not wanted & known(), f"{row['what']}: said {said}, none of which is {wanted}"
    if row["fact"] == "lecture":
        assert any(rule.startswith("INPUT") for rule in said), said


@cache
def known() -> frozenset[str]:
    """Every name that some rule implements."""
    return frozenset(name for names in facts_of().values() for name in names)


def test_one_file_does_not_drown_in_consequences() -> None:
    """One cause each: what follows from it is told, but in a handful of rules."""
    many = {row["file"]: sorted(spoken(row["file"])) for row in EXPECTED if len(spoken(row["file"])) > 5}
    assert not many
