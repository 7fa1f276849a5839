"""No personal value of an input reaches an output, unless `--with-values` asks for it.

The good fixtures are planted with canaries (`tests/engine/planted.py`) and then broken in every way the rules know,
so that all of them speak; every report of that run is searched, whatever the case, accents and separators.
"""

import datetime
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from dui_conformance import reports, runjson
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.judge import _judge_run_wide, plan_of
from dui_conformance.engine.outcomes import Judged
from dui_conformance.engine.privacy import Crowd, Scrubber, Tokens
from dui_conformance.readiness import requirements
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.rules.mutations import MutationError, mutated
from dui_conformance.run.assemble import assemble
from dui_conformance.run.execute import Job, order_of
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from dui_conformance.text import unmark
from tests.engine import planted
from tests.places import READY, ROOT
from tests.rules.models.test_tables_break import by_table

# how one person's name comes to be written on disk
ON_DISK = (
    "ZAXOVRETTE_Quoxilde",
    "zaxovrette quoxilde 14-05-1938",
    "ZaxovretteQuoxilde",
    "Záxovrette-QUOXILDE_238055313004220",
)
_HIDDEN = re.compile(r"[0-9a-f]{16,}|‹[0-9a-f]{6}›")  # digests and tokens, where any letters may follow each other


def leaks(output: str) -> list[str]:
    """The canaries of a text, each with what stands around it."""
    flat = planted.folded(_HIDDEN.sub(" ", output))
    found = []
    for canary in planted.canaries():
        at = flat.find(canary)
        if at >= 0:
            found.append(f"{canary!r} in …{flat[max(0, at - 120) : at + 60]}…")
    return found


def job(*, with_values: bool = False) -> Job:
    return Job(
        [Path("exports")], Path(), datetime.date(2026, 11, 21), load(READY / "dui.toml"), True, with_values=with_values
    )


def broken_by_rules() -> Iterator[tuple[str, bytes]]:
    """The counter-examples of each rule, made in the planted fixtures; two of those that show what is personal."""
    constants = catalogue.load().constants
    for _path, family in catalogue.sources():
        for rule in family["rules"]:
            for change in rule["breaks"][: 2 if "personal" in rule else 1]:
                try:
                    yield mutated(read, _planted(change), constants)
                except (MutationError, KeyError, ValueError):
                    continue  # it names something that planting renamed; most do not, a test below counts them


def broken_by_tables() -> Iterator[tuple[str, bytes]]:
    """Counter-examples of each table of the document models: what its rows say is made of one mould."""
    constants = catalogue.load().constants
    for cases in by_table().values():
        for change in [change for _rule, change in cases if change is not None][:2]:
            try:
                yield mutated(read, _planted(change), constants)
            except (MutationError, KeyError, ValueError):
                continue


def _planted(change: Any) -> Any:
    if isinstance(change, dict):
        return {name: value if name == "in" else _planted(value) for name, value in change.items()}
    if isinstance(change, list):
        return [_planted(item) for item in change]
    return planted.in_text(change) if isinstance(change, str) else change


@cache
def read(top: str) -> bytes:
    return planted.read(top)


def broken_everywhere() -> Iterator[tuple[str, bytes]]:
    """Every header node of two documents and of a request: blanked, made too long, doubled, dropped.

    Sixteen nodes apart at a time: one change may silence the rules that would have spoken of its neighbours.
    """
    for top in ("documents/grille-evaluation.xml", "documents/dlu.xml", "xds/submit-objects-request.xml"):
        for change in (_blanked, _lengthened, _doubled, _dropped):
            for first in range(1, 17):
                root = etree.fromstring(read(top))
                for node in list(_header(root))[first::16]:
                    change(node)
                yield top, etree.tostring(root)


def _header(root: Any) -> Iterator[Any]:
    return (n for n in root.iter() if isinstance(n.tag, str) and not any(_body(a) for a in (n, *n.iterancestors())))


def _body(node: Any) -> bool:
    return isinstance(node.tag, str) and node.tag == "{urn:hl7-org:v3}component"


def _blanked(node: Any) -> None:
    node.text = ""
    for name in node.attrib:
        node.set(name, "")


def _lengthened(node: Any) -> None:
    node.text = f"{node.text or ''} 9" if len(node) == 0 else node.text
    for name, value in node.attrib.items():
        node.set(name, value + " 9")


