"""The forms under which a date is written."""

from collections.abc import Iterator

_MOIS = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin",
    "juillet", "aout", "septembre", "octobre", "novembre", "decembre",
)  # fmt: skip
_ENGLISH = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


def dates(written: str) -> Iterator[str]:
    """The forms under which a day given as YYYYMMDD is written; separators do not matter to who compares."""
    if len(written) != 8 or not (written.isascii() and written.isdigit()):
        return
    year, month, day = written[:4], int(written[4:6]), int(written[6:])
    yield written
    yield f"{day:02}{month:02}{year}"
    yield f"{month:02}{day:02}{year}"
    yield f"{day:02}/{month:02}/{year[2:]}"
    if not 1 <= month <= 12:
        return
    yield f"{day}/{month}/{year}"
    for names in (_MOIS, _ENGLISH):
        name = names[month - 1]
        yield from (f"{day} {name} {year}", f"{day:02} {name} {year}", f"{name} {day} {year}")
    if day == 1:
        yield f"1er {_MOIS[month - 1]} {year}"
