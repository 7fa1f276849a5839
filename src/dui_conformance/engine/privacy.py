"""Personal values: marked in texts, masked or shown at the very end. `engine.personal` finds them in subjects."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection, Iterable

from dui_conformance.subjects.model import Element
from dui_conformance.text import personal, plain, unmarked

_SHOWN_ATTRIBUTES = frozenset(
    "root code codeSystem codeSystemName codeSystemVersion displayName nullFlavor use qualifier typeCode classCode "
    "moodCode unit mediaType representation assigningAuthorityName contextControlCode inversionInd "
    "associationType objectType mimeType status name nodeRepresentation classificationScheme "
    "identificationScheme type disposition charset encoding role dir encrypted version pages pdfa_part "
    "pdfa_conformance scheme display flavour patient operator".split()
)
_EXCERPT = 240
_SHORT = 4  # letters: a word this short counts only where it stands alone
_SHORT_NUMBER = 10  # digits: likewise, for dates and codes are found in longer numbers
_LONGEST = 6  # words of one name in the name of a file
_SIGNS = re.compile(r"[\W_]+")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "’": "'"})


def folded(value: str) -> str:
    """Lower case without accents, so that DUPONT in a file name is the Dupont of the header."""
    if value.isascii():
        return value.lower()
    decomposed = unicodedata.normalize("NFKD", value.translate(_LIGATURES))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _letters(value: str) -> str:
    """What is left of a value when case, accents, blanks and signs do not matter."""
    return _SIGNS.sub("", folded(value))


class _Flat:
    """A text as its letters and digits alone, each with its place in the text."""

    def __init__(self, text: str) -> None:
        letters: list[str] = []
        self.at: list[int] = []
        for place, character in enumerate(text):
            for c in folded(character):
                if c.isalnum():
                    letters.append(c)
                    self.at.append(place)
        self.text = text
        self.letters = "".join(letters)

    def alone(self, start: int, end: int) -> bool:
        """Whether these letters stand as words of their own."""
        first, last = self.at[start], self.at[end - 1]
        return _parted(self.text, first - 1, first) and _parted(self.text, last, last + 1)


def _parted(text: str, left: int, right: int) -> bool:
    """Whether a word ends between two neighbouring characters: a sign, 12|ab, or aB as in MartinLea."""
    if left < 0 or right >= len(text):
        return True
    a, b = text[left], text[right]
    if unicodedata.combining(b) or (unicodedata.combining(a) and b.isalnum()):
        return False  # an accent written apart belongs to the letters around it
    if not a.isalnum() or not b.isalnum():
        return True
    return a.isdigit() != b.isdigit() or (a.islower() and b.isupper())


class Scrubber:
    """Marks known personal values wherever they stand in a text, whatever their case, accents and separators.

    A short value is marked where it stands alone, or it would mask half of any text; one letter never is.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._words = {word for value in values if len(word := _letters(plain(value))) > 1}

    def __call__(self, text: str) -> str:
        if not self._words or not text:
            return text
        return unmarked(text, self._scrubbed)

    def _scrubbed(self, text: str) -> str:
        letters = _letters(text)
        words = [word for word in self._words if word in letters]
        if not words:
            return text
        flat = _Flat(text)
        taken = bytearray(len(text))
        for word in words:
            start = flat.letters.find(word)
            while start >= 0:
                end = start + len(word)
                if len(word) > (_SHORT_NUMBER if word.isdigit() else _SHORT) or flat.alone(start, end):
                    for place in range(flat.at[start], flat.at[end - 1] + 1):
                        taken[place] = 1
                start = flat.letters.find(word, start + 1)
        return _marked(text, taken)


class Crowd:
    """Marks in the names of files the people that a whole run knows of: `words` are `Crowd.words_of` their values.

    Compares whole words, so that its cost does not grow with the number of people.
    """

    def __init__(self, words: Collection[str]) -> None:
        self._words = words

    @staticmethod
    def words_of(values: Iterable[str]) -> Iterable[str]:
        """The values in the form that `words` takes. A word of less than three letters is nobody's name alone."""
        return (word for value in values if len(word := _letters(plain(value))) >= 3)

    def __call__(self, text: str) -> str:
        return unmarked(text, self._scrubbed) if self._words else text

    def _scrubbed(self, text: str) -> str:
        runs = list(_runs(text))
        letters = [_letters(text[start:end]) for start, end in runs]
        taken = bytearray(len(text))
        for first in range(len(runs)):
            joined = ""
            for last in range(first, min(first + _LONGEST, len(runs))):
                joined += letters[last]
                if self._names(joined):
                    begin, end = runs[first][0], runs[last][1]
                    taken[begin:end] = b"\x01" * (end - begin)
        return _marked(text, taken)

    def _names(self, word: str) -> bool:
        """Whether it is somebody's, or two of them run together (dupontmarie)."""
        if word in self._words:
            return True
        return any(word[:cut] in self._words and word[cut:] in self._words for cut in range(3, len(word) - 2))


def _runs(text: str) -> Iterable[tuple[int, int]]:
    """Where each word of a text begins and ends."""
    start = 0
    for at in range(1, len(text) + 1):
        if _parted(text, at - 1, at):
            if text[start].isalnum():
                yield start, at
            start = at


def _marked(text: str, taken: bytearray) -> str:
    """The text with each run of taken characters marked as one personal value."""
    if not any(taken):
        return text
    out, at = [], 0
    for run in re.finditer(rb"\x01+", bytes(taken)):
        out += [text[at : run.start()], personal(text[run.start() : run.end()])]
        at = run.end()
    return "".join([*out, text[at:]])


def excerpt(node: Element | None) -> str:
    """The start tag of an element, its values marked as personal unless they are known not to be."""
    if node is None or not isinstance(node.tag, str):
        return ""
    parts = []
    for name, value in node.attrib.items():
        local = str(name).rsplit("}", 1)[-1]
        shown = _short(plain(str(value)))
        parts.append(f'{local}="{shown if local in _SHOWN_ATTRIBUTES else personal(shown)}"')
    text = _short(" ".join((node.text or "").split()))
    head = " ".join([node.tag.rsplit("}", 1)[-1], *parts])
    name = node.tag.rsplit("}", 1)[-1]
    return f"<{head}>{personal(text)}</{name}>" if text else f"<{head}/>"


def _short(value: str) -> str:
    """At most 240 characters, cut between two words where it can be: the half of a name would not be recognised."""
    if len(value) <= _EXCERPT:
        return value
    kept = value[:_EXCERPT]
    return re.sub(r"[\W_][^\W_]*$", "", kept) or kept


class Tokens:
    """Stands for personal values: the same value has the same token within a run.

    The key is drawn from the judged bytes themselves (their digests under a key of their own, never published),
    so that a run gives the same report each time and nobody without the inputs can try values out.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._key = hashlib.blake2b(b"".join(sorted(secrets)), person=b"dui-conf-tokens").digest()

    def mask(self, value: str) -> str:
        token = hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:6]
        return f"‹{token}›"


def secret_of(data: bytes) -> bytes:
    """A digest of bytes that cannot be had from their published SHA-256."""
    return hashlib.blake2b(data, digest_size=16, person=b"dui-conf-secret").digest()
