"""A repaired kit of our own and its warm judge."""

from pathlib import Path

import pytest

from dui_conformance.official.judge import Judge
from dui_conformance.official.repair import repair
from tests.official import invented


@pytest.fixture(scope="session")
def kit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented kit, repaired."""
    folder = invented.folder(tmp_path_factory.mktemp("kit"))
    repair(folder)
    return folder


@pytest.fixture(scope="session")
def judge(kit_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(kit_folder, tmp_path_factory.mktemp("compiled"))
