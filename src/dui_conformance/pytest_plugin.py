"""pytest plugin: an editor's own test suite gets one test per rule, or per requirement, on a folder of exports.

    pytest --dui exports --dui-manifest dui.toml --dui-by requirement

Without `--dui` the plugin does nothing and imports nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dui_conformance.runjson import Finding, Requirement, Run


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dui-conformance", "conformance of a DUI's exports")
    group.addoption("--dui", action="append", metavar="PATH", help="exports to judge (file or folder; repeatable)")
    group.addoption("--dui-manifest", metavar="FILE", help="the dui.toml file")
    group.addoption(
        "--dui-by",
        choices=("rule", "requirement"),
        default="rule",
        help="one test per rule or per requirement",
    )
    group.addoption("--dui-lang", choices=("fr", "en"), default="fr", help="language of the messages")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the tests before anyone selects among them (-k, -m, random order…)."""
    if config.getoption("--dui"):
        items.extend(DuiCollector.from_parent(session, name="dui").collect())


class DuiFailure(Exception):
    """What a rule or a requirement has against the exports."""


class DuiCollector(pytest.Collector):
    """Judges the exports once and yields the tests."""

    def collect(self) -> list[pytest.Item]:
        run = self._run()
        lang = self.config.getoption("--dui-lang")
        if self.config.getoption("--dui-by") == "requirement":
            rows = [row for row in run["requirements"] if row["table"] == run["readiness"]["table"]]
            return [RequirementItem.from_parent(self, name=row["id"], row=row, lang=lang) for row in rows]
        by_rule: dict[str, list[Finding]] = {}
        for finding in run["findings"]:
            by_rule.setdefault(finding["rule"], []).append(finding)
        return [
            RuleItem.from_parent(
                self, name=rule["id"], outcomes=rule["outcomes"], found=by_rule.get(rule["id"], []), lang=lang
            )
            for rule in run["rules"]
        ]

    def _run(self) -> Run:
        import datetime

        from dui_conformance.readiness.manifest import Manifest, ManifestError, load
        from dui_conformance.run.execute import Job, execute

        paths = [Path(path) for path in self.config.getoption("--dui")]
        absent = [str(path) for path in paths if not path.exists()]
        if absent:
            raise pytest.UsageError(f"--dui: {', '.join(absent)}: not found")
        given = self.config.getoption("--dui-manifest")
        try:
            manifest = load(Path(given)) if given else Manifest()
        except ManifestError as error:
            raise pytest.UsageError(str(error)) from error
        today = datetime.datetime.now().date()  # noqa: DTZ005  the user's own day
        return execute(Job(paths, Path.cwd(), today, manifest, declared=bool(given)))


class _Item(pytest.Item):
    def __init__(self, *, lang: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.lang = lang

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, DuiFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.config.rootpath, 0, f"dui: {self.name}"


class RuleItem(_Item):
    """One rule: fails on its errors, is skipped when it judged nothing."""

    def __init__(self, *, outcomes: dict[str, int], found: list[Finding], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.outcomes = outcomes
        self.found = found

    def runtest(self) -> None:
        bad = [f for f in self.found if f["level"] == "error" and f["outcome"] == "failed" and f["waived"] is None]
        if bad:
            raise DuiFailure("\n".join(_told(finding, self.lang) for finding in bad[:20]))
        if self.outcomes.get("blocked") or self.outcomes.get("error"):
            raise DuiFailure(f"{self.name}: {self.outcomes}")
        if not self.outcomes.get("passed"):
            pytest.skip(", ".join(f"{name}: {count}" for name, count in self.outcomes.items()))


class RequirementItem(_Item):
    """One requirement of the wave: fails when it binds and is not settled."""

    def __init__(self, *, row: Requirement, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.row = row

    def runtest(self) -> None:
        row = self.row
        told = f"{row['id']} ({row['status']}): {row['sentence'][self.lang]}"  # type: ignore[literal-required]
        if row["status"] in ("not_applicable", "not_covered") or not row["binding"]:
            pytest.skip(told)
        if row["status"] not in ("proved", "attested", "waived"):
            raise DuiFailure(told)


def _told(finding: Finding, lang: str) -> str:
    place = finding["location"]
    where = ":".join(str(part) for part in (finding["subject"], place["line"], place["column"]) if part is not None)
    return f"{where}: {finding['message'][lang]}\n    {finding['remedy'][lang]}"  # type: ignore[literal-required]
