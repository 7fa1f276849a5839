"""The HTML page as a document: one file, inert whatever the values, and laid out for everyone (RGAA 4.1)."""

import base64
import hashlib
import re
from functools import cache
from itertools import pairwise
from urllib.parse import unquote

import pytest
from lxml import html
from lxml.html import HtmlElement

from dui_conformance.reports import html_page, render
from dui_conformance.text import Language
from tests.reports.sample import IMAGE, SCRIPT, finding, large, sample
from tests.reports.test_formats import LANGUAGES, PACKAGE

STYLE = (PACKAGE / "templates" / "report.css").read_text(encoding="utf-8")


@cache
def text(lang: Language = "fr") -> str:
    return render("html", sample(), lang)


@cache
def page(lang: Language = "fr") -> HtmlElement:
    return html.document_fromstring(text(lang))


def by_id(anchor: str) -> HtmlElement:
    (found,) = page().xpath("//*[@id=$anchor]", anchor=anchor)
    return found


def section(anchor: str) -> HtmlElement:
    """The section that a heading opens."""
    (found,) = page().xpath("//section[@aria-labelledby=$anchor]", anchor=anchor)
    return found


def words(element: HtmlElement) -> str:
    """The text; every kind of space counts as one plain space."""
    return " ".join(element.text_content().split())


# --- one file, and inert --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_fetched(lang: Language) -> None:
    for element in page(lang).iter():
        for name, value in element.attrib.items():
            if name in ("src", "href", "srcset", "action", "data", "poster", "formaction", "ping"):
                assert value.startswith("#") or value == "data:,", (element.tag, name, value)
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert page(lang).xpath("//iframe | //object | //embed | //img | //form | //base") == []


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    (policy,) = page().xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed["default-src"] == "'none'"
    for directive, tag in (("style-src", "style"), ("script-src", "script")):
        (element,) = page().iter(tag)
        digest = base64.b64encode(hashlib.sha256((element.text or "").encode()).digest()).decode()
        assert allowed[directive] == f"'sha256-{digest}'"
    assert "unsafe" not in policy


def test_no_handler_and_no_style_attribute() -> None:
    names = {name for element in page().iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on")]
    assert "style" not in names


def test_hostile_values_are_text() -> None:
    assert len(page().xpath("//script")) == 1
    content = page().text_content()
    assert SCRIPT in content
    assert 'onerror="window.attacked' in content
    assert IMAGE in words(section("a-propos"))
    for forbidden in "\x00\x07\x1b\u202e":
        assert forbidden not in text()


# --- a document that everyone can read ------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_language_and_title(lang: Language) -> None:
    assert page(lang).get("lang") == lang
    title = page(lang).findtext("head/title") or ""
    assert "MaisonClaire" in title
    assert ("Préparation" in title) == (lang == "fr")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ids_are_unique_and_every_link_leads_somewhere(lang: Language) -> None:
    ids = page(lang).xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[\w./~-]+", anchor) for anchor in ids)
    for target in page(lang).xpath("//a/@href"):
        assert unquote(target.removeprefix("#")) in ids, target
    for name in ("aria-labelledby", "for"):
        for target in page(lang).xpath(f"//@{name}"):
            assert target in ids


def test_landmarks() -> None:
    for tag in ("header", "nav", "main", "footer"):
        assert len(page().xpath(f"//{tag}")) == 1
    assert page().xpath("//nav/@aria-label") == ["Sommaire"]
    first = page().xpath("//body/*")[0]
    assert (first.tag, first.get("href")) == ("a", "#contenu")  # the skip link comes first
    for section in page().xpath("//section"):
        assert section.get("aria-labelledby")


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [int(h.tag[1]) for h in page().iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(words(h) for h in page().iter("h1", "h2", "h3", "h4", "h5", "h6"))


def test_tables_have_a_caption_and_headers_with_a_scope() -> None:
    for table in page().iter("table"):
        assert table.xpath("caption")
        for header in table.iter("th"):
            assert header.get("scope") in ("col", "row")
        columns = len(table.xpath("thead/tr/th"))
        for row in table.xpath("tbody/tr | tfoot/tr"):
            assert len(row) == columns
        box = table.getparent()
        assert box is not None
        assert (box.get("role"), box.get("tabindex")) == ("group", "0")  # scrolls with the keyboard


def test_controls_have_a_label() -> None:
    for control in page().iter("input", "select", "textarea"):
        assert page().xpath("//label[@for=$id]", id=control.get("id"))
    for button in page().iter("button"):
        assert words(button)
        assert button.get("type") == "button"
    for summary in page().iter("summary"):
        assert words(summary)
    summaries = [words(s) for s in page().xpath("//article//summary")]
    assert len(set(summaries)) == len(summaries)  # each says which requirement it belongs to


def test_status_is_said_in_words() -> None:
    for article in page().xpath("//article[@data-status]"):
        (tag,) = article.xpath("div[@class='item-head']/span[contains(@class, 'tag')]")
        assert words(tag)
    for item in page().xpath("//li[@data-level]"):
        assert words(item.xpath("p/span[contains(@class, 'tag')]")[0])
    for svg in page().iter("svg"):
        assert svg.get("aria-hidden") == "true"  # the words stand beside it


def _luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_at_least_4_5() -> None:
    """WCAG 1.4.3, RGAA 3.2."""
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLE))
    pairs = [(name, f"{name}-wash") for name in ("good", "bad", "todo", "look", "none")]
    pairs += [("ink", "wash"), ("soft-ink", "wash"), ("accent", "wash")]
    for text_, back in pairs:
        assert contrast(colours[text_], colours[back]) >= 4.5, (text_, back)
        assert contrast(colours[text_], "#ffffff") >= 4.5, text_
    assert contrast("#6d6d7a", "#ffffff") >= 3  # the border of fields, WCAG 1.4.11


