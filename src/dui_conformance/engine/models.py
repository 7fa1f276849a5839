"""A document against the tables of its model, its sections and its entries: one pass, table by table."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from dui_conformance.engine.described import date_of
from dui_conformance.engine.secondary import silenced
from dui_conformance.engine.voice import PLACES, Voice, with_end
from dui_conformance.rules.model import Rule
from dui_conformance.rules.models import words
from dui_conformance.rules.models.index import LEVEL_1, Model, Models
from dui_conformance.rules.models.paths import Body
from dui_conformance.rules.models.rows import Fault, Table
from dui_conformance.subjects.model import Element
from dui_conformance.text import personal

_Items = tuple[tuple[str, str], ...]
_PUBLIC = frozenset(
    ("code", "codeSystem", "classCode", "moodCode", "typeCode", "nullFlavor", "xsi:type", "unit", "use", "mediaType",
     "inversionInd", "negationInd", "contextConductionInd", "representation", "determinerCode", "operator", "qualifier")
)  # fmt: skip


@dataclass(eq=False)
class Planned:
    """The tables that a plan judges with. `unwanted`: rules that the selection leaves out."""

    models: Models
    unwanted: frozenset[str] = frozenset()
    _found: dict[_Items, list[Table]] = field(default_factory=dict)

    @classmethod
    def of(cls, models: Models, wanted: Callable[[str, str], bool]) -> "Planned":
        """`wanted` says of a rule and its family whether it is to run."""
        families = models.family_of_file
        unwanted = frozenset(
            rule for name, rules in models.index["rules"].items() for rule in rules if not wanted(rule, families[name])
        )
        return cls(models, unwanted)

    @property
    def count(self) -> int:
        """How many rules can run."""
        return len(self.models.owners) - len(self.unwanted)

    def families(self) -> Counter[str]:
        """How many rules of each family can run."""
        family = self.models.family_of_file
        return Counter(family[name] for rule, name in self.models.owners.items() if rule not in self.unwanted)

    def tables(self, templates: Mapping[str, str]) -> list[Table]:
        """The tables of an element that follows these templates, the most special first."""
        items = tuple(templates.items())
        found = self._found.get(items)
        if found is None:
            found = [table for root, extension in items for table in self.models.tables(root, extension)]
            found.sort(key=lambda table: -len(table.parents))
            if len(self._found) < 4096:  # a hostile document may claim anything
                self._found[items] = found
        return found


@dataclass(slots=True)
class Verdicts:
    """What the tables say of a document: its model, and each rule that had something to judge, with what is wrong."""

    model: Model | None
    faults: dict[str, list[Fault]]
    yielded: frozenset[str]  # rules whose every fault another had said
    errors: dict[str, Exception]  # the rule after which a table could not go on


def judged(view: Element, planned: Planned) -> Verdicts:
    """Every table that a document calls for. What two tables ask alike is said once, by the more special."""
    body = Body.of(view)
    model = planned.models.of_document(body.templates.get(view, {}))
    body.model = model.name if model is not None else ""
    faults: dict[str, list[Fault]] = {}
    said: set[tuple[Element, str]] = set()
    failed: set[str] = set()
    errors: dict[str, Exception] = {}
    for element, templates in body.templates.items():
        for table in planned.tables(templates):
            rule = ""
            try:
                for rule, found in table.faults(element, body):
                    known = faults.setdefault(rule, [])
                    if not found or rule in planned.unwanted:
                        continue
                    failed.add(rule)
                    for fault in found:
                        if fault.key not in said:
                            said.add(fault.key)
                            known.append(fault)
            except Exception as error:  # a defect of the tool must not stop the run, nor pass for a success
                errors.setdefault(rule or table.rows[0].id, error)
    for rule in planned.unwanted & faults.keys():
        del faults[rule]
    return Verdicts(model, faults, frozenset(rule for rule in failed if not faults[rule]), errors)


def speak(voice: Voice, planned: Planned, rules: Mapping[str, Rule]) -> Model | None:
    """Judge a subject by the tables, tell what is wrong, and give its model. `rules`: those of the catalogue."""
    view = voice.subject.view
    if view is None:
        return None
    verdicts = judged(view, planned)
    models = planned.models
    date = date_of(voice.subject)
    for name, faults in verdicts.faults.items():
        if not faults:
            voice.result.count(name, "not_applicable" if name in verdicts.yielded else "passed")
            continue
        rule, row = models.rule(name), models.data(name)[1]
        faults = _of_today(voice, rule, faults, date)
        if not faults:
            voice.result.count(name, "passed")
            continue
        for fault in faults[:PLACES]:
            values = {key: _shown(voice, rule, fault, key, value) for key, value in fault.values.items()}
            said = words.found(fault.cause, row, values, models.titles)
            message = rule.message.filled({"fault_fr": said.fr, "fault_en": said.en, **values})
            message = with_end(message, fault.values.get("until", ""))
            voice.found(rule, rule.negative, fault.node, fault.attribute, message)
        voice.count_more(len(faults))
        voice.result.count(name, rule.negative)
    for name, error in verdicts.errors.items():
        voice.tool_failed(models.rule(name), error)
    _silence(voice, planned, rules)
    model = verdicts.model
    if model is None:
        return None
    model = replace(model, version=voice.short(model.version, 40))  # as the document writes it, when it is not known
    if not model.judged and model.id != LEVEL_1:
        voice.result.not_checked["model", model.name] += 1
    return model


def _of_today(voice: Voice, rule: Rule, faults: list[Fault], date: str) -> list[Fault]:
    """The faults, without the codes that their list held on the day of the document, which are told apart."""
    then = [fault for fault in faults if date and date < fault.values.get("until", "")]
    for fault in then[:PLACES]:
        values = {"code": fault.values["found"], "version": fault.values["date"], **fault.values}
        voice.was_valid(rule, fault.node, fault.attribute, values)
    return [fault for fault in faults if fault not in then] if then else faults


def _shown(voice: Voice, rule: Rule, fault: Fault, name: str, value: str) -> str:
    """A value of a message; what the document holds may be personal, unless it is a code of some list."""
    if name in ("found", "system"):
        if fault.attribute in _PUBLIC or fault.cause == "element":
            return voice.short(value, 80)
        return personal(value[:80])
    return value


def _silence(voice: Voice, planned: Planned, rules: Mapping[str, Rule]) -> None:
    """Take back what a rule on any body said, and a table says better."""
    if not any(rules[f.rule].secondary for f in voice.result.findings[voice.first :] if f.rule in rules):
        return
    said = voice.result.findings[voice.first :]
    gone = silenced(said, rules, spoken(voice, planned))
    kept = [finding for at, finding in enumerate(said) if at not in gone]
    voice.result.findings[voice.first :] = kept
    still = {finding.rule for finding in kept}
    for rule, outcome in {(said[at].rule, said[at].outcome) for at in gone if said[at].rule not in still}:
        voice.result.tallies[rule, outcome] -= 1
        voice.result.count(rule, "not_applicable")


def spoken(voice: Voice, planned: Planned) -> list[Rule]:
    """The rules of the tables that spoke of a subject."""
    owners = planned.models.owners
    said = {finding.rule for finding in voice.result.findings[voice.first :]}
    return [planned.models.rule(name) for name in said if name in owners]
