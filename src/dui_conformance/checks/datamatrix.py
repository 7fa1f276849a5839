"""The INS DataMatrix against the document it is printed on.

Clauses: format of the INS DataMatrix v2.2 (ANS, 26/09/2023), read through a library that quotes it; EXI DIF 02, EXI ID
29 (dmp-mssante F.4 to F.6); SC.DOC.03.MS1, which waives it on prescriptions.
"""

from collections.abc import Mapping

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed, review

Table = Mapping[str, Mapping[str, str]]

_ORDER = ("S1", "S2", "S3", "S4", "S5", "S6")
_PRESCRIPTION = "42"  # class of documents (J06)


def blocks_are_all_there(ids: tuple[str, ...]) -> Verdict:
    """S1 to S6, each once; S7, the birth place, at most once (F.5)."""
    if not ids:
        return NOT_APPLICABLE  # no block at all: the rule on what is not read says so
    missing = [name for name in _ORDER if name not in ids]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    return check(not missing and not twice, missing=", ".join(missing) or "–", twice=", ".join(twice) or "–")


def date_is_real(date: str) -> Verdict:
    """S6 is a day of the calendar, DD-MM-YYYY (F.5)."""
    from datetime import datetime

    try:
        datetime.strptime(date, "%d-%m-%Y")  # noqa: DTZ007  a day has no zone
    except ValueError:
        return failed(found=date)
    return check(len(date) == 10, found=date)


def says_the_same(
    found: str, expected: tuple[str, ...], matricule: str = "", matricules: tuple[str, ...] = ()
) -> Verdict:
    """The value is that of the header of a document it is printed on, blanks and case apart (INS-DM-EQUAL).

    Where the symbol has the matricule of somebody else, that is said, once; its other traits are not compared.
    """
    wanted = {_bare(value) for value in expected if value.strip()}
    if not wanted or not found or is_of_another(matricule, matricules):
        return NOT_APPLICABLE
    if found.isalnum():
        wanted |= set(map(_number, wanted))
    return check(_bare(found) in wanted, found=found, expected=", ".join(dict.fromkeys(expected)))


def dates_the_same(
    found: str, expected: tuple[str, ...], matricule: str = "", matricules: tuple[str, ...] = ()
) -> Verdict:
    """DD-MM-YYYY is the day that birthTime gives as YYYYMMDD (INS-DM-EQUAL)."""
    day = "".join(reversed(found.split("-")))
    wanted = {value[:8] for value in expected if len(value) >= 8}
    if not wanted or len(day) != 8 or is_of_another(matricule, matricules):
        return NOT_APPLICABLE
    return check(day in wanted, found=found, expected=", ".join(sorted(f"{v[6:]}-{v[4:6]}-{v[:4]}" for v in wanted)))


def is_of_another(matricule: str, matricules: tuple[str, ...]) -> bool:
    """Whether a symbol has a matricule, and the documents have others."""
    return bool(matricule and matricules) and matricule.casefold() not in map(_number, matricules)


def _number(value: str) -> str:
    """A number that the header may write in groups: another rule says so."""
    return "".join(c for c in value if c.isalnum()).casefold()


def _bare(value: str) -> str:
    return " ".join(value.split()).casefold()


def is_printed(
    symbols: tuple[str, ...], pages: str, matricules: tuple[str, ...], codes: tuple[str, ...], classes: Table
) -> Verdict:
    """The document of a qualified identity shows its DataMatrix; a prescription need not (SC.DOC.03.MS1).

    `symbols`: those of the whole PDF. A symbol that cannot be read is not told from one that is not there.
    """
    if not pages or not matricules or all(_is_prescription(code, classes) for code in codes):
        return NOT_APPLICABLE
    return PASSED if symbols else review()


def _is_prescription(code: str, classes: Table) -> bool:
    return any(_PRESCRIPTION in targets.split() for targets in classes.get(code, {}).values())


def is_of_a_qualified_identity(matricules: tuple[str, ...]) -> Verdict:
    """No DataMatrix where the document carries no INS: it is made for a qualified identity alone (F.5, EXI ID 29)."""
    return check(bool(matricules))


def symbols_agree(matricules: tuple[str, ...]) -> Verdict:
    """All the INS symbols of a document are of one person."""
    if len(matricules) < 2:
        return NOT_APPLICABLE
    return check(len(set(matricules)) == 1, count=str(len(set(matricules))))
