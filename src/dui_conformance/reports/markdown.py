"""Markdown for a merge request (GitLab and GitHub): verdict, counts, bonus, causes, next steps.

Values of the export are hostile: no HTML, no table break, no mention and no reference may come out of them.
"""

import re
from collections.abc import Iterator

from dui_conformance.reports import arrange, funding_words, model_words, official_words
from dui_conformance.reports.arrange import Cause
from dui_conformance.reports.typography import clean
from dui_conformance.reports.words import Words
from dui_conformance.runjson import Run
from dui_conformance.text import Language

LIMIT = 60_000  # bytes; GitHub takes 65 536 characters in a comment
PLACES = 10
STEPS = 10
NAMES = 12

_TAIL = 1_000  # bytes kept for the line that says what was left out
_SYNTAX = re.compile(r"([\\`*\[\]|~$]|(?<!\w)_|_(?!\w))")
_LINE_START = re.compile(r"(?=[#+=-])|(?<=\d)(?=[.)])")  # what is syntax at the start of a line only
# @someone, #12, !12, &3, %milestone, $snippet, ~label, www., http:// : a zero-width space undoes them
_REFERENCE = re.compile(r"([@#!&%$~](?=[\w\"'])|www(?=\.)|:(?=//)|\bGH(?=-\d))", re.IGNORECASE)
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_BREAK = "\u200b"


def escaped(text: str, limit: int = 600) -> str:
    """A text that stands for itself wherever it is put."""
    shown = _SYNTAX.sub(r"\\\1", _REFERENCE.sub(rf"\1{_BREAK}", clean(text, limit).strip()))
    start = re.match(r"\d*", shown)
    at = _LINE_START.match(shown, start.end() if start else 0)
    if at is not None:
        shown = f"{shown[: at.start()]}\\{shown[at.start() :]}"
    return shown.translate(_HTML)


def code(text: str, limit: int = 300) -> str:
    """A text in a code span; a pipe would break a table even there, so it stands as its full-width twin."""
    shown = clean(text, limit).replace("|", "｜")
    ticks = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}" if shown.strip() else ""


def render(run: Run, lang: Language) -> str:
    """The text, of less than LIMIT bytes."""
    w = Words(lang, _PHRASES)
    head = [*_head(run, w), *_counts(run, w), *_funding(run, w)]
    tail = [*_steps(run, w), *_artefacts(run, w), *_limits(run, w), *_foot(run, w)]
    room = LIMIT - _TAIL - _bytes(head) - _bytes(tail)
    middle, left = [*_findings_head(run, w)], 0
    for cause in arrange.causes(run):
        block = list(_cause(cause, w))
        if left or _bytes(middle) + _bytes(block) > room:
            left += 1
        else:
            middle += block
    if left:
        middle += [w.count("more_causes", left), ""]
    return "\n".join([*head, *middle, *tail]).rstrip("\n") + "\n"


