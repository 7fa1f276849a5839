"""What the tests of the doors share: opening bytes, with a bound on time, and strategies of hostile bytes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from hypothesis import settings
from hypothesis import strategies as st

from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Subject
from tests.places import READY

EXPORTS = READY / "exports"

# Reproducible, and no deadline: the bound on time is ours, and a first call loads libraries.
QUICK = settings(max_examples=60, deadline=None, derandomize=True)


def opened(data: bytes, name: str = "export", budget: Budget | None = None) -> Subject:
    return open_bytes(name, data, budget or Budget())


def codes(subject: Subject) -> list[str]:
    """The codes of every defect of a subject and of what it holds."""
    return [defect.code for inner in subject.walk() for defect in inner.defects]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails if the block takes longer; generous, since machines differ: it catches what grows faster than its input."""
    start = time.perf_counter()
    yield
    spent = time.perf_counter() - start
    assert spent < seconds, f"{spent:.1f} s"


@cache
def fixture(name: str) -> bytes:
    return (EXPORTS / name).read_bytes()


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A good export with some of its bytes changed, cut out, repeated or moved."""
    data = bytearray(fixture(name))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(1, 400))
        piece = data[at : at + length]
        match draw(st.sampled_from(("flip", "cut", "repeat", "insert", "truncate", "move"))):
            case "flip" if data:
                data[at] ^= draw(st.integers(1, 255))
            case "cut":
                del data[at : at + length]
            case "repeat":
                data[at:at] = piece * draw(st.integers(1, 20))
            case "insert":
                data[at:at] = draw(st.binary(max_size=60))
            case "truncate":
                del data[at:]
            case "move":
                del data[at : at + length]
                to = draw(st.integers(0, len(data)))
                data[to:to] = piece
    return bytes(data)
