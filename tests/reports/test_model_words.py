"""The document models, as the reports tell them."""

from typing import Any, cast

from dui_conformance.reports import console, html, markdown, model_words
from dui_conformance.reports.words import Words
from tests.reports.sample import ALONE, sample

W = Words("fr", model_words.PHRASES)


def with_models() -> Any:
    """The sample, whose first documents follow a model."""
    run = cast(Any, sample())
    models = [
        {"id": "N1", "version": ""},
        {"id": "VSM_1.4", "version": "2022.01"},
        {"id": "VSM_1.4", "version": "2022.01"},
    ]
    for subject, model in zip(run["subjects"][1:], models, strict=False):
        subject["model"] = model
    next(s for s in run["subjects"] if s["id"] == ALONE)["model"] = {"id": "DLU-EHPAD-DLU", "version": ""}
    return run


def test_a_model_is_named_with_its_version() -> None:
    assert model_words.name({"id": "DLU-EHPAD-DLU", "version": "2022.01"}, W) == "DLU-EHPAD-DLU 2022.01"
    assert model_words.name({"id": "DLU-EHPAD-DLU", "version": ""}, W) == "DLU-EHPAD-DLU sans version"
    assert model_words.name({"id": "N1", "version": ""}, W) == "niveau 1"


def test_the_most_frequent_first() -> None:
    counts = model_words.counts(with_models(), W)
    assert [n for _name, n in counts] == sorted((n for _name, n in counts), reverse=True)
    assert ("DLU-EHPAD-DLU sans version", 1) in counts


def test_every_report_for_people_names_the_models() -> None:
    run = with_models()
    for text in (console.render(run, "fr", width=200), markdown.render(run, "fr"), html.render(run, "fr")):
        assert "DLU-EHPAD-DLU sans version" in text
        assert "Modèles des documents" in text
    assert "modèle DLU-EHPAD-DLU sans version ·" in html.render(run, "fr")
    assert "Document models" in console.render(run, "en", width=200)


def test_a_run_without_models_says_nothing_of_them() -> None:
    run = cast(Any, sample())
    for subject in run["subjects"]:
        subject.pop("model", None)
    assert "Modèles des documents" not in console.render(run, "fr", width=200)
    assert "Modèles des documents" not in html.render(run, "fr")
    assert "Modèles des documents" not in markdown.render(run, "fr")
