"""`artefacts`: the FHIR packages of others, added to what exports are judged against."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dui_conformance.cli.options import Command, existing, lang_option
from dui_conformance.cli.saying import Saying


def artefacts(say: Saying) -> click.Command:
    """The `artefacts` command and those below it."""
    group = click.Group(
        "artefacts",
        help=say(
            "Ajoute les paquets FHIR d'un guide (profils, jeux de valeurs) à ce que les exports doivent suivre.",
            "Adds the FHIR packages of a guide (profiles, value sets) to what exports are judged against.",
        ),
    )
    for command in (_add(say), _list(say), _examples(say)):
        group.add_command(command)
    return group


def _package(say: Saying) -> Callable[[Command], Command]:
    return click.argument("package", type=click.Path(path_type=Path), metavar=say("PAQUET", "PACKAGE"))


def _refused(path: Path, error: Exception, say: Saying) -> click.UsageError:
    cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return click.UsageError(
        say(f"{path} n'est pas un paquet FHIR utilisable : {cause}", f"{path} is not a usable FHIR package: {cause}")
    )


def _add(say: Saying) -> click.Command:
    @click.command(
        "add",
        help=say(
            "Ajoute un paquet : un .tgz, ou un dossier de ressources JSON. Rien n'est téléchargé.",
            "Adds a package: a .tgz, or a folder of JSON resources. Nothing is downloaded.",
        ),
    )
    @_package(say)
    @lang_option(say)
    def command(package: Path, **_options: Any) -> int:
        from dui_conformance.fhir import DefinitionsError
        from dui_conformance.run import artefacts as store

        existing((package,), say)
        try:
            kept = store.add(package, datetime.datetime.now().date())  # noqa: DTZ005  the user's own day
        except (DefinitionsError, OSError) as error:
            raise _refused(package, error, say) from error
        click.echo(
            say(f"{kept.name} {kept.version} est ajouté.", f"{kept.name} {kept.version} is added.").replace("  ", " ")
        )
        _tell_lacking(say)
        return 0

    return command


def _tell_lacking(say: Saying) -> None:
    from dui_conformance.run import artefacts as store

    for name, version in store.lacking(store.added()).items():
        click.echo(
            say(
                f"Dépendance absente : {name} {version}. Ce qu'elle définit sera listé comme non contrôlé ; "
                "pour l'ajouter : dui-conformance artefacts add.",
                f"Missing dependency: {name} {version}. What it defines will be listed as not checked; "
                "to add it: dui-conformance artefacts add.",
            )
        )


def _list(say: Saying) -> click.Command:
    @click.command("list", help=say("Liste les guides livrés et les paquets ajoutés.", "Lists guides and packages."))
    @lang_option(say)
    def command(**_options: Any) -> int:
        from dui_conformance.engine.guides import guides
        from dui_conformance.run import artefacts as store

        click.echo(say("Livrés avec l'outil :", "Shipped with the tool:"))
        for guide in guides()["guides"].values():
            click.echo(f"  {guide['name']} {guide['version']}")
        items = store.added()
        if items:
            click.echo(say("Ajoutés :", "Added:"))
        for item in items:
            on = say(f"ajouté le {item.added}", f"added on {item.added}")
            click.echo(f"  {item.name} {item.version}  sha256 {item.sha256[:16]}…  {on}")
        _tell_lacking(say)
        return 0

    return command


def _examples(say: Saying) -> click.Command:
    @click.command(
        "examples",
        help=say(
            "Juge les exemples d'un paquet contre ses propres profils. Codes de sortie : 0 tous justes, 1 erreurs.",
            "Judges the examples of a package against its own profiles. Exit codes: 0 all right, 1 errors.",
        ),
    )
    @_package(say)
    @lang_option(say)
    def command(package: Path, **_options: Any) -> int:
        from dui_conformance.fhir import DefinitionsError
        from dui_conformance.fhir.packages import read
        from dui_conformance.run import artefacts as store

        existing((package,), say)
        try:
            found = read(package)
        except (DefinitionsError, OSError) as error:
            raise _refused(package, error, say) from error
        if not found.examples:
            raise click.UsageError(say(f"{package} ne contient aucun exemple.", f"{package} holds no example."))
        wrong = total = 0
        for example in store.examples(found):
            total += 1
            wrong += bool(example.errors)
            state = say("erreurs", "errors") if example.errors else say("juste", "right")
            click.echo(f"{state:<8} {example.name}")
            for place, french, english in example.errors:
                click.echo(f"         {place} : {french}" if say.lang == "fr" else f"         {place}: {english}")
        click.echo(say(f"{total} exemples, {wrong} en erreur.", f"{total} examples, {wrong} with errors."))
        return 1 if wrong else 0

    return command
