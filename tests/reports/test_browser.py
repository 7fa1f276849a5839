"""The HTML page in a real browser: filters, keyboard, folded parts, language, printing, no error in the console.

Skipped only where Chromium or its driver is absent (Debian: `apt install chromium chromium-driver`).
"""

import base64
import shutil
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from dui_conformance.reports import render
from tests.reports.sample import sample

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (extra: test)")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver on this machine: the page is not tried in a browser"
)
By = pytest.importorskip("selenium.webdriver.common.by").By
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
Wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for lang in ("fr", "en"):
        file = folder / f"{lang}.html"
        file.write_text(render("html", sample(), lang), encoding="utf-8")  # type: ignore[arg-type]
        found[lang] = file.as_uri()
    return found


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    from selenium.webdriver.chrome.service import Service

    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_window_size(1280, 900)
    yield driver
    driver.quit()


@pytest.fixture
def browser(started: Any, pages: dict[str, str]) -> Iterator[Any]:
    """A page just opened; afterwards, its console must be silent."""
    started.get("about:blank")
    started.get(pages["fr"])
    yield started
    assert [entry["message"] for entry in started.get_log("browser")] == []


def shown(browser: Any, selector: str) -> list[str]:
    """The ids of the elements that are not hidden by a filter."""
    script = "return [...document.querySelectorAll(arguments[0])].filter(e => !e.closest('[hidden]')).map(e => e.id)"
    ids: list[str] = browser.execute_script(script, selector)
    return ids


def status(browser: Any, section: str) -> str:
    text: str = browser.find_element(By.CSS_SELECTOR, f'[data-filtered="{section}"] [role="status"]').text
    return text


def filtered(browser: Any, section: str, text: str) -> None:
    Wait(browser, 5).until(lambda b: text in status(b, section))


def test_nothing_hostile_runs_and_nothing_is_fetched(browser: Any) -> None:
    assert browser.execute_script("return window.attacked") is None
    assert browser.execute_script("return performance.getEntriesByType('resource').map(r => r.name)") == []


def test_filter_requirements_by_status_and_back(browser: Any) -> None:
    everything = shown(browser, "article")
    browser.find_element(By.CSS_SELECTOR, "#f-statut option[value='failed']").click()
    filtered(browser, "requirement", f"1 affichés sur {len(everything)}")
    assert shown(browser, "article") == ["exigence-SC.FAILED"]
    headings = [h.text for h in browser.find_elements(By.CSS_SELECTOR, ".theme h3") if h.is_displayed()]
    assert headings == ["Identité nationale de santé"]  # a theme without a match goes away
    browser.find_element(By.CSS_SELECTOR, '[data-filtered="requirement"] [data-do="reset"]').click()
    assert shown(browser, "article") == everything
    assert status(browser, "requirement") == ""
    assert browser.switch_to.active_element.get_attribute("id") == "f-statut"


def test_filter_by_text_ignores_case_and_accents_and_opens_folded_parts(browser: Any) -> None:
    browser.find_element(By.ID, "f-texte-exigences").send_keys("ENONCE ins/VA1.01")
    filtered(browser, "requirement", "1 affichés")
    assert shown(browser, "article") == ["exigence-INS/va1.01"]
    part = browser.find_element(By.ID, "table-wave1-common")
    assert part.get_attribute("open") is not None
    browser.find_element(By.ID, "f-texte-exigences").clear()
    browser.find_element(By.ID, "f-texte-exigences").send_keys(" ")
    Wait(browser, 5).until(lambda b: part.get_attribute("open") is None)  # as it was before


def test_filter_binding_only(browser: Any) -> None:
    browser.find_element(By.ID, "f-obligatoires").click()
    run = sample()
    filtered(browser, "requirement", f"{sum(row['binding'] for row in run['requirements'])} affichés")
    assert "exigence-SC.RECO" not in shown(browser, "article")


def test_filter_findings_by_level(browser: Any) -> None:
    browser.find_element(By.CSS_SELECTOR, "#f-niveau option[value='warning']").click()
    filtered(browser, "finding", "1 affichés sur 10")
    (found,) = browser.find_elements(By.CSS_SELECTOR, "li.finding:not([hidden])")
    assert found.is_displayed()
    assert "CDA-HDR-018" in found.text
    assert len(shown(browser, "details.file")) == 1


def test_fold_and_unfold(browser: Any) -> None:
    panel = '[data-filtered="finding"]'
    browser.find_element(By.CSS_SELECTOR, f'{panel} [data-do="unfold"]').click()
    assert browser.find_elements(By.CSS_SELECTOR, f"{panel} details:not([open])") == []
    browser.find_element(By.CSS_SELECTOR, f'{panel} [data-do="fold"]').click()
    assert browser.find_elements(By.CSS_SELECTOR, f"{panel} details[open]") == []


def press(browser: Any, *keys: str) -> Any:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)
    return browser.switch_to.active_element