def _doubled(node: Any) -> None:
    node.addnext(etree.fromstring(etree.tostring(node, with_tail=False)))


def _dropped(node: Any) -> None:
    node.getparent().remove(node)


def damaged() -> Iterator[tuple[str, bytes]]:
    """Planted files that cannot be read to their end, named after their patient."""
    mail = read("mails/vers-professionnel.eml")
    for header in ("From", "To"):  # a mistake that is met: name and address encoded together
        written = next(line for line in mail.split(b"\n") if line.startswith(header.encode() + b":"))
        whole = planted.encoded("Dr Hézwène FWOXANGÉS <hezwene.fwoxanges@ehpad.mssante.fr>")
        yield f"mails/{header}.eml", mail.replace(written, f"{header}: {whole}".encode())
    for number, name in enumerate(ON_DISK):
        data = read("documents/dlu.xml")
        cuts = (data[: len(data) // 2], data.replace(b"<author>", b"<author", 1), data.replace(b"UTF-8", b"UTF-16"))
        for cut, damaged_data in enumerate(cuts):
            yield f"documents/{name}-{number}{cut}.xml", damaged_data
        yield f"mails/{name}-{number}.eml", read("mails/vers-professionnel.eml")
        yield f"xdm/{name}-{number}.zip", read("xdm/lettre-liaison/IHE_XDM.ZIP")[:9000]
        yield f"pdf/{name}-{number}.pdf", b"%PDF-1.4 nothing more"
        yield f"fhir/{name}-{number}.json", read("fhir/bundle.json")


@cache
def judged() -> Judged:
    """One run over everything broken."""
    made = plan_of(order_of(job(), requirements.load()))
    out = Judged()
    seen = set()
    broken = (*broken_by_rules(), *broken_by_tables(), *broken_everywhere())
    for number, (name, data) in enumerate([*damaged(), *planted.files(), *broken]):
        if (name, data) in seen:
            continue
        seen.add((name, data))
        out.take(evaluate(open_bytes(f"exports/{number}/{planted.in_text(name)}", data, Budget()), made))
    for rule in made.run_wide:
        _judge_run_wide(rule, made, out, Crowd(out.people))
    return out


def searched(*, with_values: bool = False) -> runjson.Run:
    asked = job(with_values=with_values)
    tables = requirements.load()
    return assemble(asked, order_of(asked, tables), tables, judged())


def test_no_canary_in_any_report() -> None:
    """One test, so that the run is made once however many processes share the tests."""
    run = searched()
    spoke = {finding["rule"] for finding in run["findings"]}
    ran = {rule["id"] for rule in run["rules"]} & set(catalogue.load().written)
    assert len(spoke) >= 0.8 * len(ran), f"the search is only as good as what speaks; silent: {sorted(ran - spoke)}"
    shown = leaks(runjson.dumps(searched(with_values=True)))
    assert len(shown) > len(planted.NAMES), "with --with-values the names must be there to be found"
    found = [
        f"{form} {lang}: {leak}"
        for form in reports.FORMATS
        for lang in (("fr",) if form == "json" else ("fr", "en"))
        for leak in leaks(reports.render(form, run, lang))[:6]
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("lang", "said"), [("fr", "valeurs personnelles"), ("en", "personal values")])
@pytest.mark.parametrize("form", ["markdown", "console", "html"])
def test_a_report_with_values_says_so(form: str, lang: Any, said: str) -> None:
    small = small_run(with_values=True)
    told = reports.render(form, small, lang).lower().replace("\xa0", " ")
    assert said in told
    without = reports.render(form, small_run(with_values=False), lang).lower().replace("\xa0", " ")
    assert told != without


@cache
def small_run(*, with_values: bool) -> runjson.Run:
    asked = job(with_values=with_values)
    tables = requirements.load()
    order = order_of(asked, tables)
    out = Judged()
    data = read("documents/grille-evaluation.xml").replace(b'qualifier="BR">ZOUK', b'qualifier="SP">ZOUK')
    out.take(evaluate(open_bytes("exports/grille.xml", data, Budget()), plan_of(order)))
    return assemble(asked, order, tables, out)


def test_with_values_is_recorded_in_the_run() -> None:
    assert small_run(with_values=True)["options"]["with_values"] is True
    assert small_run(with_values=False)["options"]["with_values"] is False


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export folder whose names, hidden files and broken files tell who is inside."""
    folder = tmp_path_factory.mktemp("planted") / "ZAXOVRETTE Quoxilde"
    files = {
        "ZAXOVRETTE_Quoxilde_14-05-1938.xml": read("documents/dlu.xml"),
        "cut ZAXOVRETTE.xml": read("documents/dlu.xml")[:6000],
        ".zaxovrette.swp": b"",
        "zaxovrette.txt": b"nothing",
        "238055313004220.pdf": b"%PDF-1.4",
        "zaxovrette/empty.xml": b"",
        "mail de Zaxovrette.eml": read("mails/vers-professionnel.eml"),
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "Zaxovrette.lnk").symlink_to(folder / "nowhere")
    return folder


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from dui_conformance.cli import main; main()", "check", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_nothing_on_stdout_stderr_or_in_files(on_disk: Path, tmp_path: Path) -> None:
    outputs = [part for form in reports.FORMATS for part in ("--format", form, "--output", str(tmp_path / form))]
    done = check(on_disk.parent, str(on_disk), str(on_disk / "cut ZAXOVRETTE.xml"), *outputs, "--workers", "2")
    assert done.returncode == 1, done.stderr
    for name, text in (
        ("stdout", done.stdout),
        ("stderr", done.stderr),
        *((form, (tmp_path / form).read_text(encoding="utf-8")) for form in reports.FORMATS),
    ):
        found = leaks(text)
        assert not found, f"{name}:\n" + "\n".join(found[:10])


def test_console_alone_leaks_nothing(on_disk: Path) -> None:
    done = check(on_disk.parent, str(on_disk))
    assert done.stdout
    assert not leaks(done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Zaxovrette", "exports/ZAXOVRETTE.xml"),
        ("ZAXOVRETTE", "záxóvrètte"),
        ("Zaxovrette", "za\u0301xovrette"),
        ("De La Tourzyx", "DELATOURZYX_2.xml"),
        ("De La Tourzyx", "de-la-tourzyx"),
        ("KERLOC'H", "kerloc’h"),
        ("Sœurzyx", "SOEURZYX…"),
        ("Ly", "exports/LY.xml"),
        ("Léa", "MartinLea.xml"),
        ("238055313004220", "2 38 05 53 130 042 20"),
        ("238055313004220", "CR-23805531300422020260101"),
        ("0261910013", "tel:02.61.91.00.13"),
    ],
)
def test_a_known_value_is_marked_however_it_is_written(value: str, text: str) -> None:
    kept = unmark(Scrubber([value])(text), lambda _: "")
    assert planted.folded(value) not in planted.folded(kept)
    assert len(re.sub(r"\W", "", kept)) <= len(re.sub(r"\W", "", text)) - len(re.sub(r"\W", "", value)), kept


@pytest.mark.parametrize(
    ("value", "text"),
    [("Léa", "please"), ("Ly", "only"), ("O", "O"), ("19380514", "2.16.119380514.3"), ("1", "1.2.250.1")],
)
def test_a_short_value_does_not_mask_half_of_a_text(value: str, text: str) -> None:
    assert Scrubber([value])(text) == text


def test_what_stands_beside_a_mark_is_marked_too() -> None:
    once = Scrubber(["Quoxilde"])("Quoxilde ZAXOVRETTE")
    assert unmark(Scrubber(["Zaxovrette"])(once), lambda _: "-") == "- -"


def test_a_crowd_knows_whole_words_in_any_form() -> None:
    crowd = Crowd(set(Crowd.words_of(["De La Tourzyx", "Léa", "19380514"])))
    shown = unmark(crowd("exports/DE_LA_TOURZYX-lea-19380514.xml"), lambda _: "-")
    assert shown == "exports/-.xml"
    assert unmark(crowd("LEA de la tourzyx.pdf"), lambda _: "-") == "-.pdf"
    assert crowd("exports/plea.xml") == "exports/plea.xml"


def test_tokens_are_equal_for_equal_values_and_change_with_the_inputs() -> None:
    one, same, other = Tokens([b"a", b"b"]), Tokens([b"b", b"a"]), Tokens([b"a", b"c"])
    assert one.mask("ZAXOVRETTE") == same.mask("ZAXOVRETTE") != one.mask("QUOXILDE")
    assert one.mask("ZAXOVRETTE") != other.mask("ZAXOVRETTE")
    assert re.fullmatch(r"‹[0-9a-f]{6}›", one.mask("ZAXOVRETTE"))
