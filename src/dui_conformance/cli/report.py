"""`report`: another rendering of a run.json."""

from pathlib import Path
from typing import Any

import click

from dui_conformance import reports, runjson
from dui_conformance.cli.options import existing, lang_option
from dui_conformance.cli.outputs import PairingCommand, write
from dui_conformance.cli.saying import Saying


def report(say: Saying) -> click.Command:
    """The `report` command."""

    @click.command(
        cls=PairingCommand,
        help=say("Rend un run.json dans un autre format.", "Renders a run.json in another format."),
    )
    @click.argument("file", type=click.Path(path_type=Path), metavar="RUN.JSON")
    @click.option(
        "--format",
        "-f",
        multiple=True,
        type=click.Choice(list(reports.FORMATS)),
        help=say("Format du rapport.", "Report format."),
    )
    @click.option(
        "--output",
        "-o",
        multiple=True,
        type=click.Path(path_type=Path),
        help=say("Fichier du format qui précède.", "File of the format before it."),
    )
    @lang_option(say)
    @click.pass_context
    def command(context: click.Context, /, file: Path, **_options: Any) -> int:
        existing((file,), say)
        try:
            run = runjson.load(file)
        except runjson.RunFileError as error:
            raise click.UsageError(
                say(f"ce n'est pas un run.json lisible : {error}", f"not a readable run.json: {error}")
            ) from error
        for output in context.meta[PairingCommand.KEY]:
            write(run, output, say)
        return 0

    return command
