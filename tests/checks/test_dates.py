"""HL7 timestamps."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import dates


@pytest.mark.parametrize(
    "value",
    [
        "2026",
        "202602",
        "20240229",
        "2026031210",
        "202603121015",
        "20260312101500",
        "20260312101500.125",
        "20260312101500+0100",
        "2026031210+01",
        "20260312101500-1000",
        "20260312235959+1400",
    ],
)
def test_real_timestamps(value: str) -> None:
    assert dates.moment(value) is not None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "20261",
        "20230229",  # 2023 is not a leap year
        "20260431",
        "20261301",
        "00000101",
        "2026031224",
        "20260312106000",
        "20260312101560",
        "20260312+0100",  # a day has no zone
        "20260312101500+1500",
        "20260312101500+0160",
        "20260312101500+1",
        "20260312101500Z",
        "20260312101500+01:00",
        "2026-03-12",
        "2026031210.5",
        " 20260312",
        "20260312\n",
        "\uff12\uff10\uff12\uff16",  # full-width digits are not those of HL7
    ],
)
def test_what_no_calendar_holds(value: str) -> None:
    assert dates.moment(value) is None


def test_a_moment_says_what_was_given() -> None:
    day = dates.moment("20260312")
    assert day is not None
    assert (day.parts, day.zone) == (3, None)
    west = dates.moment("2026031210-0330")
    assert west is not None
    assert (west.parts, west.zone) == (4, -timedelta(hours=3, minutes=30))


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("20260312101500+0100", "passed"),
        ("20260312101500.5+0100", "passed"),
        ("20260312101500", "passed"),
        ("202603121015+0100", "failed"),
        ("20260312", "failed"),
        ("20260431", "not_applicable"),
    ],
)
def test_precision(value: str, answer: str) -> None:
    assert dates.to_the_second(value).answer == answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("20260312101500+0100", "passed"),
        ("202603121015-0500", "passed"),
        ("20260312101500", "failed"),
        ("2026031210", "failed"),
        ("20260312", "not_applicable"),
        ("not a time", "not_applicable"),
    ],
)
def test_zone(value: str, answer: str) -> None:
    assert dates.has_zone(value).answer == answer


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        ("20260310140000+0100", "20260310153000+0100", "passed"),
        ("20260310140000+0100", "20260310140000+0100", "passed"),
        ("20260311", "20260310", "failed"),
        # the zones decide: 10:30 in Paris is before 10:00 in UTC
        ("20260310103000+0100", "20260310100000+0000", "passed"),
        ("20260310100000+0000", "20260310103000+0100", "failed"),
        # one has no zone: the written times are compared
        ("20260310103000", "20260310100000+0000", "failed"),
        # at the precision that both have
        ("20260310140000+0100", "20260310", "passed"),
        ("2026", "20250101", "failed"),
        ("20260431", "20260101", "not_applicable"),
        ("20260101", "", "not_applicable"),
        # the ends of what can be compared do not raise
        ("00010101000000+1400", "00010101000000+1400", "passed"),
        ("99991231235959-1200", "99991231235959-1200", "passed"),
    ],
)
def test_order(low: str, high: str, answer: str) -> None:
    assert dates.ordered(low, high).answer == answer


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        ("20260310140000+0100", "20260310153000+0100", "passed"),
        ("20260310140000+0100", "20260310140000+0100", "failed"),
        ("20260310140000+0100", "20260310130000+0000", "failed"),
        ("20260310", "20260310", "failed"),
        ("20260310", "20260310140000+0100", "passed"),
        ("", "20260310", "not_applicable"),
    ],
)
def test_two_ends(low: str, high: str, answer: str) -> None:
    assert dates.distinct(low, high).answer == answer


@given(st.text(), st.text())
def test_nothing_raises(first: str, second: str) -> None:
    dates.moment(first)
    dates.to_the_second(first)
    dates.has_zone(first)
    dates.ordered(first, second)
    dates.distinct(first, second)


@given(st.datetimes())
def test_every_datetime_is_real(moment: object) -> None:
    text = f"{moment:%Y%m%d%H%M%S}".rjust(14, "0")
    assert dates.moment(text) is not None
