"""One self-contained HTML file: no fetch, no inline handler, a content security policy that allows its own style and
script alone (by their digest), every value escaped.
"""

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from dui_conformance.reports import html_page, official_words
from dui_conformance.reports.html_words import PHRASES
from dui_conformance.reports.typography import clean, sentence
from dui_conformance.reports.words import Words
from dui_conformance.runjson import Run
from dui_conformance.text import Language


def render(run: Run, lang: Language) -> str:
    """The page as text."""
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(lambda name: (_asset(name), name, lambda: True)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["clean"] = clean
    environment.filters["sentence"] = sentence
    style, script = _asset("report.css"), _asset("report.js")
    words = Words(lang, PHRASES)
    return environment.get_template("report.html.j2").render(
        lang=lang,
        w=words,
        page=html_page.build(run, words),
        run=run,
        artefact_lines=[official_words.line(artefact, words) for artefact in official_words.used(run)],
        w_echoes=lambda finding: official_words.echoes(finding, words),
        style=Markup(style),  # noqa: S704  # files of this package
        script=Markup(script),  # noqa: S704
        policy="; ".join(
            (
                "default-src 'none'",
                f"style-src '{_digest(style)}'",
                f"script-src '{_digest(script)}'",
                "img-src data:",  # the empty icon, which keeps browsers from asking for /favicon.ico
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
    )


def _asset(name: str) -> str:
    return (files("dui_conformance.reports") / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """A source of a content security policy (CSP level 3, hash-source) for an inline element of this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
