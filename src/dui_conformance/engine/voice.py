"""How a rule speaks of a subject: its findings, placed, with what is personal in them marked; and its tallies."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dui_conformance.engine import privacy
from dui_conformance.engine.outcomes import Finding, Outcome, UnitResult
from dui_conformance.rules.model import Level, Rule
from dui_conformance.subjects.model import Element, Location, Subject
from dui_conformance.subjects.positions import locate
from dui_conformance.text import Text, personal, plain, shortened, unmark

PLACES = 50  # findings of one rule on one subject that are listed one by one
_VALUE = 200  # characters of a value that a message shows


WAS_VALID = Text(
    "{code} n'est plus dans {set} ({version}) : ce code était valide jusqu'au {until}, donc à la date de ce document. "
    "Rien à corriger ici ; prendre le code qui le remplace dans les documents à venir.",
    "{code} is no longer in {set} ({version}): this code was valid until {until}, hence at the date of this document. "
    "Nothing to correct here; take the code that replaces it in documents to come.",
)
ENDED = Text(" Ce code était valide jusqu'au {until}.", " This code was valid until {until}.")


def with_end(message: Text, until: str) -> Text:
    """The message on a code that is not in a list, with the day until which it was."""
    if not until:
        return message
    told = ENDED.filled({"until": until})
    return Text(message.fr + told.fr, message.en + told.en)


def tool_failed(error: Exception) -> Text:
    """What a finding says of a rule that could not be evaluated. The text of the error may hold personal values."""
    cause = type(error).__name__
    return Text(
        f"L'outil n'a pas pu évaluer cette règle ({cause}) : merci de le signaler.",
        f"The tool could not evaluate this rule ({cause}): please report it.",
    )


class Voice:
    """Speaks of one subject."""

    def __init__(self, subject: Subject, result: UnitResult, scrub: privacy.Scrubber) -> None:
        self.subject = subject
        self.result = result
        self.scrub = scrub
        self.id = scrub(plain(subject.id))
        self.first = len(result.findings)  # what this subject's rules say comes from here on

    def tool_failed(self, rule: Rule, error: Exception) -> None:
        self.found(rule, "error", None, "", tool_failed(error))
        self.result.count(rule.id, "error")

    def count(self, rules: Iterable[Rule], outcome: Outcome) -> None:
        for rule in rules:
            self.result.tallies[rule.id, outcome] += 1

    def count_more(self, spoken: int) -> None:
        if spoken > PLACES:
            self.result.findings[-1] = replace(self.result.findings[-1], more=spoken - PLACES)

    def value(self, rule: Rule, name: str, value: str) -> str:
        return personal(value[:_VALUE]) if name in rule.personal else self.short(value, _VALUE)

    def short(self, value: str, limit: int) -> str:
        """The beginning of a value, scrubbed before it is cut: the half of a name would not be recognised."""
        return shortened(self.scrub(plain(value[: 4 * limit])), limit)

    def found(
        self,
        rule: Rule,
        outcome: Outcome,
        node: Element | None,
        attribute: str,
        message: Text,
        location: Location | None = None,
        level: Level | None = None,
    ) -> None:
        if location is None:
            attribute = attribute if node is not None and _has(node, attribute) else ""
            location = locate(self.subject, node, attribute)
        key = "|".join((rule.id, unmark(self.id, lambda _: ""), location.path or str(location.line or "")))
        self.result.findings.append(
            Finding(
                rule=rule.id,
                level=level or rule.level,
                outcome=outcome,
                subject=self.id,
                location=location,
                message=message,
                excerpt=self.scrub(privacy.excerpt(self.subject.origin.get(node, node) if node is not None else None)),
                fingerprint=hashlib.sha256(key.encode()).hexdigest()[:16],
            )
        )

    def was_valid(self, rule: Rule, node: Element, attribute: str, values: Mapping[str, str]) -> None:
        """Tell of a code that its list no longer holds, but held on the day of the document: no fault of its author."""
        message = WAS_VALID.filled({name: self.short(value, _VALUE) for name, value in values.items()})
        self.found(rule, "review", node, attribute, message, level="info")


def _has(node: Element, attribute: str) -> bool:
    return any(str(name).rsplit("}", 1)[-1] == attribute.rsplit(":", 1)[-1] for name in node.attrib)
