"""Agreement with the repaired ANS kit: `python -m bench.agreement [--model M] [--missed] [--mutants N] [--seed N]`.

Same documents, same run: the official examples of the kit that DUI_BENCH_KIT names, then seeded mutations of them, each
through the kit (saxonche, one warm process) and through our rules. What counts is the errors that a document has, and
for a mutant those that the change adds: a mutant is seen by a judge that says more than it said of the original.

Prints the two-by-two tables (examples, mutants by model and by part), each disagreement with its reason (`agreement_
reasons.yaml`) or UNEXPLAINED, what the kit misses and we see, and the aims.

`--missed` lists, for one model or all, the asserts of the kit that spoke on mutants on which our rules kept silent:
how often, on what change, with the context and the test of the assert. `--ties` writes `profiles/official/ties.yaml`.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench import agreement_beyond, agreement_speed, agreement_tables, agreement_ties
from bench.agreement_judges import Compared, compared, examples, repaired
from bench.places import KIT, outside, skipped
from bench.tables import Aim, say, show_aims
from dui_conformance.official import saxon

_MUTANTS = 40


def results_of(
    clone: Path, folder: Path, model: str, number: int, seed: int, parts: Sequence[str], jobs: int
) -> list[Compared]:
    """Every example with its mutants, through both judges; the same whatever the number of processes."""
    paths = list(examples(clone, model))
    out: list[Compared] = []
    if jobs < 2:
        for path in paths:
            out += compared(folder, path, number, seed, parts)
        return out
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        pending = [pool.submit(compared, folder, path, number, seed, parts) for path in paths]
        for future in pending:
            out += future.result()
    return out


def measure(number: int = _MUTANTS, seed: int = 7, jobs: int = 0) -> list[Aim]:
    """The whole comparison, for `python -m bench`."""
    clone = outside(KIT)
    if clone is None or not saxon.is_there():
        why = skipped(KIT) if clone is None else "skipped: install saxonche"
        say(f"Agreement: {why}")
        return [Aim("agreement: of what the kit sees, seen by us", ">= 98 %", why, None)]
    with tempfile.TemporaryDirectory() as made:
        folder = repaired(clone, Path(made))
        parts = ("header", "body")
        results = results_of(clone, folder, "", number, seed, parts, jobs or min(os.cpu_count() or 1, 4))
        aims = agreement_tables.show(results)
        aims += agreement_beyond.measure(folder)
        aims += agreement_speed.measure(clone, folder)
    return aims


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.agreement", description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="", help="only the examples of this model, e.g. DLU-EHPAD-DLU_2022.01")
    parser.add_argument("--missed", action="store_true", help="list the asserts of the kit that our rules miss")
    parser.add_argument("--all", action="store_true", help="with --missed: those that we see too")
    parser.add_argument("--ties", action="store_true", help="write profiles/official/ties.yaml from what is measured")
    parser.add_argument("--mutants", type=int, help="of each example (300 with --missed)")
    parser.add_argument("--part", choices=("all", "header", "body"), default="all")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--quick", action="store_true", help="neither our own counter-examples nor the speed")
    parser.add_argument("--json", type=Path, help="with --missed: write the missed asserts there too")
    options = parser.parse_args()
    clone = outside(KIT)
    if clone is None or not saxon.is_there():
        say(skipped(KIT) if clone is None else "skipped: install saxonche")
        return 0
    parts = ("header", "body") if options.part == "all" else (options.part,)
    number = options.mutants or (300 if options.model else _MUTANTS)
    aims: list[Aim] = []
    with tempfile.TemporaryDirectory() as made:
        folder = repaired(clone, Path(made))
        results = results_of(clone, folder, options.model, number, options.seed, parts, options.jobs)
        for one in results:
            if options.model and not one.operator:
                kit, ours = len(one.verdict.kit), len(one.verdict.ours)
                say(f"{one.example}: kit {kit} errors, ours {ours} {one.verdict.broken}")
        asserts = agreement_tables.missed(results)
        if options.missed:
            say()
            agreement_tables.show_missed(asserts, every=options.all)
        if options.ties:
            agreement_ties.write(results)
        if options.json is not None:
            told = [entry.as_dict() for entry in sorted(asserts.values(), key=lambda entry: -entry.missed)]
            options.json.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        if options.model:
            agreement_tables.show_models(results)
            return 0
        aims += agreement_tables.show(results)
        if not options.quick:
            aims += agreement_beyond.measure(folder)
            aims += agreement_speed.measure(clone, folder)
    show_aims(aims)
    return int(any(aim.reached is False for aim in aims))


if __name__ == "__main__":
    sys.exit(main())
