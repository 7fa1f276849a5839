"""How fast: `python -m bench.speed [--profile] [--quick] [--documents 10000]`.

Start-up, first document from cold (whole process), documents a second warm (parsing included, files read from
disk, all rules of the ready manifest), with one and two workers, peak memory as the number of documents grows, and,
where DUI_BENCH_KIT is set, the same documents through the ANS kit in the same run (see `bench.kit`).

"Cold" is a new process; the files of the product are in the page cache of the system after its first run. Figures
are wall times unless CPU is said. On a machine that others use, read the best run, or the rate a CPU second: it is
what a free core would give, and what the aim for warm documents is held against.
`--profile` prints where the time of a warm document goes instead.
"""

import argparse
import cProfile
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench import generated, hot
from bench.places import READY
from bench.processes import Ran, dui
from bench.tables import Aim, say, show_aims, table
from dui_conformance.engine.judge import Order, judge, judge_units, plan_of, settings_of
from dui_conformance.readiness.manifest import load
from dui_conformance.subjects.intake import Unit

_COLD = 0.5  # seconds: issue 2
_WARM = 200  # documents a second
_FLAT = 1.25  # peak over the largest run against peak over the smallest
_KINDS = (
    ("level 3, DLU", generated.LEVEL_3, 300),
    ("level 1", generated.LEVEL_1, 300),
    ("mail with an archive", generated.MAIL, 150),
    ("archive", generated.ARCHIVE, 150),
)


def order() -> Order:
    """What the ready editor's manifest asks to judge."""
    return Order(settings=settings_of(load(READY / "dui.toml").settings()))


def units(paths: Sequence[Path]) -> list[Unit]:
    return [Unit(path.name, path) for path in paths]


