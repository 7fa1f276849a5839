"""Units of measure brought together: UCUM prefixes and common units, calendar durations, nothing more.

Source of the factors: The Unified Code for Units of Measure, tables 1 to 6. A unit that is not here cannot
be compared with another one, and the answer is empty rather than a guess.
"""

from decimal import Decimal, InvalidOperation

_PREFIX = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18,
}  # fmt: skip
_METRIC = {"m": "L", "g": "M", "s": "T", "L": "V", "l": "V", "mol": "N", "Pa": "P", "J": "E", "W": "W", "V": "U",
           "Hz": "F", "N": "K", "eq": "Q", "B": "dB", "K": "O", "A": "I", "cal": "cal", "bit": "bit"}  # fmt: skip
# unit -> (dimension, factor to the metric unit of the dimension)
_OTHER: dict[str, tuple[str, Decimal]] = {
    "min": ("T", Decimal(60)), "h": ("T", Decimal(3600)), "d": ("T", Decimal(86400)),
    "wk": ("T", Decimal(604800)), "mo": ("T", Decimal("2629800")), "a": ("T", Decimal("31557600")),
    "[in_i]": ("L", Decimal("0.0254")), "[ft_i]": ("L", Decimal("0.3048")), "[yd_i]": ("L", Decimal("0.9144")),
    "[mi_i]": ("L", Decimal("1609.344")), "[lb_av]": ("M", Decimal("453.59237")),
    "[oz_av]": ("M", Decimal("28.349523125")), "t": ("M", Decimal(1000000)), "%": ("1", Decimal("0.01")),
    "1": ("1", Decimal(1)), "": ("1", Decimal(1)), "[ppth]": ("1", Decimal("0.001")),
    "mm[Hg]": ("P", Decimal("133.322")), "m[Hg]": ("P", Decimal("133322")), "bar": ("P", Decimal(100000)),
}  # fmt: skip
_CALENDAR = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
_MONTHS = {"year": 12, "month": 1}


def _single(unit: str) -> tuple[str, Decimal] | None:
    if unit in _OTHER:
        return _OTHER[unit]
    if unit in _METRIC:
        return _METRIC[unit], Decimal(1)
    for size in (2, 1):
        stem = unit[size:]
        if unit[:size] in _PREFIX and stem in _METRIC:
            return _METRIC[stem], Decimal(10) ** _PREFIX[unit[:size]]
    return None


def _term(unit: str) -> tuple[tuple[str, ...], Decimal] | None:
    """The dimensions and the factor of a unit such as `mg/dL` or `m2`."""
    if len(unit) > 40:
        return None
    dimensions: list[str] = []
    factor = Decimal(1)
    for position, part in enumerate(unit.split("/")):
        for piece in part.split("."):
            stem = piece.split("{", 1)[0]
            power = 1
            if stem and stem[-1].isdigit() and stem not in _OTHER:
                power = int(stem[-1])
                stem = stem[:-1]
            found = _single(stem)
            if found is None:
                return None
            sign = -1 if position else 1
            factor *= found[1] ** (power * sign)
            if found[0] != "1":
                dimensions += [f"{'/' if position else ''}{found[0]}"] * power
    return tuple(sorted(dimensions)), factor


def calendar(unit: str) -> str | None:
    """`year` for `years`; None for what is not a calendar word."""
    word = unit[:-1] if unit.endswith("s") and len(unit) > 3 else unit
    return word if word in _CALENDAR or word in _MONTHS else None


def converted(a: Decimal, unit_a: str, b: Decimal, unit_b: str) -> tuple[Decimal, Decimal] | None:
    """Two amounts in one unit, or None when they have no unit in common.

    A calendar year or month is not 365.25 or 30.4375 days: it meets only its own kind (FHIRPath §6.1, note).
    """
    if unit_a == unit_b:
        return a, b
    word_a, word_b = calendar(unit_a), calendar(unit_b)
    if word_a in _MONTHS or word_b in _MONTHS:
        if word_a in _MONTHS and word_b in _MONTHS:
            return a * _MONTHS[str(word_a)], b * _MONTHS[str(word_b)]
        return None
    left = _term(_CALENDAR.get(word_a or "", unit_a))
    right = _term(_CALENDAR.get(word_b or "", unit_b))
    if left is None or right is None or left[0] != right[0]:
        return None
    try:
        return a * left[1], b * right[1]
    except InvalidOperation:
        return None
