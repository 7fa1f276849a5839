"""A scenario told to a person, step by step, as Markdown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dui_conformance.cli.saying import Saying

if TYPE_CHECKING:
    from dui_conformance.simulators.scenario import Scenario, Step, Wanted


def guide(scenario: "Scenario", say: Saying) -> str:
    """The whole scenario."""
    lines = [f"# {say.text(scenario.title)}", "", say.text(scenario.why), ""]
    if scenario.proves:
        lines += [say("Exigences : ", "Requirements: ") + ", ".join(scenario.proves), ""]
    lines += [
        say("Démarrer les services, puis suivre les étapes :", "Start the services, then follow the steps:"),
        "",
        f"    dui-conformance simulate --scenario {scenario.id} --record session",
        "",
    ]
    for number, step in enumerate(scenario.steps, 1):
        lines += [told_step(step, number, len(scenario.steps), say), ""]
    lines.append(say("Arrêter par Ctrl-C : les échanges sont jugés.", "Stop with Ctrl-C: the exchanges are judged."))
    return "\n".join(lines)


def told_step(step: "Step", number: int, of: int, say: Saying) -> str:
    """One step: what to do, what must be seen on the wire, what must be seen at the screen."""
    lines = [say(f"## Étape {number} sur {of} · {step.id}", f"## Step {number} of {of} · {step.id}"), ""]
    lines += [say.text(step.do), ""]
    if step.faults:
        names = ", ".join(f"{s.wanted.service}:{s.wanted.operation} {s.fault.name}" for s in step.faults)
        lines.append(say(f"- Panne servie : {names}", f"- Fault served: {names}"))
    if step.expect:
        lines.append(say("- Échanges attendus : ", "- Expected exchanges: ") + _listed(step.expect))
    if step.forbid:
        lines.append(say("- Ne doit pas se produire : ", "- Must not happen: ") + _listed(step.forbid))
    if step.confirm is not None:
        lines.append(say("- À constater à l'écran : ", "- To be seen at the screen: ") + say.text(step.confirm))
    return "\n".join(lines).rstrip()


def _listed(wanted: "Sequence[Wanted]") -> str:
    return ", ".join(f"{one.service}:{one.operation}" + (f" x {one.times}" if one.times > 1 else "") for one in wanted)
