"""`artefacts`: what others publish, added to what exports are judged against. FHIR packages here, the rest in
`cli.official`."""

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dui_conformance.cli import official
from dui_conformance.cli.options import Command, existing, lang_option
from dui_conformance.cli.saying import Saying

if TYPE_CHECKING:
    from dui_conformance.run.artefacts import Example


def artefacts(say: Saying) -> click.Command:
    """The `artefacts` command and those below it."""
    group = click.Group(
        "artefacts",
        help=say(
            "Ajoute ce que d'autres publient à ce que les exports doivent suivre : le kit de l'ANS ou un Schematron "
            "(pour check --official), des jeux de valeurs, des autorités de certification, des paquets FHIR.",
            "Adds what others publish to what exports are judged against: the ANS kit or a Schematron (for check "
            "--official), value sets, certificate authorities, FHIR packages.",
        ),
    )
    for command in (_add(say), _list(say), official.remove(say), _examples(say)):
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
            "Ajoute un artefact, reconnu à ce qu'il contient : kit de l'ANS (dossier ou zip), Schematron ISO (.sch), "
            "jeux de valeurs (IHE SVS, FHIR ValueSet), certificats (PEM), paquet FHIR (.tgz ou dossier de ressources "
            "JSON). Rien n'est téléchargé.",
            "Adds an artefact, recognised by what it holds: ANS kit (folder or zip), ISO Schematron (.sch), value sets "
            "(IHE SVS, FHIR ValueSet), certificates (PEM), FHIR package (.tgz or a folder of JSON resources). Nothing "
            "is downloaded.",
        ),
    )
    @_package(say)
    @click.option("--version", default="", help=say("Version à retenir pour l'artefact.", "Version to record for it."))
    @click.option(
        "--date",
        default="",
        metavar="AAAA-MM-JJ" if say.lang == "fr" else "YYYY-MM-DD",
        help=say("Date à retenir pour l'artefact.", "Date to record for it."),
    )
    @lang_option(say)
    def command(package: Path, version: str, date: str, **_options: Any) -> int:
        from dui_conformance.fhir import DefinitionsError
        from dui_conformance.run import artefacts as store

        existing((package,), say)
        if official.added(package, say, version, date):
            return 0
        try:
            kept = store.add(package, datetime.datetime.now().date())  # noqa: DTZ005  the user's own day
        except store.WrongVersionError as error:
            raise click.UsageError(
                say(
                    f"{package} est un paquet de FHIR {error} : seuls ceux de FHIR R4 (4.0.1) servent ici. "
                    "Demander à l'éditeur du guide sa version R4.",
                    f"{package} is a package of FHIR {error}: only those of FHIR R4 (4.0.1) are of use here. "
                    "Ask the publisher of the guide for its R4 version.",
                )
            ) from error
        except (DefinitionsError, OSError) as error:
            raise _refused(package, error, say) from error
        click.echo(
            say(f"{kept.name} {kept.version} est ajouté.", f"{kept.name} {kept.version} is added.").replace("  ", " ")
        )
        _tell_needs(say)
        return 0

    return command


def _tell_needs(say: Saying) -> None:
    from dui_conformance.run import artefacts as store

    for need in store.needs(store.added()):
        click.echo(_need(need.name, need.version, need.held, say, partial=need.partial))


