"""Texts in French and English, and personal values marked inside them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["fr", "en"]

# Two private-use characters enclose a personal value inside a text until it is masked. Values that come
# from a subject lose these characters first, so that no input can forge or break a mark.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_FORGED = str.maketrans("", "", _OPEN + _CLOSE)


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    fr: str
    en: str

    @classmethod
    def of(cls, data: Mapping[str, str]) -> "Text":
        return cls(fr=data["fr"], en=data["en"])

    def filled(self, values: Mapping[str, str]) -> "Text":
        """The same sentence with its `{name}` places filled; an unknown name stays as it is written."""
        return Text(fr=_fill(self.fr, values), en=_fill(self.en, values))

    def as_dict(self) -> dict[str, str]:
        return {"fr": self.fr, "en": self.en}


_PLACE = re.compile(r"\{(\w+)\}")


def _fill(sentence: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), sentence)


def places(sentence: str) -> set[str]:
    """The names of the `{name}` places of a sentence."""
    return set(_PLACE.findall(sentence))


def plain(value: str) -> str:
    """A value from a subject, made safe to stand in a text (no forged mark, no control character)."""
    if value.isprintable():  # private-use characters are not
        return value
    return "".join(c if c.isprintable() else " " for c in value.translate(_FORGED))


def personal(value: str) -> str:
    """A value from a subject, marked as personal."""
    return f"{_OPEN}{plain(value)}{_CLOSE}" if value else value


def unmark(text: str, replace: Callable[[str], str]) -> str:
    """The text with each marked personal value replaced by what `replace` gives for it."""
    return _MARKED.sub(lambda mark: replace(mark[1]), text)


def unmarked(text: str, change: Callable[[str], str]) -> str:
    """The text with what stands outside its marks changed."""
    if _OPEN not in text:
        return change(text)
    out, at = [], 0
    for mark in _MARKED.finditer(text):
        out += [change(text[at : mark.start()]), mark[0]]
        at = mark.end()
    return "".join([*out, change(text[at:])])


def shortened(text: str, limit: int) -> str:
    """The first characters of a text that may hold marks, and `…` if there were more; no mark is cut open."""
    if len(text) <= limit:
        return text
    kept = text[:limit]
    opened = kept.rfind(_OPEN)
    if opened > kept.rfind(_CLOSE):
        kept = kept + _CLOSE
    return kept + "…"
