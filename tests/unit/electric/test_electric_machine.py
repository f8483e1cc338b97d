"""With any network faults, the rows are those of some commit, and in the end the current ones."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scriptwriter.electric import Shape
from tests.unit.electric.answers import Clock, Sleeps, stream, until
from tests.unit.electric.fake_electric import FakeElectric, Table

KEYS = st.sampled_from("abcde")
VALUES = st.integers(0, 3)
FAULTS = ("refused", "unanswered", "cut", "busy", "garbled", "stale", "other handle", "repeated")


class FollowedTable(RuleBasedStateMachine):
    """A shape of a changing table, over a network with faults."""

    @initialize(table=st.dictionaries(KEYS, VALUES), live_sse=st.booleans(), seed=st.integers(0, 99))
    def open(self, table: Table, live_sse: bool, seed: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self._open(table, live_sse, seed))

    async def _open(self, table: Table, live_sse: bool, seed: int) -> None:
        self.server = FakeElectric()
        self.server.splits.seed(seed)
        self.server.commit(table)
        self.newest = 0
        self.shape = Shape(
            stream(self.server, live_sse=live_sse, sleep=Sleeps(), clock=Clock()), on_change=self._see
        )
        await self.shape.__aenter__()

    def _rows(self) -> Table:
        return {key: row["n"] for key, row in self.shape.rows.items()}

    def _see(self) -> None:
        """The rows equal the table after some commit, which is never older than the one before."""
        rows = self._rows()
        seen = [number for number, table in enumerate(self.server.history) if table == rows]
        assert seen, f"{rows} never was the table"
        assert seen[-1] >= self.newest, f"{rows} is older than what was seen"
        self.newest = next(number for number in seen if number >= self.newest)

    @rule(table=st.dictionaries(KEYS, VALUES))
    def commit(self, table: Table) -> None:
        self.server.commit(table)

    @rule(announced=st.booleans())
    def rotate(self, announced: bool) -> None:
        self.server.rotate(announced=announced)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4))
    def fail(self, faults: list[str]) -> None:
        self.server.faults += faults

    @rule(times=st.integers(1, 5))
    def mix_answers_up(self, times: int) -> None:
        """Answer like a cache without handles and offsets in its key, also to live requests."""
        self.server.faults += ["another's"] * times
        self.server.wake_requests()

    @rule()
    def end_waits(self) -> None:
        self.server.wake_requests()

    @rule(turns=st.integers(1, 60))
    def let_run(self, turns: int) -> None:
        self.loop.run_until_complete(self._turn(turns))

    async def _turn(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    @rule()
    def settle(self) -> None:
        """Without further faults, the rows become the table, and the shape is live."""
        self.server.faults.clear()
        self.loop.run_until_complete(until(self._is_settled, self.shape))

    def _is_settled(self) -> bool:
        return self._rows() == self.server.table and self.shape.status.name == "live"

    @invariant()
    def nothing_broke(self) -> None:
        if hasattr(self, "shape"):
            assert self.shape.error is None

    def teardown(self) -> None:
        if hasattr(self, "shape"):
            self.settle()
            self.loop.run_until_complete(self.shape.__aexit__(None, None, None))
            self.loop.close()


FollowedTable.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


class TestFollowedTable(FollowedTable.TestCase):
    """Hypothesis requires a class for a stateful test."""
