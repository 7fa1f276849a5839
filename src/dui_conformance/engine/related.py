"""Relatives: the subjects that rules compare one with another."""

from dui_conformance.subjects.model import Element, Subject


def relatives(subject: Subject, context: Element, kind: str) -> list[Subject]:
    """The subjects of a kind that belong with a context of this subject.

    A context whose element (or an element above it in the view) points at a subject belongs with that one alone.
    Otherwise: what lies inside this subject; else the nearest container of that kind; else what lies in the
    nearest mail or archive around it.
    """
    pointed = _pointed(subject, context)
    if pointed is not None:
        return [relative for relative in pointed.walk() if relative.kind == kind]
    inside = [relative for relative in subject.walk() if relative.kind == kind and relative is not subject]
    if inside:
        return inside
    for container in subject.ancestors():
        if container.kind == kind:
            return [container]
    for container in subject.ancestors():
        if container.kind in ("mail", "xdm"):
            around = [relative for relative in container.walk() if relative.kind == kind]
            if around:
                return around
    return []


def describing(subject: Subject) -> tuple[Subject, Element] | None:
    """The metadata, and in them the DocumentEntry, that describe this document of an XDM archive."""
    if subject.parent is None or subject.parent.kind != "xdm":
        return None
    for sibling in subject.parent.children:
        if sibling.kind == "xds" and sibling.view is not None:
            for entry in sibling.view.iterfind("DocumentEntry"):
                if entry.get("subject") == subject.id:
                    return sibling, entry
    return None


def _pointed(subject: Subject, context: Element) -> Subject | None:
    element: Element | None = context
    while element is not None:
        target = element.get("subject") if subject.kind in ("xds", "mail") else None
        if target is not None:
            top = next(iter([*list(subject.ancestors())[-1:], subject]))
            return next((relative for relative in top.walk() if relative.id == target), None)
        element = element.getparent()
    return None
