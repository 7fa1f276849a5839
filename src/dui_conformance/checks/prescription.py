"""What a prescription says twice, and what its numbers and dates say together (eP-MED-DM).

Amounts are decimal numbers as CDA writes them; dates are HL7 timestamps; a span of days counts both ends, as the
bounds of a treatment do (IHE PCC TF-2, 6.3.4.16.10).
"""

import unicodedata
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from dui_conformance.checks.dates import moment
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed, review

_HOURS = {
    "s": Decimal(1) / 3600,
    "min": Decimal(1) / 60,
    "h": Decimal(1),
    "d": Decimal(24),
    "wk": Decimal(168),
    "mo": Decimal(24) * 30,
    "a": Decimal(24) * 365,
}
_YEAR = 366
_LONGEST = 36_600  # days: beyond a century, a span is not one of a treatment
_NO_REASON = frozenset(("", "-", "non", "oui", "n", "na", "sans objet", "aucun", "aucune", "neant"))
_DIGITS = 12  # of an amount: more is not one


def number(text: str) -> Decimal | None:
    """A decimal number, None if there is none (or one that no dose has)."""
    if not 0 < len(text) <= _DIGITS:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= _DIGITS else None


def one_person_one_identifier(author: str, name: str, given: str, others: tuple[str, ...]) -> Verdict:
    """The prescriber has the same PS_IdNat as author and as signer or performer.

    `others` are the identifiers of the signers and performers of the same family and given names.
    """
    if not (name and given):
        return NOT_APPLICABLE
    other = next((identifier for identifier in others if identifier != author), None)
    return PASSED if other is None else failed(author=author, other=other)


def identifiers_differ(bare: tuple[str, ...], roots: tuple[str, ...], extensions: tuple[str, ...]) -> Verdict:
    """No identifier of a line comes twice; `roots` and `extensions` go in pairs."""
    seen: set[tuple[str, str]] = set()
    for root, extension in (*((root, "") for root in bare), *zip(roots, extensions, strict=False)):
        key = (root.upper(), extension)
        if key in seen:
            return failed(twice=f"{root} {extension}".strip())
        seen.add(key)
    return PASSED


def products_are_named(
    references: tuple[str, ...], labels: tuple[str, ...], ids: tuple[str, ...], texts: tuple[str, ...]
) -> Verdict:
    """The text that a line refers to holds the first word of the label of its code.

    A reference that leads nowhere is another rule's business (CDA-N3-006).
    """
    told = dict(zip(ids, texts, strict=False))
    for reference, label in zip(references, labels, strict=False):
        text = told.get(reference.removeprefix("#"))
        words = _folded(label).replace(",", " ").split()
        if text is not None and words and words[0] not in _folded(text):
            return failed(label=label)
    return PASSED


def answers_agree(
    references: tuple[str, ...], values: tuple[str, ...], ids: tuple[str, ...], texts: tuple[str, ...]
) -> Verdict:
    """Where the text of an observation begins with yes or no, its value is true or false."""
    told = dict(zip(ids, texts, strict=False))
    for reference, value in zip(references, values, strict=False):
        text = _folded(told.get(reference.removeprefix("#"), ""))
        first = text.replace(",", " ").replace("(", " ").split()[:1]
        said = {"oui": "true", "non": "false"}.get(first[0]) if first else None
        if said is not None and value in ("true", "false") and value != said:
            return failed(reference=reference, text=text[:40], value=value)
    return PASSED


def reasons_are_read(references: tuple[str, ...], ids: tuple[str, ...], texts: tuple[str, ...]) -> Verdict:
    """The text of a refused substitution says why (not merely « Non »)."""
    told = dict(zip(ids, texts, strict=False))
    for reference in references:
        text = told.get(reference.removeprefix("#"))
        if text is not None and _folded(text) in _NO_REASON:
            return failed(reference=reference, text=text.strip()[:40])
    return PASSED if references else NOT_APPLICABLE


def renewals_last(renewals: str, low: str, high: str, width: str, unit: str) -> Verdict:
    """A treatment and its renewals (which do not count the first delivery) last twelve months at most."""
    times, days = number(renewals), _length(low, high, width, unit)
    if times is None or days is None or times < 1:
        return NOT_APPLICABLE
    total = int(days * (times + 1))
    if total <= _YEAR:
        return PASSED
    return failed(renewals=renewals, days=str(days), total=str(total))


def ranks_differ(ranks: tuple[str, ...]) -> Verdict:
    """No sequenceNumber comes twice in a line."""
    seen: set[str] = set()
    for rank in ranks:
        if rank in seen:
            return failed(twice=rank)
        seen.add(rank)
    return PASSED


def ranks_follow(ranks: tuple[str, ...]) -> Verdict:
    """The sequenceNumbers of a line are 1, 2, 3… (in any order in the document); twice the same is another rule's."""
    if len(set(ranks)) != len(ranks):
        return NOT_APPLICABLE
    values = sorted(number(rank) or Decimal(0) for rank in ranks)
    return check(values == [Decimal(n) for n in range(1, len(ranks) + 1)], ranks=", ".join(ranks[:12]))


def starts_later(written: str, low: str) -> Verdict:
    """A treatment begins on a later day than that of the prescription."""
    start, day = _day(low), _day(written)
    if start is None or day is None:
        return NOT_APPLICABLE
    return check(start > day, low=low, written=written[:8])