def timed(action: Callable[[], object]) -> float:
    """Seconds of wall time."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def start_up(times: int) -> list[Aim]:
    """Whole processes."""
    document = str(generated.LEVEL_3)
    lines = []
    for name, arguments in (
        ("--version", ["--version"]),
        ("rules", ["rules"]),
        ("check, a level-3 document", ["check", document, "--format", "json"]),
        ("check, a level-1 document", ["check", str(generated.LEVEL_1), "--format", "json"]),
    ):
        lines.append((name, [dui(*arguments) for _ in range(times)]))
    table(
        f"Whole process from cold, {times} runs",
        ("command", "best", "median", "CPU, median", "peak MiB", "exit"),
        [(name, *_summary(runs)) for name, runs in lines],
        range(1, 6),
    )
    worst = max((_median(runs), name) for name, runs in lines if name.startswith("check"))
    best = max(min(run.wall for run in runs) for name, runs in lines if name.startswith("check"))
    failed = [name for name, runs in lines if any(run.code not in (0, 1, 3) for run in runs)]
    cpu = max(min(run.cpu for run in runs) for name, runs in lines if name.startswith("check"))
    measured = f"{worst[0]:.2f} s median, {best:.2f} s best, {cpu:.2f} s of CPU ({worst[1]})" + (
        f"; FAILED: {failed}" if failed else ""
    )
    return [Aim("first document from cold", f"<= {_COLD} s", measured, best <= _COLD and not failed)]


def _median(runs: Sequence[Ran]) -> float:
    return statistics.median(run.wall for run in runs)


def _summary(runs: Sequence[Ran]) -> tuple[str, ...]:
    return (
        f"{min(run.wall for run in runs):.3f} s",
        f"{_median(runs):.3f} s",
        f"{statistics.median(run.cpu for run in runs):.3f} s",
        f"{max(run.peak for run in runs):.0f}",
        str(runs[0].code),
    )


def warm(folder: Path, rounds: int) -> list[Aim]:
    """Documents a second in this process, and with two workers."""
    asked = order()
    rules = len(plan_of(asked).rules)
    lines, level_3 = [], (0.0, 0.0)
    for name, model, count in _KINDS:
        made = units(generated.written(model, count, folder / model.stem))
        judge_units(asked, made[:5])
        rates = [_rates(asked, made) for _ in range(rounds)]
        best = max(wall for wall, _ in rates), max(cpu for _, cpu in rates)
        median = statistics.median(wall for wall, _ in rates)
        lines.append((name, f"{model.stat().st_size / 1000:.0f}", f"{best[0]:.0f}", f"{median:.0f}", f"{best[1]:.0f}"))
        if model == generated.LEVEL_3:
            level_3 = best
    table(
        f"Warm, one process, {rules} rules planned, {rounds} rounds",
        ("subject", "kB", "a second, best", "median", "a CPU second, best"),
        lines,
        (1, 2, 3, 4),
    )
    _two_workers(folder, asked)
    measured = f"{level_3[1]:.0f} a CPU second, {level_3[0]:.0f} of wall time (load {os.getloadavg()[0]:.1f})"
    return [Aim("documents a second, level 3, warm", f">= {_WARM}", measured, level_3[1] >= _WARM)]


def _rates(asked: Order, made: Sequence[Unit]) -> tuple[float, float]:
    """Subjects a second of wall time and of CPU. The work is one thread that waits for nothing but the disk."""
    wall, cpu = time.perf_counter(), time.process_time()
    judge_units(asked, made)
    return len(made) / (time.perf_counter() - wall), len(made) / (time.process_time() - cpu)


def _two_workers(folder: Path, asked: Order) -> None:
    made = units(generated.written(generated.LEVEL_3, 1000, folder / "workers"))
    one = timed(lambda: judge(made, asked))
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_warm_up, [asked, asked]))
        two = timed(lambda: judge(made, asked, pool, 2))
    table(
        f"Scaling, 1000 level-3 documents, {os.cpu_count()} cores seen",
        ("workers", "a second"),
        [("1", f"{1000 / one:.0f}"), ("2", f"{1000 / two:.0f} ({one / two:.2f} times)")],
        (1,),
    )


def _warm_up(asked: Order) -> int:
    return len(plan_of(asked).rules)


def memory(folder: Path, documents: int) -> list[Aim]:
    """Peak memory of whole runs (`check` of a folder, JSON written to a file) over more and more documents."""
    tenth = documents // 10
    parts = []
    for number in range(10):
        part = folder / f"part{number}"
        part.mkdir(parents=True)
        parts.append(part)
    for number, data in enumerate(generated.copies(generated.LIGHT, tenth * 10)):
        (parts[number // tenth] / f"{number:06}.xml").write_bytes(data)
    runs = []
    for share in (1, 5, 10):
        paths = [str(part) for part in parts[:share]]
        manifest = str(READY / "dui.toml")
        out = str(folder / "run.json")
        ran = dui("check", *paths, "--manifest", manifest, "--format", "json", "--output", out)
        runs.append((share * tenth, ran, Path(out).stat().st_size if Path(out).exists() else 0))
    table(
        "Memory: one `check`, one worker, run.json included",
        ("documents", "peak MiB", "seconds", "a second", "run.json MB", "exit"),
        [
            (n, f"{ran.peak:.0f}", f"{ran.wall:.1f}", f"{n / ran.wall:.0f}", f"{size / 1e6:.1f}", ran.code)
            for n, ran, size in runs
        ],
        range(6),
    )
    (few, first, _), (many, last, size) = runs[0], runs[-1]
    growth = (last.peak - first.peak) * 1024 / (many - few)
    flat = last.peak <= _FLAT * first.peak and last.code in (0, 1, 3)
    measured = f"{first.peak:.0f} MiB over {few}, {last.peak:.0f} MiB over {many}: {growth:.1f} KiB a document"
    measured += f" (run.json itself {size / many / 1024:.1f})"
    return [Aim("peak memory, flat", f"<= {_FLAT} times", measured, flat)]


def profile(folder: Path) -> None:
    """Where the time of warm documents goes."""
    asked = order()
    for name, model, count in _KINDS:
        made = units(generated.written(model, min(count, 100), folder / f"profile-{model.stem}"))
        judge_units(asked, made[:5])
        profiler = cProfile.Profile()
        profiler.runcall(judge_units, asked, made)
        say(f"{name}: own time, then cumulative, over {len(made)} subjects")
        stats = pstats.Stats(profiler, stream=sys.stdout).strip_dirs()
        stats.sort_stats("tottime").print_stats(22)
        stats.sort_stats("cumulative").print_stats(30)
        hot.show(model)


def measure(quick: bool = False, documents: int = 10_000) -> list[Aim]:
    """Everything but the profile."""
    from bench.kit_speed import beside_the_kit

    with tempfile.TemporaryDirectory(prefix="dui-bench-") as name:
        folder = Path(name)
        aims = start_up(3 if quick else 9)
        aims += warm(folder / "warm", 2 if quick else 5)
        aims += memory(folder / "memory", 500 if quick else documents)
        aims += beside_the_kit(folder / "kit", 3 if quick else 10)
    say(f"load average at the end: {', '.join(f'{load:.1f}' for load in os.getloadavg())}; cores {os.cpu_count()}")
    return aims


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", action="store_true", help="print the hot functions instead")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, 500 documents for the memory")
    parser.add_argument("--documents", type=int, default=10_000, help="documents of the largest memory run")
    options = parser.parse_args()
    if options.profile:
        with tempfile.TemporaryDirectory(prefix="dui-bench-") as name:
            profile(Path(name))
        return 0
    aims = measure(options.quick, options.documents)
    show_aims(aims)
    return 0


if __name__ == "__main__":
    sys.exit(main())
