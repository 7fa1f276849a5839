"""Child processes: their wall time and their peak memory."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_ENTRY = "from dui_conformance.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Ran:
    """One process: exit code, seconds of wall time and of CPU, peak resident memory in MiB."""

    code: int
    wall: float
    cpu: float
    peak: float


def command() -> list[str]:
    """The installed `dui-conformance` of this environment, else its entry point."""
    script = shutil.which("dui-conformance", path=str(Path(sys.executable).parent))
    return [script] if script else [sys.executable, "-c", _ENTRY]


def run(arguments: Sequence[str]) -> Ran:
    """Run to the end, output thrown away. POSIX: `wait4` gives the usage of this very child."""
    started = time.perf_counter()
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, KiB elsewhere
    return Ran(
        process.returncode,
        time.perf_counter() - started,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * unit / 2**20,
    )


def dui(*arguments: str) -> Ran:
    """Run the command line of the product."""
    return run([*command(), *arguments])
