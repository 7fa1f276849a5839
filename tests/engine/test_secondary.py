"""A secondary rule is silent where another said the same, and nowhere else."""

from pathlib import Path
from typing import Any

import pytest

from dui_conformance.data import profiles_root
from dui_conformance.engine.plan import Selection
from tests.engine.small import Data, Trial, document, rule

HL7 = "urn:hl7-org:v3"


def schema_rule(cause: str, **more: Any) -> Data:
    return rule("T-STR", {"schema": "cda", "cause": cause}, **({"secondary": True} | more))


def trial(folder: Path, *rules: Data) -> Trial:
    """A small catalogue with the real model of the CDA beside it."""
    (folder / "schemas").mkdir(parents=True)
    (folder / "schemas" / "cda").symlink_to(profiles_root() / "schemas" / "cda")
    return Trial(folder, *rules)


def spoken(made: Trial, inner: str, **more: Any) -> list[str]:
    return sorted(finding.rule for finding in made.judge(document(inner), **more).findings)


MISSING = "<author><time value='2020'/></author>"  # no assignedAuthor


class TestSamePlace:
    def test_alone_it_speaks(self, tmp_path: Path) -> None:
        made = trial(tmp_path, schema_rule("bad_value"))
        assert spoken(made, "<effectiveTime value='hier'/>") == ["T-STR"]

    def test_it_leaves_the_word_to_a_rule_of_the_same_attribute(self, tmp_path: Path) -> None:
        other = rule("T-1", "string-length(@value) > 7", **{"for": "effectiveTime", "at": "@value"})
        made = trial(tmp_path, other, schema_rule("bad_value"))
        assert spoken(made, "<effectiveTime value='hier'/>") == ["T-1"]

    def test_another_attribute_is_another_matter(self, tmp_path: Path) -> None:
        other = rule("T-1", "@nullFlavor", **{"for": "effectiveTime"})
        made = trial(tmp_path, other, schema_rule("bad_value"))
        assert spoken(made, "<effectiveTime value='hier'/>") == ["T-1", "T-STR"]

    def test_a_rule_that_is_not_secondary_speaks_all_the_same(self, tmp_path: Path) -> None:
        other = rule("T-1", "string-length(@value) > 7", **{"for": "effectiveTime"})
        made = trial(tmp_path, other, schema_rule("bad_value", secondary=False))
        assert spoken(made, "<effectiveTime value='hier'/>") == ["T-1", "T-STR"]

    def test_a_function_is_not_the_name_of_an_element(self, tmp_path: Path) -> None:
        other = rule("T-1", "name(..) = 'x' and time()", **{"for": "author"})
        other["check"]["assert"] = "count(.) = 2 and name() = 'x'"
        made = trial(tmp_path, other, schema_rule("repeated"))
        assert spoken(made, "<setId root='1.2'><x/></setId><setId root='1.2'/><author><name/></author>") == [
            "T-1",
            "T-STR",
        ]


class TestAround:
    def test_the_parent_that_names_what_it_misses(self, tmp_path: Path) -> None:
        other = rule("T-1", "assignedAuthor", **{"for": "author"})
        made = trial(tmp_path, other, schema_rule("missing_element"))
        said = [f for f in made.judge(document(MISSING)).findings if "author" in f.location.path]
        assert [f.rule for f in said] == ["T-1"]

    def test_the_parent_that_counts_a_repeated_child(self, tmp_path: Path) -> None:
        other = rule("T-1", "count(title) < 2", **{"for": "self::ClinicalDocument"})
        made = trial(tmp_path, other, schema_rule("repeated"))
        assert spoken(made, "<title>a</title><title>b</title>") == ["T-1"]

    def test_the_parent_must_name_the_element_and_the_attribute(self, tmp_path: Path) -> None:
        near = rule("T-1", "author/time/@value = 'x'", **{"for": "self::ClinicalDocument"})
        far = rule("T-2", "time/@value = 'x'", **{"for": "author"})
        inner = "<author><time value='hier'/></author>"
        assert "T-STR" not in spoken(trial(tmp_path / "a", far, schema_rule("bad_value")), inner)
        assert "T-STR" in spoken(trial(tmp_path / "b", near, schema_rule("bad_value")), inner), "not next to it"

    def test_a_child_that_is_in_question(self, tmp_path: Path) -> None:
        other = rule("T-1", "@use", **{"for": "author/telecom"})
        made = trial(tmp_path, other, schema_rule("unknown_element"))
        assert spoken(made, "<author><telecom/></author>") == ["T-1"]


class TestWeight:
    def test_a_warning_does_not_hide_an_error(self, tmp_path: Path) -> None:
        other = rule("T-1", "string-length(@value) > 7", level="warning", **{"for": "effectiveTime"})
        made = trial(tmp_path, other, schema_rule("bad_value"))
        assert spoken(made, "<effectiveTime value='hier'/>") == ["T-1", "T-STR"]

    def test_a_question_does_not_hide_an_answer(self, tmp_path: Path) -> None:
        other = rule("T-1", "string-length(@value) > 7", outcome="review", **{"for": "effectiveTime"})
        made = trial(tmp_path, other, schema_rule("bad_value"))
        assert spoken(made, "<effectiveTime value='hier'/>") == ["T-1", "T-STR"]

    def test_a_rule_that_is_left_out_hides_nothing(self, tmp_path: Path) -> None:
        other = rule("T-1", "string-length(@value) > 7", **{"for": "effectiveTime"})
        made = trial(tmp_path, other, schema_rule("bad_value"))
        assert spoken(made, "<effectiveTime value='hier'/>", selection=Selection(only=("T-STR",))) == ["T-STR"]

    def test_what_was_said_elsewhere_is_neither_a_success_nor_a_failure(self, tmp_path: Path) -> None:
        other = rule("T-1", "string-length(@value) > 7", **{"for": "effectiveTime"})
        made = trial(tmp_path, other, schema_rule("bad_value"))
        judged = made.judge(document("<effectiveTime value='hier'/>"))
        assert dict(judged.tallies["T-STR"]) == {"not_applicable": 1}


class TestYields:
    @pytest.mark.parametrize(("yields", "expected"), [(["T-1"], ["T-1"]), ([], ["T-1", "T-STR"])])
    def test_to_a_rule_that_speaks_for_the_whole(self, tmp_path: Path, yields: list[str], expected: list[str]) -> None:
        other = rule("T-1", "not(//@root[. = 'a b'])", **{"for": "self::ClinicalDocument"})
        other["check"]["assert"] = "not(descendant::*/@root[. = 'a b'])"
        made = trial(tmp_path, other, schema_rule("bad_value", yields_to=yields))
        inner = "<author><assignedAuthor><id root='a b'/></assignedAuthor></author>"
        assert spoken(made, inner) == expected