def test_style_respects_readers() -> None:
    assert not re.search(r"^\s*(animation|transition|scroll-behavior)", STYLE, re.MULTILINE)
    assert ":focus-visible" in STYLE
    assert "@media print" in STYLE
    assert "outline: none" not in STYLE.replace("main:focus { outline: none; }", "")


# --- what it says ---------------------------------------------------------------------------------------------


def test_verdict_and_its_decomposition_come_first() -> None:
    first = page().xpath("//main/section")[0]
    said = words(first)
    assert "Pas encore prêt : 3 exigences sur 9 sont prouvées." in said
    assert "en échec : 1" in said
    assert "93 000 € en jeu" in said
    rows = page().xpath("//caption[@id='t-statuts']/../tbody/tr")
    assert sum(int(row.xpath("td")[0].text_content()) for row in rows) == sample()["readiness"]["binding"]
    assert "%" not in said  # never a bare percentage


def test_funding_shows_the_sum() -> None:
    said = words(section("financement"))
    assert "31 ESSMS comptés (sur 80 au projet) × 3 000 € = 93 000 €" in said
    assert "du 18 mai 2022 au 18 juillet 2022" in said
    assert "au plus 31 000 €" in said
    assert "inconnu" in said
    assert "50 % au démarrage" in said


def test_requirements_of_the_wave_stand_alone_and_the_common_base_is_folded_and_labelled() -> None:
    shown = page().xpath("//section[@data-filtered='requirement']/div[@class='theme']/article/@id")
    assert len(shown) == len([r for r in sample()["requirements"] if r["table"] == "wave1-dui"])
    folded = page().xpath("//section[@data-filtered='requirement']/details")
    assert len(folded) == 3
    assert all("open" not in part.attrib for part in folded)
    labels = ["applicabilité non démontrée" in words(part.find("summary")) for part in folded]
    assert labels == [False, True, True]


