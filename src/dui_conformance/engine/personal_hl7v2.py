"""The personal values that HL7 v2 messages hold: of patients and relatives, of professionals, mailboxes."""

import re
from collections.abc import Iterator

from dui_conformance.engine.personal_words import dates
from dui_conformance.subjects.model import Element

# fields that name somebody: of a patient or a relative every part counts, of a professional (XCN) the identifier, the
# family name and the given name
_PATIENT = {"PID": (2, 3, 4, 5, 6, 9, 11, 13, 14, 18, 19, 40), "NK1": (2, 4, 5, 6, 33), "MRG": (1, 7), "IN1": (16,)}
_PERSONS = {
    "EVN": (5,),
    "PRT": (5,),
    "PV1": (7, 8, 9, 17, 52),
    "ORC": (10, 11, 12, 19),
    "OBR": (10, 16, 28, 32, 33, 34, 35),
    "TXA": (5, 9, 10, 11, 22, 23),
    "ROL": (4,),
}
_MAILBOXES = (("PRT", 15), ("OBX", 5), ("PID", 13))
_PARTS = 9  # what comes after the ninth part of an identifier, a name or an address is codes and dates
_XCN = 3
_CODES = frozenset(("FRA", "BDL", "INS", "NET", "PRN", "WPN"))
_LOCAL_PART = re.compile(r"([\w.+'-]{3,64})@")


def message_values(view: Element) -> Iterator[str]:
    """Of the view of messages (see `subjects.hl7v2`)."""
    for segment in view.iter("segment"):
        name = segment.get("name", "")
        for field in segment.iterfind("field"):
            number = int(field.get("n", "0"))
            for part in field.iterfind("repetition/component"):
                yield from _part(name, number, int(part.get("n", "0")), part.text or "")


def line_values(text: str) -> Iterator[str]:
    """Of segments that could not be read, or that stand in a transcript; with the usual delimiters."""
    for segment in re.split(r"[\r\n\x0b\x1c]+", text):
        name, *fields = segment.split("|")
        if name in _PATIENT or name in _PERSONS or name == "OBX":
            for number, field in enumerate(fields, 1):
                for repetition in field.split("~") if len(field) < 4096 else ():
                    for rank, part in enumerate(repetition.split("^"), 1):
                        yield from _part(name, number, rank, part if "&" not in part else "")


def _part(segment: str, number: int, rank: int, text: str) -> Iterator[str]:
    if number in _PATIENT.get(segment, ()) and rank <= _PARTS and len(text) >= 3 and text not in _CODES:
        yield text
        words = text.split()
        yield from (word for word in words if len(words) > 1 and len(word) >= 3)
    elif number in _PERSONS.get(segment, ()) and rank <= _XCN:
        yield text
    elif (segment, number, rank) == ("PID", 7, 1):
        yield from dates(text[:8])
    if (segment, number) in _MAILBOXES and rank == 4:
        yield from _LOCAL_PART.findall(text)
