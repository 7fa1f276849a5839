"""Relatives: the subjects that rules compare one with another."""

from dui_conformance.subjects.model import Element, Subject


class Kin:
    """The subjects of one unit, and which of them belong together. Each question is answered once."""

    def __init__(self, top: Subject) -> None:
        self._by_id = {subject.id: subject for subject in top.walk()}
        self._known: dict[tuple[Subject, bool, str], list[Subject]] = {}

    def relatives(self, subject: Subject, context: Element, kind: str) -> list[Subject]:
        """The subjects of a kind that belong with a context of a subject.

        A context whose element (or an element above it in the view) points at a subject belongs with that one alone.
        Otherwise: what lies inside the subject; else the nearest container of that kind; else what lies in the
        nearest mail, archive or exchange around it.
        """
        pointed = self._pointed(subject, context, kind)
        key = (pointed or subject, pointed is not None, kind)
        if key not in self._known:
            self._known[key] = _of_kind(pointed, kind) if pointed is not None else _around(subject, kind)
        return self._known[key]

    def _pointed(self, subject: Subject, context: Element, kind: str) -> Subject | None:
        # (a PDF points at the CDA it is printed from, and still lies in its mail)
        if subject.kind not in ("xds", "mail", "hl7v2", "fhir") and (subject.kind, kind) != ("pdf", "cda"):
            return None
        element: Element | None = context
        while element is not None:
            target = element.get("subject")
            if target is not None:
                return self._by_id.get(target)
            element = element.getparent()
        return None


def _of_kind(subject: Subject, kind: str) -> list[Subject]:
    return [inside for inside in subject.walk() if inside.kind == kind]


def _around(subject: Subject, kind: str) -> list[Subject]:
    inside = [relative for relative in _of_kind(subject, kind) if relative is not subject]
    if inside:
        return inside
    for container in subject.ancestors():
        if container.kind == kind:
            return [container]
    for container in subject.ancestors():
        if container.kind in ("mail", "xdm", "exchange"):
            beside = _of_kind(container, kind)
            if beside:
                return beside
    return []
