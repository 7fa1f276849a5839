"""`rules` and `rule`: the catalogue, as a list and as pages."""

from typing import Any

import click

from dui_conformance.cli.options import lang_option
from dui_conformance.cli.saying import Saying, unknown
from dui_conformance.data import read_yaml
from dui_conformance.readiness.requirements import load as load_tables
from dui_conformance.rules import catalogue
from dui_conformance.rules.model import LEVELS, Modelled, Rule
from dui_conformance.rules.models.tables import FACETS
from dui_conformance.rules.models.words import cardinality
from dui_conformance.text import Text


def rules(say: Saying) -> click.Command:
    """The `rules` command: list, search."""

    @click.command(help=say("Liste les règles, ou cherche parmi elles.", "Lists the rules, or searches them."))
    @click.argument("words", nargs=-1, metavar=say("[MOTS]...", "[WORDS]..."))
    @click.option("--level", type=click.Choice(list(LEVELS)), help=say("Ce niveau seulement.", "This level only."))
    @click.option("--family", metavar="NOM", help=say("Cette famille seulement.", "This family only."))
    @lang_option(say)
    def command(words: tuple[str, ...], level: str | None, family: str | None, **_options: Any) -> int:
        loaded = catalogue.load()
        if family is not None and family not in loaded.families:
            raise unknown(say, Text("Famille", "family"), family, loaded.families)
        wanted = [word.casefold() for word in words]
        found = [
            rule
            for rule in loaded.rules.values()
            if (level is None or rule.level == level)
            and (family is None or rule.family == family)
            and all(word in _searchable(rule) for word in wanted)
        ]
        last = ""
        for rule in found:
            if rule.family != last:
                last = rule.family
                click.echo(f"\n{say.text(loaded.families[last])} ({last})")
            click.echo(f"  {rule.id:<14} {rule.level:<8} {say.text(rule.title)}")
        click.echo(say(f"\n{len(found)} règles.", f"\n{len(found)} rules."))
        return 0 if found else 1

    return command


def _searchable(rule: Rule) -> str:
    parts = (
        rule.id,
        rule.family,
        rule.title.fr,
        rule.title.en,
        rule.message.fr,
        rule.message.en,
        *rule.proves,
    )
    return " ".join(parts).casefold()


def rule(say: Saying) -> click.Command:
    """The `rule` command: a page on one rule."""

    @click.command(help=say("Explique une règle.", "Explains a rule."))
    @click.argument("name", metavar=say("RÈGLE", "RULE"))
    @lang_option(say)
    def command(name: str, **_options: Any) -> int:
        loaded = catalogue.load()
        found = loaded.rules.get(name) or loaded.rules.get(name.upper())
        if found is None:
            raise unknown(say, Text("Règle", "rule"), name, loaded.rules)
        click.echo(page(found, say))
        return 0

    return command


def page(rule: Rule, say: Saying) -> str:
    """What the rule says, why, an example that breaks it, the fix, the source, the requirements."""
    tables = load_tables()
    checked, examples = _of_table(rule) if isinstance(rule.check, Modelled) else _of_file(rule)
    lines = [
        f"# {rule.id} — {say.text(rule.title)}",
        "",
        say("Niveau : ", "Level: ")
        + rule.level
        + (say(", à vérifier", ", review") if rule.negative == "review" else ""),
        say("Porte sur : ", "Judges: ") + rule.subject + say(", famille ", ", family ") + rule.family,
        "",
        say("## Ce qu'elle vérifie", "## What it checks"),
        say("Dans ", "In ") + f"`{rule.contexts.source}`" + say(" :", ":"),
        *(f"    {name}: {value}" for name, value in checked.items()),
        "",
        say("## Ce qu'elle dit", "## What it says"),
        # a row of a table says what it found: its sentence is made when it speaks
        say.text(rule.message).replace("{fault_fr}", "…").replace("{fault_en}", "…"),
        "",
        say("## Correction", "## Fix"),
        say.text(rule.remedy),
    ]
    if examples:
        lines += ["", say("## Exemple qui la déclenche", "## Example that breaks it")]
        lines += [f"    {example}" for example in examples]
    lines += ["", "## Source", f"{rule.source['spec']}, {rule.source['clause']}"]
    if "url" in rule.source:
        lines.append(rule.source["url"])
    lines += ["", say("## Exigences", "## Requirements")]
    for name in rule.proves:
        row = tables.named(name)
        lines.append(f"- {name} : {say.text(row.statement)}" if row else f"- {name}")
    if rule.not_required:
        lines.append(say("Aucune : ", "None: ") + rule.not_required)
    return "\n".join(lines)


def _of_file(rule: Rule) -> tuple[dict[str, Any], list[str]]:
    """What a rule of `profiles/rules` checks, and what breaks it."""
    # one file is read, not all: reading YAML is slow
    file = next(path for path in catalogue.rule_files() if f"id: {rule.id}\n".encode() in path.read_bytes())
    whole = next(data for data in read_yaml(file)["rules"] if data["id"] == rule.id)
    examples = [whole["example"]] if "example" in whole else []
    for change in whole["breaks"][:2]:
        examples.append(", ".join(f"{name}: {value}" for name, value in change.items() if name != "also"))
    return whole["check"], examples


def _of_table(rule: Rule) -> tuple[dict[str, Any], list[str]]:
    """What a row of a table asks; what breaks it is made from the good documents (`rules.models.breaks`)."""
    template, row = catalogue.load().models.data(rule.id)
    asked = {name: template[name] for name in ("element", "parents") if row["kind"] == name and template[name]}
    asked |= {name: row[name] for name in ("each", "path", "when", "models", *FACETS) if name in row}
    asked |= {"card": cardinality(row)} if "card" in row else {}
    return asked, [str(change) for change in row.get("breaks", ())][:2]
