"""JUnit XML, as GitLab and Jenkins read it: one suite for the requirements of the wave, one for their common
base, one for each subject with findings, one for the subjects without.

The elements and attributes are those of the schema of Jenkins' xUnit plugin (junit-10.xsd). Names are stable from
one run to the next, since both tools compare runs by them.
"""

from collections import Counter
from collections.abc import Iterable

from lxml import etree

from dui_conformance.reports import arrange, official_words
from dui_conformance.reports.typography import clean
from dui_conformance.reports.words import Words
from dui_conformance.runjson import Finding, Requirement, Rule, Run, Subject
from dui_conformance.text import Language

_CAUSES = {"failed": "failure", "error": "error"}


def render(run: Run, lang: Language) -> str:
    """The document as text. A waived finding, a point to verify and an inconclusive check are `skipped`."""
    w = Words(lang, _PHRASES)
    root = etree.Element("testsuites", name=clean(f"{run['tool']['name']} {run['tool']['version']}"))
    _requirements(root, run, w)
    _common_base(root, run, w)
    _subjects(root, run, w)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(root: etree._Element, name: str, file: str = "") -> etree._Element:
    suite = etree.SubElement(root, "testsuite", name=clean(name))
    if file:
        suite.set("file", clean(file))
    return suite


def _case(suite: etree._Element, classname: str, name: str) -> etree._Element:
    return etree.SubElement(suite, "testcase", classname=clean(classname), name=clean(name, 300))


def _say(case: etree._Element, tag: str, message: str, type_: str = "", body: str = "") -> None:
    said = etree.SubElement(case, tag, message=clean(message, 1000))
    if type_:
        said.set("type", clean(type_))
    said.text = body or None


def _counted(suite: etree._Element) -> None:
    """The counts a suite must carry; a suite of no case goes away."""
    cases = suite.findall("testcase")
    parent = suite.getparent()
    if not cases and parent is not None:
        parent.remove(suite)
        return
    suite.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))


def _properties(suite: etree._Element, pairs: Iterable[tuple[str, str]]) -> None:
    properties = etree.SubElement(suite, "properties")
    for name, value in pairs:
        etree.SubElement(properties, "property", name=clean(name), value=clean(value))


# --- requirements ---------------------------------------------------------------------------------------------


def _requirements(root: etree._Element, run: Run, w: Words) -> None:
    ready = run["readiness"]
    rows = arrange.rows_of_wave(run)
    suite = _suite(root, w.filled("requirements", n=str(ready["wave"])))
    word = {True: "true", False: "false", None: "unknown"}[ready["ready"]]
    _properties(
        suite,
        [
            ("ready", word),
            ("sentence", ready["sentence"][w.lang]),
            *((f"count.{status}", str(n)) for status, n in arrange.ordered_statuses(ready["counts"]).items()),
            *((f"status.{row['id']}", row["status"]) for row in rows),
        ],
    )
    blocking = frozenset(ready["blocking"])
    for row in rows:
        case = _case(suite, f"{w['class_requirements']}.{row['theme']}", _title(row, w))
        if not row["binding"]:
            inapplicable = row["applicable"] == "no"
            why = w.name("status", row["status"]) if inapplicable else w.name("obligation", row["obligation"])
            _say(case, "skipped", f"{why} - {row['sentence'][w.lang]}")
        elif row["id"] in blocking:
            sentence = f"{w.name('status', row['status'])} - {row['sentence'][w.lang]}"
            _say(case, "failure", sentence, row["status"], _detail(row, w))
    _counted(suite)


def _title(row: Requirement, w: Words) -> str:
    return f"{row['id']} - {row['statement'][w.lang]}"


def _detail(row: Requirement, w: Words) -> str:
    """What is expected, and the rules that spoke."""
    lines = []
    for proof in row["proofs"]:
        if proof["kind"] == "evidence" and not proof.get("subjects") and "produce" in proof:
            lines.append(f"{w['produce']}{w.colon} {clean(proof['produce'][w.lang])}")
    for label, text in (("remains", row["remains"]), ("expected", row["expected_proof"])):
        if text is not None:
            lines.append(f"{w[label]}{w.colon} {clean(text[w.lang])}")
    if row["findings"]:
        lines.append(w.count("n_findings", len(row["findings"])))
    return "\n".join(lines)


def _common_base(root: etree._Element, run: Run, w: Words) -> None:
    """Rows of the wave that nothing proves to concern a DUI: shown, never failed."""
    wave = run["readiness"]["wave"]
    suite = _suite(root, w.filled("common", n=str(wave)))
    for row in run["requirements"]:
        if row["table"] != run["readiness"]["table"] and row["wave"] == wave:
            case = _case(suite, f"{w['class_common']}.{row['theme']}", _title(row, w))
            _say(case, "skipped", f"{w['not_proven']} - {w.name('status', row['status'])}")
    _counted(suite)