def step_is_within(low: str, high: str, width: str, unit: str, line_low: str, line_high: str) -> Verdict:
    """The days of a step are days of the treatment; a step without end begins in it."""
    first, begins, ends = _day(low), _day(line_low), _day(line_high)
    if first is None or begins is None:
        return NOT_APPLICABLE
    last = _last(first, high, width, unit) or first
    inside = begins <= first and (ends is None or last <= ends)
    return check(
        inside,
        first=f"{first:%Y%m%d}",
        last=f"{last:%Y%m%d}",
        line_low=line_low,
        line_high=line_high or "…",
    )


def steps_follow(
    ranks: tuple[str, ...], lows: tuple[str, ...], widths: tuple[str, ...], units: tuple[str, ...]
) -> Verdict:
    """In the order of their ranks, each step of a tapered dosing begins after the last day of the one before."""
    if not len(ranks) == len(lows) == len(widths) == len(units):
        return NOT_APPLICABLE
    spans = []
    for rank, low, width, unit in zip(ranks, lows, widths, units, strict=True):
        first, place = _day(low), number(rank)
        last = None if first is None else _last(first, "", width, unit)
        if first is None or last is None or place is None:
            return NOT_APPLICABLE
        spans.append((place, first, last, low))
    spans.sort()
    for (_, _, before, _), (place, first, _, low) in pairwise(spans):
        if first <= before:
            return failed(rank=str(place), low=low, last=f"{before:%Y%m%d}")
    return PASSED


def amounts_are_ordered(low: str, high: str, low_unit: str, high_unit: str) -> Verdict:
    """The least is not more than the most, in the same unit (HL7 v3 data types R1, IVL_PQ)."""
    least, most = number(low), number(high)
    if least is None or most is None or low_unit != high_unit:
        return NOT_APPLICABLE
    return check(least <= most, low=f"{low} {low_unit}".strip(), high=f"{high} {high_unit}".strip())


def within_maximum(
    dose: str, unit: str, period: str, period_unit: str, most: str, most_unit: str, time: str, time_unit: str
) -> Verdict:
    """What is taken in the time of the maximum dose is not more than it; amounts in one same unit.

    Without a period, one dose is compared. 30 days count for a month.
    """
    taken, ceiling, length = number(dose), number(most), number(time)
    if taken is None or ceiling is None or length is None or time_unit not in _HOURS or length <= 0:
        return NOT_APPLICABLE
    if unit != most_unit and (unit and most_unit):
        return NOT_APPLICABLE
    every = number(period)
    reached = taken
    if every is not None and every > 0 and period_unit in _HOURS:
        times = length * _HOURS[time_unit] / (every * _HOURS[period_unit])
        reached = taken * max(Decimal(1), times)
    return check(
        reached <= ceiling,
        reached=_plain(reached),
        unit=unit or "unité(s)",
        time=time,
        time_unit=time_unit,
        most=most,
    )


def number_is_printed(number: str, texts: tuple[str, ...]) -> Verdict:
    """The number of the prescription is printed in clear (spaces and hyphens between its characters are forgiven).

    Pages that are mere pictures cannot be read: a person must look.
    """
    if not texts:
        return NOT_APPLICABLE  # nothing was drawn: a rule of PDF says so
    printed = [_bare(text) for text in texts]
    if any(_bare(number) in text for text in printed):
        return PASSED
    return failed(number=number) if any(printed) else review(number=number)


def code_holds_number(number: str, texts: tuple[str, ...], codes: tuple[str, ...]) -> Verdict:
    """A QR code of the printed prescription holds its number, and nothing else."""
    if not texts:
        return NOT_APPLICABLE
    if number in codes:
        return PASSED
    if not codes:
        return failed(found_fr="aucun QR code lisible", found_en="no readable QR code")
    shown = codes[0][:80]
    return failed(found_fr=f"le QR code contient « {shown} »", found_en=f"the QR code holds “{shown}”")


def picture_holds_number(number: str, codes: tuple[str, ...]) -> Verdict:
    """The picture of the barcode section holds the number, and nothing else; unread, a person must look."""
    if not codes:
        return review(found_fr="aucun code lisible dans l'image", found_en="no readable code in the picture")
    shown = codes[0][:80]
    return check(
        number in codes,
        found_fr=f"l'image contient « {shown} »",
        found_en=f"the picture holds “{shown}”",
    )


def _folded(text: str) -> str:
    """Lower case, without accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text[:2000]).encode("ascii", "ignore").decode("ascii")
    return " ".join(plain.casefold().split())


def _bare(text: str) -> str:
    return "".join(text.replace("-", "").split()).casefold()


def _plain(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01')).normalize():f}"


def _day(value: str) -> date | None:
    read = moment(value)
    return read.start.date() if read is not None and read.parts >= 3 else None


def _days(width: str, unit: str) -> int | None:
    """How many days a width covers, None if it is not a whole number of days or more."""
    length = number(width)
    if length is None or unit not in _HOURS:
        return None
    days = length * _HOURS[unit] / 24
    return int(days) if days == days.to_integral_value() and 0 < days <= _LONGEST else None


def _last(first: date, high: str, width: str, unit: str) -> date | None:
    """The last day of a span, both ends counted."""
    end = _day(high)
    if end is not None:
        return end
    days = _days(width, unit)
    try:
        return None if days is None else first + timedelta(days=days - 1)
    except OverflowError:
        return None


def _length(low: str, high: str, width: str, unit: str) -> int | None:
    first = _day(low)
    if first is None:
        return _days(width, unit)
    last = _last(first, high, width, unit)
    return None if last is None or last < first else (last - first).days + 1
