"""A client of Electric's shape protocol: follows tables over HTTP. Knows nothing of this application."""

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
