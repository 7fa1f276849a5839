"""The ANS kit beside us, on the same documents in the same run.

The clone that DUI_BENCH_KIT names is never touched: what is needed of it is copied to a temporary folder, where the
repairs of cda.md §2 are made (without them the header profile aborts on every document). Two ways to run it:

* `Warm`: SaxonC (saxonche) in this process, each schematron compiled once; the XSD through libxml2. This is a kit
  that nobody ships; it is the fairest comparison for documents a second.
* `cold_chain`: the kit's own chain (`compilverif.bat`): 25 JVM starts and six compilations for each document, with
  the jar that DUI_BENCH_SAXON names.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from lxml import etree

_PROFILES = (
    "schematrons/profils/IHE.sch",
    "schematrons/profils/terminologies/schematron/terminologie.sch",
    "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch",
    "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "schematrons/profils/CI-SIS_Modeles_ANS.sch",
)
_STEPS = ("iso_dsdl_include.xsl", "iso_abstract_expand.xsl", "iso_svrl_for_xslt2.xsl")
_J07 = "voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml"
_MISSING_SETS = ("JDV_SpecimenType_CISIS", "JDV_ClinicalStatusCodes_CISIS", "JDV_BilanDiagnostic_CISIS")
_SVS = "{urn:ihe:iti:svs:2008}"
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_REFERENCE = re.compile(r"""(?:href|schema)="([^"]+\.(?:sch|xml))"|'([^']+/JDV_[^']+\.xml)'""")
_RELAXED = ("warning", "info", "information", "hint")


def repaired_copy(clone: Path, folder: Path) -> Path:
    """A copy of the kit's schematrons, value sets and XSD under `folder`, repaired."""
    for part in ("schematrons", "jeuxDeValeurs", "infrastructure"):
        shutil.copytree(clone / part, folder / part)
    _rebuild_j07(folder)
    for name in _MISSING_SETS:
        path = folder / "jeuxDeValeurs" / f"{name}.xml"
        if not path.exists():
            path.write_text('<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"/>', encoding="utf-8")
    _add_aliases(folder)
    return folder


def _rebuild_j07(folder: Path) -> None:
    """The list of document types that the header profile reads and that is in no commit of the kit (§2.1)."""
    target = folder / "schematrons/profils/structurationMinimale/include" / _J07
    if target.exists():
        return
    source = etree.parse(folder / "jeuxDeValeurs/JDV_J07_XdsTypeCode_CISIS.xml")
    root = etree.Element("valueSets")
    listed = etree.SubElement(etree.SubElement(root, "valueSet"), "conceptList")
    for concept in source.iter(f"{_SVS}Concept"):
        names = ("code", "codeSystem", "displayName")
        etree.SubElement(listed, "concept", {n: (concept.get(n) or "").strip() for n in names})
    target.write_bytes(etree.tostring(root, encoding="UTF-8"))


def _add_aliases(folder: Path) -> None:
    """Files that are referred to in another letter case (§2.2): a copy under the name that is asked for."""
    schematrons = folder / "schematrons"
    by_lower = {str(path).lower(): path for path in folder.rglob("*") if path.is_file()}
    for source in list(schematrons.rglob("*.sch")):
        for found in _REFERENCE.finditer(source.read_text(encoding="utf-8", errors="replace")):
            named = found[1] or found[2]
            for base in (source.parent, schematrons, schematrons / "profils"):
                wanted = Path(re.sub(r"[^/]+/\.\./", "", (base / named).as_posix()))
                there = by_lower.get(str(wanted).lower())
                if there is not None and not wanted.exists():
                    wanted.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(there, wanted)


def schematrons_of(folder: Path, model: str) -> list[Path]:
    """The five general profiles and the document model (a file name without extension; empty for level 1)."""
    return [folder / name for name in _PROFILES] + ([folder / "schematrons" / f"{model}.sch"] if model else [])


def saxonche_is_there() -> bool:
    return find_spec("saxonche") is not None


class Warm(AbstractContextManager["Warm"]):
    """The kit in this process. `compile` costs tens of seconds; `errors` judges a document."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processor: Any = import_module("saxonche").PySaxonProcessor(license=False)
        self.xslt: Any = self.processor.new_xslt30_processor()
        self.compiled: dict[Path, Any] = {}
        schema = etree.parse(folder / "infrastructure/cda/CDA_extended.xsd")
        self.schema = etree.XMLSchema(schema)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.compiled.clear()

    def compile(self, schematrons: Sequence[Path]) -> None:
        steps = [
            self.xslt.compile_stylesheet(stylesheet_file=str(self.folder / "schematrons/moteur" / step))
            for step in _STEPS
        ]
        for schematron in schematrons:
            stages = [
                schematron,
                *(schematron.with_suffix(f".{n}.tmp") for n in (1, 2)),
                schematron.with_suffix(".xsl"),
            ]
            for step, source, target in zip(steps, stages, stages[1:], strict=False):
                step.transform_to_file(source_file=str(source), output_file=str(target))
            self.compiled[schematron] = self.xslt.compile_stylesheet(stylesheet_file=str(stages[-1]))

    def errors(self, document: Path) -> list[str]:
        """What the kit refuses: XSD errors, then failed asserts of role error."""
        found = []
        if not self.schema.validate(etree.parse(document)):
            found += [f"XSD: {entry.message}" for entry in self.schema.error_log]  # type: ignore[attr-defined]
        for schematron, executable in self.compiled.items():
            report = executable.transform_to_string(source_file=str(document))
            if report is None:
                found.append(f"{schematron.name}: {executable.error_message}")
                continue
            found += [f"{schematron.name}: {text}" for text in failed_asserts(report.encode())]
        return found


def failed_asserts(report: bytes) -> list[str]:
    """The texts of the failed asserts of an SVRL report that are not mere warnings."""
    root = etree.fromstring(report)
    return [
        " ".join("".join(str(t) for t in failed.itertext()).split())
        for failed in root.iter(f"{_SVRL}failed-assert")
        if (failed.get("role") or "error").lower() not in _RELAXED
    ]


def cold_chain(folder: Path, jar: Path, document: Path, schematrons: Sequence[Path], out: Path) -> list[str]:
    """The kit's own way with one document: everything compiled again, one JVM for each step."""
    engine = folder / "schematrons/moteur"
    shutil.copyfile(document, folder / "document.xml")
    found = []
    for schematron in schematrons:
        stages = [schematron, *(schematron.with_suffix(f".{n}.tmp") for n in (1, 2)), schematron.with_suffix(".xsl")]
        for step, source, target in zip(_STEPS, stages, stages[1:], strict=False):
            _transform(jar, engine, source, engine / step, target)
        report = out / f"{schematron.stem}.svrl"
        _transform(jar, engine, folder / "document.xml", stages[-1], report)
        found += failed_asserts(report.read_bytes())
    xsd = folder / "infrastructure/cda/CDA_extended.xsd"
    command = ["java", "-Duser.language=en", "XSDValidator", str(folder / "document.xml"), str(xsd)]
    subprocess.run(command, cwd=engine, check=False, capture_output=True)
    return found


def _transform(jar: Path, engine: Path, source: Path, stylesheet: Path, target: Path) -> None:
    command = ["java", "-cp", str(jar.resolve()), "net.sf.saxon.Transform", f"-s:{source}", f"-xsl:{stylesheet}"]
    subprocess.run([*command, f"-o:{target}"], cwd=engine, check=True, capture_output=True)
