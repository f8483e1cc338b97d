"""Parsing server-sent events from bytes."""

from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.electric.sse import EventReader
from tests.unit.electric.recordings import exchanges

_LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
_EVENTS = st.lists(st.lists(_LINE, min_size=1, max_size=3).filter(any), max_size=5)
_COMMENT = st.sampled_from(["", ": keep-alive", ":", "event: x", "retry: 3", "id", "data2: no"])


@given(
    events=_EVENTS,
    noise=_COMMENT,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    space=st.sampled_from(["", " "]),
    cuts=st.lists(st.integers(0, 400)),
)
def test_events_are_read_whatever_pieces_they_come_in(
    events: list[list[str]], noise: str, end: str, space: str, cuts: list[int]
) -> None:
    """A piece may end inside a line end or inside a UTF-8 character."""
    space = space or ("" if not any(line.startswith(" ") for lines in events for line in lines) else " ")
    text = ""
    for lines in events:
        text += noise + end if noise else ""
        text += "".join(f"data:{space}{line}{end}" for line in lines) + end
    whole = text.encode()

    reader, read, start = EventReader(), list[bytes](), 0
    for cut in [*sorted(cuts), len(whole)]:
        read += reader.feed(whole[start:cut])
        start = max(start, cut)

    assert [data.decode() for data in read] == ["\n".join(lines) for lines in events]


def test_a_keep_alive_gives_no_event() -> None:
    """It is a comment followed by an empty line."""
    assert EventReader().feed(b": keep-alive\n\n") == []


def test_an_event_cut_off_by_the_end_is_not_given() -> None:
    """An event is complete only with its empty line."""
    assert EventReader().feed(b'data: {"a":1}\n') == []


def test_the_recorded_stream_holds_seven_messages() -> None:
    """Four changes in three transactions, an up-to-date after each, and keep-alives in between."""
    [first] = [exchange for exchange in exchanges("06") if len(exchange.raw) > 5]
    reader = EventReader()

    read = [data for piece in first.raw for data in reader.feed(piece)]

    assert [b"up-to-date" in data for data in read] == [False, True, False, False, True, False, True]
