"""The loading of a catalogue: kept as JSON beside its sources, refused with a name when it cannot be used."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.rules import catalogue
from dui_conformance.rules.catalogue import CatalogueError
from dui_conformance.rules.model import Assertion, Rule
from dui_conformance.rules.xpath import DialectError, Expression, compiled
from tests.engine.small import rule, value_set, written

Data = dict[str, Any]


class TestLoading:
    """The loaded data is kept as JSON beside its sources, under the digest of what it was made from."""

    def test_kept_data_serves(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        root = written(tmp_path, [rule("T-1")])
        first = catalogue.load(root)
        monkeypatch.setattr(catalogue, "read_yaml", lambda path: pytest.fail(f"{path} is read again"))
        second = catalogue.load(root)
        assert second.digest == first.digest
        assert list(second.rules) == ["T-1"]

    @pytest.mark.parametrize("change", ["constants.yaml", "rules/trial.yaml", "valuesets/J07.yaml"])
    def test_a_change_of_any_source_is_seen(self, tmp_path: Path, change: str) -> None:
        sets = [value_set("J07", {"1": {"before": "x"}})]
        root = written(tmp_path, [rule("T-1", title={"fr": "avant", "en": "before"})], sets=sets)
        before = catalogue.load(root)
        path = root / change
        path.write_text(path.read_text().replace("before", "after").replace("2.16.840.1", "3.16.840.1"))
        after = catalogue.load(root)
        assert after.digest != before.digest

        def shown(loaded: catalogue.Catalogue) -> list[object]:
            codes = list(loaded.value_sets["J07"].codes)
            return [loaded.rules["T-1"].title.en, codes, loaded.constants.scalars["LOINC"]]

        assert sum(a != b for a, b in zip(shown(before), shown(after), strict=True)) == 1

    def test_a_new_file_and_a_lost_one_are_seen(self, tmp_path: Path) -> None:
        root = written(tmp_path, [rule("T-1")])
        catalogue.load(root)
        written(tmp_path, [rule("U-1")], family="other")
        assert set(catalogue.load(root).rules) == {"T-1", "U-1"}
        (root / "rules" / "trial.yaml").unlink()
        assert set(catalogue.load(root).rules) == {"U-1"}

    def test_one_kept_file_at_a_time(self, tmp_path: Path) -> None:
        root = written(tmp_path, [rule("T-1")])
        catalogue.load(root)
        written(tmp_path, [rule("T-2")])
        catalogue.load(root)
        assert len(list((root / "compiled").iterdir())) == 1

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null", b"[]"])
    def test_damaged_kept_data_is_made_again(self, tmp_path: Path, content: bytes) -> None:
        root = written(tmp_path, [rule("T-1")])
        catalogue.load(root)
        (kept,) = (root / "compiled").iterdir()
        kept.write_bytes(content)
        assert list(catalogue.load(root).rules) == ["T-1"]

    def test_a_folder_that_cannot_be_written_is_no_problem(self, tmp_path: Path) -> None:
        root = written(tmp_path, [rule("T-1")])
        (root / "compiled").write_text("not a folder")
        assert list(catalogue.load(root).rules) == ["T-1"]
        assert list(catalogue.load(root).rules) == ["T-1"]

    def test_what_is_kept_has_no_counter_examples(self, tmp_path: Path) -> None:
        root = written(tmp_path, [rule("T-1", breaks=[{"in": "somewhere", "set": "secret"}])])
        catalogue.load(root)
        (kept,) = (root / "compiled").iterdir()
        assert b"somewhere" not in kept.read_bytes()

    @pytest.mark.parametrize(
        ("bad", "named"),
        [
            (rule("T-9", "a["), "T-9"),
            (rule("T-9", "$NOBODY"), "NOBODY"),
            (rule("T-9", {"nothing": "x"}), "T-9"),
            ({k: v for k, v in rule("T-9").items() if k != "level"}, "level"),
        ],
    )
    def test_a_bad_rule_is_named(self, tmp_path: Path, bad: Data, named: str) -> None:
        root = written(tmp_path, [rule("T-1"), bad])
        if bad["check"] == {"assert": "a["}:
            loaded = catalogue.load(root)
            with pytest.raises(DialectError, match=r"a\["):
                compiled(next(_expressions_of_check(loaded.rules["T-9"])).text)
            return
        with pytest.raises(CatalogueError, match=named):
            catalogue.load(root)

    def test_a_rule_written_twice_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogueError, match="T-1"):
            catalogue.load(written(tmp_path, [rule("T-1"), rule("T-1")]))

    def test_a_file_that_is_not_yaml_is_named(self, tmp_path: Path) -> None:
        from dui_conformance.data import DataError

        root = written(tmp_path, [rule("T-1")])
        (root / "rules" / "zz.yaml").write_text("a: [")
        with pytest.raises(DataError, match=r"zz\.yaml"):
            catalogue.load(root)


def _expressions_of_check(rule: Rule) -> Iterator[Expression]:
    assert isinstance(rule.check, Assertion)
    yield rule.check.holds
