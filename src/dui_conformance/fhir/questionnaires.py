"""A QuestionnaireResponse against its Questionnaire: structure, required answers, enableWhen (R4 §12)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import answers
from dui_conformance.fhir.definitions import without_version
from dui_conformance.fhir.places import Place

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_RESPONSE = "http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse"
_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_DEPTH = 40


def dicts(value: Any) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def extension(item: dict[str, Any], name: str) -> Any:
    """The value of a core extension of a questionnaire's item, or None."""
    for one in dicts(item.get("extension")):
        if one.get("url") == _EXTENSION + name:
            return next((v for k, v in one.items() if k.startswith("value")), None)
    return None


def response(walk: "Walk", node: dict[str, Any], place: Place) -> None:
    """Check a response, when its questionnaire is at hand."""
    canonical = node.get("questionnaire")
    if not isinstance(canonical, str):
        return
    questionnaire = _questionnaire(walk, node, canonical)
    if questionnaire is None:
        walk.not_checked("questionnaire", canonical[:300], place, "questionnaire-unknown")
        return
    if questionnaire.get("resourceType") != "Questionnaire":
        return
    _Response(walk, node, questionnaire).check(place)


def _questionnaire(walk: "Walk", node: dict[str, Any], canonical: str) -> dict[str, Any] | None:
    if canonical.startswith("#"):
        return next((c for c in dicts(node.get("contained")) if c.get("id") == canonical[1:]), None)
    return walk.validator.definitions.get("Questionnaire", without_version(canonical))


