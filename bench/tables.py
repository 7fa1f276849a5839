"""What the benchmarks print: plain tables, and one line for each aim."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH = 150  # when the output is not a terminal: wide enough for a place in a document


@dataclass(frozen=True, slots=True)
class Aim:
    """Something that an issue asks for.

    `reached` is None when it was not measured, or when there is no figure to reach; `decides`: the exit code depends
    on it.
    """

    name: str
    wanted: str
    measured: str
    reached: bool | None
    decides: bool = False

    @property
    def answer(self) -> str:
        if self.reached is None:
            return "skipped" if self.measured.startswith("skipped") else "-"
        return "yes" if self.reached else "NO"


def console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False, soft_wrap=False)


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> None:
    """Print a table; `numbers` are the columns that hold figures (from 0)."""
    say(title)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for index, head in enumerate(heads):
        made.add_column(head, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    printer = console()
    printer.print(made)
    printer.print()


def say(text: str = "") -> None:
    """Print a line as it is."""
    print(text)


def share(part: int, whole: int) -> str:
    """`97.4 %`, or a dash when there is nothing to share."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def show_aims(aims: Iterable[Aim]) -> None:
    rows = [(a.name, a.wanted, a.measured, a.answer) for a in aims]
    table("Aims", ("aim", "wanted", "measured", "reached"), rows)
