"""The errors of the shape client.

ShapeError
├── Unavailable        temporary: the stream retries by itself, a caller never sees it
└── Rejected           permanent: the same request would get the same answer
    ├── RequestRefused the server refused the request (400, 401, 403, 404, …)
    └── ProtocolError  the answer is not the shape protocol
        └── MissingHeader
"""


class ShapeError(Exception):
    """A shape could not be followed."""


class Unavailable(ShapeError):
    """The server cannot answer now; `retry_after` is the wait it asked for, in seconds."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(reason)


class Rejected(ShapeError):
    """Following the shape ended: only a change of the shape, the secret or the server helps."""


class RequestRefused(Rejected):
    """The server refused the request with a `status` that no retry changes."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"the shape request was refused with {status}: {reason}")


class ProtocolError(Rejected):
    """The answer is not what the shape protocol promises."""


class MissingHeader(ProtocolError):
    """An answer came without a header that it must have."""

    def __init__(self, *names: str) -> None:
        self.names = names
        super().__init__(
            f"the answer has no {', '.join(names)} header: is this Electric, "
            "and does the proxy in front of it pass all electric-* headers on?"
        )
