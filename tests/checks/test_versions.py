"""Versions of models and of documents."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import versions
from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.rules import catalogue

VERSIONS = {
    "1.2.3": {"templateId": "2022.01 2024.01"},
    "1.2.4": {"templateId": "none"},
    "1.2.5": {"templateId": "any 2025.01"},
}
CODES = {"1.2.3": {"templateId": "74207-2"}, "1.2.4": {"templateId": "60591-5 74207-2"}}


@pytest.mark.parametrize(
    ("root", "extension", "answer"),
    [
        ("1.2.3", "2022.01", "passed"),
        ("1.2.3", "2023.01", "failed"),
        ("1.2.3", "", "failed"),
        ("1.2.4", "", "passed"),
        ("1.2.4", "2022.01", "failed"),
        ("1.2.5", "2019.01", "not_applicable"),
        ("1.2.9", "2022.01", "not_applicable"),
    ],
)
def test_versions_of_a_model(root: str, extension: str, answer: str) -> None:
    assert versions.model_version_is_known(root, extension, VERSIONS).answer == answer


def test_the_code_is_one_of_the_model() -> None:
    assert versions.code_suits_model("74207-2", ("9.9", "1.2.3", "1.2.4"), CODES).answer == "passed"
    assert versions.code_suits_model("74207-2", ("9.9",), CODES).answer == "not_applicable"
    wrong = versions.code_suits_model("60591-5", ("1.2.4", "1.2.3"), CODES)
    assert wrong.values == {"root": "1.2.3", "expected": "74207-2"}


@pytest.mark.parametrize(
    ("version", "parent", "answer"),
    [
        ("2", "1", "passed"),
        ("10", "9", "passed"),
        ("2", "2", "failed"),
        ("1", "2", "failed"),
        ("2", "v1", "not_applicable"),
        ("٢", "1", "not_applicable"),
        ("9" * 5000, "1", "not_applicable"),
        ("", "", "not_applicable"),
    ],
)
def test_a_replaced_version_is_older(version: str, parent: str, answer: str) -> None:
    assert versions.parent_is_older(version, parent).answer == answer


def answers(found: object) -> list[tuple[int, str]]:
    return [(index, verdict.answer) for index, verdict in found]  # type: ignore[attr-defined]


def document(
    name: str, identifier: str, content: str = "", of: str = "", version: str = ""
) -> tuple[str, Mapping[str, str]]:
    return name, {"id": identifier, "content": content, "set": of, "version": version}


def test_an_id_names_one_content() -> None:
    records = [
        document("a", "1.2", "x"),
        document("b", "1.2", "x"),
        document("c", "1.2", "y"),
        document("d", "", "z"),
        document("e", ""),
    ]
    assert answers(versions.ids_are_unique(records)) == [(1, "passed"), (2, "failed")]
    assert [
        verdict.values["other"] for _, verdict in versions.ids_are_unique(records) if verdict.answer == "failed"
    ] == ["a"]


def test_a_version_of_a_set_is_one_document() -> None:
    records = [
        document("a", "1.2", of="9", version="1"),
        document("b", "1.2", of="9", version="1"),
        document("c", "1.3", of="9", version="1"),
        document("d", "1.4", of="9", version="2"),
        document("e", "1.5", of="", version="1"),
        document("f", "1.6", of="", version="1"),
    ]
    assert answers(versions.versions_are_unique(records)) == [(1, "passed"), (2, "failed")]


@given(st.text(), st.text(), st.text())
def test_any_text_gets_an_answer(one: str, two: str, three: str) -> None:
    versions.model_version_is_known(one, two, VERSIONS)
    versions.code_suits_model(one, (two, three), CODES)
    versions.parent_is_older(one, two)
    list(versions.ids_are_unique([document(one, two, three), document(one, two, one)]))


def test_the_tables_say_what_the_models_say() -> None:
    loaded = catalogue.load()
    known, codes = (
        {root: entry["templateId"].split() for root, entry in loaded.value_sets[name].codes.items()}
        for name in ("model-versions", "model-codes")
    )
    expected_versions: dict[str, set[str]] = {}
    expected_codes: dict[str, set[str]] = {}
    for model in read_yaml(profiles_root() / "models" / "templates.yaml")["models"]:
        written = expected_versions.setdefault(model["root"], set())
        proven = model.get("extension_known", True)
        written.add((model["extension"] or "none") if proven else "any")
        written.update(model.get("other_extensions", ()))
        for code in (model["code"], *model.get("other_codes", ())):
            if code:
                expected_codes.setdefault(model["root"], set()).add(code)
    assert {root: set(found) for root, found in known.items()} == expected_versions
    assert {root: set(found) for root, found in codes.items()} == expected_codes
