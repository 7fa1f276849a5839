"""The lines of an eP-MED-DM prescription as plain data, in the words of an integration report.

The shape is that of `profiles/schemas/integration.schema.json` (`line`): what a DUI says it integrated is compared
with it. Nothing is judged or put right: an absent element is an absent property, texts keep their words.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from dui_conformance.subjects.model import Element

_HL7 = "{urn:hl7-org:v3}"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_MEDICINES = "1.2.250.1.213.1.1.2.171"
_DEVICES = "1.2.250.1.213.1.1.2.222"
_COMMENT = "1.2.250.1.213.1.1.2.73"
_PCC = "1.3.6.1.4.1.19376.1.5.3.1"
# A delayed start is written beside a normal mode: it comes first here.
_MODES = {
    f"{_PCC}.4.21": "delayed",
    f"{_PCC}.4.8": "tapered",
    f"{_PCC}.4.9": "split",
    f"{_PCC}.4.10": "conditional",
    f"{_PCC}.4.11": "combined",
    f"{_PCC}.4.7.1": "normal",
}
_FLAGS = {
    "1.2.250.1.213.1.1.3.48.12": "offLabel",
    "1.2.250.1.213.1.1.3.48.13": "ald",
    "1.2.250.1.213.1.1.3.48.14": "atMp",
    "1.2.250.1.213.1.1.3.48.15": "nonReimbursable",
    "1.2.250.1.213.1.1.3.48.34": "prevention",
}
_PRE = "1.3.6.1.4.1.19376.1.9.1.3"
_MOST = 2_000  # lines of one prescription, steps of one line
_Data = dict[str, Any]


def lines_of(document: Element) -> list[_Data]:
    """The lines of a prescription in the order of the document, medicines and devices, each with its `rank` from 1."""
    lines: list[_Data] = []
    for section in _sections(document):
        read = _Section(section)
        for entry in section.iterfind(f"{_HL7}entry"):
            if len(lines) >= _MOST:
                return lines
            line = read.line(entry)
            if line is not None:
                lines.append({"rank": str(len(lines) + 1), **line})
    return lines


def narrative_of(document: Element) -> str:
    """The text that a person reads in the sections of prescribed products, one space between words."""
    texts = [_words(section.find(f"{_HL7}text")) for section in _sections(document)]
    return " ".join(text for text in texts if text)


def comment_of(document: Element) -> str:
    """The text of the comment sections (FR-Commentaire-non-code)."""
    return " ".join(text for s in _sections(document, {_COMMENT}) if (text := _words(s.find(f"{_HL7}text"))))


def _sections(document: Element, wanted: AbstractSet[str] = frozenset((_MEDICINES, _DEVICES))) -> Iterator[Element]:
    for section in document.iterfind(f"{_HL7}component/{_HL7}structuredBody/{_HL7}component/{_HL7}section"):
        if _roots(section) & wanted:
            yield section


def identifier(element: Element | None) -> str:
    """`root`, or `root^extension`, of an II."""
    if element is None:
        return ""
    root, extension = element.get("root", ""), element.get("extension", "")
    return f"{root}^{extension}" if extension else root


def _roots(element: Element) -> set[str]:
    return {template.get("root", "") for template in element.iterfind(f"{_HL7}templateId")}


def _words(element: Element | None) -> str:
    """The words of an element; `itertext` runs those of two cells together."""
    return "" if element is None else " ".join(" ".join(map(str, element.itertext())).split())


def _kept(**values: Any) -> _Data:
    """Only what is there."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _type(element: Element) -> str:
    return element.get(_XSI_TYPE, "").rpartition(":")[2]


