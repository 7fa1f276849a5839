"""Telecommunication addresses of the header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import telecoms


@pytest.mark.parametrize(
    "value",
    [
        "tel:0261910020",
        "tel:+33-2-61-91-00-20",
        "mailto:a.b+c@foyer.mssante.fr",
        "http://[::1]/x?y=1#z",
        "x:%20",
    ],
)
def test_uris(value: str) -> None:
    assert telecoms.is_uri(value).answer == "passed"


@pytest.mark.parametrize(
    ("value", "character"),
    [
        ("tel:02 61", "U+0020"),
        ("tel:02\u00a061", "U+00A0"),
        ("mailto:secrétariat@foyer.fr", "é (U+00E9)"),
        ("mailto:<a@b>", "< (U+003C)"),
        ('tel:"1"', '" (U+0022)'),
        ("tel:1\\2", "\\ (U+005C)"),
        ("tel:1^2", "^ (U+005E)"),
        ("tel:1`2", "` (U+0060)"),
        ("tel:{1}", "{ (U+007B)"),
        ("tel:1|2", "| (U+007C)"),
    ],
)
def test_what_is_not_a_uri_is_named(value: str, character: str) -> None:
    verdict = telecoms.is_uri(value)
    assert (verdict.answer, verdict.values["character"]) == ("failed", character)


@given(st.text())
def test_any_text_gets_an_answer(value: str) -> None:
    assert telecoms.is_uri(value).answer in ("passed", "failed")


def test_a_telecom_may_serve_two_uses_but_not_twice_the_same() -> None:
    assert telecoms.differ(("tel:1", "tel:1"), ("H", "WP")).answer == "passed"
    twice = telecoms.differ(("tel:1", "tel:2", "tel:1"), ("H", "H", "H"))
    assert (twice.answer, twice.values) == ("failed", {"value": "tel:1"})
