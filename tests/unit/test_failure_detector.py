"""Who counts as dead in the eyes of a process that looks again and again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.services.runs.takeover import LONG_AGO, FailureDetector

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def deadlines(*seconds: float) -> list[datetime]:
    """What a watch says at each of these moments."""
    detector = FailureDetector(stalled=16, gap=6, grace=10)
    return [detector.deadline(at(moment)) for moment in seconds]


def test_nobody_is_dead_in_the_first_looks() -> None:
    """Who has just come cannot know whether the database was there for the others."""
    assert deadlines(0, 5, 9.9) == [LONG_AGO] * 3


def test_later_the_dead_are_those_who_were_silent_for_long() -> None:
    """Counted back from the moment of the look."""
    assert deadlines(0, 5, 10, 12)[2:] == [at(-6), at(-4)]


def test_an_outage_between_two_looks_begins_the_grace_anew() -> None:
    """Also a sleep of the looker, or a leap of the database's clock."""
    assert deadlines(0, 5, 10, 30, 35, 39.9, 40.1)[3:] == [LONG_AGO] * 3 + [at(24.1)]
    assert deadlines(0, 5, 10, -3600)[3] == LONG_AGO


@given(st.lists(st.tuples(st.floats(10, 40), st.floats(0.1, 60)), max_size=8), st.floats(0, 5))
def test_who_lives_never_counts_as_dead(phases: list[tuple[float, float]], late: float) -> None:
    """Whatever the outages: it gives a sign every 4 s while the database is there, the first one `late`."""
    detector = FailureDetector(stalled=16, gap=6, grace=10)
    begin, sign = 0.0, 0.0
    for up, down in phases:
        for look in (begin + seconds for seconds in range(0, int(up), 2)):
            if look >= begin + late:
                sign = look - (look - begin - late) % 4
            assert detector.deadline(at(look)) <= at(sign)
        begin += up + down
