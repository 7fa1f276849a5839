"""Official examples, as they are and with one fault each, before this validator and the HL7 Java one."""

import json
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.fhir_faults import FAULTS
from bench.fhir_places import EXAMPLES, ORACLE, TOOLS, Peer, examples, java
from bench.places import outside, skipped
from bench.tables import Aim, say, share, table
from dui_conformance.fhir import Issue, Options, Validator
from dui_conformance.text import unmark

_AGREE = 0.97
_REJECTED = 2  # of 250 examples
_ANSWER = 300.0  # seconds at most for one answer of Java, whose first one loads the core
_VALID = "as published"
_NAMES = ("mutants: verdict equal to Java's", "examples rejected that Java accepts")
# what Java accepts by name, beside the extensions that it knows (its own list)
_OPTIONS = Options(unknown_extensions="error", extension_domains=("http://nema.org/",))


@dataclass(frozen=True, slots=True)
class Case:
    """One resource to judge: the example it comes from, what was done to it, its bytes."""

    example: str
    fault: str
    data: bytes


@dataclass(slots=True)
class Compared:
    """What came of one seed: by fault, how many and how many with the same verdict; and the disagreements."""

    asked: Counter[str]
    agreed: Counter[str]
    rejected: int = 0  # examples, as published, that Java accepts and we do not
    accepted: int = 0
    seconds: float = 0.0  # Java's
    ours: float = 0.0
    told: list[str] | None = None

    @property
    def share(self) -> float:
        return sum(self.agreed.values()) / max(1, sum(self.asked.values()))


def measure(seeds: list[int], number: int, *, show: bool = False) -> list[Aim]:
    """Print a table a seed; the worst of them as aims."""
    folder, judge = outside(EXAMPLES), java()
    if folder is None or judge is None:
        reason = skipped(EXAMPLES, TOOLS, ORACLE)
        say(f"Mutants against Java: {reason}\n")
        return [Aim(name, "", reason, None) for name in _NAMES]
    held = examples(folder)
    found = [compared(cases(held, seed, number), judge) for seed in seeds]
    for seed, one in zip(seeds, found, strict=True):
        _show(seed, one, number, show=show)
    agreed = min(one.share for one in found)
    rejected = max(one.rejected for one in found)
    listed = ", ".join(map(str, seeds))
    allowed = _REJECTED * number / 250
    return [
        Aim(_NAMES[0], f">= {100 * _AGREE:.0f} %", f"{100 * agreed:.1f} % (seeds {listed})", agreed >= _AGREE),
        Aim(_NAMES[1], f"<= {allowed:g} of {number}", f"{rejected} (seeds {listed})", rejected <= allowed),
    ]


def cases(held: dict[str, bytes], seed: int, number: int) -> list[Case]:
    """`number` examples as they are, and as many with a fault; the same for the same seed."""
    chance = random.Random(seed)
    names = list(held)
    out = [Case(name, _VALID, held[name]) for name in chance.sample(names, min(number, len(names)))]
    while len(out) < 2 * min(number, len(names)):
        name, fault = chance.choice(names), chance.choice(list(FAULTS))
        tree = json.loads(held[name])
        try:
            FAULTS[fault](tree, chance)
        except IndexError:
            continue  # nothing of that kind in this example
        out.append(Case(name, fault, json.dumps(tree, indent=1).encode()))
    return out


def compared(asked: list[Case], judge: Peer) -> Compared:
    """Both verdicts on every case."""
    validator = Validator(options=_OPTIONS)
    out = Compared(Counter(), Counter(), told=[])
    with tempfile.TemporaryDirectory(prefix="dui-bench-") as folder, _serving(judge) as process:
        for rank, case in enumerate(asked):
            file = Path(folder) / f"{rank}.json"
            file.write_bytes(case.data)
            began = time.perf_counter()
            theirs = _asked(process, rank, file)
            middle = time.perf_counter()
            ours = validator.validate(case.data).errors
            out.seconds += middle - began
            out.ours += time.perf_counter() - middle
            if theirs is None:
                continue  # it crashed: no verdict to compare with
            out.asked[case.fault] += 1
            if bool(theirs) == bool(ours):
                out.agreed[case.fault] += 1
                continue
            if case.fault == _VALID:
                out.accepted += bool(theirs)
                out.rejected += bool(ours)
            if out.told is not None:
                out.told += _disagreement(case, theirs, ours)
    return out


def _disagreement(case: Case, theirs: list[dict[str, Any]], ours: tuple[Issue, ...]) -> Iterator[str]:
    yield f"{case.example}, {case.fault}: refused by {'Java' if theirs else 'us'} alone"
    for issue in theirs[:2]:
        yield f"    {str(issue.get('expression'))[:70]}: {str(issue.get('text'))[:150]}"
    for own in ours[:2]:
        yield f"    {own.location.path[:70]}: {own.id} {unmark(own.message.en, str)[:150]}"


@contextmanager
def _serving(peer: Peer) -> Iterator["subprocess.Popen[str]"]:
    command = peer.adapter.removeprefix("cmd:").split()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=peer.surroundings, text=True, bufsize=1
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _asked(process: "subprocess.Popen[str]", rank: int, file: Path) -> list[dict[str, Any]] | None:
    """The errors of the peer; None when it crashed on this one."""
    if process.stdin is None or process.stdout is None:
        return None
    request = {"id": str(rank), "file": str(file), "supporting": [], "profile_file": None, "profiles": [],
               "options": {}}  # fmt: skip
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    guard = threading.Timer(_ANSWER, process.kill)
    guard.start()
    try:
        while line := process.stdout.readline():
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if isinstance(answer, dict) and "issues" in answer:
                return [i for i in answer["issues"] if i.get("severity") in ("error", "fatal")]
            if isinstance(answer, dict) and "crash" in answer:
                return None
    finally:
        guard.cancel()
    raise RuntimeError("the peer has stopped, or does not answer")


def _show(seed: int, one: Compared, number: int, *, show: bool) -> None:
    lines = [(name, one.asked[name], share(one.agreed[name], one.asked[name])) for name in sorted(one.asked)]
    every = sum(one.asked.values())
    lines.append(("all", every, share(sum(one.agreed.values()), every)))
    title = f"Examples and mutants before Java and us, seed {seed} ({number} of each)"
    table(title, ("what was done", "resources", "same verdict"), lines, (1, 2))
    say(f"As published: {one.rejected} rejected that Java accepts, {one.accepted} accepted that Java rejects.")
    say(f"In all: Java {one.seconds:.1f} s (start included), this product {one.ours:.2f} s.\n")
    if show:
        for line in one.told or ():
            say(line)
        say()