def test_keyboard_alone(browser: Any) -> None:
    skip = press(browser, Keys.TAB)
    assert skip.get_attribute("class") == "skip"
    assert skip.rect["x"] >= 0  # in sight once it has the focus
    press(browser, Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "contenu"
    first = press(browser, Keys.TAB)
    assert first.get_attribute("href").endswith("#financement")
    width = browser.execute_script("return getComputedStyle(document.activeElement).outlineWidth")
    assert float(width.removesuffix("px")) >= 2
    summary = browser.find_element(By.CSS_SELECTOR, "#exigence-SC\\.FAILED summary")
    browser.execute_script("arguments[0].focus()", summary)
    press(browser, Keys.ENTER)
    assert summary.find_element(By.XPATH, "..").get_attribute("open") is not None


def test_every_control_is_reached_with_tab(browser: Any) -> None:
    wanted = {"f-statut", "f-texte-exigences", "f-obligatoires", "f-niveau", "f-texte-constats"}
    met: set[str] = set()
    for _ in range(400):
        met.add(press(browser, Keys.TAB).get_attribute("id"))
        if wanted <= met:
            break
    assert wanted <= met


def test_a_link_to_a_folded_finding_opens_its_file(browser: Any) -> None:
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = false")
    row = browser.find_element(By.ID, "exigence-SC.FAILED")
    row.find_element(By.TAG_NAME, "summary").click()
    link = row.find_elements(By.CSS_SELECTOR, "a[href^='#constat-']")[-1]
    target = link.get_attribute("href").split("#")[1]
    link.click()
    found = browser.find_element(By.ID, target)
    Wait(browser, 5).until(lambda _: found.is_displayed())


def test_an_address_opens_what_it_points_at_in_any_browser(browser: Any) -> None:
    """Chromium opens `details` for a fragment by itself, others do not: here only our script can do it."""
    browser.execute_script(
        "for (const d of document.querySelectorAll('details')) d.open = false;"
        "const spots = document.querySelectorAll('.spot');"
        "history.replaceState(null, '', '#' + spots[spots.length - 1].id);"
        "dispatchEvent(new Event('hashchange'))"
    )
    assert browser.find_elements(By.CSS_SELECTOR, ".spot")[-1].is_displayed()


def test_a_link_shows_what_a_filter_hides(browser: Any) -> None:
    browser.find_element(By.CSS_SELECTOR, "#f-statut option[value='proved']").click()
    filtered(browser, "requirement", "1 affichés")
    browser.execute_script("location.hash = '#exigence-SC.MISSING'")
    Wait(browser, 5).until(lambda b: b.find_element(By.ID, "exigence-SC.MISSING").is_displayed())


def test_both_languages(started: Any, pages: dict[str, str]) -> None:
    for lang, title, label in (("fr", "Verdict", "Effacer les filtres"), ("en", "Verdict", "Clear the filters")):
        started.get(pages[lang])
        assert started.find_element(By.TAG_NAME, "html").get_attribute("lang") == lang
        assert started.find_element(By.ID, "verdict").text == title
        assert label in [button.text for button in started.find_elements(By.TAG_NAME, "button")]
    started.find_element(By.CSS_SELECTOR, "#f-statut option[value='failed']").click()
    filtered(started, "requirement", "1 shown of")


@pytest.mark.parametrize("width", [320, 380, 800, 1280])
def test_no_sideways_scrolling(browser: Any, width: int) -> None:
    """RGAA 10.11: no loss down to 320 pixels (tables scroll in their own region)."""
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_printing_unfolds_and_hides_the_filters(browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        kept = browser.find_elements(By.CSS_SELECTOR, "details:not([open])")
        assert {part.get_attribute("data-print") for part in kept if "part" in part.get_attribute("class")} == {"no"}
        assert browser.find_element(By.CSS_SELECTOR, "#exigence-SC\\.FAILED dl").is_displayed()
        assert not browser.find_element(By.ID, "f-statut").is_displayed()
        assert not browser.find_element(By.TAG_NAME, "nav").is_displayed()
        note = browser.find_element(By.CSS_SELECTOR, "#table-wave1-common + .print-only")
        assert note.is_displayed()  # what is not printed is said
        browser.execute_script("dispatchEvent(new Event('afterprint'))")
        assert browser.find_element(By.CSS_SELECTOR, "#exigence-SC\\.FAILED details").get_attribute("open") is None
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert pdf.startswith(b"%PDF")
    with pikepdf.open(BytesIO(pdf)) as printed:
        box = [float(side) for side in printed.pages[0].mediabox]
    assert [round(box[2]), round(box[3])] == [595, 842]  # A4


def test_without_script_everything_is_there(browser: Any, pages: dict[str, str]) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(pages["fr"])
        panels = browser.find_elements(By.CSS_SELECTOR, ".filter")
        assert len(panels) == 2
        assert all(panel.get_attribute("hidden") is not None for panel in panels)
        assert len(browser.find_elements(By.CSS_SELECTOR, "article")) == len(sample()["requirements"])
        assert browser.find_elements(By.CSS_SELECTOR, "article[hidden], .finding[hidden]") == []
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
