"""Value sets that a user has added, in the place of the shipped ones that they are newer than.

The older list is not forgotten: a code that it holds and the newer one does not was valid until the day of the newer
one, and a document of before that day used it rightly.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from dui_conformance.rules.model import ValueSet

Codes = Mapping[str, Mapping[str, str]]  # system → code → label


@dataclass(frozen=True, slots=True)
class Newer:
    """A file of value sets that was added (`sets.json`), its digest, and the name of the artefact."""

    path: str
    sha256: str
    artefact: str


@dataclass(frozen=True, slots=True)
class _Issue:
    """One list at one date."""

    version: str
    date: str
    source: str
    codes: Codes
    ends: Codes


class Newest:
    """Gives a value set as its newest known issue has it. A list that has no newer issue is given back as it is."""

    def __init__(self, newer: Sequence[Newer]) -> None:
        self.issues: dict[str, list[_Issue]] = {}
        for added in newer:
            for oid, issue in _issues(added):
                self.issues.setdefault(oid, []).append(issue)

    def __call__(self, shipped: ValueSet) -> ValueSet:
        added = [named for issue in self.issues.get(shipped.oid, ()) if (named := _named(issue, shipped)) is not None]
        if not added or not shipped.date:
            return shipped
        own: dict[str, dict[str, str]] = {}
        for code, systems in shipped.codes.items():
            for system, label in systems.items():
                own.setdefault(system, {})[code] = label
        history = sorted((*added, _Issue(shipped.version, shipped.date, shipped.source, own, {})), key=lambda i: i.date)
        newest = history[-1]
        ended = _ended(history)
        if newest.codes is own:
            return replace(shipped, ended=ended) if ended else shipped
        codes: dict[str, dict[str, str]] = {}
        for system, entries in newest.codes.items():
            for code, label in entries.items():
                if (code, system) not in ended:
                    codes.setdefault(code, {})[system] = label
        labels = {key: (*texts,) for key, texts in shipped.other_labels.items()}
        for system, entries in own.items():  # labels that were right stay admitted: the code is what counts
            for code, label in entries.items():
                labels[system, code] = (*labels.get((system, code), ()), label)
        return replace(
            shipped,
            version=newest.version or newest.date,
            date=newest.date,
            complete=True,
            source=newest.source,
            codes=codes,
            other_labels=labels,
            ended=ended,
        )


def _issues(added: Newer) -> Iterator[tuple[str, _Issue]]:
    try:
        told = json.loads(Path(added.path).read_bytes())["sets"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for one in told:
        if one.get("date"):  # a list that does not say its date is neither newer nor older
            yield one["oid"], _Issue(one["version"], one["date"], added.artefact, one["codes"], one.get("ends", {}))


def _named(issue: _Issue, shipped: ValueSet) -> _Issue | None:
    """The issue with its code systems under the identifiers that the shipped list uses.

    FHIR names a system by a URL; it is the one under which the shipped list has most of the same codes. A system that
    cannot be told keeps the whole issue out: codes of it would be refused for nothing.
    """
    codes: dict[str, dict[str, Any]] = {}
    for system, entries in issue.codes.items():
        known = system
        if not system.replace(".", "").isdigit():
            votes = Counter(own for code in entries for own in shipped.codes.get(code, ()))
            if not votes:
                return None
            known = votes.most_common(1)[0][0]
        codes.setdefault(known, {}).update(entries)
    return replace(issue, codes=codes)


def _ended(history: Sequence[_Issue]) -> dict[tuple[str, str], str]:
    """(code, system) → the first day on which a code of an older issue is no longer valid."""
    newest = history[-1]
    out: dict[tuple[str, str], str] = {}
    for older, next_one in pairwise(history):
        for system, entries in older.codes.items():
            for code in entries:
                if code not in newest.codes.get(system, {}) and code not in next_one.codes.get(system, {}):
                    out[code, system] = next_one.date
    for system, ends in newest.ends.items():
        out |= {(code, system): day for code, day in ends.items()}
    return out
