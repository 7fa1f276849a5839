"""Where the benchmarks find things. Material from outside comes from the environment, and only from there."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READY = ROOT / "fixtures" / "ready"
EXPORTS = READY / "exports"
HERE = ROOT / "bench"

KIT = "DUI_BENCH_KIT"  # clone of the ANS kit (interop-outil-cda-testcontenucda3.0-outil-validation-documents-cda)
XDM = "DUI_BENCH_XDM"  # clone of interop-exemples-xdm
SAXON = "DUI_BENCH_SAXON"  # a Saxon-HE jar, for the kit's own chain


def outside(variable: str) -> Path | None:
    """The path that an environment variable gives, None if it is unset. Raises FileNotFoundError if it is wrong."""
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value)
    if not path.exists():
        raise FileNotFoundError(f"{variable} names nothing that is there: {value}")
    return path


def skipped(*variables: str) -> str:
    """What a table says when material from outside is not there."""
    return "skipped: set " + " and ".join(variables)
