"""The report of a terminal: what is wrong and how to mend it first, readiness and bonus in a few lines below."""

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dui_conformance.reports import arrange, funding_words, model_words, official_words
from dui_conformance.reports.arrange import Cause
from dui_conformance.reports.typography import NARROW, NBSP, clean
from dui_conformance.reports.words import Words
from dui_conformance.runjson import Run
from dui_conformance.text import Language

PLACES = 5  # places listed under a cause
ECHOES = 2  # of official artefacts, under a place
CAUSES = 40  # causes listed
MESSAGE = 600  # characters of a message
STEPS = 8
NAMES = 12  # requirement ids on one line of the readiness part
WIDTH = 80
_WIDEST = 120

_STYLES = {"error": "bold red", "tool": "bold red", "blocked": "magenta", "warning": "yellow", "review": "cyan"}


class Line(NamedTuple):
    """A line and its style (of rich); `style` is not used without colour."""

    text: str
    style: str = ""


def render(run: Run, lang: Language, *, colour: bool = False, width: int | None = None) -> str:
    """The report as text. `width` in columns: None means 80, or that of the terminal in colour."""
    if width is None:
        width = min(shutil.get_terminal_size().columns, _WIDEST) if colour else WIDTH
    lines = list(_Page(run, Words(lang, _PHRASES), max(width, 40)).lines())
    if not colour:
        return "".join(f"{line.text}\n" for line in lines)
    return _coloured(lines, width)


def _coloured(lines: Sequence[Line], width: int) -> str:
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out, force_terminal=True, width=width, highlight=False, soft_wrap=True, color_system="standard"
    )
    for line in lines:
        console.print(Text(line.text, style=line.style))
    return out.getvalue()


