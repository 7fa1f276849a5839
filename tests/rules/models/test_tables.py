"""The tables of models that are shipped: they follow their schema, can be asked, and make whole rules."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.readiness import requirements
from dui_conformance.rules import catalogue
from dui_conformance.rules.models import tables
from dui_conformance.text import places

CATALOGUE = catalogue.load()
MODELS = CATALOGUE.models
ROOT = profiles_root()


@pytest.mark.parametrize("path", tables.files(ROOT), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_follows_the_schema(path: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "models.schema.json").read_bytes())
    data = json.loads(json.dumps(read_yaml(path), default=str))  # the key `null` of a row is a null in YAML
    problems = [f"{e.json_path}: {e.message[:200]}" for e in Draft202012Validator(schema).iter_errors(data)]
    assert not problems, "\n".join(problems)
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400, "split the family"
    folder = {"documents": "document", "sections": "section", "entries": "entry"}[path.parent.name]
    assert data["family"].startswith(f"cda.model.{folder}.")


def test_every_table_can_be_asked() -> None:
    for name in MODELS.digests:
        for position, _template in enumerate(MODELS.file(name)["templates"]):
            MODELS.table(name, position)


def test_every_row_makes_a_rule_with_its_texts_and_its_source() -> None:
    known = requirements.load()
    for identifier in MODELS.owners:
        rule = CATALOGUE.rules[identifier]
        for text in (rule.title, rule.message, rule.remedy):
            assert min(len(text.fr), len(text.en)) > 3, identifier
            assert places(text.fr) == {name.replace("_en", "_fr") for name in places(text.en)}, identifier
            assert "  " not in text.fr + text.en, identifier
        assert all(rule.source[part] for part in ("spec", "clause")), identifier
        assert bool(rule.proves) != bool(rule.not_required), identifier
        assert [name for name in rule.proves if known.named(name) is None] == [], identifier
        if rule.source.get("mark") == "M":
            assert rule.level != "error", identifier


def test_a_retired_number_is_not_reused() -> None:
    retired = ROOT / "models" / "retired.txt"
    gone = set(retired.read_text(encoding="utf-8").split()) if retired.exists() else set()
    assert gone & set(MODELS.owners) == set()


@pytest.mark.parametrize(("extension", "name"), [("", "EXPORT-DUI_"), ("1.1.0-ballot", "EXPORT-DUI_1.1.0-ballot")])
def test_an_export_is_judged_whatever_the_extension_it_writes(extension: str, name: str) -> None:
    """The guide fixes none: `templates.yaml` names the family alone."""
    model = MODELS.of_document({"1.2.250.1.213.1.1.1.58": extension})
    assert model is not None
    assert (model.name, model.judged) == (name, True)
