"""`probe`: exercises the endpoints that the DUI serves, records each exchange, then judges them."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dui_conformance.cli.check import judged, judging_options, known_names, known_profiles_held
from dui_conformance.cli.options import find_manifest, lang_option, read_manifest
from dui_conformance.cli.outputs import PairingCommand
from dui_conformance.cli.saying import Saying, unknown
from dui_conformance.cli.simulate import session_folder
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.text import Text

if TYPE_CHECKING:
    from dui_conformance.probes.targets import Target


def probe(say: Saying) -> click.Command:
    """The `probe` command."""

    @click.command(
        cls=PairingCommand,
        help=say(
            "Sonde les adresses que le DUI sert, déclarées par [[endpoints]] dans dui.toml : TLS, certificat, "
            "authentification, en-têtes, déclaration de capacité, import TDDUI ; enregistre chaque échange, puis "
            "juge.\n\n"
            "Rien n'est envoyé ailleurs que là, ni hors de cette machine sans authorised = true ; les usagers envoyés "
            "sont inventés. Codes de sortie : ceux de check.",
            "Probes the addresses that the DUI serves, declared by [[endpoints]] in dui.toml: TLS, certificate, "
            "authentication, headers, capability statement, TDDUI import; records each exchange, then judges.\n\n"
            "Nothing is sent elsewhere, nor beyond this machine without authorised = true; the persons sent are "
            "invented. Exit codes: those of check.",
        ),
    )
    @click.option(
        "--endpoint",
        "-e",
        "names",
        multiple=True,
        metavar=say("NOM", "NAME"),
        help=say("Ne sonder que cette adresse ; répétable.", "Probe this endpoint only; repeatable."),
    )
    @click.option(
        "--dry-run",
        is_flag=True,
        help=say("Dire ce qui serait envoyé, et n'envoyer rien.", "Tell what would be sent, and send nothing."),
    )
    @click.option(
        "--record",
        type=click.Path(path_type=Path),
        help=say(
            "Dossier où garder les échanges (vide ou absent) ; par défaut ils ne sont pas gardés.",
            "Folder to keep the exchanges in (empty or absent); by default they are not kept.",
        ),
    )
    @judging_options(say)
    @lang_option(say)
    @click.pass_context
    def command(context: click.Context, /, **options: Any) -> int:
        found = find_manifest(options["manifest"], ())
        manifest = read_manifest(found, say)
        known_names(manifest, options["only"], say)
        known_profiles_held(options["profiles"], say)
        targets = _targets(manifest, options["names"], say)
        if options["dry_run"]:
            for target in targets:
                click.echo("\n".join(_told(target, say)))
            return 0
        with session_folder(options["record"], say) as folder:
            _probed(targets, folder, say)
            if options["record"]:
                from dui_conformance.simulators.masking import mask

                mask(folder)
            return judged(context, (folder,), folder.parent, manifest, options, say, declared=found is not None)

    return command


def _targets(manifest: Manifest, names: tuple[str, ...], say: Saying) -> "list[Target]":
    from dui_conformance.probes.targets import TargetError, targets

    if not manifest.endpoints:
        raise click.UsageError(
            say(
                "rien à sonder : déclarez [[endpoints]] dans dui.toml (dui-conformance init montre comment).",
                "nothing to probe: declare [[endpoints]] in dui.toml (dui-conformance init shows how).",
            )
        )
    known = [endpoint.name for endpoint in manifest.endpoints]
    for name in names:
        if name not in known:
            raise unknown(say, Text("dui.toml, endpoints : adresse", "endpoint in dui.toml, endpoints:"), name, known)
    try:
        return targets(manifest.endpoints, manifest.folder, os.environ, names)
    except TargetError as error:
        raise click.UsageError(say.text(error.why)) from error


def _told(target: "Target", say: Saying) -> list[str]:
    """What would be sent to a target, for `--dry-run`."""
    from dui_conformance.probes.steps import not_tried, steps

    lines = [f"{target.name} ({target.kind}) {target.url}"]
    if target.tls:
        lines.append(
            say(
                f"  {target.host}:{target.port}  poignées de main TLS 1.0 à 1.3, suites, certificat, révocation",
                f"  {target.host}:{target.port}  TLS 1.0 to 1.3 handshakes, suites, certificate, revocation",
            )
        )
    for step in steps(target):
        size = say(f", {len(step.body)} octets", f", {len(step.body)} bytes") if step.body else ""
        lines.append(f"  {step.method:4} {target.address(step.path)}  {step.operation}: {say.text(step.title)}{size}")
    lines += [f"  {say('non tenté : ', 'not tried: ')}{say.text(why)}" for _, why in not_tried(target)]
    return lines


def _probed(targets: "list[Target]", folder: Path, say: Saying) -> None:
    from dui_conformance.probes.probe import probe as run

    def tell(target: "Target", text: str) -> None:
        click.echo(f"{target.name}: {text}", err=True)

    with contextlib.suppress(KeyboardInterrupt):
        run(targets, folder, tell)
        return
    click.echo(
        say("Interrompu : ce qui est enregistré est jugé.", "Interrupted: what is recorded is judged."), err=True
    )
