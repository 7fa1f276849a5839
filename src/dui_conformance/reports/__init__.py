"""Renderings of run.json. A report arranges, counts and words what the run says; it never computes a verdict.

Each renderer is imported when it is asked for: rich and jinja2 cost start-up time.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dui_conformance.runjson import Run, dumps
from dui_conformance.text import Language

Renderer = Callable[[Run, Language], str]


def _json(run: Run, lang: Language) -> str:
    return dumps(run)  # both languages are in it


def _console(run: Run, lang: Language) -> str:
    from dui_conformance.reports import console

    return console.render(run, lang)


def _html(run: Run, lang: Language) -> str:
    from dui_conformance.reports import html

    return html.render(run, lang)


def _junit(run: Run, lang: Language) -> str:
    from dui_conformance.reports import junit

    return junit.render(run, lang)


def _sarif(run: Run, lang: Language) -> str:
    from dui_conformance.reports import sarif

    return sarif.render(run, lang)


def _markdown(run: Run, lang: Language) -> str:
    from dui_conformance.reports import markdown

    return markdown.render(run, lang)


FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {
        "console": _console,
        "html": _html,
        "json": _json,
        "junit": _junit,
        "markdown": _markdown,
        "sarif": _sarif,
    }
)


def render(format: str, run: Run, lang: Language, *, colour: bool = False, width: int | None = None) -> str:  # noqa: A002
    """The run in a format of FORMATS, else KeyError.

    `colour` and `width` (in columns; None: 80, or that of the terminal in colour) concern the console alone.
    """
    if format == "console":
        from dui_conformance.reports import console

        return console.render(run, lang, colour=colour, width=width)
    return FORMATS[format](run, lang)
