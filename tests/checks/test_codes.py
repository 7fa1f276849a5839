"""Codes that carry their own key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import codes


@pytest.mark.parametrize("code", ["34117-2", "28651-8", "11490-0", "34112-3", "83981-1", "8716-3", "55115-0"])
def test_published_codes_are_right(code: str) -> None:
    assert codes.loinc_key_is_right(code).answer == "passed"


@pytest.mark.parametrize("code", ["34117-5", "28651-3", "341172", "34117-", "-2", "SIS", "", "34117-2 ", "١٢-٣"])
def test_slips_are_not(code: str) -> None:
    assert codes.loinc_key_is_right(code).answer == "failed"


@pytest.mark.parametrize("code", ["LA18456-6", "XX-ANTENATALTESTINGBATTERY", "xx-MCH-PsychoMDev"])
def test_answers_and_provisional_codes_are_not_judged(code: str) -> None:
    assert codes.loinc_key_is_right(code).answer == "not_applicable"


def test_several_codes() -> None:
    verdict = codes.loinc_keys_are_right(("34117-2", "34117-5", "LA18456-6", "34117-5", "1"))
    assert (verdict.answer, verdict.values) == ("failed", {"wrong": "34117-5, 1"})
    assert codes.loinc_keys_are_right(("34117-2",)).answer == "passed"
    assert codes.loinc_keys_are_right(()).answer == "not_applicable"


@given(st.integers(1, 9_999_999), st.integers(0, 6), st.integers(1, 9))
def test_one_figure_wrong_is_always_seen(number: int, place: int, shift: int) -> None:
    digits = str(number)
    place %= len(digits)
    other = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]
    assert codes.loinc_key(digits) != codes.loinc_key(other)


@given(st.text())
def test_any_text_has_a_verdict(text: str) -> None:
    assert codes.loinc_key_is_right(text).answer in ("passed", "failed", "not_applicable")
