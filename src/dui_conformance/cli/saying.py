"""Sentences of the command line in one language."""

import difflib
import re
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
    return click.UsageError(say(f"{what.fr} : « {name} » n'existe pas.", f"Unknown {what.en} `{name}`.") + hint)


_EXTRA = re.compile(r"^Got unexpected extra arguments? \((.*)\)")  # click's own sentence, in English alone


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
        elif isinstance(error.param.type, click.DateTime):
            message = say(f"{name} : une date AAAA-MM-JJ est attendue.", f"{name}: a date YYYY-MM-DD is expected.")
        elif isinstance(error.param.type, click.IntRange):
            low, high = error.param.type.min, error.param.type.max
            message = say(
                f"{name} : un nombre entre {low} et {high} est attendu.",
                f"{name}: a number between {low} and {high} is expected.",
            )
        else:
            message = f"{name} : {error.message}" if say.lang == "fr" else f"{name}: {error.message}"
    elif isinstance(error, click.BadOptionUsage):
        name = error.option_name
        if "does not take" in error.message:
            message = say(f"{name} ne prend pas de valeur.", f"{name} takes no value.")
        else:
            message = say(f"il manque la valeur de {name}.", f"the value of {name} is missing.")
    elif type(error) is click.UsageError and (extra := _EXTRA.search(error.message)):
        message = say(f"argument de trop : {extra[1]}.", f"one argument too many: {extra[1]}.")
    else:
        message = error.format_message()
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "dui-conformance"
    help_line = say(f"Aide : {command} --help", f"Help: {command} --help")
    return f"{say('Erreur :', 'Error:')} {message}\n{help_line}"
