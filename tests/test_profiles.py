"""The data that is shipped beside the rules: presets, templates of the manifest, published schemas."""

import json
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.readiness import manifest
from dui_conformance.rules import catalogue
from dui_conformance.run.preset import DEFAULT, presets

ROOT = profiles_root()


class TestPresets:
    def test_there_is_one_for_each_wave_and_the_default(self) -> None:
        found = presets()
        assert DEFAULT in found
        assert {found["segur-vague1"].wave, found["segur-vague2"].wave} == {1, 2}

    @pytest.mark.parametrize("name", sorted(presets()))
    def test_each_pattern_names_something(self, name: str) -> None:
        rules = catalogue.load().rules.values()
        preset = presets()[name]
        for pattern in (*preset.only, *preset.without):
            hits = [r.id for r in rules if fnmatchcase(r.id, pattern) or fnmatchcase(r.family, pattern)]
            assert hits, f"{pattern} selects nothing"

    @pytest.mark.parametrize("name", sorted(presets()))
    def test_each_is_told_in_both_languages_and_named_after_its_file(self, name: str) -> None:
        assert presets()[name].title.fr != presets()[name].title.en
        assert (ROOT / "presets" / f"{name}.yaml").is_file()

    @pytest.mark.parametrize("name", sorted(presets()))
    def test_each_keeps_what_says_why_a_file_cannot_be_read(self, name: str) -> None:
        from dui_conformance.engine.plan import Selection

        selection = Selection(presets()[name].only, presets()[name].without)
        rules = [rule for rule in catalogue.load().rules.values() if rule.subject == "any"]
        assert rules
        assert [rule.id for rule in rules if not selection.wants(rule)] == []

    def test_documents_leaves_mails_and_archives_out(self) -> None:
        from dui_conformance.engine.plan import Selection

        preset = presets()["documents"]
        selection = Selection(preset.only, preset.without)
        wanted = {rule.subject for rule in catalogue.load().rules.values() if selection.wants(rule)}
        assert "cda" in wanted
        assert wanted.isdisjoint({"mail", "xdm"})

    def test_mssante_keeps_mails_and_archives(self) -> None:
        from dui_conformance.engine.plan import Selection

        preset = presets()["mssante"]
        selection = Selection(preset.only, preset.without)
        wanted = {rule.subject for rule in catalogue.load().rules.values() if selection.wants(rule)}
        assert {"mail", "xdm", "cda"} <= wanted


class TestTemplates:
    @pytest.mark.parametrize("lang", ["fr", "en"])
    def test_a_template_is_a_manifest_that_can_be_read(self, lang: str) -> None:
        path = ROOT / "templates" / f"dui.{lang}.toml"
        loaded = manifest.load(path)
        assert loaded.paths == ("exports",)
        assert loaded.product

    @pytest.mark.parametrize("lang", ["fr", "en"])
    def test_with_every_line_taken_in_it_still_can(self, lang: str, tmp_path: Path) -> None:
        """What is commented out is right too, as an editor will find by taking the # away."""
        text = (ROOT / "templates" / f"dui.{lang}.toml").read_text(encoding="utf-8")
        whole = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
        data = tomllib.loads(whole)
        assert set(data) == {
            "editor", "product", "referencing", "scope", "options", "exports", "attestations", "waivers", "endpoints",
            "funding",
        }  # fmt: skip
        assert set(data["options"]) == set(manifest.OPTIONS)
        path = tmp_path / "dui.toml"
        path.write_text(whole, encoding="utf-8")
        manifest.load(path)

    def test_both_say_the_same(self) -> None:
        def keys(lang: str) -> list[str]:
            text = (ROOT / "templates" / f"dui.{lang}.toml").read_text(encoding="utf-8")
            return re.findall(r"^#? ?(\[+[\w.]+\]+|\w+ =)", text, flags=re.MULTILINE)

        assert keys("fr") == keys("en")


class TestSchemas:
    @pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.json")), ids=lambda p: p.name)
    def test_a_schema_is_one(self, path: Path) -> None:
        Draft202012Validator.check_schema(json.loads(path.read_bytes()))

    def test_the_run_is_closed(self) -> None:
        """Every object of the run names its properties: a field that is added is added to the published schema."""

        def open_objects(part: Any, at: str) -> list[str]:
            found = []
            if isinstance(part, dict):
                if "properties" in part and part.get("additionalProperties", True) is not False:
                    found.append(at)
                for name, inside in part.items():
                    found += open_objects(inside, f"{at}/{name}")
            return found

        schema = json.loads((ROOT / "schemas" / "run.schema.json").read_bytes())
        assert open_objects(schema, "") == []

    def test_the_run_schema_is_the_typed_model(self) -> None:
        from dui_conformance import runjson

        schema = runjson.schema()
        assert set(schema["properties"]) == set(runjson.Run.__annotations__)
        assert set(schema["required"]) == runjson.Run.__required_keys__


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.yaml")), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_yaml_file_is_a_mapping_in_utf_8(path: Path) -> None:
    path.read_text(encoding="utf-8")
    assert read_yaml(path)
