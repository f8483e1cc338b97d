"""Which pytest runs use several processes."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import PROCESSES, pytest_xdist_auto_num_workers

HERE = "tests/unit/test_parallel_runs.py"
NAMED = f"{HERE}::test_a_named_test_runs_in_this_process"
Source = pytest.Config.ArgsSource


@pytest.mark.parametrize(
    "arguments", [[NAMED], [NAMED, "tests/unit/test_names.py::test_one"], [f"{HERE}::test[a::b]"], [HERE]]
)
def test_a_named_test_runs_in_this_process(arguments: list[str]) -> None:
    """So does a single file."""
    named: Any = SimpleNamespace(args=arguments, args_source=Source.ARGS)

    assert pytest_xdist_auto_num_workers(named) == 0


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        (["tests"], Source.TESTPATHS),
        (["."], Source.INVOCATION_DIR),
        (["tests/unit"], Source.ARGS),
        ([HERE, "tests/unit/test_names.py"], Source.ARGS),
    ],
)
def test_many_tests_run_in_several_processes(arguments: list[str], source: Source) -> None:
    """The command of the README, a folder, or several files."""
    many: Any = SimpleNamespace(args=arguments, args_source=source)

    assert pytest_xdist_auto_num_workers(many) == PROCESSES


def test_the_number_of_processes_depends_on_the_arguments(
    pytestconfig: pytest.Config,
) -> None:
    """A fixed number in `addopts` would start as many processes for a single test."""
    assert "-n auto" in " ".join(pytestconfig.getini("addopts"))
