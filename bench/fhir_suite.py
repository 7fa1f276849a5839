"""HL7's own test suite: the checks in R4 that need neither the network nor a terminology server."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from bench.fhir_places import OURS, SUITE, TOOLS, Peer, java, peers, python
from bench.places import outside, skipped
from bench.tables import Aim, say, table

# aims of issue 4, and the best figure known of another validator
_VERDICT, _COUNT, _PLACES = 92.0, 78.0, 65.0
_LIMIT = 3600  # seconds for one validator: some load the core again for each case
_ROW = re.compile(
    r"all selected, no terminology server\s+(?P<n>\d+)\s+(?P<verdict>[\d.]+)%\s+(?P<accepted>\d+)\s+(?P<rejected>\d+)"
    r"\s+(?P<crashed>\d+)\s+(?P<count>[\d.]+)%\s+(?P<precision>\d+)%\s+(?P<recall>\d+)%"
)
_NAMES = ("verdict of the suite", "same number of errors", "places of errors")


@dataclass(frozen=True, slots=True)
class Score:
    """Percentages: verdicts that agree, checks with the same number of errors, precision and recall of places."""

    checks: int
    verdict: float
    accepted: int
    rejected: int
    crashed: int
    count: float
    precision: float
    recall: float


def measure() -> list[Aim]:
    """Print the table; the aims of this product."""
    tools, suite = outside(TOOLS), outside(SUITE)
    if tools is None or suite is None:
        say(f"HL7's suite: {skipped(TOOLS, SUITE)}\n")
        return [Aim(name, "", skipped(TOOLS, SUITE), None) for name in _NAMES]
    ours = _compared("HL7's test suite, R4, offline, no terminology server", "base,shipped", (OURS, *peers()))
    judges = (OURS, *filter(None, (java(),)))
    _compared("The same, QuestionnaireResponse against Questionnaire (in no aim)", "questionnaire", judges)
    if ours is None:
        return [Aim(name, "", "FAILED", False, decides=True) for name in _NAMES]
    places = f"{ours.precision:.0f} / {ours.recall:.0f} %"
    return [
        Aim(_NAMES[0], f">= {_VERDICT:.0f} %", f"{ours.verdict:.1f} %", ours.verdict >= _VERDICT),
        Aim(_NAMES[1], f">= {_COUNT:.0f} %", f"{ours.count:.1f} %", ours.count >= _COUNT),
        Aim(_NAMES[2], f">= {_PLACES:.0f} / {_PLACES:.0f} %", places, min(ours.precision, ours.recall) >= _PLACES),
    ]


_HEADS = (
    "validator", "checks", "verdict", "wrongly accepted", "wrongly rejected", "crashed", "same count",
    "places: precision", "recall",
)  # fmt: skip


def _compared(title: str, tiers: str, judges: Sequence[Peer]) -> Score | None:
    """Print a table; the score of the first one."""
    lines: list[tuple[object, ...]] = []
    ours: Score | None = None
    for peer in judges:
        score = scored(peer, tiers)
        if isinstance(score, str):
            lines.append((peer.name, "", score, "", "", "", "", "", ""))
            continue
        ours = ours or score
        lines.append((
            peer.name, score.checks, f"{score.verdict:.1f} %", score.accepted, score.rejected, score.crashed,
            f"{score.count:.1f} %", f"{score.precision:.0f} %", f"{score.recall:.0f} %",
        ))  # fmt: skip
    table(title, _HEADS, lines, range(1, 9))
    return ours


def scored(peer: Peer, tiers: str) -> Score | str:
    """One validator over some tiers of the suite, in a process of its own; why not, when it cannot be run."""
    options = ["--suite", str(outside(SUITE)), "--tier", tiers, "--adapter", peer.adapter]
    command = [python(), f"{outside(TOOLS)}/fhir_testcases.py", "run", *options]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, env=peer.surroundings, timeout=_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"skipped: more than {_LIMIT} s"
    found = _ROW.search(ran.stdout)
    if found is None:
        lines = (ran.stderr or ran.stdout).strip().splitlines()
        return f"skipped: {lines[-1] if lines else 'no answer'}"
    held = found.groupdict()
    return Score(
        int(held["n"]), float(held["verdict"]), int(held["accepted"]), int(held["rejected"]), int(held["crashed"]),
        float(held["count"]), float(held["precision"]), float(held["recall"]),
    )  # fmt: skip
