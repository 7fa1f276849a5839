"""A stand-in for veraPDF: a program that takes its options and writes a report of its form. It judges nothing."""

import stat
import sys
from pathlib import Path

_REPORT = """<?xml version="1.0" encoding="utf-8"?>
<report><buildInformation><releaseDetails id="gui" version="1.28.2" buildDate="2025-07-15"/></buildInformation>
<jobs>{jobs}</jobs><batchSummary totalJobs="{count}"/></report>"""
_JOBS = {
    "accepts": '<validationReport jobEndStatus="normal" profileName="PDF/A-1B validation profile" isCompliant="true">'
    '<details passedRules="129" failedRules="0"/></validationReport>',
    "refuses": '<validationReport jobEndStatus="normal" profileName="PDF/A-1B validation profile" isCompliant="false">'
    '<details passedRules="127" failedRules="2">'
    '<rule specification="ISO 19005-1:2005" clause="6.1.3" testNumber="1" status="failed" failedChecks="1"/>'
    '<rule specification="ISO 19005-1:2005" clause="6.7.3" testNumber="1" status="failed" failedChecks="2"/>'
    '<rule specification="ISO 19005-1:2005" clause="6.4" testNumber="3" status="passed" failedChecks="0"/>'
    "</details></validationReport>",
    "fails": '<taskException type="PARSE" isExecuted="true" isSuccess="false"><duration/>'
    "<exceptionMessage>Exception: could not parse</exceptionMessage></taskException>",
}


def stand_in(folder: Path, manner: str) -> str:
    """The path of a program that `accepts`, `refuses` or `fails` on every file, writes `nonsense`, or `waits`."""
    path = folder / f"verapdf-{manner}"
    path.write_text(
        f"""#!{sys.executable}
import sys, time
from pathlib import Path
if "--version" in sys.argv:
    print("veraPDF 1.28.2")
    sys.exit(0)
if {manner!r} == "nonsense":
    print("Out of memory")
    sys.exit(3)
if {manner!r} == "waits":
    time.sleep(60)
assert sys.argv[1:3] == ["--format", "xml"], sys.argv
files = [name for name in sys.argv[1:] if name.endswith(".pdf")]
assert all(Path(name).read_bytes()[:4] == b"%PDF" for name in files), files
body = {_JOBS.get(manner, "")!r}
jobs = "".join("<job><item><name>" + name + "</name></item>" + body + "</job>" for name in files)
print({_REPORT!r}.format(jobs=jobs, count=len(files)))
sys.exit(0 if {manner!r} == "accepts" else 1)
""",
        encoding="utf-8",
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)
