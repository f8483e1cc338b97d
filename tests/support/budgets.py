"""Switch off the limits per person, for tests and benchmarks that do not test the limits."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from scriptwriter.settings import settings

UNLIMITED = {"STARTS_PER_MINUTE": "100000", "RUNNING_PER_PERSON": "1000", "REGISTRATIONS_PER_HOUR": "1000"}
"""Environment variables for a process."""


@contextmanager
def unlimited() -> Iterator[None]:
    """Apply UNLIMITED to this process while the block runs."""
    before = {name: os.environ.get(name) for name in UNLIMITED}
    os.environ.update(UNLIMITED)
    settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        settings.cache_clear()
