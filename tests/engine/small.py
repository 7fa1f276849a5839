"""Small catalogues written for one test, and small documents to judge with them."""

import sys
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import Finding, Judged, Outcome, Setting
from dui_conformance.engine.plan import Evidence, Selection, plan
from dui_conformance.rules import catalogue
from dui_conformance.rules.catalogue import Catalogue
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget

Data = dict[str, Any]


def rule(identifier: str = "T-1", check: Data | str = "false()", **more: Any) -> Data:
    """A whole rule around a check (a text is an `assert`)."""
    return {
        "id": identifier,
        "title": {"fr": "Une règle", "en": "A rule"},
        "level": "error",
        "check": {"assert": check} if isinstance(check, str) else check,
        "message": {"fr": "C'est faux.", "en": "It is false."},
        "remedy": {"fr": "Corriger.", "en": "Correct it."},
        "not_required": "A rule of the tests.",
        "source": {"spec": "Tests", "clause": "1"},
        "breaks": [{"in": "nothing"}],
        **more,
    }


def value_set(identifier: str, codes: Mapping[str, Mapping[str, str]], **more: Any) -> Data:
    """A value set: system → code → label."""
    return {"id": identifier, "name": f"JDV_{identifier}", "source": "Tests", "codes": dict(codes), **more}


def written(
    folder: Path,
    rules: Sequence[Data],
    *,
    subject: str = "cda",
    family: str = "trial",
    sets: Sequence[Data] = (),
    inventory: Sequence[Data] = (),
) -> Path:
    """A profiles folder that holds these rules and nothing else."""
    data: Data = {"family": family, "title": {"fr": "Essai", "en": "Trial"}, "subject": subject, "rules": list(rules)}
    if inventory:
        data["inventory"] = list(inventory)
    constants = {
        "scalars": {"LOINC": {"value": "2.16.840.1.113883.6.1"}},
        "lists": {"INS": {"values": ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"]}},
    }
    for name, content in (
        ("constants.yaml", constants),
        (f"rules/{family}.yaml", data),
        *((f"valuesets/{item['id']}.yaml", item) for item in sets),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


class Trial:
    """A small catalogue and what it says of bytes."""

    def __init__(self, folder: Path, *rules: Data, **more: Any) -> None:
        self.catalogue: Catalogue = catalogue.load(written(folder, rules, **more))

    def judge(
        self,
        data: bytes | str,
        name: str = "d.xml",
        *,
        settings: Mapping[str, Setting] | None = None,
        evidence: Sequence[Evidence] = (),
        selection: Selection | None = None,
        budget: Budget | None = None,
    ) -> Judged:
        made = plan(self.catalogue, settings or {}, evidence, selection)
        content = data.encode() if isinstance(data, str) else data
        judged = Judged()
        judged.take(evaluate(open_bytes(name, content, budget or Budget()), made))
        return judged

    def outcome(self, data: bytes | str, **more: Any) -> Outcome:
        """The one outcome of the one rule on the one subject."""
        tallies = self.judge(data, **more).tallies
        assert len(tallies) == 1, tallies
        ((only, count),) = next(iter(tallies.values())).items()
        assert count == 1
        return only

    def finding(self, data: bytes | str, **more: Any) -> Finding:
        """The one finding there is."""
        found = self.judge(data, **more).findings
        assert len(found) == 1, found
        return found[0]


def document(inside: str = "", *, prolog: str = "") -> str:
    """A CDA that holds little."""
    return f'{prolog}<ClinicalDocument xmlns="urn:hl7-org:v3">{inside}</ClinicalDocument>'


@pytest.fixture
def predicates(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives functions a name under which a rule calls them: `trial.NAME`."""
    module = types.ModuleType("dui_conformance.checks.trial")
    monkeypatch.setitem(sys.modules, "dui_conformance.checks.trial", module)

    def add(**functions: Callable[..., Any]) -> None:
        for name, function in functions.items():
            setattr(module, name, function)

    return add
