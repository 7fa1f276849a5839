"""What `artefacts` and `check --official` say of the ANS kit, Schematron, value sets and authorities."""

import datetime
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dui_conformance.cli.options import lang_option
from dui_conformance.cli.saying import Saying, unknown
from dui_conformance.text import Text

if TYPE_CHECKING:
    from dui_conformance.official.repair import Repair
    from dui_conformance.run.official import Kept

_KINDS = {
    "kit": Text("kit de l'ANS", "ANS kit"),
    "schematron": Text("Schematron", "Schematron"),
    "value_sets": Text("jeux de valeurs", "value sets"),
    "authorities": Text("autorités de certification", "certificate authorities"),
}
_HOLDS = {
    "kit": Text("{n} modèles de document", "{n} document models"),
    "schematron": Text("{n} schémas", "{n} schemas"),
    "value_sets": Text("{n} listes", "{n} lists"),
    "authorities": Text("{n} certificats", "{n} certificates"),
}
_REPAIRS = {
    "rebuilt": Text("reconstruit d'après {by} : {file}", "rebuilt from {by}: {file}"),
    "stand-in": Text(
        "absent du kit, remplacé par une liste vide : {file} (ce que le kit refuse à ce titre est un défaut du kit)",
        "absent from the kit, an empty list stands in: {file} (what the kit refuses for that is a defect of the kit)",
    ),
    "case": Text("casse du nom corrigée : {file}", "letter case of the name put right: {file}"),
    "missing": Text(
        "inclusion absente du kit, laissée de côté : {file}", "include absent from the kit, left out: {file}"
    ),
}
_LEFT = {
    "malformed": Text("illisible", "cannot be read"),
    "empty": Text("sans code", "without codes"),
    "no_oid": Text("sans OID", "without OID"),
    "not_listed": Text("codes non énumérés", "codes not listed"),
}
_SHOWN = 8  # lines of one kind that are shown one by one


def official_is_there(say: Saying) -> None:
    """Raises click.UsageError when `--official` has nothing to run, or nothing to run it with."""
    from dui_conformance.official import saxon
    from dui_conformance.run import official

    if not official.official():
        raise click.UsageError(
            say(
                "--official : aucun artefact officiel ajouté. Donner d'abord le kit de l'ANS, ou un Schematron : "
                "dui-conformance artefacts add DOSSIER_OU_ZIP (rien n'est téléchargé).",
                "--official: no official artefact was added. First give the ANS kit, or a Schematron: "
                "dui-conformance artefacts add FOLDER_OR_ZIP (nothing is downloaded).",
            )
        )
    if not saxon.is_there():
        raise click.UsageError(
            say(
                "--official a besoin de Saxon (paquet saxonche) : pip install 'dui-conformance[official]'.",
                "--official needs Saxon (package saxonche): pip install 'dui-conformance[official]'.",
            )
        )


def added(path: Path, say: Saying, version: str = "", date: str = "") -> bool:
    """Add what a path holds and tell it; False when it is not one of these artefacts. Raises click.UsageError."""
    from dui_conformance.official.expressions import SchematronError
    from dui_conformance.run import official

    if date and not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise click.UsageError(say(f"{date} n'est pas une date AAAA-MM-JJ.", f"{date} is not a YYYY-MM-DD date."))
    try:
        files, what = official.recognised(path)
        if what is None or what.kind == "fhir":
            return False
        kept = official.add(files, what, datetime.datetime.now().date(), version, date)  # noqa: DTZ005  the user's day
    except SchematronError as error:
        said = say(error.said.fr, error.said.en)
        raise click.UsageError(
            say(f"{path.name} ne peut pas être ajouté : {said}", f"{path.name} cannot be added: {said}")
        ) from error
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error
    click.echo(say(f"{_line(kept, say)} : ajouté.", f"{_line(kept, say)}: added."))
    _tell_repairs(kept.repairs, say)
    _tell_left(kept, say)
    return True


def any_kept() -> bool:
    """Whether one of these artefacts was added."""
    from dui_conformance.run import official

    return bool(official.kept())


def listed(say: Saying) -> None:
    """The artefacts that were added, with their dates and digests."""
    from dui_conformance.run import official

    for item in official.kept():
        on = say(f"ajouté le {item.added}", f"added on {item.added}")
        click.echo(f"  {_line(item, say)}  sha256 {item.sha256[:16]}…  {on}")


def remove(say: Saying) -> click.Command:
    """The `remove` command."""

    @click.command(
        "remove",
        help=say(
            "Retire un artefact ou un paquet ajouté, par son nom (voir list).",
            "Removes an artefact or a package that was added, by its name (see list).",
        ),
    )
    @click.argument("name", metavar=say("NOM", "NAME"))
    @lang_option(say)
    def command(name: str, **_options: Any) -> int:
        from dui_conformance.run import artefacts, official

        gone = official.remove(name)
        if not gone:
            known = [item.name for item in official.kept()] + [item.name for item in artefacts.added()]
            raise unknown(say, Text("Artefact", "artefact"), name, known)
        click.echo(say(f"{name} est retiré.", f"{name} is removed."))
        return 0

    return command


def _line(item: "Kept", say: Saying) -> str:
    kind, holds = _KINDS[item.kind], _HOLDS[item.kind].filled({"n": str(item.holds)})
    name = " ".join(part for part in (item.name, item.version) if part)
    date = say(f" du {item.date}", f" of {item.date}") if item.date else ""
    return f"{name}{date} ({say(kind.fr, kind.en)}, {say(holds.fr, holds.en)})"


def _tell_repairs(repairs: tuple["Repair", ...], say: Saying) -> None:
    """What was put right in the copy, by kind."""
    counts = Counter(one.kind for one in repairs)
    for kind, text in _REPAIRS.items():
        for one in [one for one in repairs if one.kind == kind][:_SHOWN]:
            told = text.filled({"file": one.file, "by": one.by})
            click.echo(f"  {say(told.fr, told.en)}")
        if counts[kind] > _SHOWN:
            more = counts[kind] - _SHOWN
            click.echo(say(f"  … et {more} autres", f"  … and {more} more"))


def _tell_left(item: "Kept", say: Saying) -> None:
    """The files that were not taken, by cause."""
    for why, count in sorted(Counter(why for _, why in item.left).items()):
        text = _LEFT[why]
        names = ", ".join(file for file, cause in item.left if cause == why)[:200]
        click.echo(
            say(f"  {count} fichiers non pris ({text.fr}) : {names}", f"  {count} files not taken ({text.en}): {names}")
        )
