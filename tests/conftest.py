"""What every test shares."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def no_artefacts_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Judging takes in what a user has added (`artefacts add`); tests start from nothing."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("DUI_CONFORMANCE_HOME", str(home))
        yield home
