"""The proofs that a manifest declares, opened to be judged; and those that no reviewer can open."""

from collections.abc import Mapping

from dui_conformance.engine.outcomes import Judged
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.subjects.model import Subject
from dui_conformance.subjects.proofs import opened
from dui_conformance.text import Text, unmark

_LARGEST = 512 << 20  # bytes of a proof that are read
_OPENS = "PROOF-001"


def handed_in(manifest: Manifest) -> list[Subject]:
    """The proofs whose file can be read; of the others, the readiness says so."""
    subjects = []
    for declared in manifest.attestations:
        try:
            with open(manifest.folder / declared.file, "rb") as file:
                data = file.read(_LARGEST)
        except (OSError, ValueError):  # ValueError: a name no file can have
            continue
        if data:
            subjects.append(
                opened(
                    declared.file, data, date=declared.date.isoformat(), attests=declared.attests, title=declared.title
                )
            )
    return subjects


def unopened(judged: Judged) -> Mapping[str, Text]:
    """The proofs that do not open, by the path under which they are declared, with the reason."""
    return {
        unmark(finding.subject, str): finding.message
        for finding in judged.findings
        if finding.rule == _OPENS and finding.outcome == "failed"
    }
