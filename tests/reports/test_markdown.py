"""Markdown for a merge request: what a CommonMark reader makes of it."""

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from dui_conformance.reports import markdown, render
from tests.reports.sample import ALONE, MENTION, SCRIPT, finding, large, sample


class Read(HTMLParser):
    """The elements, attributes and texts of the page a reader makes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self._code = 0
        self.prose: list[str] = []
        self.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs if name != "style"}  # tables align their columns
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if not self._code:
            self.prose.append(data)


def test_no_value_becomes_markup() -> None:
    page = Read(render("markdown", sample(), "fr"))
    assert page.tags <= {"h2", "h3", "p", "strong", "b", "ul", "ol", "li", "code", "br", "details", "summary", "hr"} | {
        "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert page.attributes == set()  # no link, no image, no handler
    text = "".join(page.texts)
    assert SCRIPT in text
    assert "`code`" in text


def test_no_value_mentions_anyone() -> None:
    """Mentions and references are looked for in the text of the page, outside code."""
    page = Read(render("markdown", sample(), "fr"))
    prose = "\n".join(page.prose)
    assert "everyone" in prose
    assert not re.search(r"[@#!~%$]\w", prose)
    assert not re.search(r"https?://", prose)


def test_tables_keep_their_columns() -> None:
    text = render("markdown", sample(), "fr")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) >= 5
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}


def test_escapes_at_the_start_of_a_line() -> None:
    for text in ("# titre", "- liste", "+ liste", "1. un", "12) douze", "> cité", "=== x", "--- x"):
        page = Read(f"avant\n{markdown.escaped(text)}")
        assert page.tags == {"p"}, text
        assert "".join(page.texts).replace("\u200b", "").strip() == f"avant\n{text}", text


def test_inline_escapes_stand_for_themselves() -> None:
    for text in ("a*b*c", "_x_", "snake_case_name", "a | b", "`x`", "[a](b)", "<b>", "&amp;", "~~x~~", "\\*", MENTION):
        page = Read(markdown.escaped(text))
        assert page.tags <= {"p"}, text
        assert "".join(page.texts).replace("\u200b", "").strip() == text, text


def test_code_spans() -> None:
    for text in ("a", "`a", "a``b`", "<script>", "\\", "@x"):
        page = Read(markdown.code(text))
        assert page.tags == {"p", "code"}, text
        assert "".join(page.texts).strip() == text, text
    assert "|" not in markdown.code("a|b")


def test_what_it_says() -> None:
    text = render("markdown", sample(), "fr").replace("\u00a0", " ").replace("\u202f", " ")
    assert "❌ **Pas encore prêt : 3 exigences sur 9 sont prouvées.**" in text
    assert "**93 000 € en jeu" in text
    assert "31 ESSMS comptés (sur 80 au projet) × 3 000 € = 93 000 €" in text
    assert f"`{ALONE}:12:5`" in text
    assert text.count("<details>") == text.count("</details>")


def test_it_stays_under_the_limit_and_counts_what_it_leaves_out() -> None:
    run = large()
    run["findings"] = [finding(f"RULE-{n:04d}", f"exports/{n}/{'é' * 80}.xml", line=n) for n in range(3_000)]
    text = render("markdown", run, "fr")
    assert len(text.encode()) < markdown.LIMIT
    shown = text.count("<details><summary><b>erreur")
    left = re.search(r"… et ([\d\u202f]+) autres causes", text)
    assert left is not None
    assert shown + int(left[1].replace("\u202f", "")) == 3_000
    assert text.count("<details>") == text.count("</details>")
