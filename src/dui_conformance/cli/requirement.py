"""`requirement`: a page on one requirement."""

from typing import Any

import click

from dui_conformance.cli.options import lang_option
from dui_conformance.cli.saying import Saying, unknown
from dui_conformance.readiness.requirements import Requirement, Tables
from dui_conformance.readiness.requirements import load as load_tables
from dui_conformance.rules import catalogue
from dui_conformance.text import Text

_COVERAGE = {
    "automated": Text("jugée par des règles sur les exports", "judged by rules on the exports"),
    "assisted": Text(
        "jugée en partie par des règles, le reste s'atteste", "judged in part by rules, the rest is attested"
    ),
    "attested": Text("attestée par un document daté", "attested by a dated document"),
    "not_covered": Text("non couverte", "not covered"),
}


def requirement(say: Saying) -> click.Command:
    """The `requirement` command."""

    @click.command(help=say("Explique une exigence.", "Explains a requirement."))
    @click.argument("name", metavar=say("EXIGENCE", "REQUIREMENT"))
    @lang_option(say)
    def command(name: str, **_options: Any) -> int:
        tables = load_tables()
        row = tables.named(name) or tables.named(name.upper())
        if row is None:
            names = [known for r in tables.requirements.values() for known in (r.id, *r.aliases)]
            raise unknown(say, Text("Exigence", "requirement"), name, names)
        click.echo(page(row, tables, say))
        return 0

    return command


def page(row: Requirement, tables: Tables, say: Saying) -> str:
    """The statement, who it binds, how it is checked, by which rules, with which proofs."""
    lines = [
        f"# {row.id} — {say.text(tables.themes[row.theme])}",
        *([say("Aussi : ", "Also: ") + ", ".join(row.aliases)] if row.aliases else []),
        say.text(tables.titles[row.table]),
        "",
        say.text(row.statement),
        "",
        say("Obligation : ", "Obligation: ") + row.obligation,
        say("S'applique : ", "Applies: ")
        + (say.text(row.applies_why) if row.applies_why else say("toujours", "always")),
        say("Couverture : ", "Coverage: ") + say.text(_COVERAGE[row.coverage]) + ". " + say.text(row.why),
    ]
    proving = [r for r in catalogue.load().rules.values() if row.id in r.proves or set(row.aliases) & set(r.proves)]
    if proving:
        lines += [
            "",
            say("## Règles", "## Rules"),
            *(f"- {r.id} {r.level}: {say.text(r.title)}" for r in proving),
        ]
    if row.evidence:
        lines += ["", say("## À exporter", "## To export")]
        for name in row.evidence:
            kind = tables.evidence[name]
            lines.append(f"- {say.text(kind.title)} : {say.text(kind.produce)}")
    for title, text in (
        (say("## À attester", "## To be attested"), row.remains),
        (say("## Preuve attendue", "## Expected proof"), row.expected_proof),
        (say("## Causes de refus connues", "## Known causes of refusal"), row.pitfalls),
    ):
        if text is not None:
            lines += ["", title, say.text(text)]
    lines += ["", "## Source", ", ".join(f"{name} {value}" for name, value in row.source.items())]
    return "\n".join(lines)
