"""The same documents through this product and through the ANS kit, in one run."""

import os
import shutil
import time
from pathlib import Path

from bench import generated, kit
from bench.places import KIT, SAXON, outside, skipped
from bench.tables import Aim, say, table
from dui_conformance.engine.judge import judge_units

_MODEL = "CI-SIS_DLU-EHPAD-DLU_2022.01"  # of the level-3 document


def beside_the_kit(folder: Path, documents: int) -> list[Aim]:
    """Print the comparison; the ratio as an aim without a figure of its own (issue 2 asks that it be printed)."""
    clone = outside(KIT)
    name, wanted = "the kit, same documents, same run", "printed"
    if clone is None:
        say(f"The ANS kit: {skipped(KIT)}")
        return [Aim(name, wanted, skipped(KIT), None)]
    folder.mkdir(parents=True, exist_ok=True)
    copy = kit.repaired_copy(clone, folder / "repaired")
    lines: list[tuple[object, ...]] = []
    measured = []
    paths = generated.written(generated.LEVEL_3, documents, folder / "documents")
    ours = _ours(paths)
    lines.append(("dui-conformance, warm, level 3", documents, f"{1000 * ours:.1f} ms", f"{1 / ours:.0f}", ""))
    if kit.saxonche_is_there():
        compiling, each, refused = _warm(copy, paths)
        lines.append(("kit, SaxonC warm, level 3", documents, f"{1000 * each:.0f} ms", f"{1 / each:.2f}", refused))
        lines.append(("kit, SaxonC, compiling its six schematrons", "", f"{compiling:.1f} s", "", ""))
        measured.append(f"{each / ours:.0f} times the kit's warm rate (SaxonC)")
    else:
        say("The kit, warm: skipped: install saxonche")
    jar = outside(SAXON)
    if jar is not None and shutil.which("java"):
        seconds, refused = _cold(copy, jar, paths[0], folder)
        lines.append(
            ("kit, its own chain (25 JVM), one document", 1, f"{seconds:.1f} s", f"{1 / seconds:.3f}", refused)
        )
        measured.append(f"{seconds / ours:.0f} times its own chain")
    else:
        say(f"The kit's own chain: {skipped(SAXON)} (and have java on the path)")
    table("Beside the ANS kit", ("what", "documents", "each", "a second", "refusals"), lines, (1, 2, 3, 4))
    return [Aim(name, wanted, "; ".join(measured) or "nothing to compare with", None)]


def _ours(paths: list[Path]) -> float:
    from bench.speed import order, units

    asked, made = order(), units(paths)
    judge_units(asked, made[:2])
    started = time.perf_counter()
    for _ in range(5):
        judge_units(asked, made)
    return (time.perf_counter() - started) / (5 * len(made))


def _warm(copy: Path, paths: list[Path]) -> tuple[float, float, int]:
    """Seconds of compiling, seconds for each document, refusals. The first document warms Saxon up."""
    with kit.Warm(copy) as warm:
        started = time.perf_counter()
        warm.compile(kit.schematrons_of(copy, _MODEL))
        compiled = time.perf_counter()
        warm.errors(paths[0])
        begun = time.perf_counter()
        refused = sum(len(warm.errors(path)) for path in paths)
        return compiled - started, (time.perf_counter() - begun) / len(paths), refused


def _cold(copy: Path, jar: Path, document: Path, folder: Path) -> tuple[float, int]:
    out = folder / "reports"
    os.makedirs(out, exist_ok=True)
    started = time.perf_counter()
    refused = kit.cold_chain(copy, jar, document, kit.schematrons_of(copy, _MODEL), out)
    return time.perf_counter() - started, len(refused)