def test_a_requirement_shows_evidence_attestation_findings_and_pitfalls() -> None:
    failed = words(by_id("exigence-SC.FAILED"))
    assert "11 trouvés" in failed
    assert "et 6 autres, voir run.json" in failed
    assert "4 erreurs" in failed
    assert "Un piège connu" in failed
    links = by_id("exigence-SC.FAILED").xpath(".//a[starts-with(@href, '#constat-')]")
    assert len(links) == 4
    assert "datée du 1er mars 2026" in words(by_id("exigence-SC.ATTESTED"))
    assert "absent. Exporter un document." in words(by_id("exigence-SC.MISSING"))


def test_findings_by_file_say_where_what_and_how_to_mend() -> None:
    files = page().xpath("//details[contains(@class, 'file')]")
    assert words(files[0].find("summary")).startswith("exports/documents/projet.xml")
    said = words(files[0])
    for part in ("ligne 12, colonne 5", "/ClinicalDocument/id", "‹3fa2c1›", "Correction", "Guide INS 3.0", "SC.FAILED"):
        assert part in said
    assert "et 2 autres endroits du même élément" in said
    trails = [words(h) for h in page().xpath("//h5[@class='trail']")]
    assert (
        "exports/mails/vers-professionnel.eml mail → , IHE_XDM.ZIP archive IHE XDM → , "
        "IHE_XDM/SUBSET01/DOC0001.XML document CDA" in trails
    )


def test_limits_are_said() -> None:
    assert "ressource FHIR" in words(section("non-controle"))
    assert "sans objet" in words(section("derogations"))
    assert "fichier vide" in words(section("derogations"))
    assert "JDV_J07" in words(section("jeux-de-valeurs"))
    assert "29 juin 2026" in words(section("jeux-de-valeurs"))


def test_values_are_announced() -> None:
    run = sample()
    assert "valeurs personnelles" not in render("html", run, "fr").split("<h2", 1)[0]
    run["options"]["with_values"] = True
    assert "valeurs personnelles" in render("html", run, "fr").split("<h2", 1)[0]


def test_ready_is_said_when_the_run_says_so() -> None:
    run = sample()
    run["readiness"] |= {"ready": True, "blocking": [], "next": []}  # type: ignore[typeddict-item]
    ready = html.document_fromstring(render("html", run, "fr"))
    assert ready.xpath("//div[@class='verdict good']")
    assert "Aucune exigence connue ne bloque." in words(ready)


def test_no_funding_project() -> None:
    run = sample()
    run["funding"] = None
    assert "Aucun projet de financement" in words(html.document_fromstring(render("html", run, "fr")))


def test_a_large_run_shows_some_and_counts_the_rest() -> None:
    run = large()
    big = html.document_fromstring(render("html", run, "fr"))
    shown = big.xpath("//li[@data-item='finding']/div[@class='spot']")
    assert 0 < len(shown) <= html_page.FINDINGS
    said = words(big)
    left = re.search(r"… et ([\d ]+) autres constats, voir run\.json", said)
    assert left is not None
    assert len(shown) + int(left[1].replace(" ", "")) == len(run["findings"])
    assert "7 500 fichiers sans constat" in said
    ids = big.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_the_worst_of_a_file_is_shown_first_and_the_worst_file_too() -> None:
    run = sample()
    run["findings"] = [
        finding("DOC-INFO", "exports/a.xml", "info", line=1),
        finding("CDA-HDR-018", "exports/b.xml", "warning", line=1),
        finding("INS-001", "exports/b.xml", "error", line=9),
    ]
    found = html.document_fromstring(render("html", run, "fr"))
    assert found.xpath("//li[@data-item='finding']/@data-level") == ["error", "warning", "info"]


def test_one_subject_with_too_many_findings() -> None:
    run = sample()
    run["findings"] = [finding("INS-001", "exports/a.xml", line=n, fingerprint="same") for n in range(1, 101)]
    big = html.document_fromstring(render("html", run, "fr"))
    (one,) = big.xpath("//li[@data-item='finding']")  # the same words are said once, with their places
    assert len(one.xpath("div[@class='spot']")) == html_page.PER_SUBJECT
    assert len(one.xpath("div/pre")) == 1
    assert "… et 60 autres constats, voir run.json" in words(big)
    ids = big.xpath("//@id")
    assert len(ids) == len(set(ids))
