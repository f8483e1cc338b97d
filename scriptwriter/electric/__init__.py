"""A client of Electric's shape protocol: follows tables over HTTP. Knows nothing of this application."""

from scriptwriter.electric.connection import shape_client
from scriptwriter.electric.errors import ProtocolError, Rejected, RequestRefused, ShapeError
from scriptwriter.electric.shape import Shape
from scriptwriter.electric.stream import ShapeStream, Status
from scriptwriter.electric.types import Row

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
