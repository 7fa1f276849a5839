"""What the HTML page shows, ready to be laid out: anchors, limits, groups. Texts are chosen here or in the template,
which escapes them all.

A run may hold 10 000 subjects and 5 000 findings: what is beyond a limit is counted, and said to be in run.json.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from dui_conformance.reports import arrange, funding_words, model_words
from dui_conformance.reports.arrange import Node, Severity
from dui_conformance.reports.html_views import (
    LEVEL_TONES,
    TONES,
    Anchors,
    Evidence,
    FileView,
    FindingView,
    Link,
    Page,
    Row,
    RuleFindings,
    SpotView,
    Status,
    SubjectView,
    Table,
    ThemeRows,
    Unchecked,
    href,
)
from dui_conformance.reports.typography import clean
from dui_conformance.reports.words import Words
from dui_conformance.runjson import Finding, Requirement, Run, Subject

CAUSES = 60  # rows of the table of causes
FILES = 300  # files with findings
FINDINGS = 1_000  # findings in all
PER_SUBJECT = 40
QUIET = 300  # files without findings
EVIDENCE = 5  # subjects listed for a piece of evidence
CAUSES_OF_ONE = 15  # rules listed with their findings under a requirement
LINKS = 5  # findings linked from a requirement, for each rule
OPEN_FILES = 3  # files unfolded from the start
ROWS = 300  # rows of the tables of what was not checked, waivers, refused attestations
OPEN_BLOCKING = 12  # blocking requirements listed unfolded
FEW = 6  # names of what was not checked listed unfolded


def build(run: Run, w: Words) -> Page:
    """Arrange a run for the page."""
    return _Builder(run, w).page


class _Builder:
    def __init__(self, run: Run, w: Words) -> None:
        self.run, self.w = run, w
        self.anchors = Anchors()
        self.rules = {rule["id"]: rule for rule in run["rules"]}
        self.shown: list[tuple[Finding, str]] = []  # findings that the page shows, with their anchors
        self.rendered: set[str] = set()
        self.page = Page(rows_limit=ROWS, open_blocking=OPEN_BLOCKING)
        self._links()
        self._files()
        self.anchor_of = {id(finding): anchor for finding, anchor in self.shown}
        self._causes()
        self._requirements()
        self._readiness()
        self._rules()
        self._funding()
        self.page.steps, self.page.attestations = arrange.next_steps(run)
        self.page.kinds = Counter(subject["kind"] for subject in run["subjects"]).most_common()
        self.page.models = [(clean(name, 80), n) for name, n in model_words.counts(run, self.w)]
        self._unchecked()
        self.page.refused = [
            (clean(str(bad.get("file", "")), 200), w.open(bad.get("why"))) for bad in run["attestations_refused"]
        ]

    def _links(self) -> None:
        """Links to requirements, by id and by alias (an id wins over an alias of the same name)."""
        for rule in self.run["rules"]:
            self.anchors.of("regle", rule["id"])
        for row in self.run["requirements"]:
            self.page.links[row["id"]] = Link(clean(row["id"]), href(self.anchors.of("exigence", row["id"])))
        for row in self.run["requirements"]:
            for alias in row["aliases"]:
                self.page.links.setdefault(alias, Link(clean(alias), self.page.links[row["id"]].href))

    def _rule_link(self, rule: str) -> Link:
        anchor = self.anchors.known("regle", rule)
        return Link(clean(rule), href(anchor) if anchor else "")

    # --- findings ---

    def _files(self) -> None:
        roots = arrange.files(self.run)
        loud = [root for root in roots if root.below]
        room = FINDINGS
        for root in loud[:FILES]:
            if room <= 0:
                break
            view = self._file(root, room, opened=len(self.page.files) < OPEN_FILES)
            room -= sum(subject.shown for subject in view.subjects)
            self.page.files.append(view)
        self.page.more_files = len(loud) - len(self.page.files)
        shown = sum(s.shown + s.left for f in self.page.files for s in f.subjects)
        self.page.more_findings = len(self.run["findings"]) - shown
        quiet = [root for root in roots if not root.below]
        self.page.quiet = [
            (clean(root.name, 300), root.kind, _inside(root), root.subject is None or root.subject["judged"])
            for root in quiet[:QUIET]
        ]
        self.page.more_quiet = len(quiet) - len(self.page.quiet)
        counts = arrange.tally(self.run["findings"])
        self.page.severities = [(level, self.w.count(level, n), n) for level, n in counts.items()]

    def _model(self, subject: Subject | None) -> str:
        model = subject.get("model") if subject else None
        return self.w.filled("model", name=clean(model_words.name(model, self.w), 80)) if model else ""

    def _file(self, root: Node, room: int, *, opened: bool) -> FileView:
        subjects = []
        for trail in _walk(root):
            node = trail[-1]
            if not node.findings:
                continue
            most = max(min(PER_SUBJECT, room), 0)
            room -= min(len(node.findings), most)
            subject = node.subject
            subjects.append(
                SubjectView(
                    steps=[(clean(step.name, 300), step.kind) for step in trail],
                    label=clean(subject["label"]) if subject else "",
                    model=self._model(subject),
                    sha256=subject["sha256"] if subject else "",
                    size=subject["size"] if subject else None,
                    findings=self._findings(node.findings[:most]),
                    shown=min(len(node.findings), most),
                    left=max(len(node.findings) - most, 0),
                )
            )
        counts = [
            (LEVEL_TONES.get(level, "none"), self.w.count(level, root.below[level]))
            for level in arrange.SEVERITIES
            if root.below[level]
        ]
        anchor = self.anchors.fresh("fichier", root.id)
        return FileView(clean(root.name, 300), anchor, root.kind, counts, subjects, opened)

    def _findings(self, findings: Iterable[Finding]) -> list[FindingView]:
        """One view for all that a rule says in the same words."""
        same: dict[tuple[object, ...], list[Finding]] = {}
        for finding in findings:
            said = (finding["rule"], arrange.severity(finding), finding["message"][self.w.lang])
            same.setdefault((*said, str(finding["waived"])), []).append(finding)
        return [self._finding(group) for group in same.values()]

    def _finding(self, group: list[Finding]) -> FindingView:
        first = group[0]
        rule = self.rules.get(first["rule"])
        level = arrange.severity(first)
        spots, above = [], ""
        for finding in group:
            spots.append(self._spot(finding, above))
            above = finding["excerpt"]
        return FindingView(
            finding=first,
            severity=level,
            tone=LEVEL_TONES.get(level, "none"),
            rule=self._rule_link(first["rule"]),
            title=self.w.of(rule["title"]) if rule else "",
            source=clean(arrange.source_of(rule)),
            spots=spots,
            requirements=[self.page.link(name) for name in (rule["proves"] if rule else ())],
        )

    def _spot(self, finding: Finding, above: str) -> SpotView:
        w, where = self.w, finding["location"]
        places = []
        if where["line"] is not None:
            places.append(w.filled("line_no", n=str(where["line"])))
            if where["column"] is not None:
                places.append(w.filled("column_no", n=str(where["column"])))
        anchor = self.anchors.fresh("constat", finding["fingerprint"])
        self.shown.append((finding, anchor))
        return SpotView(
            anchor=anchor,
            places=places or ([] if where["path"] else [w["whole_file"]]),
            path=clean(where["path"], 400),
            excerpt="" if finding["excerpt"] == above else clean(finding["excerpt"], 1000),
            more=finding["more"],
        )

    def _place(self, finding: Finding) -> Link:
        """The place of a finding, and the link to it if the page shows it."""
        anchor = self.anchor_of.get(id(finding))
        return Link(clean(arrange.place_of(finding), 200), href(anchor) if anchor else "")

    def _causes(self) -> None:
        causes = arrange.causes(self.run)
        for cause in causes[:CAUSES]:
            tone = LEVEL_TONES.get(cause.severity, "none")
            place = self._place(cause.spots[0].finding)
            self.page.causes.append((cause, self._rule_link(cause.rule), tone, place))
        self.page.more_causes = len(causes) - len(self.page.causes)

    # --- requirements ---

    def _requirements(self) -> None:
        run = self.run
        by_print: dict[str, list[Finding]] = {}
        for finding in run["findings"]:
            by_print.setdefault(finding["fingerprint"], []).append(finding)
        self.by_print = by_print
        rows = arrange.rows_of_wave(run)
        self.page.themes = self._themes(rows, "theme")
        titles = {table["id"]: table["title"] for table in run["tables"]}
        for name, listed in arrange.other_tables(run):
            self.page.tables.append(
                Table(
                    title=self.w.of(titles[name]) if name in titles else clean(name),
                    anchor=self.anchors.fresh("table", name),
                    proven=listed[0]["dui_link"] != "not_proven",
                    total=len(listed),
                    themes=self._themes(listed, f"theme-{name}"),
                )
            )
        self.page.filter_statuses = self._statuses(Counter(row["status"] for row in run["requirements"]))
        blocking = set(run["readiness"]["blocking"])
        views = {view.row["id"]: view for theme in self.page.themes for view in theme.rows}
        order = {status: rank for rank, status in enumerate(arrange.STATUSES)}
        self.page.blocking = sorted(
            (view for name, view in views.items() if name in blocking),
            key=lambda view: order.get(view.row["status"], len(order)),
        )

    def _themes(self, rows: Iterable[Requirement], kind: str) -> list[ThemeRows]:
        titles = {theme["id"]: theme["title"] for theme in self.run["themes"]}
        return [
            ThemeRows(
                title=self.w.of(titles[name]) if name in titles else clean(name),
                anchor=self.anchors.of(kind, name),
                counts=self._statuses(arrange.status_counts(listed)),
                rows=[self._row(row) for row in listed],
            )
            for name, listed in arrange.by_theme(self.run, rows)
        ]

    def _row(self, row: Requirement) -> Row:
        evidence = []
        for proof in row["proofs"]:
            if proof["kind"] == "evidence":
                subjects = proof.get("subjects", [])
                names = [clean(name, 200) for name in subjects[:EVIDENCE]]
                evidence.append(Evidence(proof, names, len(subjects)))
        anchor = self.anchors.of("exigence", row["id"])
        if anchor in self.rendered:  # an official table loaded over the built-in ones may repeat an id
            anchor = self.anchors.fresh("exigence", row["id"])
        self.rendered.add(anchor)
        findings = self._findings_of(row)
        return Row(
            row=row,
            anchor=anchor,
            tone=TONES.get(row["status"], "none"),
            evidence=evidence,
            attestations=[proof for proof in row["proofs"] if proof["kind"] == "attestation"],
            rules=[self._rule_link(rule) for rule in row["rules"]],
            findings=findings[:CAUSES_OF_ONE],
            more_causes=max(len(findings) - CAUSES_OF_ONE, 0),
        )

    def _findings_of(self, row: Requirement) -> list[RuleFindings]:
        """A requirement lists the fingerprints of all its findings; they are told apart by severity and rule."""
        grouped: dict[tuple[Severity, str], list[Finding]] = {}
        for name in row["findings"]:
            for finding in self.by_print.get(name, ()):
                grouped.setdefault((arrange.severity(finding), finding["rule"]), []).append(finding)
        order = sorted(grouped, key=lambda key: (arrange.SEVERITIES.index(key[0]), key[1]))
        out = []
        for level, rule in order:
            findings = grouped[level, rule]
            links = [self._place(finding) for finding in findings[:LINKS]]
            total = arrange.places(findings)
            out.append(
                RuleFindings(
                    rule=self._rule_link(rule),
                    tone=LEVEL_TONES.get(level, "none"),
                    count=self.w.count(level, total),
                    links=links,
                    more=len(findings) - len(links),
                )
            )
        return out

    def _statuses(self, counts: Mapping[str, int]) -> list[Status]:
        ordered = arrange.ordered_statuses(counts)
        total, at, out = sum(ordered.values()) or 1, 0.0, []
        for name, n in ordered.items():
            width = 1000 * n / total
            tone = TONES.get(name, "none")
            out.append(Status(name, self.w.name("status", name), tone, n, round(at, 2), round(width, 2)))
            at += width
        return out

    def _readiness(self) -> None:
        self.page.statuses = self._statuses(self.run["readiness"]["counts"])
        names = [status.id for status in self.page.statuses]
        for theme in self.page.themes:
            counts = Counter(view.row["status"] for view in theme.rows if view.row["binding"])
            if counts:
                cells = [counts[name] for name in names]
                self.page.theme_matrix.append((Link(theme.title, href(theme.anchor)), cells, sum(cells)))

    def _rules(self) -> None:
        met = {outcome for rule in self.run["rules"] for outcome in rule["outcomes"]}
        self.page.outcomes = [outcome for outcome in _OUTCOMES if outcome in met]
        for rule in self.run["rules"]:
            proves = [self.page.link(name) for name in rule["proves"]]
            anchor, source = self.anchors.of("regle", rule["id"]), clean(arrange.source_of(rule))
            if anchor in self.rendered:
                anchor = self.anchors.fresh("regle", rule["id"])
            self.rendered.add(anchor)
            self.page.rules.append((rule, anchor, source, proves))

    def _funding(self) -> None:
        funding, w, page = self.run["funding"], self.w, self.page
        if funding is None:
            return
        page.headline = funding_words.headline(funding, w)
        page.at_stake = [(line, funding_words.sum_of(line, funding, w)) for line in arrange.at_stake(self.run)]
        opens, closes = funding["window"].get("opens"), funding["window"].get("closes")
        dates = ""
        if opens and closes:
            dates = w.filled("window_dates", opens=w.date(str(opens)), closes=w.date(str(closes)))
        page.window = ". ".join(part for part in (dates, w.open(funding["window"].get("notes"))) if part)
        for line in funding["lines"]:
            text, dated = clean(str(line["source"].get("text", ""))), str(line["source"].get("date", ""))
            source = ", ".join(part for part in (text, w.date(dated)) if part)
            if source and source not in page.funding_sources:
                page.funding_sources.append(source)
            note = page.funding_sources.index(source) + 1 if source else 0
            page.funding_lines.append((line, funding_words.payment(line, w), note))

    def _unchecked(self) -> None:
        grouped: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for item in self.run["not_checked"]:
            name = self.w.name("kind", item["name"]) if item["what"] == "kind" else clean(item["name"], 200)
            grouped.setdefault((item["what"], self.w.of(item["why"])), []).append((name, item["count"]))
        self.page.unchecked = [
            Unchecked(self.w.name("not_checked", what), why, len(names), names[:ROWS], len(names) <= FEW)
            for (what, why), names in grouped.items()
        ]


_OUTCOMES = ("passed", "failed", "review", "blocked", "error", "not_applicable")


def _walk(root: Node) -> Iterator[list[Node]]:
    """Every node with the nodes above it, depth first."""
    stack = [[root]]
    while stack:
        trail = stack.pop()
        yield trail
        stack.extend([*trail, child] for child in reversed(trail[-1].children))


def _inside(root: Node) -> int:
    return sum(1 for _ in _walk(root)) - 1
