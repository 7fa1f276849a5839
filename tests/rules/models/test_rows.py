"""What a row asks of an element, by what it is written with."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.models.small import body, models, said, table

COLOURS: dict[str, Any] = {
    "id": "COLOURS",
    "name": "JDV_Couleurs",
    "source": "Tests",
    "codes": {"2.999.9": {"R": "rouge"}},
}
RULE = "ENT-T-003"


def causes(folder: Path, row: dict[str, Any], inside: str, model: str = "") -> list[str] | None:
    """What one row says of an observation; None where it does not apply."""
    made = models(folder, table({"n": 3, **row}), sets=(COLOURS,))
    return said(made, body(inside, model)).get(RULE)


@pytest.mark.parametrize(
    ("card", "count", "expected"),
    [
        ("1..1", 0, ["absent"]),
        ("1..1", 1, []),
        ("1..1", 3, ["many"]),
        ("0..1", 0, None),
        ("0..1", 1, []),
        ("0..1", 2, ["many"]),
        ("2..*", 1, ["absent"]),
        ("2..*", 2, []),
        ("0..0", 0, []),
        ("0..0", 1, ["forbidden"]),
    ],
)
def test_cardinality(tmp_path: Path, card: str, count: int, expected: list[str] | None) -> None:
    assert causes(tmp_path, {"path": "id", "card": card}, '<id root="2.999"/>' * count) == expected


@pytest.mark.parametrize(
    ("wanted", "written", "expected"),
    [
        ({"code": "A"}, '<code code="A"/>', []),
        ({"code": "A"}, '<code code="B"/>', ["value"]),
        ({"code": "A"}, "<code/>", ["attribute"]),
        ({"code": ["A", "B"]}, '<code code="B"/>', []),
        ({"code": True}, '<code code=" "/>', ["attribute"]),
        ({"code": True}, '<code code="?"/>', []),
        ({"code": False}, '<code code="A"/>', ["unwanted"]),
        ({"code": False}, "<code/>", []),
        ({"code": "A"}, "", None),
        ({"code": "A", "codeSystem": True}, "<code/>", ["attribute", "attribute"]),
    ],
)
def test_attributes(tmp_path: Path, wanted: dict[str, Any], written: str, expected: list[str] | None) -> None:
    assert causes(tmp_path, {"path": "code", "attributes": wanted}, written) == expected


@pytest.mark.parametrize(
    ("null", "written", "expected"),
    [
        (True, '<code nullFlavor="UNK"/>', []),
        (["UNK"], '<code nullFlavor="UNK"/>', []),
        (["UNK"], '<code nullFlavor="NA"/>', ["null"]),
        (False, '<code nullFlavor="UNK"/>', ["null"]),
        (False, '<code code="A"/>', []),
    ],
)
def test_null_flavors(tmp_path: Path, null: Any, written: str, expected: list[str]) -> None:
    assert causes(tmp_path, {"path": "code", "null": null, "attributes": {"code": "A"}}, written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('<value xsi:type="CD" code="R" codeSystem="2.999.9"/>', []),
        ('<code code="R" codeSystem="2.999.9"/>', None),
        ('<value xsi:type="CD" code="V" codeSystem="2.999.9"/>', ["code"]),
        ('<value xsi:type="CD" code="R" codeSystem="2.999.8"/>', ["system"]),
        ('<value xsi:type="CD"/>', ["attribute", "attribute"]),
        ('<value xsi:type="BL" value="true"/>', []),
    ],
)
def test_value_sets(tmp_path: Path, written: str, expected: list[str] | None) -> None:
    assert causes(tmp_path, {"path": "value", "value_set": "COLOURS"}, written) == expected


@pytest.mark.parametrize(
    ("row", "written", "expected"),
    [
        ({"type": "CD"}, '<value xsi:type="CD"/>', []),
        ({"type": "CD"}, '<value xsi:type="CE"/>', ["type"]),
        ({"type": ["CD", "CE"]}, "<value/>", ["attribute"]),
        ({"pattern": {"value": r"\d+"}}, '<value value="12"/>', []),
        ({"pattern": {"value": r"\d+"}}, '<value value="12a"/>', ["pattern"]),
        ({"pattern": {"value": r"\d+"}}, "<value/>", []),
        ({"text": True}, "<value> </value>", ["text"]),
        ({"text": True}, "<value><content>a</content></value>", []),
        ({"text": True}, "<value><renderMultiMedia/></value>", []),
        ({"narrative": True}, '<value value="#a"/>', []),
        ({"narrative": True}, "<value/>", ["reference"]),
        ({"assert": "@value > 3", "message": {"fr": "trop peu", "en": "too few"}}, '<value value="2"/>', ["assert"]),
        ({"assert": "@value > 3", "message": {"fr": "trop peu", "en": "too few"}}, '<value value="4"/>', []),
    ],
)
def test_other_facets(tmp_path: Path, row: dict[str, Any], written: str, expected: list[str]) -> None:
    assert causes(tmp_path, {"path": "value", **row}, written) == expected


class TestWhere:
    def test_each_counts_from_every_one(self, tmp_path: Path) -> None:
        row = {"each": "effectiveTime", "path": "low", "card": "1..1"}
        assert causes(tmp_path, row, "") is None
        assert causes(tmp_path, row, "<effectiveTime><low/></effectiveTime><effectiveTime/>") == ["absent"]

    def test_a_path_counts_the_whole(self, tmp_path: Path) -> None:
        row = {"path": "effectiveTime/low", "card": "1..1"}
        assert causes(tmp_path, row, "<effectiveTime><low/></effectiveTime><effectiveTime/>") == []

    def test_when(self, tmp_path: Path) -> None:
        row = {"when": "statusCode/@code='active'", "path": "id", "card": "1..1"}
        assert causes(tmp_path, row, '<statusCode code="completed"/>') is None
        assert causes(tmp_path, row, '<statusCode code="active"/>') == ["absent"]

    def test_models(self, tmp_path: Path) -> None:
        row = {"path": "id", "card": "1..1"}
        for more, model, applies in (
            ({"models": "TRIAL_*"}, "TRIAL_2026.01", True),
            ({"models": "TRIAL_*"}, "OTHER_1", False),
            ({"models": "TRIAL_*"}, "", False),
            ({"not_models": ["TRIAL_2026.01"]}, "TRIAL_2026.01", False),
            ({"not_models": ["TRIAL_2026.01"]}, "", True),
        ):
            assert (causes(tmp_path, {**row, **more}, "", model) is not None) == applies, more


class TestTable:
    def test_the_wrong_element_is_all_that_is_said(self, tmp_path: Path) -> None:
        made = models(tmp_path, table({"n": 3, "path": "id", "card": "1..1"}, element="act"))
        assert said(made, body("")) == {"ENT-T-001": ["element"]}

    def test_each_parent_that_is_missing(self, tmp_path: Path) -> None:
        made = models(tmp_path, table(parents=["2.999.6", "2.999.7"]))
        assert said(made, body('<templateId root="2.999.7"/>'))["ENT-T-002"] == ["parent"]
        assert said(made, body(""))["ENT-T-002"] == ["parent", "parent"]

    def test_unless(self, tmp_path: Path) -> None:
        made = models(tmp_path, table({"n": 3, "path": "id", "card": "1..1"}, unless=["2.999.7"]))
        assert said(made, body('<templateId root="2.999.7"/>')) == {}

    def test_an_extension(self, tmp_path: Path) -> None:
        made = models(tmp_path, table({"n": 3, "path": "id", "card": "1..1"}, extension="2"))
        assert said(made, body("")) == {}
        assert [one.stem for one in made.tables("2.999.5", "2")] == ["ENT-T"]
