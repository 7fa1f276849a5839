"""One unit against a plan. Pure: a subject tree in, a UnitResult out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, failed
from dui_conformance.engine import membership, models, privacy, resources
from dui_conformance.engine import personal as people
from dui_conformance.engine.described import date_of, label_of
from dui_conformance.engine.outcomes import Outcome, SubjectRecord, UnitResult
from dui_conformance.engine.plan import Group, Plan
from dui_conformance.engine.related import Kin
from dui_conformance.engine.secondary import Said
from dui_conformance.engine.voice import PLACES, Voice, with_end
from dui_conformance.rules.model import (
    Argument,
    Assertion,
    DefectNamed,
    Membership,
    Predicate,
    Rule,
    Structural,
)
from dui_conformance.rules.structure import Structure
from dui_conformance.rules.xpath import Expression
from dui_conformance.subjects import pdf_pages
from dui_conformance.subjects.model import Element, Subject
from dui_conformance.text import plain

JUDGED = frozenset(
    ("cda", "xdm", "xds", "mail", "pdf", "picture", "zip", "hl7v2", "exchange", "session", "integration", "proof")
)
_FAILED = failed()


def evaluate(top: Subject, plan: Plan) -> UnitResult:
    """Every planned rule on every subject of a unit."""
    if plan.reads_pages:
        pdf_pages.project(top, barcodes=plan.reads_barcodes)
    if plan.reads_barcodes:
        pdf_pages.project_pictures(top)
    result = UnitResult(secret=privacy.secret_of(top.data or top.id.encode()))
    scrub = privacy.Scrubber(value for subject in top.walk() for value in people.values_of(subject))
    kin = Kin(top)
    for subject in top.walk():
        judge = _Judge(subject, plan, result, scrub, kin)
        if subject.received:
            judge.receive()  # another software's document: it is compared with the report, not judged as an export
        else:
            judge.judge()
        result.people.update(privacy.Crowd.words_of(people.patient_values_of(subject)))
    return result


class _Judge(Voice):
    """Evaluates the rules of one subject; contexts are selected once per expression."""

    def __init__(self, subject: Subject, plan: Plan, result: UnitResult, scrub: privacy.Scrubber, kin: Kin) -> None:
        super().__init__(subject, result, scrub)
        self.plan = plan
        self.kin = kin
        self.contexts: dict[str, list[Element]] = {}
        self.conditions: dict[str, bool] = {}
        self.steps = {child.tag for child in subject.view} if subject.view is not None else set()
        self.gathered: dict[tuple[str, Element], tuple[str, ...]] = {}
        self.date = date_of(subject)

    def judge(self) -> None:
        subject, plan = self.subject, self.plan
        for kind in ("any", subject.kind):
            for rule in plan.on_defects.get(kind, ()):
                self._judge_defects(rule, cast(DefectNamed, rule.check))
            for group in plan.groups.get(kind, ()):
                self._judge_group(group)
        model = models.speak(self, plan.models, plan.by_id) if subject.kind == "cda" else None
        for name, rules in plan.on_structure.get(subject.kind, {}).items():
            self._judge_structure(plan.structures[name], rules)
        asked = plan.on_resources.get(subject.kind, ())
        if asked:
            self._judge_resource(asked)
        judged = bool(asked) or (subject.kind in JUDGED and subject.view is not None)
        if subject.kind not in JUDGED and not asked:
            self.result.not_checked["kind", subject.kind] += 1
        self._inventory()
        self._record(
            judged=judged or subject.kind == "zip",
            evidence=self._evidence(),
            facts=self._facts(),
            model=(model.id, model.version) if model is not None else None,
        )

    def receive(self) -> None:
        """List a document that the DUI received, which no rule of exports judges."""
        self.result.not_checked["received", self.subject.kind] += 1
        self._record(judged=False)

    def _record(
        self,
        *,
        judged: bool,
        evidence: tuple[str, ...] = (),
        facts: dict[str, dict[str, object]] | None = None,
        model: tuple[str, str] | None = None,
    ) -> None:
        subject = self.subject
        self.result.subjects.append(
            SubjectRecord(
                id=self.id,
                kind=subject.kind,
                sha256=subject.sha256,
                size=subject.size,
                parent=self.scrub(plain(subject.parent.id)) if subject.parent else "",
                label=self.short(label_of(subject), 40),
                judged=judged,
                evidence=evidence,
                facts=facts or {},
                model=model,
            )
        )

    def _judge_group(self, group: Group) -> None:
        view = self.subject.view
        if view is None:
            self.count((*group.assertions, *group.others), "blocked")
            return
        try:
            contexts = self._contexts(group, view) if self._applies(group, view) else []
        except Exception as error:  # a defect of the tool must not stop the run, nor pass for a success
            for rule in (*group.assertions, *group.others):
                self.tool_failed(rule, error)
            return
        if not contexts:
            self.count((*group.assertions, *group.others), "not_applicable")
            return
        if group.assertions:
            self._judge_assertions(group, contexts)
        for rule in group.others:
            self._guarded(rule, contexts, self._verdict)

    def _judge_structure(self, structure: Structure, rules: Sequence[Rule]) -> None:
        """The faults of structure, each by the rule of its cause, unless another rule said it already."""
        view = self.subject.view
        if view is None or not structure.judges(view):
            self.count(rules, "blocked" if view is None else "not_applicable")
            return
        try:
            problems, more = structure.problems(view)
        except Exception as error:  # a defect of the tool must not stop the run, nor pass for a success
            for rule in rules:
                self.tool_failed(rule, error)
            return
        said = Said(
            self.result.findings[self.first :],
            [*self.plan.by_kind[self.subject.kind], *models.spoken(self, self.plan.models)],
        )
        for rule in rules:
            cause = cast(Structural, rule.check).cause
            own = [problem for problem in problems if problem.cause == cause]
            told = [p for p in own if not said.same(rule, p.node, p.about, p.attribute)]
            for problem in told[:PLACES]:
                values = {name: self.value(rule, name, plain(value)) for name, value in problem.values.items()}
                message = rule.message.filled(values)
                self.found(rule, rule.negative, problem.node, problem.attribute, message)
            self.count_more(len(told) + more[cause] if told else 0)
            self.result.count(rule.id, rule.negative if told else "not_applicable" if own else "passed")

    def _judge_resource(self, rules: Sequence[Rule]) -> None:
        """The issues of one validation, each told by the rule that takes it."""
        if any(defect.code.startswith("fhir.") for defect in self.subject.defects):
            self.count(rules, "blocked")
            return
        try:
            verdicts = resources.judged(self.subject, self.plan.asked, self.plan.constants)
        except Exception as error:  # a defect of the tool must not stop the run, nor pass for a success
            for rule in rules:
                self.tool_failed(rule, error)
            return
        for name, count in verdicts.not_checked.items():
            self.result.not_checked[name[0], self.short(name[1], 120)] += count
        for rule in rules:
            told = [issue for issue in verdicts.issues if resources.takes(rule, issue)]
            if rule.experimental != verdicts.experimental and not told:
                self.result.count(rule.id, "not_applicable")
                continue
            for issue in told[:PLACES]:
                values = {"issue_fr": self.scrub(issue.message.fr), "issue_en": self.scrub(issue.message.en)}
                self.found(rule, rule.negative, None, "", rule.message.filled(values), issue.location)
            self.count_more(len(told))
            self.result.count(rule.id, rule.negative if told else "passed")

    def _applies(self, group: Group, view: Element) -> bool:
        """Whether the rules of a group are in force at the document's date, and their condition holds."""
        if self.date and (
            (group.valid_from and self.date < group.valid_from) or (group.valid_to and self.date > group.valid_to)
        ):
            return False
        if group.when is None:
            return True
        if group.when.text not in self.conditions:
            self.conditions[group.when.text] = group.when.holds(view)
        return self.conditions[group.when.text]

    def _contexts(self, group: Group, view: Element) -> list[Element]:
        if group.contexts.first_step and group.contexts.first_step not in self.steps:
            return []
        contexts = self.contexts.get(group.contexts.text)
        if contexts is None:
            contexts = self.contexts[group.contexts.text] = group.contexts.nodes(view)
        return contexts

    def _judge_assertions(self, group: Group, contexts: list[Element]) -> None:
        """All the assertions of a group at once; only where one fails is each looked at for itself."""
        try:
            answers = [group.battery(context) for context in contexts]
        except Exception:  # one expression failed: find out which
            for rule in group.assertions:
                self._guarded(rule, contexts, _asserted)
            return
        if not any("0" in answer for answer in answers):
            self.count(group.assertions, "passed")
            return
        for place, rule in enumerate(group.assertions):
            column = iter([PASSED if answer[place] == "1" else _FAILED for answer in answers])
            self._guarded(rule, contexts, lambda _rule, _context, column=column: next(column))  # type: ignore[misc]

    def _guarded(self, rule: Rule, contexts: list[Element], verdict: Callable[[Rule, Element], Verdict]) -> None:
        try:
            self.result.count(rule.id, self._judge_contexts(rule, contexts, verdict))
        except Exception as error:  # a defect of the tool must not stop the run, nor pass for a success
            self.tool_failed(rule, error)

    def _judge_defects(self, rule: Rule, check: DefectNamed) -> None:
        outcome: Outcome = "passed"
        spoken = 0
        for defect in self.subject.defects:
            if defect.code in check.codes:
                outcome = cast(Outcome, rule.negative)
                spoken += 1
                if spoken <= PLACES:
                    values = {name: self.value(rule, name, plain(value)) for name, value in defect.values.items()}
                    self.found(rule, outcome, None, "", rule.message.filled(values), defect.location)
        self.count_more(spoken)
        self.result.count(rule.id, outcome)

    def _judge_contexts(
        self, rule: Rule, contexts: list[Element], verdict_of: Callable[[Rule, Element], Verdict]
    ) -> Outcome:
        answers: set[str] = set()
        spoken = 0
        for context in contexts:
            verdict = verdict_of(rule, context)
            answer = rule.negative if verdict.answer == "failed" else verdict.answer
            answers.add(answer)
            if answer == "passed" and "until" in verdict.values and spoken < PLACES:
                self.was_valid(rule, context, "code", verdict.values)
            if answer in ("failed", "review", "blocked"):
                spoken += 1
                if spoken <= PLACES:
                    self._speak(rule, cast(Outcome, answer), context, verdict.values)
        self.count_more(spoken)
        for worst in ("failed", "blocked", "review", "passed"):
            if worst in answers:
                return cast(Outcome, worst)
        return "not_applicable"

    def _verdict(self, rule: Rule, context: Element) -> Verdict:
        check = rule.check
        if isinstance(check, Membership):
            value_set = self.plan.value_sets[check.value_set]
            code = check.code.string(context)
            if code and not value_set.complete and code not in value_set.codes:
                self.result.not_checked["code", f"{value_set.id} {self.short(code, 40)}"] += 1
                return NOT_APPLICABLE
            return membership.judged(check, value_set, context, self.date)
        assert isinstance(check, Predicate)  # noqa: S101  the plan holds the others elsewhere
        arguments = self._arguments(check, context)
        if arguments is None:
            return NOT_APPLICABLE
        verdict: Verdict = self.plan.predicates[check.name](**arguments)
        if verdict.answer in ("failed", "review", "blocked"):
            told = {name: value for name, value in arguments.items() if isinstance(value, str)}
            told |= {name: ", ".join(v) for name, v in arguments.items() if isinstance(v, tuple)}
            return Verdict(verdict.answer, {**told, **verdict.values})
        return verdict

    def _arguments(self, check: Predicate, context: Element) -> dict[str, Any] | None:
        """What the predicate receives, None if something it cannot do without is missing."""
        arguments: dict[str, Any] = {}
        if not self._read(check.arguments, [context], arguments):
            return None
        for given in check.given:
            found = [r.view for r in self.kin.relatives(self.subject, context, given.kind) if r.view is not None]
            if not found or not self._read(given.arguments, found if given.every else found[:1], arguments):
                return None
        for name, setting in check.settings.items():
            arguments[name.rstrip("?")] = self.plan.settings.get(setting, "")
        for name, table in check.tables.items():
            arguments[name] = self.plan.value_sets[table].codes
        return arguments

    def _read(self, arguments: Iterable[Argument], nodes: list[Element], into: dict[str, Any]) -> bool:
        """Fill what is asked for; False if something is missing that cannot be done without."""
        for argument in arguments:
            if argument.many:
                into[argument.name] = tuple(value for node in nodes for value in self._gather(argument.value, node))
                continue
            value = argument.value.string(nodes[0])
            if value is None and len(nodes) > 1:
                value = next((v for node in nodes[1:] if (v := argument.value.string(node)) is not None), None)
            if value is None and not argument.optional:
                return False
            into[argument.name] = value or ""
        return True

    def _gather(self, values: Expression, node: Element) -> tuple[str, ...]:
        """Every value of an expression, sought once in a node however many rules want them."""
        key = (values.text, node)
        if key not in self.gathered:
            self.gathered[key] = values.strings(node)
        return self.gathered[key]

    def _speak(self, rule: Rule, outcome: Outcome, context: Element, verdict: Mapping[str, str]) -> None:
        raw = {name: shown.string(context) or "" for name, shown in rule.shown.items()} | dict(verdict)
        values = {name: self.value(rule, name, plain(value)) for name, value in raw.items()}
        place = context
        if rule.at is not None:
            place = next(iter(rule.at.nodes(context)), context)
        message = with_end(rule.message.filled(values), values.get("until", "") if rule.value_sets else "")
        self.found(rule, outcome, place, rule.at_attribute, message)

    def _inventory(self) -> None:
        view = self.subject.view
        if view is None:
            return
        for inventory in self.plan.inventories:
            if inventory.subject == self.subject.kind:
                values = Counter(inventory.value.string(context) or "" for context in inventory.contexts.nodes(view))
                for value in values.keys() - inventory.known - {""}:
                    self.result.not_checked[inventory.what, self.short(value, 120)] += values[value]

    def _evidence(self) -> tuple[str, ...]:
        view = self.subject.view
        if view is None:
            return ()
        return tuple(e.id for e in self.plan.evidence if e.kind == self.subject.kind and e.where.holds(view))

    def _facts(self) -> dict[str, dict[str, object]]:
        facts: dict[str, dict[str, object]] = {}
        view = self.subject.view
        if view is not None:
            for rule in self.plan.run_wide:
                arguments = rule.check.facts.get(self.subject.kind)  # type: ignore[union-attr]
                if arguments is not None:
                    read: dict[str, Any] = {}
                    if self._read(arguments, [view], read):
                        facts[rule.id] = read
        return facts


def _asserted(rule: Rule, context: Element) -> Verdict:
    return PASSED if cast(Assertion, rule.check).holds.holds(context) else _FAILED