class _Response:
    def __init__(self, walk: "Walk", node: dict[str, Any], questionnaire: dict[str, Any]) -> None:
        self.walk = walk
        self.node = node
        self.questionnaire = questionnaire
        self.finished = node.get("status") not in ("in-progress", "entered-in-error", "stopped")
        self.known: dict[str, dict[str, Any]] = {}
        self.given: dict[str, list[Any]] = {}
        self._read(questionnaire.get("item"), 0)
        self._gather(node.get("item"), 0)

    def _read(self, items: Any, depth: int) -> None:
        for item in dicts(items):
            if isinstance(item.get("linkId"), str):
                self.known.setdefault(item["linkId"], item)
            if depth < _DEPTH:
                self._read(item.get("item"), depth + 1)

    def _gather(self, items: Any, depth: int) -> None:
        """Every answer of the response by linkId, for enableWhen."""
        for item in dicts(items):
            link = item.get("linkId")
            for answer in dicts(item.get("answer")):
                value = next((v for k, v in answer.items() if k.startswith("value")), None)
                if isinstance(link, str) and value is not None:
                    self.given.setdefault(link, []).append(value)
                if depth < _DEPTH:
                    self._gather(answer.get("item"), depth + 1)
            if depth < _DEPTH:
                self._gather(item.get("item"), depth + 1)

    def report(self, rule: str, place: Place, **values: Any) -> None:
        self.walk.report(rule, place, _RESPONSE, "QuestionnaireResponse.item", **values)

    def check(self, place: Place) -> None:
        self._level(self.questionnaire.get("item"), self.node.get("item"), place, 0)

    def _level(self, asked: Any, given: Any, place: Place, depth: int) -> None:
        """The items of one level against those the questionnaire has there."""
        if depth > _DEPTH:
            return
        questions = dicts(asked)
        order = {q["linkId"]: rank for rank, q in enumerate(questions) if isinstance(q.get("linkId"), str)}
        found: dict[str, list[tuple[dict[str, Any], Place]]] = {}
        reached = -1
        for index, item in enumerate(given if isinstance(given, list) else ()):
            if not isinstance(item, dict) or not isinstance(item.get("linkId"), str):
                continue
            here: Place = (place, "item", index)
            link = item["linkId"]
            if link not in order:
                self.report(
                    "questionnaire.misplaced" if link in self.known else "questionnaire.link-unknown", here, link=link
                )
                continue
            if order[link] < reached:
                self.report("questionnaire.order", here, link=link)
            reached = max(reached, order[link])
            found.setdefault(link, []).append((item, here))
        for question in questions:
            link = question.get("linkId")
            if isinstance(link, str):
                self._question(question, link, found.get(link, []), place, depth)

    def _question(
        self, question: dict[str, Any], link: str, items: list[tuple[dict[str, Any], Place]], place: Place, depth: int
    ) -> None:  # fmt: skip
        enabled = self._enabled(question)
        kind = question.get("type")
        if not enabled:
            for item, here in items:
                if item.get("answer") or item.get("item"):
                    self.report("questionnaire.disabled", here, link=link)
            return
        if not items:
            if question.get("required") is True and self.finished and kind != "display":
                self.report("questionnaire.required", place, link=link)
            elif self.finished:
                self._occurs(question, 0, place, link)
            return
        if kind == "group":
            self._groups(question, link, items, depth)
            return
        if len(items) > 1:
            self.report("questionnaire.item-twice", items[1][1], link=link)
        for item, here in items:
            self._answers(question, link, kind, item, here, depth)

    def _groups(
        self, question: dict[str, Any], link: str, items: list[tuple[dict[str, Any], Place]], depth: int
    ) -> None:
        if len(items) > 1 and question.get("repeats") is not True:
            self.report("questionnaire.item-twice", items[1][1], link=link)
        for item, here in items:
            if item.get("answer"):
                self.report("questionnaire.group-answer", here, link=link)
            if not item.get("item") and question.get("required") is True and self.finished:
                self.report("questionnaire.group-empty", here, link=link)
            elif item.get("item") or not item.get("answer"):
                self._level(question.get("item"), item.get("item"), here, depth + 1)

    def _answers(
        self, question: dict[str, Any], link: str, kind: Any, item: dict[str, Any], here: Place, depth: int
    ) -> None:  # fmt: skip
        listed = item.get("answer")
        given = [(i, a) for i, a in enumerate(listed if isinstance(listed, list) else ()) if isinstance(a, dict)]
        if kind == "display":
            if given:
                self.report("questionnaire.display-answer", here, link=link)
            return
        if kind == "question":  # an abstract type: nothing to answer
            if given:
                self.report("questionnaire.abstract-answer", here, link=link)
            return
        if item.get("item"):
            self.report("questionnaire.items-outside-answer", here, link=link)
        if not given:
            if self.finished and question.get("required") is True:
                self.report("questionnaire.required", here, link=link)
            elif self.finished:
                self._occurs(question, 0, here, link)
            return
        if len(given) > 1 and question.get("repeats") is not True:
            self.report("questionnaire.answer-twice", here, link=link)
        else:
            self._occurs(question, len(given), here, link)
        exclusive = answers.exclusive_options(question)
        for index, answer in given:
            at: Place = (here, "answer", index)
            for rule, below, values in answers.problems(self.walk, question, answer):
                place = (at, below, None) if below else at
                self.report(rule, place, link=link, **values)
            if exclusive and len(given) > 1 and answers.chosen(answer, exclusive):
                self.report("questionnaire.exclusive", at, link=link)
            if question.get("item") or answer.get("item"):
                self._level(question.get("item"), answer.get("item"), at, depth + 1)

    def _occurs(self, question: dict[str, Any], count: int, place: Place, link: str) -> None:
        least, most = extension(question, "questionnaire-minOccurs"), extension(question, "questionnaire-maxOccurs")
        if type(least) is int and count < least:
            self.report("questionnaire.too-few", place, link=link, least=least, count=count)
        if type(most) is int and count > most:
            self.report("questionnaire.too-many", place, link=link, most=most, count=count)

    def _enabled(self, question: dict[str, Any]) -> bool:
        rules = dicts(question.get("enableWhen"))
        if not rules:
            return True
        met = (self._met(rule) for rule in rules)
        return any(met) if question.get("enableBehavior") == "any" else all(met)

    def _met(self, rule: dict[str, Any]) -> bool:
        link = rule.get("question")
        given = self.given.get(link, []) if isinstance(link, str) else []
        operator = rule.get("operator")
        wanted = next((v for k, v in rule.items() if k.startswith("answer")), None)
        kind = next((k[6:] for k in rule if k.startswith("answer")), "")
        if operator == "exists":
            return bool(given) is (wanted is True)
        orders = list(self._orders(given, wanted, kind))
        match operator:
            case "=":
                return any(o == 0 for o in orders)
            case "!=":
                return bool(orders) and all(o != 0 for o in orders)
            case ">":
                return any(o is not None and o > 0 for o in orders)
            case "<":
                return any(o is not None and o < 0 for o in orders)
            case ">=":
                return any(o is not None and o >= 0 for o in orders)
            case "<=":
                return any(o is not None and o <= 0 for o in orders)
        return True

    def _orders(self, given: list[Any], wanted: Any, kind: str) -> Iterator[int | None]:
        for value in given:
            if isinstance(wanted, dict) and kind == "Coding":
                same = isinstance(value, dict) and value.get("code") == wanted.get("code") and (
                    "system" not in wanted or value.get("system") == wanted.get("system"))  # fmt: skip
                yield 0 if same else None
            elif value == wanted and isinstance(value, bool) == isinstance(wanted, bool):
                yield 0
            else:
                yield answers.order(self.walk, value, wanted, kind[:1].lower() + kind[1:])
