"""The INS: the matricule, the traits that travel with it, and whether these agree.

Clauses: Guide d'implémentation de l'INS 3.0 (EXI ID 10 to 12, 29), guide d'intégration INSi SEL-MP-043 §2 and
§3.4.1 (characters of names), both read through a library that quotes them; the key computed on official
samples (dmp-mssante F.2 to F.4).
"""

import re
from dataclasses import dataclass

from dui_conformance.checks import dates
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

# 13 characters (sex, year, month, department, commune, order), then the key.
_FORM = re.compile(r"([0-9])([0-9]{2})([0-9]{2})([0-9]{2}|2[AB])([0-9]{3})([0-9]{3})([0-9]{2})")
_LENGTH = 15
_SEPARATORS = re.compile(r"[^0-9A-Za-z]")
_SEX_DIGITS = "123478"
_MONTHS = frozenset((*range(1, 14), *range(20, 43), *range(50, 100)))  # 13, 20-42, 50-99: month unknown
_LETTERS = str.maketrans({"A": "0", "B": "0"})
_CORSICA = {"2A": 1_000_000, "2B": 2_000_000}

_NAME_CHARACTERS = re.compile(r"[^A-Z '\-]")
# Blanks and apostrophes are neither doubled nor combined; a birth name may hold a double hyphen.
_BIRTH_NAME = re.compile(r"(?:[A-Z]|'(?![ ']))(?:[A-Z]|[ '](?![ '])|-{1,2}(?!-))*")
_GIVEN_NAME = re.compile(r"(?:[A-Z]|'(?![ ']))(?:[A-Z]|[ '](?![ '])|-(?!-))*(?<![-'])")

_COG = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}")
_UNKNOWN_PLACE = "99999"
_CORSICAN = ("2A", "2B", "20")
# What Seine and Seine-et-Oise became.
_SPLIT_IN_1968 = ("75", "78", "91", "92", "93", "94", "95")
_NORTH_AFRICA = ("91", "92", "93", "94", "95", "96")  # of births before independence, today under 99


@dataclass(frozen=True, slots=True)
class Matricule:
    """A matricule of 15 characters, cut into what it says."""

    sex: str
    year: str
    month: str
    department: str
    commune: str
    number: str
    key: str

    @property
    def expected_key(self) -> str:
        """97 less the 13 characters modulo 97, Corsica standing for 19 and 18 millions (dmp-mssante F.3)."""
        body = int(self.number.translate(_LETTERS)) - _CORSICA.get(self.department, 0)
        return f"{97 - body % 97:02d}"

    @property
    def is_sound(self) -> bool:
        """Whether each part is one that exists."""
        return self.sex in _SEX_DIGITS and int(self.month) in _MONTHS and self.key == self.expected_key


def matricule_of(value: str) -> Matricule | None:
    """The matricule that 15 characters write, None if they write none."""
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    sex, year, month, department, commune, _order, key = found.groups()
    return Matricule(sex, year, month, department, commune, value[:13], key)


def in_environment(wanted: str, environment: str) -> bool:
    """Whether a rule of tests (`wanted` = test) or of real use (live) applies to what the manifest declares.

    What is not declared is judged as real use: nothing then says that identities are fictive.
    """
    return (wanted == "test") == (environment == "test")


def has_no_separator(matricule: str) -> Verdict:
    """The 15 characters are written without blank, point or hyphen (dmp-mssante F.3)."""
    if _is_only_separated(matricule):
        return failed(found=matricule)
    return NOT_APPLICABLE if matricule_of(matricule) is None else PASSED


def _is_only_separated(matricule: str) -> bool:
    """Whether nothing but separators keeps a value from being a matricule."""
    return _SEPARATORS.search(matricule) is not None and matricule_of(_bare(matricule)) is not None


def _bare(matricule: str) -> str:
    return _SEPARATORS.sub("", matricule).upper()


def length_is_right(matricule: str) -> Verdict:
    """15 characters, the last two being the key (dmp-mssante F.3)."""
    if not matricule or _is_only_separated(matricule):
        return NOT_APPLICABLE
    return check(len(matricule) == _LENGTH, found=matricule, length=str(len(matricule)))


