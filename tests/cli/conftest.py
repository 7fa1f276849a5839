"""The command line as a user has it: arguments in, exit code, stdout and stderr out."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from dui_conformance.cli import main


class Done(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Done]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command in this process."""
    monkeypatch.delenv("DUI_CONFORMANCE_LANG", raising=False)
    monkeypatch.delenv("DUI_CONFORMANCE_DEBUG", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0 if code is None else 99, captured.out, captured.err)

    return run
