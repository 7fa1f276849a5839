"""The command line. French by default; `--lang en` or DUI_CONFORMANCE_LANG=en for English.

Commands are built for a language and loaded when asked for, so that each starts fast.
"""

import difflib
import importlib
import os
import sys
from collections.abc import Sequence

import click

from dui_conformance import __version__
from dui_conformance.cli.saying import Saying, usage_error

_COMMANDS = {
    "check": "check",
    "simulate": "simulate",
    "probe": "probe",
    "plan": "plan",
    "rules": "rules",
    "rule": "rules",
    "requirement": "requirement",
    "init": "setup",
    "demo": "setup",
    "report": "report",
    "artefacts": "artefacts",
}


# what click says of its own, and knows in English alone
_OF_CLICK = (
    ("Usage:", "Utilisation :"),
    ("Options:", "Options :"),
    ("Commands:", "Commandes :"),
    ("Show this message and exit.", "Affiche cette aide."),
    ("Show the version and exit.", "Affiche la version."),
    ("[default:", "[défaut :"),
)


def _worded(help_text: str, say: Saying) -> str:
    for english, french in _OF_CLICK:
        help_text = help_text.replace(english, say(french, english))
    return help_text


class _Commands(click.Group):
    """Loads a command's module when it is asked for; a typo gets the nearest name."""

    def __init__(self, say: Saying) -> None:
        super().__init__(
            "dui-conformance",
            help=say(
                "Juge ce qu'un DUI exporte, dit où en est son référencement Ségur et ce qu'il vaut.",
                "Judges what a DUI exports, says how ready it is for Ségur referencing and what that is worth.",
            ),
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.say = say

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"dui_conformance.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)(self.say)
        plain = command.get_help
        command.get_help = lambda ctx: _worded(plain(ctx), self.say)  # type: ignore[method-assign]
        return command

    def get_help(self, ctx: click.Context) -> str:
        return _worded(super().get_help(ctx), self.say)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name not in _COMMANDS:
            near = difflib.get_close_matches(name, _COMMANDS, 1, 0.5)
            hint = self.say(f" Vouliez-vous « {near[0]} » ?", f" Did you mean `{near[0]}`?") if near else ""
            raise click.UsageError(
                self.say(f"« {name} » n'est pas une commande.", f"`{name}` is not a command.") + hint, ctx
            )
        return super().resolve_command(ctx, args)


def build(lang: str) -> click.Group:
    """The command line in a language."""
    say = Saying("en" if lang == "en" else "fr")
    group = _Commands(say)
    click.version_option(__version__, prog_name="dui-conformance")(group)
    return group


def language(arguments: Sequence[str]) -> str:
    """The language asked for: `--lang` anywhere, else the environment, else French."""
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
    return os.environ.get("DUI_CONFORMANCE_LANG", "fr")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 nothing to say, 1 findings, 2 wrong usage, 3 inconclusive, 4 internal error."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    lang = language(arguments)
    say = Saying("en" if lang == "en" else "fr")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = build(lang).main(arguments, "dui-conformance", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        code = 2
    except click.ClickException as error:
        click.echo(usage_error(error, say), err=True)
        code = 2
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo(say("Interrompu.", "Interrupted."), err=True)
        code = 130
    except SystemExit:  # click's answer to a pipe that was closed; its code would mean findings
        code = 141
    except Exception as error:
        if os.environ.get("DUI_CONFORMANCE_DEBUG"):
            raise
        click.echo(
            say(
                f"Erreur interne ({type(error).__name__}) : c'est un défaut de l'outil, merci de le signaler. "
                "DUI_CONFORMANCE_DEBUG=1 montre la trace.",
                f"Internal error ({type(error).__name__}): this is a defect of the tool, please report it. "
                "DUI_CONFORMANCE_DEBUG=1 shows the trace.",
            ),
            err=True,
        )
        code = 4
    sys.exit(code or 0)
