"""Where the shipped data (`profiles/`) lies."""

from functools import cache
from pathlib import Path


@cache
def profiles_root() -> Path:
    """The folder of the profiles: inside the wheel, or beside `src/` in a clone."""
    package = Path(__file__).resolve().parent
    packaged = package / "_profiles"
    return packaged if packaged.is_dir() else package.parents[1] / "profiles"