def _need(name: str, version: str, held: str, say: Saying, *, partial: bool) -> str:
    if not held:
        return say(
            f"Dépendance absente : {name} {version}. Ce qu'elle définit sera listé comme non contrôlé ; "
            "pour l'ajouter : dui-conformance artefacts add.",
            f"Missing dependency: {name} {version}. What it defines will be listed as not checked; "
            "to add it: dui-conformance artefacts add.",
        )
    if partial:
        return say(
            f"Dépendance tenue en partie : {name} {version}. Seuls les profils de la {held} dont les guides livrés ont "
            "besoin sont connus ; pour les avoir tous, ajouter ce paquet.",
            f"Dependency held in part: {name} {version}. Only the profiles of {held} that the shipped guides need are "
            "known; to have them all, add that package.",
        )
    return say(
        f"Dépendance tenue par une autre version : {name} {version} est demandé, {held} est présent.",
        f"Dependency held by another version: {name} {version} is asked for, {held} is there.",
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
        if items or official.any_kept():
            click.echo(say("Ajoutés :", "Added:"))
        official.listed(say)
        for item in items:
            on = say(f"ajouté le {item.added}", f"added on {item.added}")
            click.echo(f"  {item.name} {item.version}  sha256 {item.sha256[:16]}…  {on}")
        _tell_needs(say)
        return 0

    return command


def _examples(say: Saying) -> click.Command:
    @click.command(
        "examples",
        help=say(
            "Juge les exemples d'un paquet contre ses propres profils, ou contre des résultats attendus. "
            "Codes de sortie : 0 tous justes (ou comme attendu), 1 non.",
            "Judges the examples of a package against its own profiles, or against expected results. "
            "Exit codes: 0 all right (or as expected), 1 not.",
        ),
    )
    @_package(say)
    @click.option(
        "--expected",
        type=click.Path(path_type=Path),
        metavar="JSON",
        help=say("Les erreurs attendues de chaque exemple (voir --save).", "The errors expected of each (see --save)."),
    )
    @click.option(
        "--save",
        type=click.Path(path_type=Path),
        metavar="JSON",
        help=say("Écrit les erreurs trouvées, pour les attendre ensuite.", "Writes the errors found, to expect later."),
    )
    @lang_option(say)
    def command(package: Path, expected: Path | None, save: Path | None, **_options: Any) -> int:
        from dui_conformance.fhir import DefinitionsError
        from dui_conformance.run import artefacts as store

        existing((package, *((expected,) if expected else ())), say)
        try:
            found = store.read_package(package)
        except (DefinitionsError, OSError) as error:
            raise _refused(package, error, say) from error
        if not found.examples:
            raise click.UsageError(say(f"{package} ne contient aucun exemple.", f"{package} holds no example."))
        try:
            wanted = store.read_expected(expected) if expected else None
        except (ValueError, OSError) as error:
            raise click.UsageError(
                say(
                    f"{expected} n'est pas un fichier écrit par --save.", f"{expected} is not a file that --save wrote."
                )
            ) from error
        judged = [*store.examples(found)]
        if save:
            save.write_text(store.expected_results(judged), encoding="utf-8")
        return _compared(judged, wanted, say) if wanted is not None else _told(judged, say)

    return command


def _told(judged: Sequence["Example"], say: Saying) -> int:
    """Every example with its errors."""
    wrong = sum(bool(example.errors) for example in judged)
    for example in judged:
        click.echo(f"{say('erreurs', 'errors') if example.errors else say('juste', 'right'):<8} {example.name}")
        for fault in example.errors:
            _fault(fault.place, fault.fr, fault.en, say)
    click.echo(say(f"{len(judged)} exemples, {wrong} en erreur.", f"{len(judged)} examples, {wrong} with errors."))
    return 1 if wrong else 0


def _fault(place: str, french: str, english: str, say: Saying) -> None:
    click.echo(f"         {place} : {french}" if say.lang == "fr" else f"         {place}: {english}")


def _compared(judged: Sequence["Example"], wanted: Mapping[str, Counter[str]], say: Saying) -> int:
    """Only what differs from what is expected."""
    differing = 0
    for example in judged:
        found = Counter(fault.key for fault in example.errors)
        more, less = found - wanted.get(example.name, Counter()), wanted.get(example.name, Counter()) - found
        if not more and not less:
            continue
        differing += 1
        click.echo(f"{say('diffère', 'differs'):<8} {example.name}")
        for fault in example.errors:
            if more[fault.key] > 0:
                more[fault.key] -= 1
                _fault(fault.place, f"inattendu : {fault.fr}", f"unexpected: {fault.en}", say)
        for key in less.elements():
            click.echo(say(f"         attendu, absent : {key}", f"         expected, absent: {key}"))
    absent = sorted(set(wanted) - {example.name for example in judged})
    for name in absent:
        click.echo(f"{say('absent', 'absent'):<8} {name}")
    differing += len(absent)
    click.echo(
        say(
            f"{len(judged)} exemples, {differing} autres qu'attendu.",
            f"{len(judged)} examples, {differing} other than expected.",
        )
    )
    return 1 if differing else 0
