"""Random changes of XML subjects. Each operator takes sites and a generator and gives a draft, or None."""

import base64
import datetime
import random
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from lxml import etree

from bench.mutants import Draft, another_digit
from bench.sites import Site
from dui_conformance.rules.model import ValueSet
from dui_conformance.subjects.model import Element

_TIME = re.compile(r"(?P<day>\d{8})(?P<hour>\d{4,6})?(?P<zone>[+-]\d{4})?\Z")
_PID_7 = "PID-7|"
_CODES = ("code", "nodeRepresentation")

Operator = Callable[[Site, Sequence[Site], random.Random], Draft | None]


def delete_element(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    if site.form != "element":
        return None
    return Draft(site.place, {"delete": site.path}, site=site)


def delete_attribute(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    if site.form != "attribute":
        return None
    return Draft(site.place, {"delete": site.path}, before=site.value, site=site)


def duplicate(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    if site.form != "element":
        return None
    return Draft(site.place, {"duplicate": site.path}, site=site)


def blank(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    if site.form == "element" or not site.value.strip():
        return None
    return Draft(site.place, {"set": site.path, "to": ""}, before=site.value, site=site)


def digit(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    """Another digit for one of the digits."""
    at = [index for index, letter in enumerate(site.value) if letter in "0123456789"]
    if not at:
        return None
    after = another_digit(site.value, rng.choice(at), rng)
    return Draft(site.place, {"set": site.path, "to": after}, before=site.value, after=after, site=site)


def date(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    """A time moved by minutes, days or years, or said with another precision, zone, or order of its parts."""
    prefix = _PID_7 if site.value.startswith(_PID_7) else ""
    found = _TIME.match(site.value.removeprefix(prefix))
    if found is None or site.name in ("extension", "root", "code") or not _is_day(found["day"]):
        return None
    after = prefix + rng.choice(_MOVES)(found, rng)
    if after == site.value:
        return None
    return Draft(site.place, {"set": site.path, "to": after}, before=site.value, after=after, site=site)


def _is_day(digits: str) -> bool:
    try:
        return 1900 <= datetime.date.fromisoformat(digits).year <= 2100
    except ValueError:
        return False


def _moved_days(time: re.Match[str], rng: random.Random) -> str:
    day = datetime.date.fromisoformat(time["day"]) + datetime.timedelta(rng.choice((-1, 1)) * rng.randint(1, 700))
    return day.strftime("%Y%m%d") + (time["hour"] or "") + (time["zone"] or "")


def _moved_hours(time: re.Match[str], rng: random.Random) -> str:
    hour = time["hour"]
    if not hour:
        return _moved_days(time, rng)
    return f"{time['day']}{(int(hour[:2]) + rng.randint(1, 23)) % 24:02}{hour[2:]}{time['zone'] or ''}"


def _swapped_day_and_month(time: re.Match[str], rng: random.Random) -> str:
    day = time["day"]
    return day[:4] + day[6:8] + day[4:6] + (time["hour"] or "") + (time["zone"] or "")


def _another_zone(time: re.Match[str], rng: random.Random) -> str:
    if not time["hour"]:
        return time["day"] + "120000+0100"
    return time["day"] + time["hour"] + rng.choice([z for z in ("", "+0300", "-0500", "Z") if z != time["zone"]])


def _less_precise(time: re.Match[str], rng: random.Random) -> str:
    return time["day"][:6] if not time["hour"] else time["day"] + time["hour"][:-2] + (time["zone"] or "")


def _impossible(time: re.Match[str], rng: random.Random) -> str:
    return time["day"][:4] + rng.choice(("1301", "0230", "0000")) + (time["hour"] or "") + (time["zone"] or "")


_MOVES = (_moved_days, _moved_hours, _swapped_day_and_month, _another_zone, _less_precise, _impossible)


def rename_element(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    if site.form != "element" or ":" in site.name:
        return None
    after = _typo(site.name, rng)
    return Draft(site.place, {"rename": site.path, "to": after}, before=site.name, after=after, site=site)


def rename_attribute(site: Site, _: Sequence[Site], rng: random.Random) -> Draft | None:
    if site.form != "attribute" or ":" in site.name:
        return None
    after = _typo(site.name, rng)
    path = f"{site.path.rpartition('@')[0]}@{after}"
    steps = [{"delete": site.path}, {"set": path, "to": site.value}]
    return Draft(site.place, {"steps": steps}, before=site.name, after=after, site=site)


def _typo(name: str, rng: random.Random) -> str:
    flipped = name[0].swapcase() + name[1:]
    return rng.choice([flipped, name + "s", name[:-1] if len(name) > 2 else name + "x"])


def exchange(site: Site, others: Sequence[Site], rng: random.Random) -> Draft | None:
    """The values of two attributes (or leaves) of one name change places."""
    if site.form == "element":
        return None
    alike = [o for o in others if o.form == site.form and o.name == site.name and o.value != site.value]
    if not alike:
        return None
    other = rng.choice(alike)
    steps = [{"set": site.path, "to": other.value}, {"set": other.path, "to": site.value}]
    return Draft(site.place, {"steps": steps}, before=site.value, after=other.value, site=site, other=other)


def reorder(site: Site, others: Sequence[Site], rng: random.Random) -> Draft | None:
    """An element and the one that follows it change places."""
    following = next(site.element.itersiblings(etree.Element), None) if site.form == "element" else None
    other = next((o for o in others if o.form == "element" and o.element is following), None)
    if following is None or other is None:
        return None
    root = site.element.getroottree().getroot()
    node = copy = etree.fromstring(etree.tostring(root.getroottree()))
    for index in _indexes(site.element):
        node = node[index]
    after = next(node.itersiblings(etree.Element))
    tails = node.tail, after.tail
    after.addnext(node)
    after.tail, node.tail = tails
    data = etree.tostring(copy.getroottree(), xml_declaration=True, encoding="UTF-8")
    return Draft(
        site.place,
        {"base64": base64.b64encode(data).decode()},
        before=site.name,
        after=other.name,
        said=f"{site.path} and {other.path} change places",
        site=site,
        other=other,
    )


def _indexes(element: Element) -> list[int]:
    """The way from the root to an element, by the index of each child."""
    way = [element, *element.iterancestors()]
    return [parent.index(child) for child, parent in pairwise(way)][::-1]


def swap_code_of(value_sets: Mapping[str, ValueSet]) -> Operator:
    """The operator that puts another code of the same value set, or of another place, and leaves all else."""
    neighbours: dict[str, list[str]] = {}
    for value_set in value_sets.values():
        for code in value_set.codes:
            neighbours.setdefault(code, []).extend(c for c in value_set.codes if c != code)

    def swap_code(site: Site, others: Sequence[Site], rng: random.Random) -> Draft | None:
        if site.form != "attribute" or site.name not in _CODES or not site.value:
            return None
        elsewhere = [o.value for o in others if o.name == site.name and o.value and o.value != site.value]
        near = neighbours.get(site.value, [])
        if not near and not elsewhere:
            return None
        after = rng.choice(near if near and (not elsewhere or rng.random() < 0.7) else elsewhere)
        return Draft(site.place, {"set": site.path, "to": after}, before=site.value, after=after, site=site)

    return swap_code


def operators(value_sets: Mapping[str, ValueSet]) -> dict[str, Operator]:
    """Every operator on XML, by name."""
    return {
        "delete element": delete_element,
        "delete attribute": delete_attribute,
        "duplicate": duplicate,
        "blank": blank,
        "swap code": swap_code_of(value_sets),
        "change digit": digit,
        "move date": date,
        "rename element": rename_element,
        "rename attribute": rename_attribute,
        "exchange values": exchange,
        "reorder": reorder,
    }
