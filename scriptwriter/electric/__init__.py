"""A client of Electric's shape protocol: follows tables of a Postgres over HTTP.

README.md says how to use it, SPEC.md lists its invariants. No module here imports anything from outside.
"""

from .connection import shape_client
from .errors import ProtocolError, Rejected, RequestRefused, ShapeError
from .shape import Shape
from .stream import ShapeStream, Status
from .types import Row

__all__ = [
    "ProtocolError",
    "Rejected",
    "RequestRefused",
    "Row",
    "Shape",
    "ShapeError",
    "ShapeStream",
    "Status",
    "shape_client",
]
