"""Which processes a failure detector reports as dead."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.services.runs.takeover import LONG_AGO, FailureDetector

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def deadlines(*seconds: float) -> list[datetime]:
    """The deadlines that a detector reports when it is asked at each of these times."""
    detector = FailureDetector(stalled=16, gap=6, grace=10)
    return [detector.deadline(at(moment)) for moment in seconds]


def test_no_process_is_dead_during_the_first_polls() -> None:
    """A process that has just started cannot know whether others could reach the database before."""
    assert deadlines(0, 5, 9.9) == [LONG_AGO] * 3


def test_later_a_process_without_recent_heartbeats_is_dead() -> None:
    """The deadline is counted back from the time of the poll."""
    assert deadlines(0, 5, 10, 12)[2:] == [at(-6), at(-4)]


def test_an_outage_between_two_polls_restarts_the_grace_period() -> None:
    """So does a suspended process, or a jump of the database's clock."""
    assert deadlines(0, 5, 10, 30, 35, 39.9, 40.1)[3:] == [LONG_AGO] * 3 + [at(24.1)]
    assert deadlines(0, 5, 10, -3600)[3] == LONG_AGO


@given(st.lists(st.tuples(st.floats(10, 40), st.floats(0.1, 60)), max_size=8), st.floats(0, 5))
def test_a_live_process_never_counts_as_dead(phases: list[tuple[float, float]], first_delay: float) -> None:
    """For any outages: it sends a heartbeat every 4 s while the database is up, the first after
    `first_delay`.
    """
    detector = FailureDetector(stalled=16, gap=6, grace=10)
    begin, heartbeat = 0.0, 0.0
    for up, down in phases:
        for poll in (begin + seconds for seconds in range(0, int(up), 2)):
            if poll >= begin + first_delay:
                heartbeat = poll - (poll - begin - first_delay) % 4
            assert detector.deadline(at(poll)) <= at(heartbeat)
        begin += up + down
