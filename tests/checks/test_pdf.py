"""The verdict of veraPDF, and its absence."""

from dui_conformance.checks import pdf


def test_verdicts() -> None:
    assert pdf.verapdf_agrees("true", "PDF/A-1B", "veraPDF 1.28.2").answer == "passed"
    assert pdf.verapdf_agrees("false", "PDF/A-1B", "veraPDF 1.28.2").values["version"] == "veraPDF 1.28.2"


def test_without_it_a_person_looks() -> None:
    assert pdf.verapdf_is_there(pdf.ABSENT).answer == "review"
    assert pdf.verapdf_is_there("veraPDF 1.28.2").answer == "passed"
    assert pdf.verapdf_answers(pdf.ABSENT, "", "").answer == "not_applicable"
    assert pdf.verapdf_answers("veraPDF 1.28.2", "", "time").values["cause"] == "time"
    assert pdf.verapdf_answers("veraPDF 1.28.2", "false", "").answer == "passed"
