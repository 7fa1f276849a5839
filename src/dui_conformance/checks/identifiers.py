"""National identifiers of persons and structures: their forms, type digits and keys; OIDs.

Clauses: dmp-mssante H (PS_IdNat and Struct_IdNat: IG « Transmission de documents CDA en HL7v2 » and CI-SIS;
FINESS key verified on official numbers; RPPS, SIREN and SIRET keys: Luhn).
"""

import re
from typing import Literal

from dui_conformance.checks.ins import in_environment
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check

PERSONS = "1.2.250.1.71.4.2.1"
STRUCTURES = "1.2.250.1.71.4.2.2"
_ANS_NATIONAL = "1.2.250.1.71.4.2."

Number = Literal["FINESS", "SIREN", "SIRET"]

_FINESS = "[0-9AB]{2}[0-9]{7}"
_LA_POSTE = "356000000"
# A person, or a system of a structure: type digit, number, and behind `/` what the structure calls it.
_PERSON = re.compile(
    r"0[0-9AB]{9}"  # ADELI
    r"|8[0-9]{11}"  # RPPS
    r"|1[0-9AB]{9,11}/.+"  # practice known by an ADELI
    rf"|3{_FINESS}/.+|4[0-9]{{9}}/.+|5[0-9]{{14}}/.+"
    r"|6[0-9]{11,14}/.+"  # practice known by an RPPS
)
_IN_PERSON: dict[Number, re.Pattern[str]] = {
    "FINESS": re.compile(f"3({_FINESS})/.+"),
    "SIREN": re.compile("4([0-9]{9})/.+"),
    "SIRET": re.compile("5([0-9]{14})/.+"),
}
_STRUCTURE: dict[Number, re.Pattern[str]] = {
    "FINESS": re.compile(f"1({_FINESS})"),
    "SIREN": re.compile("2([0-9]{9})"),
    "SIRET": re.compile("3([0-9]{14})"),
}
# A practice known by an ADELI, by an RPPS and a rank.
_OTHER_STRUCTURE = re.compile(r"0[0-9AB]{9,11}|4[0-9]{14}")
_BARE: dict[Number, re.Pattern[str]] = {
    "FINESS": re.compile(_FINESS),
    "SIREN": re.compile("[0-9]{9}"),
    "SIRET": re.compile("[0-9]{14}"),
}
_DIGITS = re.compile("[0-9]+")
_RPPS = re.compile(r"8([0-9]{11})")
_RPPS_AND_RANK = re.compile(r"4([0-9]{11})[0-9]{3}")
_FINESS_LETTERS = str.maketrans({"A": "1", "B": "2"})

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID_ARC = 39  # digits of 2^128 - 1, the widest arc a UUID gives
_OID_LENGTH = 64


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn key of the others (ISO/IEC 7812-1).

    A and B count 1 and 2: a FINESS may hold them.
    """
    total = 0
    for rank, digit in enumerate(reversed(digits.translate(_FINESS_LETTERS))):
        value = int(digit) * (2 if rank % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def person_form_is_right(identifier: str, wanted: str, environment: str) -> Verdict:
    """PS_IdNat: a type digit, the number it announces, a `/` before a structure's own number (ID-PSIDNAT)."""
    if not in_environment(wanted, environment) or _structure_in(identifier) is not None:
        return NOT_APPLICABLE
    return check(_PERSON.fullmatch(identifier) is not None, found=identifier)


def person_is_not_a_structure(identifier: str) -> Verdict:
    """1 + FINESS, 2 + SIREN, 3 + SIRET is a structure and does not stand for a person (ID-PREFIX-SWAP)."""
    kind = _structure_in(identifier)
    return check(kind is None, found=identifier, kind=kind or "")


def structure_has_its_type_digit(identifier: str) -> Verdict:
    """Struct_IdNat writes 1, 2 or 3 before a FINESS, a SIREN or a SIRET (ID-STRUCT, cda §8.17).

    Judged on the key: a number of the establishment's own may have as many digits.
    """
    kinds = [kind for kind, form in _BARE.items() if form.fullmatch(identifier) and luhn(identifier)]
    return check(not kinds, found=identifier, kind=" / ".join(kinds))


def structure_is_not_a_person(identifier: str, wanted: str, environment: str) -> Verdict:
    """8 + RPPS, or a number behind `/`, is not that of a structure (ID-OID-CONTEXT)."""
    if not in_environment(wanted, environment):
        return NOT_APPLICABLE
    return check(_RPPS.fullmatch(identifier) is None and "/" not in identifier, found=identifier)


def structure_prefix_is_not_swapped(identifier: str) -> Verdict:
    """3 + FINESS opens the number of a person of a structure; the structure itself is 1 + FINESS."""
    return check(not _is_swapped(identifier), found=identifier, expected=f"1{identifier[1:]}")


