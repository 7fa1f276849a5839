"""What a DUI says it integrated of a prescription, against the prescription that it received.

Values come in one form whatever their writing (`subjects.integration`, `@is`): equal texts are equal values.
"""

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

_NOTHING = "—"


def kept(declared: str, received: str) -> Verdict:
    """A property of what was received is in what was integrated, unaltered; nothing was added."""
    declared, received = declared.strip(), received.strip()
    if not (declared or received):
        return NOT_APPLICABLE
    return check(declared == received, declared=declared or _NOTHING, received=received or _NOTHING)


def same_identifier(declared: str, received: str) -> Verdict:
    """An identifier was kept; a UUID may have changed case."""
    return kept(declared.casefold(), received.casefold())


def words_kept(declared: str, received: str) -> Verdict:
    """A narrative was kept, blanks aside (the words of two cells may run together)."""
    if not received.strip():
        return NOT_APPLICABLE
    if not declared.strip():
        return failed(declared=_NOTHING)
    return check("".join(declared.split()) == "".join(received.split()), declared=declared[:60])


def files_differ(files: tuple[str, ...]) -> Verdict:
    """No file received has two entries."""
    seen: set[str] = set()
    for file in files:
        if file in seen:
            return failed(file=file)
        seen.add(file)
    return PASSED


def ranks_differ(ranks: tuple[str, ...]) -> Verdict:
    """The lines of a document, or the steps of a line, have different whole numbers as ranks."""
    seen: set[str] = set()
    for rank in ranks:
        if rank in seen or not (rank.isascii() and rank.isdigit()):
            return failed(rank=rank or _NOTHING)
        seen.add(rank)
    return PASSED


def traits_agree(
    birth_name: str, birth_date: str, sex: str, known_name: str, known_date: str, known_sex: str
) -> Verdict:
    """The strict traits of the document are those of the user who has its INS: birth name, birth date, sex.

    Guide d'implémentation de l'INS: an identity whose traits differ is not the one of the record. A trait that one
    side does not give is not compared.
    """
    pairs = (
        ("nom de naissance", "birth name", birth_name.casefold(), known_name.casefold()),
        ("date de naissance", "birth date", birth_date, known_date),
        ("sexe", "sex", sex, known_sex),
    )
    for french, english, one, other in pairs:
        if one and other and one != other:
            return failed(trait_fr=french, trait_en=english)
    return PASSED


def refusal_is_due(
    birth_name: str, birth_date: str, sex: str, known_name: str, known_date: str, known_sex: str
) -> Verdict:
    """A prescription of a known user, whose traits agree, is not refused."""
    agree = traits_agree(birth_name, birth_date, sex, known_name, known_date, known_sex)
    return check(agree.answer == "failed")
