"""Where reports go: each `--output` takes the `--format` before it, or the format its extension names."""

import os
import shutil
import sys
from pathlib import Path
from typing import ClassVar, NamedTuple

import click

from dui_conformance import reports, runjson
from dui_conformance.cli.saying import Saying

_BY_EXTENSION = {
    ".json": "json",
    ".html": "html",
    ".htm": "html",
    ".xml": "junit",
    ".sarif": "sarif",
    ".md": "markdown",
    ".txt": "console",
}


class Output(NamedTuple):
    """A format and its file; None is standard output."""

    format: str
    file: Path | None


class PairingCommand(click.Command):
    """Keeps `--format` and `--output` in the order they were given, which click alone does not."""

    KEY: ClassVar[str] = "dui_conformance.outputs"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        rest = super().parse_args(ctx, args)
        ctx.meta[self.KEY] = paired(given, ctx)
        return rest


def paired(args: list[str], ctx: click.Context | None = None) -> list[Output]:
    """The outputs that arguments ask for. Raises click.UsageError if two would share standard output."""
    outputs: list[Output] = []
    waiting: str | None = None
    position = 0
    while position < len(args):
        name, equals, value = args[position].partition("=")
        if name == "--":
            break
        if not name.startswith("--") and name[:2] in ("-f", "-o") and len(name) > 2:
            name, equals, value = name[:2], "=", args[position][2:]
        if name in ("--format", "-f", "--output", "-o"):
            if not equals:
                position += 1
                value = args[position] if position < len(args) else ""
            if name in ("--format", "-f"):
                if waiting is not None:
                    outputs.append(Output(waiting, None))
                waiting = value
            else:
                file = Path(value)
                form = waiting or _BY_EXTENSION.get(file.suffix.lower())
                if form is None:
                    known = ", ".join(_BY_EXTENSION)
                    raise click.UsageError(f"--output {value}: --format ? ({known})", ctx)
                outputs.append(Output(form, file))
                waiting = None
        position += 1
    if waiting is not None:
        outputs.append(Output(waiting, None))
    if sum(output.file is None for output in outputs) > 1:
        raise click.UsageError("--format ×2 → stdout ; --output ?", ctx)
    return outputs or [Output("console", None)]


def write(run: runjson.Run, output: Output, say: Saying) -> None:
    """Render a run and put it where it goes. A file appears whole or not at all. Raises click.UsageError."""
    if output.file is None:
        click.echo(_for_terminal(output.format, run, say), nl=False)
        return
    text = reports.render(output.format, run, say.lang)
    partial = output.file.with_name(f".{output.file.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(output.file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise click.UsageError(
            say(
                f"{output.file} ne peut pas être écrit : {error.strerror}",
                f"{output.file} cannot be written: {error.strerror}",
            )
        ) from error
    click.echo(say(f"Rapport {output.format} : {output.file}", f"{output.format} report: {output.file}"), err=True)


def _for_terminal(form: str, run: runjson.Run, say: Saying) -> str:
    """Colours and the terminal's width when a person reads; plain text when a pipe does."""
    if form != "console" or not sys.stdout.isatty():
        return reports.render(form, run, say.lang)
    from dui_conformance.reports import console

    width = shutil.get_terminal_size().columns
    return console.render(run, say.lang, colour="NO_COLOR" not in os.environ, width=width)
