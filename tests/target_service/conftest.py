"""The service in this process, as a real server, and the rows that the load generator sends."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from target_service.settings import Settings
from tests.support.reference_service import Harness, Running, Serve, run_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts servers: ``serve(workers=1, TARGET_X="...")``."""
    with ExitStack() as stack:

        def start(workers: int = 1, **variables: str) -> Running:
            return stack.enter_context(run_server(workers, variables))

        yield start


@pytest.fixture
def harness() -> Callable[..., Harness]:
    """Return a function that creates an application in this process: ``harness(**settings)``."""
    return lambda **settings: Harness(Settings.model_validate(settings))


@pytest.fixture(scope="session")
def rows() -> list[list[float]]:
    """Return the rows that the load generator sends."""
    with (ROOT / "loadtests" / "data" / "rows.csv").open(encoding="utf-8") as file:
        return [[float(v) for k, v in row.items() if k != "target"] for row in csv.DictReader(file)]


@pytest.fixture(scope="session")
def classes() -> list[str]:
    """Return the true class of each row."""
    with (ROOT / "loadtests" / "data" / "rows.csv").open(encoding="utf-8") as file:
        return [row["target"] for row in csv.DictReader(file)]
