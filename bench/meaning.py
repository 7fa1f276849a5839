"""Whether a mutation changes what an export says, decided from the change alone, before any rule has judged it.

Every mutant gets one class, from the first row of `meaning.yaml` that matches it (kind of subject, operator, place,
and a condition of this module); each row names the clause it rests on. A mutant that no row matches is in class
`counts`. The rows are applied to what was noticed as well as to survivors, so that they cannot flatter the share.

* `counts`    — it changes what issue 2 covers: header, envelope, identifiers, metadata, mail, payload;
* `same`      — the export says the same: an order without meaning, an exact repetition of what may be said several
                times, a name for people beside the code that counts, bytes that read back equal;
* `optional`  — something that may be absent is absent: the export says less, nothing false;
* `plausible` — a free value (a telephone number, a day, a title) became another admissible one, and no key, no
                value set and no copy in the same export contradicts it: nobody who has only the export can tell;
* `text`      — narrative, or what a page shows: no rule can judge it;
* `clinical`  — entries and models of structured bodies: issue 3.
"""

import datetime
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lxml import etree

from bench import mail_conditions
from bench.mutants import Mutant
from bench.places import HERE
from dui_conformance.data import read_yaml
from dui_conformance.subjects.model import Element

CLASSES = ("counts", "same", "optional", "plausible", "text", "clinical")
MEANING = HERE / "meaning.yaml"
_OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+\Z")
_TIME = re.compile(r"(\d{8})(\d{4}(?:\d{2})?)?([+-]\d{4})?")
_ADDRESS_USES = ("H", "HP", "HV", "WP", "TMP")
_TELECOM_USES = ("H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG")
_ORDERED = {"low": "high", "high": "low"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. Empty `kinds` or `operators` match all."""

    id: str
    meaning: str
    why: str
    clause: str
    kinds: Sequence[str]
    operators: Sequence[str]
    places: Sequence[re.Pattern[str]]
    when: str

    def matches(self, mutant: Mutant, before: bytes, after: bytes) -> bool:
        if self.kinds and not any(fnmatchcase(mutant.kind, kind) for kind in self.kinds):
            return False
        if self.operators and mutant.operator not in self.operators:
            return False
        if self.places and not any(place.search(mutant.draft.place) for place in self.places):
            return False
        return not self.when or all(CONDITIONS[name](mutant, before, after) for name in self.when.split())


@dataclass(frozen=True, slots=True)
class Class:
    """The class of a mutant, and the row that gave it (empty for `counts`)."""

    meaning: str
    row: str


class Meaning:
    """The meaning table."""

    def __init__(self) -> None:
        self.rows = [_row(entry) for entry in read_yaml(MEANING)["rows"]]

    def of(self, mutant: Mutant, before: bytes, after: bytes) -> Class:
        """The class of a mutant; `before` and `after` are the bytes of the whole unit."""
        for row in self.rows:
            if row.matches(mutant, before, after):
                return Class(row.meaning, row.id)
        return Class("counts", "")


def _row(entry: dict[str, Any]) -> Row:
    unknown = [name for name in str(entry.get("when", "")).split() if name not in CONDITIONS]
    if unknown or entry["meaning"] not in CLASSES:
        raise ValueError(f"meaning.yaml, {entry['id']}: {unknown or entry['meaning']} is not known")
    return Row(
        entry["id"],
        entry["meaning"],
        entry["why"],
        entry["clause"],
        entry.get("kinds", ()),
        entry.get("operators", ()),
        [re.compile(place) for place in entry.get("places", ())],
        entry.get("when", ""),
    )


# conditions


def _one_name(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The two that changed places bear one name."""
    return mutant.draft.before == mutant.draft.after


def _real_time(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """A real time, as precise and as zoned as it was, and no interval turned round."""
    site, old, new = mutant.draft.site, _moment(mutant.draft.before), _moment(mutant.draft.after)
    if site is None or old is None or new is None or len(mutant.draft.before) != len(mutant.draft.after):
        return False
    name = etree.QName(site.element).localname
    other = _moment(_sibling(site.element, _ORDERED.get(name, "")))
    if other is None:
        return True
    return new < other if name == "low" else other < new


def _moment(value: str) -> datetime.datetime | None:
    """The instant a timestamp of XDS or HL7 v3 names (a missing zone is read as UTC). Not the product's own reading."""
    found = _TIME.fullmatch(value.removeprefix("PID-7|"))
    if found is None:
        return None
    try:
        return datetime.datetime.fromisoformat(f"{found[1]}T{found[2] or '0000'}{found[3] or '+0000'}")
    except ValueError:
        return None


def _sibling(element: Element, name: str) -> str:
    parent = element.getparent()
    if parent is None or not name:
        return ""
    named = (c for c in parent.iterchildren(etree.Element) if etree.QName(c).localname == name)
    return next((c.get("value", "") for c in named), "")


def _same_month(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The matricule INS holds the year (two digits) and the month of birth: they are kept."""
    return mutant.draft.before[2:6] == mutant.draft.after[2:6]


def _oid_kept(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Still an OID, as it was."""
    return bool(_OID.match(mutant.draft.before)) and bool(_OID.match(mutant.draft.after))


def _internal_part(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The change is after the `/` of an identifier that a structure gives (before any `^`): no key covers it."""
    old, new = mutant.draft.before, mutant.draft.after
    head, slash, _ = old.partition("^")[0].partition("/")
    rest = old.partition("^")[1:]
    return bool(slash) and new.startswith(head + slash) and new.endswith("".join(rest)) and "^" not in new[: len(head)]


def _another_precision(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Still a real time of the same zone, said to the minute."""
    old, new = _moment(mutant.draft.before), _moment(mutant.draft.after)
    return old is not None and new is not None and old.utcoffset() == new.utcoffset() and old.hour == new.hour


def _admitted_use(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Each use is in the list of the other's type (cda 70, 73)."""
    site, other = mutant.draft.site, mutant.draft.other
    if site is None or other is None:
        return False
    return all(
        value in (_ADDRESS_USES if etree.QName(at.element).localname == "addr" else _TELECOM_USES)
        for at, value in ((site, mutant.draft.after), (other, mutant.draft.before))
    )


def _not_two_masks(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Not two confidentiality codes: the first of them must be that of the document."""
    site, other = mutant.draft.site, mutant.draft.other
    return not (site and other and "confidentialityCode" in site.place and "confidentialityCode" in other.place)


def _both_telecoms(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The value of one telecom against that of another."""
    site, other = mutant.draft.site, mutant.draft.other
    return site is not None and other is not None and "/telecom[" in site.place and "/telecom[" in other.place


def _points_at_something(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The reference still names an ID of the narrative."""
    name = re.escape(mutant.draft.after.removeprefix("#").encode())
    return mutant.draft.after.startswith("#") and re.search(rb'\sID="%s"' % name, before) is not None


def _a_mask(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """A confidentiality code beside the document's own."""
    site = mutant.draft.site
    return site is not None and site.element.get("nodeRepresentation", "") not in ("N", "R", "V", "L", "M", "U")


def _optional_trait(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """A line of sourcePatientInfo that is not one of the traits asked for (birth name, birth date, sex)."""
    site = mutant.draft.site
    text = (site.element.text or "") if site is not None else ""
    return text.startswith(("PID-3|", "PID-11|")) or (text.startswith("PID-5|") and text.endswith("^D"))


def _slots_in_order(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """serviceStopTime does not come before serviceStartTime (14 digits compare as text)."""
    site = mutant.draft.site
    if site is None:
        return False
    times = {"start": "", "stop": ""}
    entry = next(site.element.iterancestors("{*}ExtrinsicObject"))
    for slot in entry.iterfind("{*}Slot"):
        value = slot.find("{*}ValueList/{*}Value")
        if value is not None:
            text = mutant.draft.after if value is site.element else value.text or ""
            times[{"serviceStartTime": "start", "serviceStopTime": "stop"}.get(slot.get("name", ""), "")] = text
    return not times["stop"] or times["start"] <= times["stop"]


def _same_purpose(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The two values exchanged are of one purpose (two persons, two structures, two used names)."""
    site, other = mutant.draft.site, mutant.draft.other
    return site is not None and other is not None and _last_steps(site.place) == _last_steps(other.place)


def _last_steps(place: str) -> str:
    steps = place.split("/")
    return "/".join(steps[-3:] if steps[-1] == "text()" else steps[-2:])


def _reads_back_equal(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """The archive reads back with the same names and contents, and without complaint."""
    try:
        return _contents(before) == _contents(after)
    except Exception:
        return False


def _contents(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def _same_claims(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Both PDF open without a warning, every stream decodes, and what they claim to be is equal."""
    from bench.pdf_claims import claims

    old, new = claims(_payload(mutant, before)), claims(_payload(mutant, after))
    return old is not None and old == new


def _same_objects(mutant: Mutant, before: bytes, after: bytes) -> bool:
    """Both PDF hold the same objects and streams."""
    from bench.pdf_claims import objects

    old, new = objects(_payload(mutant, before)), objects(_payload(mutant, after))
    return old is not None and old == new


def _payload(mutant: Mutant, data: bytes) -> bytes:
    if "!/" not in mutant.where:
        return data
    import base64

    found = re.search(rb"<nonXMLBody>.*?<text[^>]*>(.*?)</text>", data, re.S)
    return base64.b64decode(found[1]) if found else b""


CONDITIONS: dict[str, Callable[[Mutant, bytes, bytes], bool]] = {
    "one_name": _one_name,
    "real_time": _real_time,
    "same_month": _same_month,
    "oid_kept": _oid_kept,
    "internal_part": _internal_part,
    "another_precision": _another_precision,
    "admitted_use": _admitted_use,
    "not_two_masks": _not_two_masks,
    "both_telecoms": _both_telecoms,
    "points_at_something": _points_at_something,
    "a_mask": _a_mask,
    "optional_trait": _optional_trait,
    "slots_in_order": _slots_in_order,
    "same_purpose": _same_purpose,
    "reads_back_equal": _reads_back_equal,
    **mail_conditions.CONDITIONS,
    "same_claims": _same_claims,
    "same_objects": _same_objects,
}