# --- subjects -------------------------------------------------------------------------------------------------


def _subjects(root: etree._Element, run: Run, w: Words) -> None:
    rules = {rule["id"]: rule for rule in run["rules"]}
    grouped: dict[str, list[Finding]] = {}
    for finding in run["findings"]:
        grouped.setdefault(finding["subject"], []).append(finding)
    for name, findings in grouped.items():
        suite = _suite(root, name, arrange.file_of(name))
        seen: Counter[str] = Counter()
        for finding in findings:
            _finding(suite, finding, rules.get(finding["rule"]), seen, w)
        _counted(suite)
    quiet = _suite(root, w["quiet"])
    for subject in run["subjects"]:
        if subject["id"] not in grouped:
            _quiet(quiet, subject, w)
    _counted(quiet)


def _quiet(suite: etree._Element, subject: Subject, w: Words) -> None:
    case = _case(suite, f"{w['class_files']}.{subject['kind']}", subject["id"])
    if not subject["judged"]:
        _say(case, "skipped", f"{w['not_judged']} ({w.name('kind', subject['kind'])})")


def _finding(suite: etree._Element, finding: Finding, rule: Rule | None, seen: Counter[str], w: Words) -> None:
    where = finding["location"]
    name = finding["rule"] + (f" - {rule['title'][w.lang]}" if rule else "")
    at = where["path"] or (f"{w['line']} {where['line']}" if where["line"] else "")
    name += f" ({at})" if at else ""
    seen[name] += 1
    if seen[name] > 1:
        name += f" #{seen[name]}"
    family = rule["family"] if rule else w["class_files"]
    case = _case(suite, family, name)
    message = finding["message"][w.lang]
    body = "\n".join(_lines(finding, rule, w))
    severity = arrange.severity(finding)
    if finding["waived"] is not None:
        waived = finding["waived"]
        why = w.filled("waived", owner=waived["owner"], expires=waived["expires"])
        _say(case, "skipped", f"{why} - {waived['reason']}", "", body)
    elif severity in ("error", "tool"):
        _say(case, _CAUSES[finding["outcome"]], message, finding["rule"], body)
    elif severity in ("review", "blocked"):
        _say(case, "skipped", f"{w.name('severity', severity)} - {message}", "", body)
    else:
        out = etree.SubElement(case, "system-out")
        out.text = f"{w.name('severity', severity)} - {clean(message, 1000)}\n{body}"


def _lines(finding: Finding, rule: Rule | None, w: Words) -> list[str]:
    """The body of a case, one fact a line."""
    lines = [clean(arrange.place_of(finding), 1000), w.exact(finding["message"])]
    if finding["location"]["path"]:
        lines.append(clean(finding["location"]["path"], 1000))
    lines += [clean(echo, 1000) for echo in official_words.echoes(finding, w)]
    if finding["excerpt"]:
        lines.append(clean(finding["excerpt"], 1000))
    lines.append(f"{w['remedy']}{w.colon} {w.exact(finding['remedy'])}")
    source = arrange.source_of(rule)
    if source:
        lines.append(f"{w['source']}{w.colon} {clean(source)}")
    if finding["more"]:
        lines.append(w.count("more_places", finding["more"]))
    return lines


_PHRASES = {
    **official_words.PHRASES,
    "requirements": ("Exigences de la vague {n}", "Requirements of wave {n}"),
    "common": (
        "Vague {n}, socle commun (applicabilité au DUI non démontrée)",
        "Wave {n}, common base (applicability to the DUI not proven)",
    ),
    "class_requirements": ("exigences", "requirements"),
    "class_common": ("socle-commun", "common-base"),
    "class_files": ("fichiers", "files"),
    "not_proven": ("applicabilité au DUI non démontrée", "applicability to the DUI not proven"),
    "produce": ("À produire", "To produce"),
    "remains": ("Reste à faire", "Remains to be done"),
    "expected": ("Preuve attendue", "Expected proof"),
    "n_findings": (
        "{n} constat : voir les fichiers|{n} constats : voir les fichiers",
        "{n} finding: see the files|{n} findings: see the files",
    ),
    "quiet": ("Éléments sans constat", "Items without findings"),
    "not_judged": ("non jugé", "not judged"),
    "line": ("ligne", "line"),
    "waived": ("dérogation de {owner}, jusqu’au {expires}", "waiver of {owner}, until {expires}"),
}
