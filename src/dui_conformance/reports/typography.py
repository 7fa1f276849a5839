"""How texts, numbers and amounts are set in French and in English, and how hostile text is made harmless.

French: no-break spaces inside « » and before : ; ? ! %, the typographic apostrophe, 93 000 €.
"""

import re
import unicodedata

from dui_conformance.text import Language

NBSP, NARROW = "\u00a0", "\u202f"

# Controls, invisible and bidirectional marks, surrogates, private and unassigned characters: none of them may
# reach a terminal, a browser or an XML parser. (White space is dealt with apart.)
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
_SPACES = re.compile(r"[\t\n\v\f\r\u0085\u2028\u2029]+")

_BEFORE = re.compile(r"(?<=\S) ([:;?!»%€])")
_AFTER = re.compile(r"« ")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")


def clean(text: str, limit: int = 0) -> str:
    """One line without any character that is not to be shown; `limit` > 0 cuts it and says so with `…`."""
    if not text.isprintable():  # the usual case needs one test
        flat = _SPACES.sub(" ", text)
        text = "".join("\ufffd" if unicodedata.category(c) in _UNSAFE else c for c in flat)
    return text if not limit or len(text) <= limit else text[: limit - 1] + "…"


def typeset(text: str, lang: Language) -> str:
    """A sentence of the tool, with the typography of its language."""
    text = clean(text)
    if lang == "en":
        return text
    return _BEFORE.sub(NBSP + r"\1", _AFTER.sub("«" + NBSP, _APOSTROPHE.sub("’", text)))


def number(value: float, lang: Language) -> str:
    """12 345 or 12,345; at most two decimals, and none when there are none."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return text if lang == "en" else text.replace(",", NARROW).replace(".", ",")


def amount(euros: float, lang: Language) -> str:
    """93 000 € or €93,000."""
    return f"€{number(euros, lang)}" if lang == "en" else f"{number(euros, lang)}{NBSP}€"


def size(octets: int, lang: Language) -> str:
    """A size a person reads: 512 o, 74 ko, 1,2 Mo."""
    unit = "o" if lang == "fr" else "B"
    if octets < 1000:
        return f"{octets}{NBSP}{unit}"
    if octets < 1_000_000:
        return f"{round(octets / 1000)}{NBSP}k{unit}"
    megas = f"{octets / 1_000_000:.1f}"
    return f"{megas.replace('.', ',') if lang == 'fr' else megas}{NBSP}M{unit}"


def sentence(text: str) -> str:
    """A phrase as a sentence: a capital first, a full stop last."""
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?…»”" else f"{text}."


_MONTHS = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin",
           "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
}  # fmt: skip
_DATE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?", re.ASCII)


def date(iso: str, lang: Language) -> str:
    """2026-06-01 → 1er juin 2026, 1 June 2026; 2022-05 → mai 2022. Anything else stands as it is."""
    parts = _DATE.fullmatch(iso)
    if parts is None:
        return clean(iso)
    year, month, day = parts.groups()
    name = _MONTHS[lang][int(month) - 1]
    if day is None:
        return f"{name}{NBSP}{year}"
    number_ = "1er" if lang == "fr" and day == "01" else str(int(day))
    return f"{number_}{NBSP}{name}{NBSP}{year}"
