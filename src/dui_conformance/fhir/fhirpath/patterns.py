"""Regular expressions of profiles, run on hostile texts without ever hanging.

Python's matcher backtracks: `(a+)+$` on thirty letters takes minutes. An expression where a repetition lies
inside a repetition is therefore held to short texts; the others cannot blow up beyond a polynomial.
"""

import re
import re._constants as _ops  # type: ignore[import-not-found,unused-ignore]
import re._parser as _parser  # type: ignore[import-not-found,unused-ignore]
from functools import lru_cache
from typing import Any

_PLAIN_LIMIT = 100_000
_POLYNOMIAL_LIMIT = 4_000  # several open repetitions, one after the other
_NESTED_LIMIT = 22


class WrongPattern(ValueError):
    """Not a regular expression."""


class PatternTooCostly(Exception):
    """The text is too long for what this expression might cost."""


def _python(regex: str) -> str:
    """Classes that the regular expressions of profiles write otherwise than Python."""
    return regex.replace("\\p{L}", "[^\\W\\d_]").replace("\\p{Lu}", "[A-Z]").replace("\\p{Ll}", "[a-z]")


class Pattern:
    def __init__(self, regex: str) -> None:
        try:
            self._regex = re.compile(_python(regex), re.DOTALL)
            tree = _parser.parse(_python(regex))
        except (re.error, OverflowError, RecursionError) as error:
            raise WrongPattern(f"not a regular expression: {error}") from error
        repeats = _repeats(tree)
        nested = _nested(tree, False)
        self._limit = _NESTED_LIMIT if nested else _POLYNOMIAL_LIMIT if repeats > 1 else _PLAIN_LIMIT

    def found(self, text: str, whole: bool) -> bool:
        """Whether it occurs in the text (or is all of it)."""
        if len(text) > self._limit:
            raise PatternTooCostly
        return bool(self._regex.fullmatch(text) if whole else self._regex.search(text))

    def replaced(self, text: str, by: str) -> str:
        if len(text) > self._limit:
            raise PatternTooCostly
        try:
            return self._regex.sub(re.sub(r"\$(\d)", r"\\\1", re.sub(r"\$\{(\w+)\}", r"\\g<\1>", by)), text)
        except (re.error, IndexError) as error:
            raise WrongPattern(str(error)) from error


def _parts(node: Any) -> list[Any]:
    """The sub-patterns of one node of Python's own syntax tree."""
    op, value = node
    if op in (_ops.MAX_REPEAT, _ops.MIN_REPEAT, _ops.POSSESSIVE_REPEAT):
        return [value[2]]
    if op is _ops.SUBPATTERN:
        return [value[3]]
    if op is _ops.BRANCH:
        return list(value[1])
    if op in (_ops.ASSERT, _ops.ASSERT_NOT):
        return [value[1]]
    if op is _ops.ATOMIC_GROUP:
        return [value]
    return []


def _open_repeat(node: Any) -> bool:
    return node[0] in (_ops.MAX_REPEAT, _ops.MIN_REPEAT) and int(node[1][1]) > 12


def _repeats(tree: Any) -> int:
    return sum(_open_repeat(node) + sum(_repeats(p) for p in _parts(node)) for node in tree)


def _nested(tree: Any, inside: bool) -> bool:
    """Whether an open repetition holds a choice of lengths: another repetition, an option."""
    for node in tree:
        flexible = node[0] in (_ops.MAX_REPEAT, _ops.MIN_REPEAT) and int(node[1][0]) != int(node[1][1])
        if inside and (flexible or node[0] is _ops.BRANCH):
            return True
        if any(_nested(part, inside or _open_repeat(node)) for part in _parts(node)):
            return True
    return False


@lru_cache(maxsize=512)
def pattern(regex: str) -> Pattern:
    """A regular expression, compiled once. Raises WrongPattern."""
    return Pattern(regex)
