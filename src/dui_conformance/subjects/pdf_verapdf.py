"""The verdict of veraPDF on the PDF files of a unit, where the user has it and asks for it.

veraPDF is a program of its own (Java; MPL 2.0 or GPL 3): it is never shipped, only run, once per unit, on copies under
neutral names, within a time. Its machine-readable report (`--format xml`, release 1.24 and later) is read by our door
for XML. Options and exit codes: veraPDF-apps 1d236ee, `VeraCliArgParser`, `CliConstants`.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from dui_conformance.subjects.model import Budget, Element, Subject
from dui_conformance.subjects.xml import parse, xml_safe

VARIABLE = "DUI_VERAPDF"  # the path of the program, where it is not on PATH
_PROGRAM = "verapdf"
_START = 60  # seconds for the Java machine to start
_EACH = 30  # more for each file
_VERSION = re.compile(r"veraPDF\s+([\w.-]{1,40})", re.IGNORECASE)
_REPORT = 64 << 20
_FILES = 500
_CLAUSES = 20  # that a verdict names


def found() -> str:
    """The path of the program: what the environment names, else what PATH holds; empty if there is none."""
    named = os.environ.get(VARIABLE, "")
    return shutil.which(named or _PROGRAM) or ""


def version(program: str) -> str:
    """What it calls itself (`veraPDF 1.28.2`), empty if it does not answer as veraPDF does."""
    with tempfile.TemporaryDirectory(prefix="dui-verapdf-") as folder:
        said = _output([program, "--version"], Path(folder), _START)
    match = _VERSION.search((said or b"").decode("utf-8", "replace"))
    return f"veraPDF {match[1]}" if match is not None else ""


def project(top: Subject, program: str) -> None:
    """Add to the view of each PDF of a unit that declares itself PDF/A-1 what veraPDF says of it.

    `<verapdf compliant profile clauses/>`: `clauses` are those that fail (`6.1.3-1`, clause and test), twenty at most;
    without `compliant` veraPDF gave no verdict, and `cause` says why: `time`, `report` (none that can be read), or
    the type of its own error.
    """
    asked = [
        subject
        for subject in top.walk()
        if subject.kind == "pdf" and subject.view is not None and subject.view.get("pdfa_part") == "1"
    ][:_FILES]
    if not asked:
        return
    unique = {subject.sha256: subject for subject in asked}
    with tempfile.TemporaryDirectory(prefix="dui-verapdf-") as folder:
        names = {}
        for number, (digest, subject) in enumerate(unique.items(), 1):
            names[f"{number}.pdf"] = digest
            Path(folder, f"{number}.pdf").write_bytes(subject.data)
        command = [program, "--format", "xml", "--flavour", "0", "--defaultflavour", "1b"]
        command += ["--maxfailuresdisplayed", "1", *(str(Path(folder, name)) for name in names)]
        said = _output(command, Path(folder), _START + _EACH * len(names))
    verdicts = _verdicts(said, names) if said is not None else {}
    for subject in asked:
        silent = {"cause": "time" if said is None else "report"}
        etree.SubElement(subject.view, "verapdf", verdicts.get(subject.sha256, silent))  # type: ignore[arg-type]


def _output(command: Sequence[str], folder: Path, seconds: int) -> bytes | None:
    """What a program writes, None if it takes longer; it is then ended with what it started."""
    with open(folder / "report", "w+b") as report:
        try:
            program = subprocess.Popen(  # noqa: S603  the program that the user named
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=report,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return b""
        try:
            program.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(program)
            return None
        report.seek(0)
        return report.read(_REPORT)


def _end(program: "subprocess.Popen[bytes]") -> None:
    """End a program and the Java machine that its script started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(program.pid, signal.SIGKILL)
        else:
            program.kill()
    program.wait()


def _verdicts(report: bytes, names: dict[str, str]) -> dict[str, dict[str, str]]:
    """Digest → attributes of the verdict, from a machine-readable report."""
    root = parse(report.strip(), Budget()).root
    if root is None:
        return {}
    verdicts = {}
    for job in root.iter("job"):
        name = (job.findtext("item/name") or "").replace("\\", "/").rpartition("/")[2].strip()
        if name in names:
            verdicts[names[name]] = _verdict(job)
    return verdicts


def _verdict(job: Element) -> dict[str, str]:
    found = job.find("validationReport")
    compliant = "" if found is None else found.get("isCompliant", "")
    if found is None or compliant not in ("true", "false") or found.get("jobEndStatus", "normal") != "normal":
        error = job.find("taskException")
        status = found.get("jobEndStatus", "") if found is not None else ""
        return {"cause": xml_safe((error.get("type", "") if error is not None else status) or "report")[:40]}
    failing = [
        f"{rule.get('clause', '?')}-{rule.get('testNumber', '?')}"
        for rule in found.iter("rule")
        if rule.get("status") == "failed"
    ]
    return {
        "compliant": compliant,
        "profile": xml_safe(found.get("profileName", ""))[:80],
        "clauses": xml_safe(", ".join(sorted(set(failing))[:_CLAUSES]))[:400],
    }
