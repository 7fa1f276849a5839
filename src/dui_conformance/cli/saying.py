"""Sentences of the command line in one language."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple

import click

from dui_conformance.text import Language, Text


class Saying(NamedTuple):
    """`say(french, english)` gives the sentence in the language asked for."""

    lang: Language

    def __call__(self, fr: str, en: str) -> str:
        return fr if self.lang == "fr" else en

    def text(self, text: Text | dict[str, str]) -> str:
        if isinstance(text, Text):
            return text.fr if self.lang == "fr" else text.en
        return text[self.lang]


def unknown(say: Saying, what: Text, name: str, known: Iterable[str]) -> click.UsageError:
    """An error for a name nobody knows, with the nearest ones."""
    names = sorted(set(known))
    folded = {candidate.casefold(): candidate for candidate in names}
    near = [folded[hit] for hit in difflib.get_close_matches(name.casefold(), folded, 3, 0.5)]
    if not near:
        near = [candidate for candidate in names if candidate.casefold().startswith(name.casefold()[:4])][:3]
    hint = ""
    if near:
        hint = say(" Le plus proche : ", " Nearest: ") + ", ".join(near) + "."
    return click.UsageError(say(f"{what.fr} « {name} » inconnu(e).", f"Unknown {what.en} `{name}`.") + hint)


def usage_error(error: click.ClickException, say: Saying) -> str:
    """A usage error as one sentence in the language asked for."""
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(sorted(error.possibilities or ()))
        message = say(f"option inconnue : {error.option_name}.", f"no such option: {error.option_name}.")
        message += say(f" Vouliez-vous {near} ?", f" Did you mean {near}?") if near else ""
    elif isinstance(error, click.MissingParameter):
        name = error.param.make_metavar(error.ctx) if error.param and error.ctx else ""
        message = say(f"il manque l'argument {name}.", f"missing argument {name}.")
    elif isinstance(error, click.BadParameter) and error.param is not None:
        name = "/".join(error.param.opts)
        if isinstance(error.param.type, click.Choice):
            values = ", ".join(map(str, error.param.type.choices))
            message = say(
                f"{name} : valeur refusée ; les valeurs admises sont {values}.",
                f"{name}: value refused; the values are {values}.",
            )
        else:
            message = f"{name} : {error.message}" if say.lang == "fr" else f"{name}: {error.message}"
    else:
        message = error.format_message()
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "dui-conformance"
    help_line = say(f"Aide : {command} --help", f"Help: {command} --help")
    return f"{say('Erreur :', 'Error:')} {message}\n{help_line}"
