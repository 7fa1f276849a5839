"""Codes and units of prescriptions: the forms of product codes, units by time."""

import re
from collections.abc import Callable

from dui_conformance.checks.verdict import NOT_APPLICABLE, Verdict, check

_TIME = frozenset(("s", "min", "h", "d", "wk", "mo", "a"))
_CIP7 = re.compile(r"[0-9]{7}")
_CIP13 = re.compile(r"[0-9]{13}")
_CIS = re.compile(r"[0-9]{8}")
_MV = re.compile(r"MV[0-9]{8}")
_ATC = re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?")
_LPP = re.compile(r"[0-9]{7}")
_EMDN = re.compile(r"[A-Z](?:[0-9]{2}){0,6}")


def _is_cip(code: str) -> bool:
    return _CIP7.fullmatch(code) is not None or (_CIP13.fullmatch(code) is not None and gs1_key_is_right(code))


def gs1_key_is_right(digits: str) -> bool:
    """Whether the last digit is the GS1 key of the others: weights 3 and 1 from the right, modulo 10."""
    total = sum(int(digit) * (3 if rank % 2 else 1) for rank, digit in enumerate(reversed(digits)))
    return total % 10 == 0


#: Code system → nomenclature, the form of its codes, and how a message says that form in French and in English.
_FORMS: dict[str, tuple[str, Callable[[str], bool], str, str]] = {
    "1.2.250.1.213.2.3.1": ("CIS", lambda c: _CIS.fullmatch(c) is not None, "huit chiffres", "eight digits"),
    "1.2.250.1.213.2.3.2": (
        "CIP",
        _is_cip,
        "treize chiffres dont la clé GS1, ou sept",
        "thirteen digits with the GS1 key, or seven",
    ),
    "1.2.250.1.213.2.59": (
        "MV (Médicabase)",
        lambda c: _MV.fullmatch(c) is not None,
        "MV et huit chiffres",
        "MV and eight digits",
    ),
    "2.16.840.1.113883.6.73": (
        "ATC",
        lambda c: _ATC.fullmatch(c) is not None,
        "une lettre, puis au plus deux chiffres, deux lettres, deux chiffres",
        "a letter, then at most two digits, two letters, two digits",
    ),
    "1.2.250.1.215.200.2.1": ("LPP", lambda c: _LPP.fullmatch(c) is not None, "sept chiffres", "seven digits"),
    "1.2.250.1.213.2.68": (
        "EMDN",
        lambda c: _EMDN.fullmatch(c) is not None,
        "une lettre, puis des paires de chiffres",
        "a letter, then pairs of digits",
    ),
}


def product_code_is_formed(system: str, code: str) -> Verdict:
    """A code has the form of its nomenclature (BDPM, Médicabase, OMS, LPP, EMDN); says nothing of other systems."""
    known = _FORMS.get(system)
    if known is None:
        return NOT_APPLICABLE
    nomenclature, is_formed, french, english = known
    return check(is_formed(code), code=code, nomenclature=nomenclature, expected_fr=french, expected_en=english)


def unit_is_rate(unit: str) -> Verdict:
    """A unit is by time: `mg/d`, `mL/h` (UCUM)."""
    amount, slash, time = unit.rpartition("/")
    return check(bool(amount and slash) and time in _TIME, found=unit)