def _bytes(lines: list[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _head(run: Run, w: Words) -> Iterator[str]:
    product = run["product"]
    mark = {True: "✅", False: "❌", None: "❔"}[run["readiness"]["ready"]]
    yield f"## {w['title']}"
    yield ""
    yield f"{mark} **{escaped(w.of(run['readiness']['sentence']))}**"
    yield ""
    name = f"{product['product']} {product['version']}".strip()
    parts = [name or w["undeclared_product"], product["editor"], f"NIL {product['nil']}" if product["nil"] else ""]
    parts.append(w.filled("wave", n=str(run["readiness"]["wave"])))
    yield escaped(" · ".join(part for part in parts if part))
    yield ""
    if run["options"].get("with_values"):
        yield f"⚠️ **{escaped(w['with_values'])}**"
        yield ""


def _counts(run: Run, w: Words) -> Iterator[str]:
    counts = arrange.ordered_statuses(run["readiness"]["counts"])
    if not counts:
        return
    yield f"| {escaped(w['status'])} | {escaped(w['requirements'])} |"
    yield "| :-- | --: |"
    for status, n in counts.items():
        yield f"| {escaped(w.name('status', status))} | {w.number(n)} |"
    yield f"| **{w['all']}** | **{w.number(run['readiness']['binding'])}** |"
    yield ""


def _funding(run: Run, w: Words) -> Iterator[str]:
    funding = run["funding"]
    if funding is None:
        return
    yield f"**{escaped(funding_words.headline(funding, w))}**"
    for line in arrange.at_stake(run):
        yield f"- {escaped(w.of(line['title']))}{w.colon} {escaped(funding_words.sum_of(line, funding, w))}"
    yield ""


def _findings_head(run: Run, w: Words) -> Iterator[str]:
    yield f"### {w['findings']}"
    yield ""
    counts = arrange.tally(run["findings"])
    yield escaped(", ".join(w.count(level, n) for level, n in counts.items()) or w["no_finding"])
    yield ""


def _cause(cause: Cause, w: Words) -> Iterator[str]:
    severity = w.name("severity", cause.severity)
    title = f" · {w.of(cause.known['title'])}" if cause.known else ""
    extent = w.count("n_places", cause.places)
    # HTML, since Markdown is not read inside <summary>
    yield f"<details><summary><b>{_html(severity)}</b> {_html(cause.rule)}{_html(title)} ({_html(extent)})</summary>"
    yield ""
    for spot in cause.spots[:PLACES]:
        copies = f" {escaped(w.count('copies', spot.copies))}" if spot.copies else ""
        where = code(arrange.place_of(spot.finding))
        yield f"- {where}{copies}  "
        yield f"  {escaped(w.exact(spot.finding['message']))}"
        for echo in official_words.echoes(spot.finding, w)[:2]:
            yield f"  _{escaped(echo, 300)}_"
    if len(cause.spots) > PLACES:
        yield f"- {w.count('more_places', len(cause.spots) - PLACES)}"
    yield ""
    yield f"**{w['remedy']}{w.colon}** {escaped(w.exact(cause.findings[0]['remedy']))}"
    source = arrange.source_of(cause.known)
    if source:
        yield ""
        yield f"{w['source']}{w.colon} {escaped(source)}"
    yield ""
    yield "</details>"
    yield ""


def _html(text: str) -> str:
    """A text of an HTML line, in which Markdown is not read (but mentions are)."""
    return _REFERENCE.sub(rf"\1{_BREAK}", clean(text, 200)).translate(_HTML)


def _steps(run: Run, w: Words) -> Iterator[str]:
    steps, attestations = arrange.next_steps(run)
    if not steps and not attestations:
        return
    yield f"### {w['next']}"
    yield ""
    for number, step in enumerate(steps[:STEPS], 1):
        yield f"{number}. {escaped(w.of(step['what']))} ({_some(step['requirements'])})"
    if len(steps) > STEPS:
        yield f"{STEPS + 1}. {w.count('more_steps', len(steps) - STEPS)}"
    if attestations:
        names = _some([name for step in attestations for name in step["requirements"]])
        total = sum(len(step["requirements"]) for step in attestations)
        yield f"{min(len(steps), STEPS + 1) + 1}. {w.count('attest', total)}{w.colon} {names}"
    yield ""


def _some(names: list[str]) -> str:
    shown = ", ".join(code(name, 80) for name in names[:NAMES])
    return f"{shown}, +{len(names) - NAMES}" if len(names) > NAMES else shown


def _artefacts(run: Run, w: Words) -> Iterator[str]:
    models = model_words.line(run, w)
    if models:
        yield f"- {escaped(models)}"
    for artefact in official_words.used(run):
        yield f"- {escaped(official_words.line(artefact, w))}"
    if models or official_words.used(run):
        yield ""


def _limits(run: Run, w: Words) -> Iterator[str]:
    if not run["not_checked"]:
        return
    items = run["not_checked"]
    yield f"<details><summary>{w['not_checked']} ({w.number(len(items))})</summary>"
    yield ""
    for item in items[:40]:
        name = w.name("kind", item["name"]) if item["what"] == "kind" else item["name"]
        times = f" × {w.number(item['count'])}" if item["count"] > 1 else ""
        label = w.name("not_checked", item["what"])
        yield f"- {label}{w.colon} {code(name, 120)}{times}{w.colon} {escaped(w.of(item['why']), 200)}"
    if len(items) > 40:
        yield f"- {w.count('more_items', len(items) - 40)}"
    yield ""
    yield "</details>"
    yield ""


def _foot(run: Run, w: Words) -> Iterator[str]:
    tool = run["tool"]
    yield escaped(f"{tool['name']} {tool['version']} · {w.count('n_rules', len(run['rules']))} · {w['not_a_decision']}")


_PHRASES = {
    "title": ("Référencement Ségur du DUI", "Ségur referencing of the DUI"),
    "with_values": (
        "Ce rapport montre des valeurs personnelles : ne pas le diffuser.",
        "This report shows personal values: do not pass it on.",
    ),
    "status": ("Exigences obligatoires applicables", "Applicable mandatory requirements"),
    "requirements": ("Nombre", "Number"),
    "all": ("Total", "Total"),
    "findings": ("Constats", "Findings"),
    "next": ("Prochaines étapes", "Next steps"),
    "more_items": ("… et {n} autre|… et {n} autres", "… and {n} more|… and {n} more"),
    "not_a_decision": (
        "ce rapport ne vaut pas référencement : la décision revient à l’ANS",
        "this report is not a referencing: the decision is that of the ANS",
    ),
    **funding_words.PHRASES,
    **model_words.PHRASES,
    **official_words.PHRASES,
}
