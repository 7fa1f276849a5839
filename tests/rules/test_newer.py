"""Value sets that a user has added, in the place of older ones, and codes that have ended."""

import json
from pathlib import Path

from dui_conformance.rules import catalogue
from dui_conformance.rules.model import ValueSet
from dui_conformance.rules.newer import Newer, Newest

SHIPPED = ValueSet("X", "JDV_X", "1.2.3", "v1", "2024-06-01", True, "shipped", {"A": {"1.9": "a"}, "B": {"1.9": "b"}})


def issue(path: Path, date: str, codes: dict[str, dict[str, str]], **more: object) -> Newer:
    sets = [{"oid": "1.2.3", "name": "JDV_X", "version": "", "date": date, "codes": codes, "ends": {}, **more}]
    path.write_text(json.dumps({"format": 1, "sets": sets}))
    return Newer(str(path), path.name, path.stem)


def test_a_newer_issue_takes_the_place_and_tells_what_ended(tmp_path: Path) -> None:
    newest = Newest([issue(tmp_path / "new", "2026-02-01", {"1.9": {"A": "a bis", "C": "c"}})])(SHIPPED)
    assert newest.codes == {"A": {"1.9": "a bis"}, "C": {"1.9": "c"}}
    assert (newest.date, newest.version, newest.source) == ("2026-02-01", "2026-02-01", "new")
    assert newest.end_of("B", "1.9") == "2026-02-01"
    assert newest.end_of("A", "1.9") == newest.end_of("Z", "1.9") == ""
    assert newest.other_labels["1.9", "A"] == ("a",)  # the older label stays right


def test_an_older_issue_leaves_the_shipped_one_and_adds_its_history(tmp_path: Path) -> None:
    same = Newest([issue(tmp_path / "old", "2023-01-01", {"1.9": {"A": "a", "O": "o"}})])(SHIPPED)
    assert same.codes == SHIPPED.codes
    assert same.date == "2024-06-01"
    assert same.end_of("O", "1.9") == "2024-06-01"


def test_several_issues_each_end_at_the_next(tmp_path: Path) -> None:
    newer = [
        issue(tmp_path / "three", "2026-01-01", {"1.9": {"A": "a"}}),
        issue(tmp_path / "two", "2025-01-01", {"1.9": {"A": "a", "C": "c"}}),
    ]
    found = Newest(newer)(SHIPPED)
    assert (found.end_of("B", "1.9"), found.end_of("C", "1.9")) == ("2025-01-01", "2026-01-01")


def test_a_code_that_comes_back_has_not_ended(tmp_path: Path) -> None:
    newer = [
        issue(tmp_path / "two", "2025-01-01", {"1.9": {"A": "a"}}),
        issue(tmp_path / "three", "2026-01-01", {"1.9": {"A": "a", "B": "b"}}),
    ]
    found = Newest(newer)(SHIPPED)
    assert found.end_of("B", "1.9") == ""
    assert "B" in found.codes


def test_a_list_may_tell_itself_what_has_ended(tmp_path: Path) -> None:
    codes = {"1.9": {"A": "a", "B": "b"}}
    found = Newest([issue(tmp_path / "new", "2026-02-01", codes, ends={"1.9": {"B": "2025-07-01"}})])(SHIPPED)
    assert "B" not in found.codes
    assert found.end_of("B", "1.9") == "2025-07-01"


def test_a_url_stands_for_the_system_that_has_the_same_codes(tmp_path: Path) -> None:
    found = Newest([issue(tmp_path / "new", "2026-02-01", {"https://x.example/cs": {"A": "a", "C": "c"}})])(SHIPPED)
    assert found.codes["C"] == {"1.9": "c"}


def test_what_cannot_be_placed_changes_nothing(tmp_path: Path) -> None:
    unknown = issue(tmp_path / "unknown", "2026-02-01", {"https://x.example/cs": {"Y": "y"}})
    undated = issue(tmp_path / "undated", "", {"1.9": {"Y": "y"}})
    (tmp_path / "broken").write_text("{")
    assert Newest([unknown, undated, Newer(str(tmp_path / "broken"), "", "")])(SHIPPED) == SHIPPED


def test_the_catalogue_and_the_tables_of_models_take_it(tmp_path: Path) -> None:
    shipped = catalogue.load().value_sets["J04"]
    path = tmp_path / "sets.json"
    one = {"oid": shipped.oid, "name": "x", "version": "9", "date": "2030-01-01", "codes": {"1.9": {"A": "a"}}}
    path.write_text(json.dumps({"sets": [one]}))
    newer = (Newer(str(path), "digest", "mine"),)
    loaded = catalogue.load(newer=newer)
    assert loaded.value_sets["J04"].codes == {"A": {"1.9": "a"}}
    assert loaded.models.sets("J04").date == "2030-01-01"
    assert loaded.digest != catalogue.load().digest
    assert catalogue.load().value_sets["J04"] == shipped
