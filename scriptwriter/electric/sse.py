"""Reads server-sent events from bytes that come in pieces of any size.

Source: WHATWG HTML, section 9.2 "Server-sent events". The shape protocol uses the field `data` only.
"""


class EventReader:
    """Turns the bytes of an event stream into the data of its events."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes and return the data of each event that they complete.

        Data lines of one event are joined by a line feed. Comments (keep-alives), events without data, and an
        event that the end of the stream cuts off are left out.
        """
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        if piece.endswith(b"\r"):  # a line feed may follow in the next piece
            self._after_cr = True
        lines = piece.splitlines(keepends=True)
        if not lines:
            return []
        if self._line and lines[0][-1:] in b"\r\n":
            lines[0] = b"".join((*self._line, lines[0]))
            self._line.clear()
        if lines[-1][-1:] not in b"\r\n":
            self._line.append(lines.pop())
        return [event for line in lines if (event := self._take(line.rstrip(b"\r\n")))]

    def _take(self, line: bytes) -> bytes | None:
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            return None
        event = b"\n".join(self._data)
        self._data.clear()
        return event
