"""What the pages of a PDF say, against the header of the document it is the PDF of.

Clauses: Guide d'implémentation de l'INS, rule 32 (INS/va1.03); SC.DOC.04.MS1 (recipients), SC.DOC.06.MS1 (notice in
the footer), SC.MSS.20.MS1 (mention of a replacement); référentiel socle MSSanté n° 2, ECO.2.1.5 (level 3).

Text is looked for as a reader finds it, whatever its accents, capitals, line breaks and hyphens. Where part of a page
is a picture large enough to hold it, that it was not found is for a person to confirm.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from dui_conformance.checks.datamatrix import is_of_another
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed, review

_MONTHS = (
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()
)  # fmt: skip
_LETTERS = 12  # of text, under which a page is taken for a picture
_PICTURED = 10  # hundredths of a page that pictures must cover to hold a header
_LONGEST = 300  # letters of a value that are looked for one by one
_LONG = 6  # letters of a word that is also found inside run-together text
_SIGNS = re.compile(r"[^0-9a-z]+")
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_STRANGE = re.compile(r"[\ue000-\uf8ff\ufffd]")  # what stands for letters that a font does not name
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})
_WORDS_OF_SEX = {
    "F": ("f", "feminin", "feminine", "femme", "mme", "madame", "mlle", "nee"),
    "M": ("m", "h", "masculin", "homme", "monsieur", "mr", "ne"),
}
_SEX = re.compile(r" sexe (?=([a-z]+) )")
_REPLACES = "annule et remplace"


class _Page:
    """Text as words, in small letters without accents, and run together."""

    def __init__(self, texts: Iterable[str]) -> None:
        words = _folded(" ".join(texts))
        self.words = f" {words} "
        self.letters = words.replace(" ", "")

    def has(self, value: str) -> bool:
        wanted = _folded(value)
        if not wanted or f" {wanted} " in self.words:
            return True
        bare = wanted.replace(" ", "")
        if len(bare) < _LONG or bare not in self.letters:
            return False  # (a line break, or letters set apart, may cut it anywhere; its ends are those of words)
        if len(bare) > _LONGEST:
            return True
        return re.search(rf" {' ?'.join(bare)} ", self.words) is not None


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return _SIGNS.sub(" ", _ACCENTS.sub("", decomposed).lower()).strip()


def _bare(text: str) -> str:
    return _folded(text).replace(" ", "")


def is_readable(texts: tuple[str, ...]) -> Verdict:
    """The text of the pages can be taken out: they are no mere pictures, and their fonts say what they show."""
    whole = "".join(texts)
    letters = sum(map(str.isalpha, whole))
    return PASSED if letters >= _LETTERS and len(_STRANGE.findall(whole)) * 4 < letters else review()


def shows(
    wanted: tuple[str, ...], texts: tuple[str, ...], pictured: tuple[str, ...], documents: tuple[str, ...]
) -> Verdict:
    """Every value wanted is printed. Where it is not known of which of several documents this is the PDF, a person
    says whether those that are not have to be."""
    page = _page(texts)
    if page is None or not any(value.strip() for value in wanted):
        return NOT_APPLICABLE
    answer = _answer([value for value in wanted if not page.has(value)], pictured)
    return review(**answer.values) if answer.answer == "failed" and len(documents) > 1 else answer


def shows_one(wanted: tuple[str, ...], texts: tuple[str, ...], pictured: tuple[str, ...]) -> Verdict:
    """One of the values is printed: those of several documents, of which this is the PDF of one."""
    page, values = _page(texts), [value for value in wanted if value.strip()]
    if page is None or not values:
        return NOT_APPLICABLE
    return _answer([] if any(page.has(value) for value in values) else values[:1], pictured)


def names_the_user(
    names: tuple[str, ...],
    texts: tuple[str, ...],
    pictured: tuple[str, ...],
    symbols: tuple[str, ...],
    matricules: tuple[str, ...],
) -> Verdict:
    """The birth name is printed. A page with the INS symbol of somebody else is told as such, once."""
    if any(is_of_another(symbol, matricules) for symbol in symbols):
        return NOT_APPLICABLE
    return shows_one(names, texts, pictured)


def shows_trait(
    trait: str,
    wanted: tuple[str, ...],
    names: tuple[str, ...],
    texts: tuple[str, ...],
    pictured: tuple[str, ...],
    symbols: tuple[str, ...],
    matricules: tuple[str, ...],
) -> Verdict:
    """A trait is printed beside the birth name; without this one, which is told, pages are of nobody or of another.

    `trait`: given, birth (a day, YYYYMMDD…, in figures or in words), sex, matricule (in one run or in groups).
    """
    page, values = _page(texts), [value for value in wanted if value.strip()]
    if page is None or not values or names_the_user(names, texts, pictured, symbols, matricules) is not PASSED:
        return NOT_APPLICABLE
    if trait == "birth":
        return shows_a_date(wanted, texts, pictured)
    if trait == "sex":
        return _shows_the_sex(values, page, pictured)
    if trait == "matricule":
        found = any(_bare(value) in page.letters for value in values)
        return _answer([] if found else values[:1], pictured)
    return shows_one(wanted, texts, pictured)


def shows_a_date(wanted: tuple[str, ...], texts: tuple[str, ...], pictured: tuple[str, ...]) -> Verdict:
    """One of the days, given as YYYYMMDD…, is printed, in figures or in words."""
    page, days = _page(texts), [value[:8] for value in wanted if len(value) >= 8 and value[:8].isdigit()]
    if page is None or not days:
        return NOT_APPLICABLE
    found = any(page.has(form) for day in days for form in _forms(day))
    return _answer([] if found else [_usual(days[0])], pictured)


def _shows_the_sex(wanted: list[str], page: _Page, pictured: tuple[str, ...]) -> Verdict:
    """The sex: as a letter or a word after « Sexe », or else as a word or a title anywhere."""
    sexes = [value for value in wanted if value in _WORDS_OF_SEX]
    if not sexes:
        return NOT_APPLICABLE
    labelled = _SEX.findall(page.words)
    found = any(
        f" {word} " in page.words and (not labelled or word in labelled) and (labelled or len(word) > 1)
        for sex in sexes
        for word in _WORDS_OF_SEX[sex]
    )
    return _answer([] if found else sexes[:1], pictured)


def names_its_kind(matricules: tuple[str, ...], texts: tuple[str, ...], pictured: tuple[str, ...]) -> Verdict:
    """Beside the matricule stands its kind: INS, NIR or NIA (rule 32)."""
    page = _page(texts)
    if page is None or not matricules:
        return NOT_APPLICABLE
    found = any(f" {word} " in page.words for word in ("ins", "nir", "nia"))
    return _answer([] if found else ["INS"], pictured)


def notice_is_printed(notice: str, texts: tuple[str, ...], pictured: tuple[str, ...]) -> Verdict:
    """The information notice that the manifest declares is on a page, word for word (SC.DOC.06.MS1)."""
    page, wanted = _page(texts), _bare(notice)
    if page is None or not wanted:
        return NOT_APPLICABLE
    return _answer([] if wanted in page.letters else ["notice"], pictured)


def notice_is_at_the_foot(notice: str, feet: tuple[str, ...], texts: tuple[str, ...]) -> Verdict:
    """Where it is printed, it is in the foot of a page (SC.DOC.06.MS1)."""
    page, wanted = _page(texts), _bare(notice)
    if page is None or not wanted or wanted not in page.letters:
        return NOT_APPLICABLE
    return check(any(wanted in _bare(foot) for foot in feet))


def replacement_is_told(replaced: tuple[str, ...], texts: tuple[str, ...], pictured: tuple[str, ...]) -> Verdict:
    """A document that replaces another says so on its pages (SC.MSS.20.MS1)."""
    page = _page(texts)
    if page is None or not replaced:
        return NOT_APPLICABLE
    return _answer([] if page.has(_REPLACES) else ["RPLC"], pictured)


def caption_is_there(texts: tuple[str, ...]) -> Verdict:
    """Near the DataMatrix stands « INS à scanner » (format v2.2)."""
    page = _page(texts)
    return NOT_APPLICABLE if page is None else (PASSED if page.has("INS à scanner") else failed())


@lru_cache(maxsize=4)
def _page(texts: tuple[str, ...]) -> _Page | None:
    """The text, None if there is none to speak of: another rule says so. A dozen rules read the same pages."""
    return _Page(texts) if is_readable(texts) is PASSED else None


def _answer(missing: list[str], pictured: tuple[str, ...]) -> Verdict:
    if not missing:
        return PASSED
    values = {"missing": ", ".join(dict.fromkeys(missing))}
    hidden = any(share.isdigit() and int(share) >= _PICTURED for share in pictured)
    return review(**values) if hidden else failed(**values)


def _usual(day: str) -> str:
    return f"{day[6:]}/{day[4:6]}/{day[:4]}"


def _forms(day: str) -> Iterable[str]:
    """The ways a day is printed; signs between its parts do not matter."""
    year, month, number = day[:4], int(day[4:6]), int(day[6:])
    yield f"{number:02} {month:02} {year}"
    yield f"{number} {month} {year}"
    yield f"{year} {month:02} {number:02}"
    yield f"{number:02} {month:02} {year[2:]}"
    yield f"{number:02}{month:02}{year}"
    if 1 <= month <= 12:
        name = _MONTHS[month - 1]
        yield f"{number} {name} {year}"
        yield f"{number:02} {name} {year}"
        yield f"1er {name} {year}" if number == 1 else f"{number} {name} {year}"