def characters_are_right(matricule: str) -> Verdict:
    """Digits, but for 2A or 2B as department (dmp-mssante F.3)."""
    if len(matricule) != _LENGTH or _is_only_separated(matricule):
        return NOT_APPLICABLE
    return check(matricule_of(matricule) is not None, found=matricule)


def sex_digit_is_right(matricule: str) -> Verdict:
    """The first digit is 1, 2, 3, 4, 7 or 8 (dmp-mssante F.3)."""
    read = matricule_of(matricule)
    return NOT_APPLICABLE if read is None else check(read.sex in _SEX_DIGITS, found=read.sex)


def month_is_right(matricule: str) -> Verdict:
    """The month is 01 to 12, or one of the values of an unknown month (dmp-mssante F.3)."""
    read = matricule_of(matricule)
    return NOT_APPLICABLE if read is None else check(int(read.month) in _MONTHS, found=read.month)


def is_well_formed(matricule: str) -> Verdict:
    """All that makes a matricule but its key: 15 characters, known first digit, known month (dmp-mssante F.3)."""
    read = matricule_of(matricule)
    return check(read is not None and read.sex in _SEX_DIGITS and int(read.month) in _MONTHS, found=matricule)


def key_is_right(matricule: str, wanted: str, environment: str) -> Verdict:
    """The key is 97 less the 13 characters modulo 97 (dmp-mssante F.3), in the `wanted` environment."""
    read = matricule_of(matricule)
    if read is None or not in_environment(wanted, environment):
        return NOT_APPLICABLE
    return check(read.key == read.expected_key, found=read.key, expected=read.expected_key)


def oid_of_tests_is_allowed(environment: str) -> Verdict:
    """A test or demonstration OID is not used in production (dmp-mssante F.3, INS-OID)."""
    return check(environment != "production")


def oid_of_real_use_is_allowed(environment: str) -> Verdict:
    """The OID of a real matricule is not used in tests (dmp-mssante A.13, DMP-INS-TEST-IN-PROD)."""
    return check(environment != "test")


def is_not_a_matricule(identifier: str) -> Verdict:
    """A local identifier has not the form and key of a matricule, which travels with its OID (EXI ID 29)."""
    read = matricule_of(_bare(identifier))
    return check(read is None or not read.is_sound, found=identifier)


def addresses_follow_matricule(addresses: tuple[str, ...], matricules: tuple[str, ...]) -> Verdict:
    """The local part of a patient.mssante.fr address is the matricule (référentiel MSSanté 2, ECO.2.2.6)."""
    sound = {matricule for matricule in matricules if (read := matricule_of(matricule)) and read.is_sound}
    if not sound or not addresses:
        return NOT_APPLICABLE
    strays = [local for address in addresses if (local := address.partition(":")[2].rpartition("@")[0]) not in sound]
    return check(not strays, found=", ".join(strays))


def characters_are_admitted(name: str, wanted: str, environment: str) -> Verdict:
    """Names of a strict trait hold A to Z, blank, apostrophe and hyphen only (SEL-MP-043 §2, §3.4.1)."""
    if not name.strip() or not in_environment(wanted, environment):
        return NOT_APPLICABLE
    refused = sorted(set(_NAME_CHARACTERS.findall(name)))
    return check(not refused, found=name, characters=" ".join(refused))


def characters_are_arranged(name: str, part: str) -> Verdict:
    """Where blanks, apostrophes and hyphens may stand (SEL-MP-043 §3.4.1).

    `part`: `family`, the birth name, or `given`.
    """
    if not name.strip() or _NAME_CHARACTERS.search(name):
        return NOT_APPLICABLE
    pattern = _BIRTH_NAME if part == "family" else _GIVEN_NAME
    return check(pattern.fullmatch(name) is not None, found=name)