class _Page:
    def __init__(self, run: Run, words: Words, width: int) -> None:
        self.run, self.w, self.width = run, words, width

    def lines(self) -> Iterator[Line]:
        yield from self._head()
        yield from self._causes()
        yield from self._artefacts()
        yield from self._readiness()
        yield from self._funding()
        yield from self._limits()

    def _wrap(self, text: str, indent: str = "", more: str | None = None, style: str = "") -> Iterator[Line]:
        """A sentence folded at the width; its no-break spaces hold until then, and leave as plain spaces."""
        folded = textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=" " * len(indent) if more is None else more,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in folded:
            yield Line(line.replace(NBSP, " ").replace(NARROW, " "), style)

    def _head(self) -> Iterator[Line]:
        product = self.run["product"]
        name = clean(f"{product['product']} {product['version']}".strip(), 80)
        editor = clean(product["editor"], 80)
        parts = [f"{name} ({editor})" if name and editor else name or editor or self.w["undeclared_product"]]
        parts.append(self.w.filled("wave", n=str(self.run["readiness"]["wave"])))
        parts.append(self.w.count("n_subjects", len(self.run["subjects"])))
        parts.append(self.w.count("n_rules", len(self.run["rules"])))
        yield from self._wrap(" · ".join(parts), style="bold")
        if self.run["options"].get("with_values"):
            yield from self._wrap(self.w["with_values"], style="bold red")
        yield Line("")

    # --- findings ---

    def _causes(self) -> Iterator[Line]:
        causes = arrange.causes(self.run)
        shown = [cause for cause in causes if cause.severity != "waived"][:CAUSES]
        for cause in shown:
            yield from self._cause(cause)
        waived = sum(cause.places for cause in causes if cause.severity == "waived")
        left = sum(cause.severity != "waived" for cause in causes) - len(shown)
        if left:
            yield from self._wrap(self.w.count("more_causes", left))
            yield Line("")
        counts = arrange.tally(f for f in self.run["findings"] if f["waived"] is None)
        if counts:
            total = ", ".join(self.w.count(level, n) for level, n in counts.items())
            yield from self._wrap(f"{self.w['total']}{self.w.colon} {total}", style="bold")
        elif any(subject["judged"] for subject in self.run["subjects"]):
            yield from self._wrap(self.w["no_finding"], style="bold green")
        else:
            yield from self._wrap(self.w["nothing_judged"], style="bold")
        if waived:
            yield from self._wrap(self.w.count("waived_hidden", waived))

    def _cause(self, cause: Cause) -> Iterator[Line]:
        style = _STYLES.get(cause.severity, "")
        said = ""
        shown = cause.spots[:PLACES]
        for number, spot in enumerate(shown):
            finding = spot.finding
            message = clean(self.w.exact(finding["message"]), MESSAGE)
            if said and message != said:
                yield from self._wrap(said, "    ")
            said = message
            yield Line(clean(arrange.place_of(finding), 1000), "bold")
            if finding["location"]["line"] is None and finding["location"]["path"]:
                yield Line("    " + clean(finding["location"]["path"], 300), "dim")
            if spot.copies:
                yield Line("    " + self._plain(self.w.count("copies", spot.copies)), "dim")
            if number == len(shown) - 1:
                yield from self._wrap(said, "    ")
                for echo in official_words.echoes(finding, self.w)[:ECHOES]:
                    yield from self._wrap(clean(echo, MESSAGE), "    ", "      ", "dim")
        if len(cause.spots) > len(shown):
            yield Line("    " + self._plain(self.w.count("more_places", len(cause.spots) - len(shown))), "dim")
        remedy = cause.findings[0]["remedy"]
        yield from self._wrap(self.w.exact(remedy), "    → ", " " * 6, "green")
        facts = [f"{self.w.name('severity', cause.severity)} {clean(cause.rule)}"]
        if cause.places > 1:
            facts.append(self._extent(cause))
        if cause.known and cause.known["proves"]:
            facts.append(_some(cause.known["proves"], 4))
        source = arrange.source_of(cause.known)
        if source:
            facts.append(clean(source, 160))
        yield from self._wrap(" · ".join(facts), "    ", style=style)
        yield Line("")

    def _extent(self, cause: Cause) -> str:
        where = self.w.count("n_places", cause.places)
        return where if cause.subjects == cause.places else f"{where}, {self.w.count('n_documents', cause.subjects)}"

    @staticmethod
    def _plain(text: str) -> str:
        return text.replace(NBSP, " ").replace(NARROW, " ")

    def _artefacts(self) -> Iterator[Line]:
        """The models judged, and the official artefacts that judged: a verdict changes with their date."""
        models = model_words.line(self.run, self.w)
        if models:
            yield from self._wrap(clean(models, 400), "", "  ")
        for artefact in official_words.used(self.run):
            yield from self._wrap(clean(official_words.line(artefact, self.w), 400), "", "  ")

    # --- readiness, bonus, limits ---

    def _readiness(self) -> Iterator[Line]:
        ready = self.run["readiness"]
        yield Line("")
        style = "bold green" if ready["ready"] else "bold"
        yield from self._wrap(self.w.of(ready["sentence"]), style=style)
        counts = arrange.ordered_statuses(ready["counts"])
        if counts:
            parts = [f"{self.w.name('status', status)} {self.w.number(n)}" for status, n in counts.items()]
            yield from self._wrap(" · ".join(parts), "  ")
        if ready["blocking"]:
            names = _some(ready["blocking"], NAMES)
            yield from self._wrap(f"{self.w['blocking']}{self.w.colon} {names}", "  ", "    ")
        steps, attestations = arrange.next_steps(self.run)
        if not steps and not attestations:
            return
        yield Line("")
        yield from self._wrap(self.w["next"], style="bold")
        for number, step in enumerate(steps[:STEPS], 1):
            names = _some(step["requirements"], 4)
            yield from self._wrap(f"{self.w.of(step['what'])} ({names})", f"{number:>3}. ")
        if len(steps) > STEPS:
            yield from self._wrap(self.w.count("more_steps", len(steps) - STEPS), "     ")
        if attestations:
            wanted = [name for step in attestations for name in step["requirements"]]
            number = min(len(steps), STEPS) + 1
            text = f"{self.w.count('attest', len(wanted))}{self.w.colon} {_some(wanted, NAMES)}"
            yield from self._wrap(text, f"{number:>3}. ")

    def _funding(self) -> Iterator[Line]:
        funding = self.run["funding"]
        if funding is None:
            return
        yield Line("")
        yield from self._wrap(funding_words.headline(funding, self.w), style="bold")
        for line in arrange.at_stake(self.run):
            text = f"{self.w.of(line['title'])}{self.w.colon} {funding_words.sum_of(line, funding, self.w)}"
            yield from self._wrap(text, "  ", "    ")
        for note in funding["notes"]:
            yield from self._wrap(self.w.of(note), "  ")

    def _limits(self) -> Iterator[Line]:
        """What was not judged is said, never silent."""
        run = self.run
        counts: Counter[str] = Counter()
        names: dict[str, list[str]] = {}
        for item in run["not_checked"]:
            counts[item["what"]] += item["count"]
            names.setdefault(item["what"], []).append(self._named(item["what"], item["name"]))
        unused = [waiver for waiver in run["waivers"] if waiver["state"] != "used"]
        if not counts and not unused and not run["attestations_refused"]:
            return
        yield Line("")
        if counts:
            yield from self._wrap(self.w["not_checked"], style="bold")
        for what, n in counts.items():
            text = f"{self.w.name('not_checked', what)}{self.w.colon} {_some(names[what], 4)}"
            if n > len(names[what]):
                text += f" ({self.w.count('n_times', n)})"
            yield from self._wrap(text, "  ", "    ")
        for waiver in unused:
            state = self.w.name("waiver", waiver["state"])
            text = f"{self.w['waiver']} {clean(waiver['rule'])} ({clean(waiver['subject'], 80)}){self.w.colon} {state}"
            yield from self._wrap(text, "  ", "    ", "yellow")
        for refused in run["attestations_refused"]:
            file, why = clean(str(refused.get("file", "")), 120), self.w.open(refused.get("why"))
            text = f"{self.w['refused']} {file}{self.w.colon} {why}"
            yield from self._wrap(text, "  ", "    ", "yellow")

    def _named(self, what: str, name: str) -> str:
        return self.w.name("kind", name) if what == "kind" else clean(name, 80)


def _some(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(clean(name, 80) for name in names[:most])
    return f"{shown}, +{NBSP}{len(names) - most}" if len(names) > most else shown


_PHRASES = {
    "n_subjects": ("{n} élément lu|{n} éléments lus", "{n} item read|{n} items read"),
    "with_values": (
        "Ce rapport montre des valeurs personnelles (--with-values) : ne pas le diffuser.",
        "This report shows personal values (--with-values): do not pass it on.",
    ),
    "total": ("Total", "Total"),
    "nothing_judged": ("Aucun export n’a été jugé.", "No export was judged."),
    "waived_hidden": (
        "{n} constat admis par dérogation, non détaillé.|{n} constats admis par dérogation, non détaillés.",
        "{n} waived finding, not detailed.|{n} waived findings, not detailed.",
    ),
    "n_documents": ("{n} élément|{n} éléments", "{n} item|{n} items"),
    "blocking": ("Bloquent", "Blocking"),
    "next": ("À faire", "To do"),
    "n_times": ("{n} fois|{n} fois", "{n} time|{n} times"),
    "waiver": ("Dérogation", "Waiver"),
    "refused": ("Attestation refusée", "Attestation refused"),
    **funding_words.PHRASES,
    **model_words.PHRASES,
    **official_words.PHRASES,
}
