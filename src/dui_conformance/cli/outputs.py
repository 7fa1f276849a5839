"""Where reports go: each `--output` takes the `--format` before it, or the format its extension names.

`--output FILE --format FORMAT`, the other way round, is the same pair, unless the file's extension names another
format.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
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
        say = getattr(ctx.find_root().command, "say", Saying("fr"))
        try:
            outputs = paired(given, say)
        except click.UsageError as error:
            error.ctx = ctx
            raise
        for output in outputs:
            _refuse_unwritable(output.file, say)
        ctx.meta[self.KEY] = outputs
        return rest


def paired(args: list[str], say: Saying) -> list[Output]:
    """The outputs that arguments ask for. Raises click.UsageError if two would share standard output."""
    asked = list(_asked(args))
    outputs: list[Output] = []
    form: str | None = None
    while asked:
        is_format, value = asked.pop(0)
        if is_format:
            if form is not None:
                outputs.append(Output(form, None))
            form = value
            continue
        named = _BY_EXTENSION.get(Path(value).suffix.lower())
        if form is None and _alternate(asked) and named in (None, asked[0][1]):
            form = asked.pop(0)[1]
        if form is None and named is None:
            known = ", ".join(_BY_EXTENSION)
            raise click.UsageError(
                say(
                    f"--output {value} : dans quel format ? Donnez --format, ou une extension parmi {known}.",
                    f"--output {value}: in which format? Give --format, or an extension among {known}.",
                )
            )
        outputs.append(Output(form or named or "", Path(value)))
        form = None
    if form is not None:
        outputs.append(Output(form, None))
    if sum(output.file is None for output in outputs) > 1:
        raise click.UsageError(
            say(
                "un seul rapport peut aller sur la sortie standard : donnez --output aux autres.",
                "one report only can go to standard output: give the others an --output.",
            )
        )
    return outputs or [Output("console", None)]


def _alternate(rest: list[tuple[bool, str]]) -> bool:
    """Whether what follows an --output is --format, --output, --format… to the end: pairs, the other way round."""
    return len(rest) % 2 == 1 and all(is_format == (at % 2 == 0) for at, (is_format, _) in enumerate(rest))


def _asked(args: list[str]) -> Iterator[tuple[bool, str]]:
    """Each --format (true) and --output (false) with its value, in the order given."""
    position = 0
    while position < len(args) and args[position] != "--":
        name, equals, value = args[position].partition("=")
        if not name.startswith("--") and name[:2] in ("-f", "-o") and len(name) > 2:
            name, equals, value = name[:2], "=", args[position][2:]
        if name in ("--format", "-f", "--output", "-o"):
            if not equals:
                position += 1
                value = args[position] if position < len(args) else ""
            yield name in ("--format", "-f"), value
        position += 1


def _refuse_unwritable(file: Path | None, say: Saying) -> None:
    """Before the work, what can be known then. Raises click.UsageError."""
    if file is None:
        return
    folder = file.parent
    if not folder.is_dir():
        raise click.UsageError(
            say(
                f"{file} ne peut pas être écrit : {folder} n'est pas un dossier.",
                f"{file} cannot be written: {folder} is not a folder.",
            )
        )
    if file.is_dir() or not os.access(folder, os.W_OK):
        raise click.UsageError(
            say(
                f"{file} ne peut pas être écrit : c'est un dossier, ou le sien est protégé.",
                f"{file} cannot be written: it is a folder, or its own is protected.",
            )
        )


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
        with suppress(OSError):
            partial.unlink()
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