def structure_length_is_known(identifier: str) -> Verdict:
    """A structure's number of digits only has the length that its type digit announces (ID-STRUCT).

    Structures may also have a technical number without type digit: doubt, hence a warning at most.
    """
    if _DIGITS.fullmatch(identifier) is None or _RPPS.fullmatch(identifier) or _is_swapped(identifier):
        return NOT_APPLICABLE
    if structure_has_its_type_digit(identifier).answer == "failed":
        return NOT_APPLICABLE
    known = _structure_number(identifier, STRUCTURES) is not None or _OTHER_STRUCTURE.fullmatch(identifier)
    return check(bool(known), found=identifier, length=str(len(identifier)))


def rpps_key_is_right(identifier: str, oid: str) -> Verdict:
    """The 11 digits of an RPPS end with a Luhn key (from memory, dmp-mssante H)."""
    found = (_RPPS if oid == PERSONS else _RPPS_AND_RANK).fullmatch(identifier)
    return NOT_APPLICABLE if found is None else check(luhn(found[1]), found=found[1])


def structure_key_is_right(identifier: str, oid: str, kind: str, wanted: str, environment: str) -> Verdict:
    """FINESS, SIREN and SIRET end with a Luhn key, those of La Poste apart (ID-FINESS-LUHN, ID-SIRET-LUHN)."""
    number = _structure_number(identifier, oid)
    if number is None or number[0] != kind or not in_environment(wanted, environment):
        return NOT_APPLICABLE
    if number[1].startswith(_LA_POSTE) and kind == "SIRET":
        return NOT_APPLICABLE
    return check(luhn(number[1]), found=number[1])


def la_poste_key_is_right(identifier: str, oid: str) -> Verdict:
    """The digits of a SIRET of La Poste add up to a multiple of 5 (from memory, dmp-mssante H)."""
    number = _structure_number(identifier, oid)
    if number is None or number[0] != "SIRET" or not number[1].startswith(_LA_POSTE):
        return NOT_APPLICABLE
    return check(luhn(number[1]) or sum(map(int, number[1])) % 5 == 0, found=number[1])


def structure_is_declared(identifier: str, declared: tuple[str, ...]) -> Verdict:
    """The structure is one of the manifest, or a site of a company of the manifest (ID-SIRET-SIREN)."""
    companies = tuple(f"3{number[1:]}" for number in declared if _STRUCTURE["SIREN"].fullmatch(number))
    known = identifier in declared or (bool(companies) and identifier.startswith(companies))
    return check(known, found=identifier, declared=", ".join(declared))


def oid_is_well_formed(oid: str) -> Verdict:
    """Arcs of digits without leading zero, the first 0 to 2, none wider than a UUID gives (ID-OID-SYNTAX)."""
    arcs = oid.split(".")
    return check(_OID.fullmatch(oid) is not None and max(map(len, arcs)) <= _UUID_ARC, found=oid)


def oid_is_short_enough(oid: str) -> Verdict:
    """An OID of XDS has at most 64 characters (IHE ITI TF-3 §4.2.3, from memory)."""
    if oid_is_well_formed(oid).answer == "failed":
        return NOT_APPLICABLE
    return check(len(oid) <= _OID_LENGTH, found=oid, length=str(len(oid)))


def _structure_number(identifier: str, oid: str) -> tuple[Number, str] | None:
    """The FINESS, SIREN or SIRET that an identifier announces by its type digit."""
    for kind, form in (_IN_PERSON if oid == PERSONS else _STRUCTURE).items():
        found = form.fullmatch(identifier)
        if found is not None:
            return kind, found[1]
    return None


def _structure_in(identifier: str) -> Number | None:
    """The kind of structure number that an identifier is; sure because its key is right."""
    number = _structure_number(identifier, STRUCTURES)
    return number[0] if number is not None and luhn(number[1]) else None


def _is_swapped(identifier: str) -> bool:
    number = identifier[1:]
    return identifier[:1] == "3" and _BARE["FINESS"].fullmatch(number) is not None and luhn(number)


def root_is_not_a_slip(root: str) -> Verdict:
    """A root is not that of persons or of structures with one figure wrong, lost or added (ID-OID-CONTEXT)."""
    if root.startswith(_ANS_NATIONAL):
        return PASSED
    near = [known for known in (STRUCTURES, PERSONS) if _one_edit_apart(root, known)]
    return check(not near, found=root, expected=" / ".join(near))


def _one_edit_apart(found: str, known: str) -> bool:
    if abs(len(found) - len(known)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(found, known, strict=False)) if a != b), min(len(found), len(known)))
    rests = (found[start:], known[start:]), (found[start + 1 :], known[start + 1 :])
    return any(a == b for a, b in (rests[1], (rests[0][0], rests[1][1]), (rests[1][0], rests[0][1])))