class _Section:
    """Reads the entries of one section; knows the texts of its narrative by their ID."""

    def __init__(self, section: Element) -> None:
        self.texts: dict[str, Element] = {}
        narrative = section.find(f"{_HL7}text")
        for element in narrative.iter() if narrative is not None else ():
            name = element.get("ID")
            if name is not None:
                self.texts.setdefault(name, element)

    def line(self, entry: Element) -> _Data | None:
        medicine = entry.find(f"{_HL7}substanceAdministration")
        if medicine is not None:
            return self._medicine(medicine)
        device = entry.find(f"{_HL7}supply")
        return None if device is None else self._device(device)

    def _text(self, element: Element | None) -> str:
        """The text of an element, or that its reference points at."""
        if element is None:
            return ""
        reference = element.find(f"{_HL7}reference")
        if reference is None:
            return _words(element)
        return _words(self.texts.get(reference.get("value", "").removeprefix("#")))

    def _medicine(self, line: Element) -> _Data:
        roots = _roots(line)
        times = line.findall(f"{_HL7}effectiveTime")
        first = times[0] if times and _type(times[0]) in ("", "IVL_TS", "TS") else None
        related = line.findall(f"{_HL7}entryRelationship")[:_MOST]
        steps = [self._step(r) for r in related if r.find(f"{_HL7}substanceAdministration") is not None]
        return _kept(
            kind="medicine",
            id=identifier(line.find(f"{_HL7}id")),
            product=self._product(line),
            mode=next((_MODES[root] for root in _MODES if root in roots), ""),
            period=_period(first),
            timing=[item for time in times if time is not first for item in _timing(time)],
            dose=_amount(line.find(f"{_HL7}doseQuantity")),
            rate=_amount(line.find(f"{_HL7}rateQuantity")),
            maximum=[_ratio(ratio) for ratio in line.iterfind(f"{_HL7}maxDoseQuantity")],
            route=self._code(line.find(f"{_HL7}routeCode")),
            site=self._code(line.find(f"{_HL7}approachSiteCode")),
            renewals=_renewals(line.find(f"{_HL7}repeatNumber")),
            quantity=self._supply(line, "8"),
            renewalPeriod=self._renewal_period(line),
            substitution=self._substitution(line),
            flags=_flags(line),
            text=self._text(line.find(f"{_HL7}text")),
            toPatient=self._act(line, "1.2.250.1.213.1.1.3.33"),
            toDispenser=self._act(line, "1.2.250.1.213.1.1.3.34"),
            conditions=self._conditions(line),
            steps=steps,
        )

    def _device(self, supply: Element) -> _Data:
        code = supply.find(f"{_HL7}participant/{_HL7}participantRole/{_HL7}playingDevice/{_HL7}code")
        use = supply.find(f"{_HL7}expectedUseTime/{_HL7}width")
        return _kept(
            kind="device",
            id=identifier(supply.find(f"{_HL7}id")),
            product=self._coded_product(code, ""),
            period=_period(supply.find(f"{_HL7}effectiveTime")),
            renewals=_renewals(supply.find(f"{_HL7}repeatNumber")),
            quantity=_quantity(supply.find(f"{_HL7}quantity")),
            use=_quantity(use),
            flags=_flags(supply),
            text=self._text(supply.find(f"{_HL7}text")),
        )

    def _step(self, relationship: Element) -> _Data:
        step = relationship.find(f"{_HL7}substanceAdministration")
        rank = relationship.find(f"{_HL7}sequenceNumber")
        if step is None:
            return {}
        return _kept(
            rank="" if rank is None else rank.get("value", ""),
            text=self._text(step.find(f"{_HL7}text")),
            timing=[item for time in step.iterfind(f"{_HL7}effectiveTime") for item in _timing(time)],
            dose=_amount(step.find(f"{_HL7}doseQuantity")),
            rate=_amount(step.find(f"{_HL7}rateQuantity")),
            product=self._product(step),
            conditions=self._conditions(step),
        )

    def _product(self, line: Element) -> _Data:
        material = line.find(f"{_HL7}consumable/{_HL7}manufacturedProduct/{_HL7}manufacturedMaterial")
        if material is None:
            return {}
        return self._coded_product(material.find(f"{_HL7}code"), _words(material.find(f"{_HL7}name")))

    def _coded_product(self, code: Element | None, name: str) -> _Data:
        if code is None:
            return _kept(label=name)
        others = [
            _kept(code=t.get("code", ""), system=t.get("codeSystem", "")) for t in code.iterfind(f"{_HL7}translation")
        ]
        label = name or code.get("displayName", "") or self._text(code.find(f"{_HL7}originalText"))
        return _kept(code=code.get("code", ""), system=code.get("codeSystem", ""), label=label, others=others)

    def _code(self, code: Element | None) -> _Data:
        """A code, or the words that stand for it."""
        if code is None:
            return {}
        if code.get("code"):
            return _kept(code=code.get("code", ""), system=code.get("codeSystem", ""))
        return _kept(text=self._text(code.find(f"{_HL7}originalText")))

    def _supply(self, line: Element, template: str) -> _Data:
        for supply in line.iterfind(f"{_HL7}entryRelationship/{_HL7}supply"):
            if f"{_PRE}.{template}" in _roots(supply):
                return _quantity(supply.find(f"{_HL7}quantity"))
        return {}

    def _renewal_period(self, line: Element) -> _Data:
        for supply in line.iterfind(f"{_HL7}entryRelationship/{_HL7}supply"):
            if f"{_PRE}.15" in _roots(supply):
                return _period(supply.find(f"{_HL7}effectiveTime"))
        return {}

    def _substitution(self, line: Element) -> _Data:
        for act in line.iterfind(f"{_HL7}entryRelationship/{_HL7}act"):
            if f"{_PRE}.9.1" in _roots(act):
                code = act.find(f"{_HL7}code")
                if code is not None:
                    return _kept(code=code.get("code", ""), reason=self._text(code.find(f"{_HL7}originalText")))
        return {}

    def _act(self, line: Element, template: str) -> str:
        for act in line.iterfind(f"{_HL7}entryRelationship/{_HL7}act"):
            if template in _roots(act):
                return self._text(act.find(f"{_HL7}text"))
        return ""

    def _conditions(self, line: Element) -> list[str]:
        found = (self._text(text) for text in line.iterfind(f"{_HL7}precondition/{_HL7}criterion/{_HL7}text"))
        return [text for text in found if text]


