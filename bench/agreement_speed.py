"""Documents a second on the official examples: this product, the kit warm, the kit's own chain. Same machine, same run.

* ours: one process, every rule, with structure and models, from bytes to findings;
* `check --official`: the kit's schemas as this product compiles them, warm;
* the kit warm: its own XSLT (ISO skeleton) in saxonche, each schema compiled once (`bench.kit.Warm`), a thing that
  nobody ships;
* the kit's own chain: 25 JVM starts for each document (`bench.kit.cold_chain`, the jar that DUI_BENCH_SAXON names).
"""

import os
import shutil
import time
from pathlib import Path

from lxml import etree

from bench import kit as official_kit
from bench.agreement_judges import Judges, examples
from bench.places import SAXON, outside, skipped
from bench.tables import Aim, say, table
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget

_DOCUMENTS = 150  # a second, for one process
_WARM = 150
_CHAIN = 5_000
_COLD = "LDL-SES_2022.01.xml"  # 76 kB, level 3


def measure(clone: Path, folder: Path, passes: int = 3) -> list[Aim]:
    """Print the times and the ratios."""
    judges = Judges(folder)
    paths = list(examples(clone))
    data = [(path.name, path.read_bytes()) for path in paths]
    size = sum(len(content) for _, content in data)
    ours = min(_ours(judges, data) for _ in range(passes))
    compiled = _official(judges, paths)
    warm = _warm(folder, judges, paths)
    cold, why = _cold(folder, clone)
    rows = [
        ("this product, rules, structure and models", len(data) / ours, 1000 * ours / len(data)),
        ("check --official (the kit's schemas, our compiler)", len(data) / compiled, 1000 * compiled / len(data)),
        ("the kit warm (its own XSLT in saxonche)", len(data) / warm, 1000 * warm / len(data)),
    ]
    if cold is not None:
        rows.append(("the kit's own chain (one document, cold)", 1 / cold, 1000 * cold))
    shown = [(name, f"{rate:.2f}", f"{each:.1f}") for name, rate, each in rows]
    table(
        f"{len(data)} official examples, {size / 2**20:.1f} MiB, one process",
        ("judge", "documents/s", "ms"),
        shown,
        (1, 2),
    )
    rate = len(data) / ours
    aims = [
        Aim(
            "speed on the official examples, documents/s and process",
            f">= {_DOCUMENTS}",
            f"{rate:.0f}",
            rate >= _DOCUMENTS,
        ),
        Aim("speed: the kit warm / ours", f">= {_WARM}", f"{warm / ours:.0f}", warm / ours >= _WARM),
    ]
    chain = f"{cold * rate:.0f}" if cold is not None else why
    aims.append(
        Aim("speed: the kit's own chain / ours", f">= {_CHAIN}", chain, None if cold is None else cold * rate >= _CHAIN)
    )
    return aims


def _ours(judges: Judges, data: list[tuple[str, bytes]]) -> float:
    started = time.perf_counter()
    for name, content in data:
        evaluate(open_bytes(name, content, Budget()), judges.plan)
    return time.perf_counter() - started


def _official(judges: Judges, paths: list[Path]) -> float:
    """Seconds for every document, the schemas compiled before."""
    roots = [etree.parse(path).getroot() for path in paths]
    for again in (False, True):
        started = time.perf_counter()
        for root in roots:
            list(judges.kit.said(root, judges.schemas(root)))
        if again:
            return time.perf_counter() - started
    return 0.0


def _warm(folder: Path, judges: Judges, paths: list[Path]) -> float:
    """Seconds for every document; compiling is not counted, nor what the kit cannot compile."""
    total = 0.0
    with official_kit.Warm(folder) as warm:
        general = official_kit.schematrons_of(folder, "")
        warm.compile(general)
        for path in paths:
            own = [folder / name for name in judges.schemas(etree.parse(path).getroot())[len(general) :]]
            try:
                warm.compile([one for one in own if one not in warm.compiled])
            except Exception as error:  # a schema of the kit that does not compile
                say(f"{own[0].name}: {str(error)[:120]}")
                own = []
            wanted = {one: warm.compiled[one] for one in (*general, *own)}
            everything, warm.compiled = warm.compiled, wanted
            if path == paths[0]:
                warm.errors(path)  # warms Saxon up
            started = time.perf_counter()
            warm.errors(path)
            total += time.perf_counter() - started
            warm.compiled = everything
    return total


def _cold(folder: Path, clone: Path) -> tuple[float | None, str]:
    jar = outside(SAXON)
    if jar is None or shutil.which("java") is None:
        return None, skipped(SAXON) if jar is None else "skipped: no java"
    out = folder / "reports"
    os.makedirs(out, exist_ok=True)
    schematrons = official_kit.schematrons_of(folder, "CI-SIS_LDL-SES_2022.01")
    started = time.perf_counter()
    official_kit.cold_chain(folder, jar, clone / "ExemplesCDA" / _COLD, schematrons, out)
    return time.perf_counter() - started, ""
