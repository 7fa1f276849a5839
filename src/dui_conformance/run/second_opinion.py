"""What a run tells of the official artefacts it judged with, and of their asserts that spoke."""

from collections import Counter
from collections.abc import Iterable, Sequence

from dui_conformance import runjson
from dui_conformance.engine.judge import Order
from dui_conformance.engine.outcomes import OUTCOMES, Judged
from dui_conformance.engine.second_opinion import Official
from dui_conformance.run import official as store
from dui_conformance.run.words import OFFICIAL_BROKEN, OFFICIAL_REMEDY, OFFICIAL_TITLE
from dui_conformance.text import Text

_SPEC = "{label}, sha256 {sha256}"


def rules(judged: Judged, artefacts: Sequence[Official]) -> list[runjson.Rule]:
    """The asserts that spoke, in the shape of rules: `source` names the artefact and its date."""
    by_digest = {artefact.sha256: artefact for artefact in artefacts}
    found = []
    for name, rule in sorted(judged.official_rules.items()):
        artefact = by_digest[rule.artefact]
        title = OFFICIAL_TITLE.filled({"schema": rule.schema}) if rule.schema else OFFICIAL_BROKEN
        tallies = judged.tallies.get(name, Counter())
        source = {"spec": _SPEC.format(label=artefact.label, sha256=artefact.sha256[:16]), "clause": rule.schema}
        if rule.test:
            source |= {"context": rule.context, "test": rule.test}
        found.append(
            runjson.Rule(
                id=name,
                family=f"official.{artefact.kind}",
                level=rule.level,
                title=_both(title),
                remedy=_both(OFFICIAL_REMEDY),
                source=source,
                proves=[],
                outcomes={outcome: tallies[outcome] for outcome in OUTCOMES if tallies.get(outcome)},
            )
        )
    return found


def used(judged: Judged, order: Order) -> list[runjson.ArtefactUsed]:
    """The artefacts of a run, with how many documents each judged."""
    wanted = {artefact.sha256 for artefact in order.official} | {one.sha256 for one in order.newer}
    return [_used(item, judged) for item in _kept(wanted)]


def _kept(wanted: Iterable[str]) -> list[store.Kept]:
    digests = set(wanted)
    return [item for item in store.kept() if item.sha256 in digests] if digests else []


def _used(item: store.Kept, judged: Judged) -> runjson.ArtefactUsed:
    counts = {name: judged.official[item.sha256, name] for name in ("judged", "accepted", "refused", "failed")}
    return runjson.ArtefactUsed(
        kind=item.kind,  # type: ignore[typeddict-item]  # authorities judge nothing
        name=item.name,
        version=item.version,
        date=item.date,
        sha256=item.sha256,
        added=item.added,
        judged=counts["judged"],
        accepted=counts["accepted"],
        refused=counts["refused"],
        failed=counts["failed"],
        repairs=[{"kind": one.kind, "file": one.file, "by": one.by} for one in item.repairs],
    )


def _both(text: Text) -> runjson.Bilingual:
    return runjson.Bilingual(fr=text.fr, en=text.en)
