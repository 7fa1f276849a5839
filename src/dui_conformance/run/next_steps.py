"""How ready, in one sentence, and what to do next."""

from collections.abc import Iterable, Sequence

from dui_conformance import runjson
from dui_conformance.readiness.requirements import Tables
from dui_conformance.readiness.rollup import SETTLED, RolledUp, counted
from dui_conformance.text import Text


def readiness_of(rows: Sequence[RolledUp], tables: Tables, wave: int) -> runjson.Readiness:
    """Ready means: every binding requirement of the wave is settled. Wave 2 is known in part: nobody can say."""
    table = f"wave{wave}-dui"
    binding = [row for row in rows if row.requirement.table == table and row.binding]
    blocking = [row for row in binding if row.status not in SETTLED]
    settled = len(binding) - len(blocking)
    known = wave == 1
    ready = (not blocking and bool(binding)) if known else (False if blocking else None)
    return runjson.Readiness(
        wave=wave,
        table=table,
        ready=ready,
        sentence=_both(_sentence(ready, len(binding), settled, known=known)),
        binding=len(binding),
        settled=settled,
        counts=dict(sorted((status, count) for status, count in counted(binding).items() if count)),
        blocking=[row.requirement.id for row in blocking],
        next=_steps(blocking, tables),
    )


def _both(text: Text) -> runjson.Bilingual:
    return runjson.Bilingual(fr=text.fr, en=text.en)


def _sentence(ready: bool | None, binding: int, settled: int, *, known: bool) -> Text:
    few = settled < 2
    fr = (
        f"sur {binding} exigences obligatoires applicables, {settled} "
        f"{'est prouvée ou attestée' if few else 'sont prouvées ou attestées'}."
    )
    verb = "is" if settled == 1 else "are"
    en = f"{settled} of {binding} applicable mandatory requirements {verb} proved or attested."
    if not known:
        return Text(
            f"{fr.capitalize()} Le REM de la vague 2 n'étant connu qu'en partie, l'outil ne peut pas dire « prêt ».",
            f"{en} The REM of wave 2 is known in part only, so the tool cannot say “ready”.",
        )
    if ready:
        return Text(f"Prêt pour le dépôt : {fr}", f"Ready to file: {en}")
    return Text(f"Pas encore prêt : {fr}", f"Not ready yet: {en}")


def _steps(blocking: Iterable[RolledUp], tables: Tables) -> list[runjson.Step]:
    """Corrections first, then exports to produce, then attestations, each once with all that it moves."""
    fix: list[str] = []
    look: list[str] = []
    produce: dict[str, list[str]] = {}
    attest: list[tuple[Text, str]] = []
    declare: dict[str, list[str]] = {}
    for row in blocking:
        name = row.requirement.id
        for key in row.undeclared:
            declare.setdefault(key, []).append(name)
        if row.status == "failed":
            fix.append(name)
        elif row.status in ("review", "blocked"):
            look.append(name)
        elif row.status == "missing":
            absent = [evidence for evidence, subjects in row.evidence.items() if not subjects]
            for evidence in absent:
                produce.setdefault(evidence, []).append(name)
            if not absent:  # what is there could not be judged
                look.append(name)
        else:
            wanted = row.requirement.remains or row.requirement.expected_proof or row.requirement.why
            attest.append((wanted, name))
    steps = []
    if fix:
        text = Text("Corriger les erreurs trouvées dans les exports.", "Correct the errors found in the exports.")
        steps.append(runjson.Step(kind="fix", what=_both(text), requirements=fix))
    for evidence, names in sorted(produce.items(), key=lambda item: (-len(item[1]), item[0])):
        steps.append(runjson.Step(kind="produce", what=_both(tables.evidence[evidence].produce), requirements=names))
    for option, names in sorted(declare.items()):
        text = Text(f"Déclarer {option} dans dui.toml.", f"Declare {option} in dui.toml.")
        steps.append(runjson.Step(kind="declare", what=_both(text), requirements=names))
    if look:
        text = Text(
            "Faire vérifier les points qu'une machine ne peut pas trancher.",
            "Have a person look at what a machine cannot settle.",
        )
        steps.append(runjson.Step(kind="review", what=_both(text), requirements=look))
    for wanted, name in attest:
        steps.append(runjson.Step(kind="attest", what=_both(wanted), requirements=[name]))
    return steps
