"""Owns how a row of a shape is read: its JSON, its moment. Knows no meaning of a row."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Row = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=16_384)
def parsed(text: str) -> Mapping[str, Any]:
    """The JSON object of a text column; to be read only, for whoever asks next gets the same one."""
    return json.loads(text)


def written(row: Row) -> datetime:
    """When the row was changed last."""
    return row["updated_at"] or _EPOCH


def created(row: Row) -> datetime:
    """When the row was made."""
    return row["created_at"] or _EPOCH
