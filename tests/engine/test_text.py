"""Texts in two languages, and the marks around personal values."""

from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.text import Text, personal, places, plain, shortened, unmark, unmarked

_texts = st.lists(st.tuples(st.booleans(), st.text(max_size=12)), max_size=6).map(
    lambda parts: "".join(personal(text) if marked else plain(text) for marked, text in parts)
)


def hidden(text: str) -> str:
    return unmark(text, lambda _: "")


def balanced(text: str) -> bool:
    return "\ue000" not in hidden(text) and "\ue001" not in hidden(text)


@given(_texts, st.integers(0, 40))
def test_a_shortened_text_has_no_open_mark_and_begins_alike(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert balanced(short)
    assert unmark(text, str).startswith(unmark(short, str).removesuffix("…") if short != text else "")
    assert len(short) <= limit + 2 or short == text
    assert (short == text) == (len(text) <= limit)


@given(_texts)
def test_what_is_marked_is_left_alone(text: str) -> None:
    assert hidden(unmarked(text, str.upper)) == hidden(text).upper()
    assert unmark(unmarked(text, lambda _: ""), str) == unmark(unmarked(text, lambda part: ""), lambda value: value)


@given(st.text())
def test_no_value_can_forge_a_mark(value: str) -> None:
    assert balanced(plain(value))
    assert plain(value).isprintable()
    assert hidden(personal(value)) == ""


def test_an_unknown_place_stays_as_it_is_written() -> None:
    text = Text("{a} et {b}", "{a} and {b}").filled({"a": "1"})
    assert (text.fr, text.en) == ("1 et {b}", "1 and {b}")
    assert places("{a} {b_2} {} {a}") == {"a", "b_2"}


def test_a_value_that_looks_like_a_place_is_not_filled() -> None:
    assert Text("{a}", "{a}").filled({"a": "{b}", "b": "x"}).fr == "{b}"
