"""What is shipped: the wheel holds the data, nothing in the repository tells where it was written."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.places import ROOT

# machine paths and hosts of package registries, written so that this file does not hold them itself
FOREIGN = re.compile(
    "|".join(
        (
            r"(?<![\w.:/-])/" + r"(?:work|root|home/[a-z]\w*)/[\w.-]",
            r"(?<![\w.:/-])/tmp/" + r"[\w.-]",
            r"[A-Z]:\\" + r"Users\\",
            "(?:files|test)\\." + r"pythonhosted\.org",
            r"\bpypi\." + r"org\b",
            r"\b[\w.-]*(?:artifactory|nexus|devpi|jfrog)[\w-]*\." + r"[a-z]{2,}\b",
            r"--(?:extra-)?index-" + "url",
            r"\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}:" + r"\d{2,5}\b",
        )
    )
)


def tracked() -> list[Path]:
    """The files of the repository: what git would commit, or every file outside git."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("not a git clone")
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_tells_where_it_was_written() -> None:
    found = []
    for path in tracked():
        if path.suffix.lower() in (".pdf", ".zip", ".eml", ".png"):
            continue  # read below, as the subjects they are
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.split("\n"), 1):
            if FOREIGN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not found, "\n".join(found)


def test_no_fixture_tells_where_it_was_written() -> None:
    from dui_conformance.subjects.intake import open_bytes
    from dui_conformance.subjects.model import Budget

    found = []
    for path in tracked():
        if path.suffix.lower() in (".pdf", ".zip", ".eml", ".png"):
            for subject in open_bytes(path.name, path.read_bytes(), Budget()).walk():
                text = subject.data.decode("latin-1")
                found += [
                    f"{subject.id}: {hit[0]}"
                    for hit in FOREIGN.finditer(text)
                    if hit[0].isprintable() and len(hit[0]) > 6
                ]
    assert not found, "\n".join(found)


def test_generated_files_are_not_tracked() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}
    odd = [
        n
        for n in names
        if re.search(r"__pycache__|\.pyc$|\.egg-info/|_cache/|^profiles/compiled/|^(dist|build|demo)/", n)
    ]
    assert odd == []


def test_every_module_is_of_one_purpose() -> None:
    """Less than 400 lines each (the house, design §10)."""
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in (ROOT / "src").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the repository, built without a network."""
    pytest.importorskip("hatchling", reason="the build backend is not installed here")
    copy = tmp_path_factory.mktemp("clone")
    for path in tracked():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-q",
        "-w",
        str(out),
        str(copy),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = out.glob("*.whl")
    return built


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_data_and_fixtures(wheel: Path) -> None:
    held = contents(wheel)
    for folder, packaged in (
        ("profiles", "dui_conformance/_profiles"),
        ("fixtures/ready", "dui_conformance/_fixtures/ready"),
        ("fixtures/failing", "dui_conformance/_fixtures/failing"),
    ):
        wanted = {
            f"{packaged}/{path.relative_to(ROOT / folder).as_posix()}"
            for path in tracked()
            if path.is_relative_to(ROOT / folder)
        }
        assert len(wanted) > 20
        assert not wanted - held


def test_the_wheel_holds_the_code_and_what_reports_need(wheel: Path) -> None:
    source = ROOT / "src"
    wanted = {path.relative_to(source).as_posix() for path in tracked() if path.is_relative_to(source)}
    assert any(name.endswith(".css") for name in wanted)
    assert "dui_conformance/py.typed" in wanted
    assert not wanted - contents(wheel)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    odd = {
        n for n in contents(wheel) if n.startswith(("tests/", "bench/", "fixtures/", "facts/")) or "__pycache__" in n
    }
    assert odd == set()


def test_the_catalogue_is_compiled_in_the_wheel(wheel: Path) -> None:
    for kept in ("catalogue", "fhir"):
        assert any(re.search(rf"_profiles/compiled/{kept}-[0-9a-f]+\.json$", name) for name in contents(wheel)), kept


def test_the_wheel_works_where_nothing_else_is(wheel: Path, tmp_path: Path) -> None:
    """Unpacked anywhere, from any folder, it finds its data and judges its own fixtures."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import dui_conformance, dui_conformance.data as data\n"
        "assert dui_conformance.__file__.startswith(sys.path[0]), dui_conformance.__file__\n"
        "assert str(data.profiles_root()).startswith(sys.path[0])\n"
        "from dui_conformance.cli import main\n"
        "exports = data.fixtures_root() / 'ready' / 'exports' / 'documents'\n"
        "main(['check', str(exports), '-f', 'json', '--date', '2026-11-21'])\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert '/documents/dlu.xml"' in done.stdout


def test_what_the_command_needs_is_declared() -> None:
    """Every library imported by the code is one of the declared dependencies."""
    import ast
    import tomllib

    names = {"yaml": "PyYAML", "fhir": "fhir.resources", "markupsafe": "jinja2"}  # the last comes with it
    names |= {"PIL": "pillow", "zxingcpp": "zxing-cpp"}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    known = {re.split(r"[<>=~! \[]", entry)[0].lower() for entry in declared}
    used: dict[str, str] = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for module in modules:
                top = module.split(".")[0]
                if top not in sys.stdlib_module_names and top not in ("dui_conformance", "__future__"):
                    used[names.get(top, top).lower()] = path.name
    assert {name: where for name, where in used.items() if name not in known} == {}