def given_heads_list(given: str, names: tuple[str, ...]) -> Verdict:
    """The first given name begins the list of given names, hyphens and apostrophes being blanks (EXI ID 10)."""
    listed, first = _words(" ".join(names)), _words(given)
    if not listed or not first:
        return NOT_APPLICABLE
    return check(listed[: len(first)] == first, given=given, names=" ".join(names))


def _words(names: str) -> list[str]:
    return re.sub(r"[-'’]", " ", names).casefold().split()


def birth_date_is_real(birth: str) -> Verdict:
    """PID-7 is a day of the calendar, YYYYMMDD (dmp-mssante A.7, INS-DATE-VALID)."""
    read = dates.moment(birth)
    return check(read is not None and read.parts == 3, found=birth)


def birth_is_not_after(birth: str, document: str) -> Verdict:
    """Nobody is born after the document about them was written (INS-DATE-VALID)."""
    born, written = dates.moment(birth), dates.moment(document)
    if born is None or written is None or min(born.parts, written.parts) < 3:
        return NOT_APPLICABLE
    # One day of grace: the day of the birth and the instant of the document may lie in two zones.
    return check((born.start.date() - written.start.date()).days <= 1, birth=birth[:8], document=document[:8])


def birth_date_is_not_interpreted(birth: str) -> Verdict:
    """1 January and 31 December also stand for an unknown day or month (EXI ID 11, 12)."""
    read = dates.moment(birth)
    if read is None or read.parts < 3:
        return NOT_APPLICABLE
    return check(birth[4:8] not in ("0101", "1231"), found=birth)


def cog_form_is_right(place: str) -> Verdict:
    """The birth place is five characters of the COG: a commune (2A, 2B), or 99 and a country (F.2)."""
    return NOT_APPLICABLE if not place.strip() else check(_COG.fullmatch(place) is not None, found=place)


def place_is_not_a_postcode(place: str, postcode: str) -> Verdict:
    """A commune code is not a postcode: none is number 000, the two of one place differ (cda §8.4)."""
    if _COG.fullmatch(place) is None:
        return NOT_APPLICABLE
    return check(not place.endswith("000") and place != postcode.strip(), found=place)


def sex_follows_matricule(matricule: str, sex: str) -> Verdict:
    """An odd first digit is a man's, an even one a woman's (from memory, INS-NIR-COHERENT)."""
    read = matricule_of(matricule)
    if read is None or not read.is_sound or sex not in ("M", "F"):
        return NOT_APPLICABLE
    return check(sex == ("M" if int(read.sex) % 2 else "F"), found=sex, digit=read.sex)


def birth_follows_matricule(matricule: str, birth: str) -> Verdict:
    """Year and month of birth are those of the matricule, but for special months (from memory, ibid.)."""
    read, born = matricule_of(matricule), dates.moment(birth)
    if read is None or not read.is_sound or born is None or born.parts < 2:
        return NOT_APPLICABLE
    same = birth[2:4] == read.year and (int(read.month) > 12 or birth[4:6] == read.month)
    return check(same, found=f"{birth[4:6]}/{birth[:4]}", digits=f"{read.month}/{read.year}")


def place_follows_matricule(matricule: str, place: str, birth: str) -> Verdict:
    """The birth place is that of the matricule, but for departments that changed (from memory, ibid.)."""
    read = matricule_of(matricule)
    if read is None or not read.is_sound or _COG.fullmatch(place) is None:
        return NOT_APPLICABLE
    if place == _UNKNOWN_PLACE or place.endswith("000"):  # unknown, or a postcode: another rule says so
        return NOT_APPLICABLE
    written = f"{read.department}{read.commune}"
    if written == place or _renamed(read.department, place[:2], birth):
        return PASSED
    return failed(found=place, digits=written)


def _renamed(before: str, now: str, birth: str) -> bool:
    """Whether a department of the matricule may stand for another one of today's COG."""
    if before in _CORSICAN and now in _CORSICAN:
        return before != now and "20" in (before, now)
    if now == "99":
        return before in _NORTH_AFRICA and birth < "1963"
    return before in ("75", "78") and now in _SPLIT_IN_1968 and birth < "1968"
