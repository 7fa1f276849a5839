"""The grids of a guide: a table made into Questionnaires, or compared by linkIds where it is loose."""

from typing import Any

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.engine.guide_questionnaires import answers, canonicals, loose, questionnaires

TOLD: dict[str, Any] = {
    "canonical": "https://example.org/Questionnaire/",
    "systems": {"s": "https://example.org/cs"},
    "each": "un deux",
    "questionnaires": {
        "grille": {
            "also": "ancienne",
            "items": {"a": "boolean", "b": {"is": "choice s x y", "below": "bb", "items": {"c": "text"}}},
        },
        "libre": {"loose": True, "items": {"d": {"is": "integer", "items": {"e": "integer"}}}},
    },
}


def test_a_table_is_made_into_a_questionnaire_under_each_of_its_names() -> None:
    first, second = questionnaires(TOLD, "2.4.0")
    assert [q["url"] for q in (first, second)] == [f"{TOLD['canonical']}{name}" for name in ("grille", "ancienne")]
    assert first["item"] == second["item"]
    choice = first["item"][1]
    assert [o["valueCoding"] for o in choice["answerOption"]] == [
        {"system": "https://example.org/cs", "code": code} for code in "xy"
    ]
    assert [(i["linkId"], i["type"]) for i in choice["item"]] == [
        ("c", "text"), ("bb-un", "boolean"), ("bb-deux", "boolean"),
    ]  # fmt: skip


def test_a_loose_one_gives_its_link_ids_alone() -> None:
    assert list(loose(TOLD)) == [("libre", [f"{TOLD['canonical']}libre"], ["d", "e"])]
    assert canonicals(TOLD)[-1].endswith("/libre")
    assert answers(["u"]) == "questionnaire = 'u' or questionnaire.startsWith('u|')"


def test_the_grids_of_tddui_are_those_of_the_guide() -> None:
    """Facts B8: how many items each has."""
    told = read_yaml(profiles_root() / "fhir" / "tddui-2.4.0" / "questionnaires.yaml")

    def count(items: list[Any]) -> int:
        return sum(1 + count(item.get("item", [])) for item in items)

    sizes = {q["id"].removeprefix("tddui-questionnaire-"): count(q["item"]) for q in questionnaires(told, "")}
    assert sizes == {"situation-ssiad": 8, "aggir-pa-ssiad": 1 + 15 * 5, "aggir-ph-ssiad": 1 + 10 * 5}
    [(_, urls, links)] = loose(told)
    assert len(urls) == 2
    assert len(links) == 36
