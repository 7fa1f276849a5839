"""The INS DataMatrix: the message of a symbol, cut into its header and blocks (ANS format 2.2, dmp-mssante F.5).

A header of 26 characters, `IS01` and 22 zeros, then blocks: two characters that name the field, and its value. A
value of variable length that is not as long as it may be, and not the last, is closed by GS (here its sign, U+241D).
The message is neither signed nor a 2D-Doc: what follows the blocks is not read. Never judges: says what is there.
"""

import re
from dataclasses import dataclass, field

HEADER = "IS01" + "0" * 22
GS = "\u241d"
# field → its greatest length, and whether it is always that long: matricule, OID, list of birth given names, birth
# name, sex, birth date (DD-MM-YYYY), birth place (COG)
_FIELDS = {
    "S1": (15, True),
    "S2": (20, False),
    "S3": (100, False),
    "S4": (100, False),
    "S5": (1, True),
    "S6": (10, True),
    "S7": (5, True),
}
_LONGEST = 1_000  # characters of a message that are read
_HEAD = re.compile(r"IS[0-9A-Z]{0,2}0{0,40}")
_MATRICULE = re.compile(r"S1[123478][0-9]{4}[0-9AB]{2}[0-9]{8}(?=S2)")
_NEXT = re.compile(r"S[1-7]")  # a field that begins inside a name: names hold no digit
_OID = re.compile(r"[0-9.]{0,20}")


@dataclass(frozen=True, slots=True)
class InsSymbol:
    """What a message says. `rest`: characters that make no block. `missing`, `needless`: fields that want a GS that
    is not there, or have one that has no place."""

    header: str
    blocks: tuple[tuple[str, str], ...]
    rest: str
    missing: tuple[str, ...] = field(default=())
    needless: tuple[str, ...] = field(default=())


def symbol_of(message: str) -> InsSymbol | None:
    """The INS symbol that a message is meant to be: it begins with `IS`, or has the blocks of one; else None.

    Other symbols (2D-Doc, GS1, an address of a site) are nobody's business here.
    """
    message = message[:_LONGEST]
    if message.startswith(HEADER):
        start = len(HEADER)
    elif (head := _HEAD.match(message)) is not None and "S1" in message[head.end() :][:3]:
        start = message.index("S1", head.end())
    elif (found := _MATRICULE.search(message)) is not None:
        start = found.start()
    else:
        return None
    blocks, missing, needless = [], [], []
    at = start
    while (name := message[at : at + 2]) in _FIELDS:
        value, at = _value(name, message, at + 2)
        last = at >= len(message)
        closed = message[at : at + 1] == GS
        most, fixed = _FIELDS[name]
        full = fixed or len(value) == most
        if closed and (full or at + 1 >= len(message)):
            needless.append(name)
        elif not closed and not full and not last:
            missing.append(name)
        at += closed
        blocks.append((name, value))
    return InsSymbol(message[:start], tuple(blocks), message[at:], tuple(missing), tuple(needless))


def _value(name: str, message: str, at: int) -> tuple[str, int]:
    """The value of a field that begins at a place, and where it ends: at GS, at its length, at what cannot be of it."""
    most, fixed = _FIELDS[name]
    value = message[at : at + most].partition(GS)[0]
    if name == "S2":
        found = _OID.match(value)
        value = found[0] if found is not None else ""
    elif not fixed and (following := _NEXT.search(value)) is not None:
        value = value[: following.start()]
    return value, at + len(value)
