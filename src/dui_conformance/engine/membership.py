"""A code with its system, or its label, against a published list."""

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, failed
from dui_conformance.engine import privacy
from dui_conformance.rules.model import Membership, ValueSet
from dui_conformance.subjects.model import Element


def judged(check: Membership, value_set: ValueSet, context: Element, date: str = "") -> Verdict:
    """Whether the code is in the list under its system; for a rule on labels, whether the label is one of its own.

    A code that the list held until some day is told with that day (`until`); it passes when the document, of `date`,
    is older.
    """
    code, system = check.code.string(context), check.system.string(context)
    if code is None:
        return NOT_APPLICABLE
    systems = value_set.codes.get(code)
    values = {"code": code, "system": system or "", "set": value_set.name, "version": value_set.date}
    until = value_set.end_of(code, system or "") if value_set.ended and not check.label else ""
    if until and (systems is None or system not in systems):
        told = {**values, "until": until}
        return Verdict("passed", told) if date and date < until else failed(**told)
    if systems is None:
        return NOT_APPLICABLE if check.label else failed(**values)
    if check.label is not None:
        label = check.label.string(context)
        known = systems.get(system or "")
        if label is None or known is None:
            return NOT_APPLICABLE
        admitted = {
            _comparable(known),
            *map(_comparable, value_set.other_labels.get((system or "", code), ())),
        }
        return PASSED if _comparable(label) in admitted else failed(**values, found=label, expected=known)
    if not value_set.system_judged or system in systems:
        return PASSED
    return failed(**values, expected=", ".join(sorted(systems)))


def _comparable(label: str) -> str:
    return " ".join(privacy.folded(label.replace("’", "'")).split())
