"""`simulate`: the socle services on this machine, recorded, then judged."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dui_conformance.cli.check import judged, judging_options, known_names, known_profiles_held
from dui_conformance.cli.guide import guide, told_step
from dui_conformance.cli.options import find_manifest, lang_option, read_manifest
from dui_conformance.cli.outputs import PairingCommand
from dui_conformance.cli.saying import Saying, unknown
from dui_conformance.text import Text

if TYPE_CHECKING:
    from dui_conformance.simulators.scenario import Scenario
    from dui_conformance.simulators.session import Session, Settings

_COMMAND_FAILED = 1
_NOTHING_JUDGED = 3


def simulate(say: Saying) -> click.Command:
    """The `simulate` command."""

    @click.command(
        cls=PairingCommand,
        help=say(
            "Joue les services socle sur cette machine, enregistre chaque échange avec le DUI, puis les juge.\n\n"
            "Affiche les adresses, les variables d'environnement et les identités de test ; Ctrl-C arrête et juge. "
            "Avec « -- COMMANDE », lance la commande avec ces variables, puis juge : la forme pour l'intégration "
            "continue. Codes de sortie : ceux de check ; 1 aussi quand la commande a échoué, 3 sans aucun échange.",
            "Plays the socle services on this machine, records each exchange with the DUI, then judges them.\n\n"
            "Prints addresses, environment variables and test identities; Ctrl-C stops and judges. With "
            "`-- COMMAND`, runs the command with these variables, then judges: the form for continuous "
            "integration. Exit codes: those of check; 1 also when the command failed, 3 without any exchange.",
        ),
    )
    @click.argument("command", nargs=-1, metavar=say("[-- COMMANDE...]", "[-- COMMAND...]"))
    @click.option(
        "--services",
        "-s",
        metavar="NOM,…" if say.lang == "fr" else "NAME,…",
        help=say(
            "Services à jouer, séparés par des virgules (par défaut ceux du scénario, sinon tous).",
            "Services to play, separated by commas (by default the scenario's, else all).",
        ),
    )
    @click.option(
        "--scenario",
        "scenario_name",
        metavar=say("NOM|FICHIER", "NAME|FILE"),
        help=say("Scénario fourni, ou fichier YAML.", "Built-in scenario, or a YAML file."),
    )
    @click.option("--list", "listing", is_flag=True, help=say("Liste les scénarios fournis.", "Lists the scenarios."))
    @click.option(
        "--guide",
        "guided",
        is_flag=True,
        help=say(
            "Affiche le scénario pas à pas, en Markdown, pour la personne au poste ; ne démarre rien.",
            "Prints the scenario step by step, as Markdown, for the person at the screen; starts nothing.",
        ),
    )
    @click.option(
        "--mode",
        type=click.Choice(["record", "strict"]),
        default="record",
        show_default=True,
        help=say(
            "record : tout accepter, juger ensuite ; strict : refuser comme le ferait le vrai service.",
            "record: accept everything, judge later; strict: refuse as the real service would.",
        ),
    )
    @click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar=say("SERVICE:OPÉRATION=PANNE", "SERVICE:OPERATION=FAULT"),
        help=say("Panne à servir, hors scénario ; répétable.", "Fault to serve, without a scenario; repeatable."),
    )
    @click.option(
        "--record",
        type=click.Path(path_type=Path),
        help=say(
            "Dossier où garder la session (vide ou absent) ; par défaut elle n'est pas gardée.",
            "Folder to keep the session in (empty or absent); by default it is not kept.",
        ),
    )
    @click.option(
        "--pki",
        type=click.Path(path_type=Path),
        help=say("Dossier où garder les certificats de test.", "Folder to keep the test certificates in."),
    )
    @click.option(
        "--client-ca",
        "client_authorities",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help=say(
            "Autorité (PEM) de vos propres certificats clients ; répétable.",
            "Authority (PEM) of your own client certificates; repeatable.",
        ),
    )
    @click.option(
        "--port-base",
        type=click.IntRange(1024, 65000),
        help=say("Premier port (par défaut des ports libres).", "First port (free ports by default)."),
    )
    @judging_options(say)
    @lang_option(say)
    @click.pass_context
    def command_(context: click.Context, /, command: tuple[str, ...], **options: Any) -> int:
        from dui_conformance.simulators.scenario import built_in

        if options["listing"]:
            return _list(say)
        scenario = _scenario(options["scenario_name"], say)
        if options["guided"]:
            if scenario is None:
                raise click.UsageError(
                    say("--guide veut un --scenario : ", "--guide wants a --scenario: ") + ", ".join(built_in())
                )
            click.echo(guide(scenario, say))
            return 0
        found = find_manifest(options["manifest"], ())
        manifest = read_manifest(found, say)
        known_names(manifest, options["only"], say)
        known_profiles_held(options["profiles"], say)
        with session_folder(options["record"], say) as folder:
            settings = _settings(folder, scenario, options, say)
            failed = _played(settings, command, say)
            if options["record"]:
                from dui_conformance.simulators.masking import mask

                mask(folder)
            code = judged(context, (folder,), folder.parent, manifest, options, say, declared=found is not None)
            exchanged = any((folder / "exchanges").iterdir())
        if failed:
            click.echo(say(f"La commande a échoué ({failed}).", f"The command failed ({failed})."), err=True)
        if not exchanged:
            click.echo(say("Aucun échange n'a eu lieu.", "No exchange took place."), err=True)
        return code or (_COMMAND_FAILED if failed else 0 if exchanged else _NOTHING_JUDGED)

    return command_


def _list(say: Saying) -> int:
    from dui_conformance.simulators.scenario import built_in, load

    for name, path in built_in().items():
        found = load(path)
        click.echo(f"{name:32} {', '.join(found.services):16} {say.text(found.title)}")
    return 0


def _scenario(name: str | None, say: Saying) -> "Scenario | None":
    from dui_conformance.data import DataError
    from dui_conformance.simulators.scenario import ScenarioError, built_in, load

    if name is None:
        return None
    known = built_in()
    path = known.get(name, Path(name))
    if name not in known and not path.is_file():
        raise unknown(say, Text("Scénario", "scenario"), name, known)
    try:
        return load(path)
    except ScenarioError as error:
        lines = "\n".join(f"  - {problem}" for problem in error.problems)
        raise click.UsageError(
            say(f"{error.file} ne peut pas être utilisé :\n", f"{error.file} cannot be used:\n") + lines
        ) from error
    except DataError as error:
        raise click.UsageError(str(error)) from error


@contextlib.contextmanager
def session_folder(record: Path | None, say: Saying) -> Iterator[Path]:
    """The folder of the session: the one asked for, else one that is removed."""
    if record is not None:
        if record.exists() and (not record.is_dir() or any(record.iterdir())):
            raise click.UsageError(
                say(f"--record : {record} existe et n'est pas un dossier vide.", f"--record: {record} is not empty.")
            )
        yield record.absolute()
        return
    above = Path(tempfile.mkdtemp(prefix="dui-conformance-"))
    try:
        yield above / "session"
    finally:
        shutil.rmtree(above, ignore_errors=True)


def _settings(folder: Path, scenario: "Scenario | None", options: dict[str, Any], say: Saying) -> "Settings":
    from dui_conformance.simulators.faults import Fault
    from dui_conformance.simulators.scenario import Served, Wanted, free
    from dui_conformance.simulators.service import SERVICES
    from dui_conformance.simulators.session import Settings

    names = tuple(name.strip() for name in (options["services"] or "").split(",") if name.strip())
    for name in (*names, *(scenario.services if scenario else ())):
        if name not in SERVICES:
            raise unknown(say, Text("Service", "service"), name, SERVICES)
    served = []
    for text in options["faults"]:
        where, _, fault = text.partition("=")
        service, _, operation = where.partition(":")
        if not (fault and operation and service in SERVICES):
            raise click.UsageError(
                say(
                    f"--fault {text} : SERVICE:OPÉRATION=PANNE est attendu, par exemple psc:token=server_error.",
                    f"--fault {text}: SERVICE:OPERATION=FAULT is expected, for example psc:token=server_error.",
                )
            )
        served.append(Served(Wanted(service, operation), Fault(fault)))
    if served and scenario is not None:
        raise click.UsageError(
            say("--fault ne va pas avec --scenario, qui dit ses pannes.", "--fault does not go with --scenario.")
        )
    return Settings(
        folder,
        names or (() if scenario else tuple(SERVICES)),
        scenario or free(names or tuple(SERVICES), served),
        options["mode"],
        options["port_base"] or 0,
        options["pki"].absolute() if options["pki"] else None,
        options["client_authorities"],
    )


def _played(settings: "Settings", command: tuple[str, ...], say: Saying) -> str:
    """Play the session until it is over; why the command failed, empty if it did not."""
    from dui_conformance.simulators.session import Session, SessionError

    try:
        with Session(settings) as session, _stopping():
            _tell(session, say)
            if command:
                return _ran(command, session, say)
            _wait(session, say)
    except SessionError as error:
        raise click.UsageError(
            say(f"les services n'ont pas pu démarrer : {error}", f"the services could not start: {error}")
        ) from error
    return ""


def _tell(session: "Session", say: Saying) -> None:
    """Addresses, variables and identities, for a person and to be copied into a shell."""
    lines = [say("Services démarrés :", "Services started:")]
    for name, addresses in session.addresses.items():
        lines += [f"  {name:10} {use:14} {address}" for use, address in addresses.items()]
    lines += ["", say("Variables d'environnement :", "Environment variables:")]
    lines += [f"  export {name}={value}" for name, value in session.variables.items()]
    identities = [identity for group in session.identities.values() for identity in group]
    if identities:
        lines += ["", say("Identités de test :", "Test identities:")]
        for identity in identities:
            values = ", ".join(f"{key} = {value}" for key, value in identity.values.items())
            lines.append(f"  {say.text(identity.title)} : {values}")
    click.echo("\n".join(lines), err=True)


def _ran(command: tuple[str, ...], session: "Session", say: Saying) -> str:
    """Run the editor's command; its standard output goes to stderr, since stdout is the report's."""
    environment = {**os.environ, **session.variables}
    click.echo("\n$ " + " ".join(command), err=True)
    try:
        output = sys.stderr.fileno()
    except (OSError, AttributeError, ValueError):
        output = subprocess.DEVNULL
    try:
        done = subprocess.run(command, env=environment, stdout=output, check=False)  # noqa: S603  the user's own
    except OSError as error:
        return say(f"{command[0]} : {error.strerror}", f"{command[0]}: {error.strerror}")
    return say(f"code {done.returncode}", f"code {done.returncode}") if done.returncode else ""


def _wait(session: "Session", say: Saying) -> None:
    """Until Ctrl-C (or the end of the scenario): at a terminal, Enter goes to the next step."""
    assert session.scene is not None  # noqa: S101
    progress = session.scene.progress
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        click.echo(say("\nCtrl-C arrête et juge.", "\nCtrl-C stops and judges."), err=True)
        if not (progress.scenario.id and sys.stdin.isatty()):
            while True:
                signal.pause() if hasattr(signal, "pause") else sys.stdin.read()
        while True:
            step = progress.step
            click.echo(told_step(step, progress.at + 1, len(progress.states), say), err=True)
            input(say("Entrée quand c'est fait… ", "Enter when done… "))
            if step.confirm is not None:
                seen = input(f"{say.text(step.confirm)} {say('[o/n] ', '[y/n] ')}").strip().lower()
                session.answer(step.id, "yes" if seen[:1] in ("o", "y") else "no")
            if progress.step is step and not session.next_step():
                return


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    """SIGTERM stops a session as Ctrl-C does, so that it is judged and nothing is left."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