def _flags(line: Element) -> _Data:
    """What is answered yes or no, by name."""
    flags = {}
    for observation in line.iterfind(f"{_HL7}entryRelationship/{_HL7}observation"):
        value = observation.find(f"{_HL7}value")
        for root in _roots(observation):
            if root in _FLAGS and value is not None and value.get("value") in ("true", "false"):
                flags[_FLAGS[root]] = value.get("value", "")
    return flags


def _value(parent: Element, name: str, attribute: str = "value") -> str:
    child = parent.find(f"{_HL7}{name}")
    return "" if child is None else child.get(attribute, "")


def _quantity(element: Element | None) -> _Data:
    return {} if element is None else _kept(value=element.get("value", ""), unit=element.get("unit", ""))


def _period(element: Element | None) -> _Data:
    if element is None:
        return {}
    return _kept(
        low=_value(element, "low") or element.get("value", ""),
        high=_value(element, "high"),
        width=_quantity(element.find(f"{_HL7}width")),
    )


def _timing(element: Element) -> Iterator[_Data]:
    """A frequency: `every` (PIVL_TS), `event` (EIVL_TS), `period` (IVL_TS); the parts of an SXPR_TS one by one."""
    stack = [element]
    while stack:
        time = stack.pop()
        parts = time.findall(f"{_HL7}comp")
        if parts:
            stack += reversed(parts[:_MOST])
            continue
        period, event = time.find(f"{_HL7}period"), time.find(f"{_HL7}event")
        if period is not None:
            item = _kept(every=_quantity(period), phase=_period(time.find(f"{_HL7}phase")))
        elif event is not None:
            offset = time.find(f"{_HL7}offset")
            item = _kept(event=event.get("code", ""), offset=_amount(offset))
        else:
            item = _kept(period=_period(time))
        if item:
            yield item


def _amount(element: Element | None) -> _Data:
    """Least, most, unit; a single value counts as both."""
    if element is None:
        return {}
    low, high = element.find(f"{_HL7}low"), element.find(f"{_HL7}high")
    if low is None and high is None:
        value = element.get("value", "")
        return _kept(low=value, high=value, unit=element.get("unit", ""))
    units = [end.get("unit", "") for end in (low, high) if end is not None]
    return _kept(
        low="" if low is None else low.get("value", ""),
        high="" if high is None else high.get("value", ""),
        unit=units[0] if len(set(units)) == 1 else " … ".join(units),
    )


def _ratio(element: Element) -> _Data:
    return _kept(
        value=_value(element, "numerator"),
        unit=_value(element, "numerator", "unit"),
        time=_value(element, "denominator"),
        timeUnit=_value(element, "denominator", "unit"),
    )


def _renewals(element: Element | None) -> Any:
    if element is None:
        return ""
    return element.get("value", "") or _kept(low=_value(element, "low"), high=_value(element, "high"))
