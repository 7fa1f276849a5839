"""Where the shipped data lies, and the reading of it."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


class DataError(ValueError):
    """A shipped file that cannot be used; the message names the file and the cause."""


@cache
def profiles_root() -> Path:
    """The folder of the profiles: inside the wheel, or beside `src/` in a clone."""
    package = Path(__file__).resolve().parent
    packaged = package / "_profiles"
    return packaged if packaged.is_dir() else package.parents[1] / "profiles"


@cache
def fixtures_root() -> Path:
    """The folder of the two invented editors: inside the wheel, or in a clone."""
    package = Path(__file__).resolve().parent
    packaged = package / "_fixtures"
    return packaged if packaged.is_dir() else package.parents[1] / "fixtures"


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's mapping. Raises DataError."""
    import yaml

    try:
        data = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, OSError) as error:
        raise DataError(f"{path.name}: {error}") from error
    if not isinstance(data, dict):
        raise DataError(f"{path.name}: a mapping is expected")
    return data


def kept(folder: Path, name: str, digest: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `make` gives, kept as JSON in a folder under the digest of its sources, as Python keeps its byte code."""
    file = folder / f"{name}-{digest}.json"
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        found = None
    if isinstance(found, dict):
        return found
    made = make()
    try:
        folder.mkdir(exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
        partial.replace(file)
        for old in folder.glob(f"{name}-*.json"):
            if old != file:
                old.unlink()
    except OSError:
        pass  # an installation that cannot be written to makes it each time
    return made
