"""The rows of a shape."""

import asyncio

import httpx
import pytest

from scriptwriter.electric import ProtocolError, RequestRefused, Shape, shape_client
from tests.unit.electric.answers import (
    UP_TO_DATE,
    Answers,
    Body,
    batch,
    change,
    events,
    headers,
    must_refetch,
    recorded,
    snapshot,
    stream,
    until,
)
from tests.unit.electric.recordings import exchanges

TODO = '"public"."todos"/"{}"'.format


async def test_the_recorded_changes_lead_to_the_recorded_table() -> None:
    """Recording 01: inserts, updates, deletes, a changed primary key, several changes in one transaction."""
    answers = Answers(*map(recorded, exchanges("01")[:9]))

    async with Shape(stream(answers, table="todos", live_sse=False)) as shape:
        await until(answers.exhausted.is_set, shape)
        rows = {key: (row["title"], row["done"], row["prio"]) for key, row in shape.rows.items()}

    assert rows == {TODO(2): ("second", True, None), TODO(4): ("four!", False, None)}


async def test_a_new_reader_of_the_same_log_sees_the_same_rows() -> None:
    """Recording 01, second client: an old snapshot, then the whole log at once."""
    answers = Answers(*map(recorded, exchanges("01")[9:11]))

    async with Shape(stream(answers, table="todos")) as shape:
        rows = await shape.ready()

        assert rows.keys() == {TODO(2), TODO(4)}


async def test_the_recorded_rotation_replaces_the_rows_in_one_step() -> None:
    """Recording 08: ADD COLUMN, a 409 without a handle, and the new shape with its new schema."""
    recording = exchanges("08")
    renewed = next(number for number, exchange in enumerate(recording) if b'"w":null' in exchange.body)
    sequence = recording[renewed - 4 : renewed - 1] + recording[renewed : renewed + 2]
    answers = Answers(*map(recorded, sequence))
    seen: list[list[dict[str, object]]] = []

    shape = Shape(
        stream(answers, table="m", live_sse=False), on_change=lambda: seen.append(list(shape.rows.values()))
    )
    async with shape:
        await until(answers.exhausted.is_set, shape)

    old, new = [{"id": 1, "v": "a"}], [{"id": 1, "v": "a", "w": None}, {"id": 2, "v": "b", "w": 7}]
    assert [rows for number, rows in enumerate(seen) if rows != seen[number - 1] or not number] == [old, new]


async def test_rows_appear_only_when_the_snapshot_is_complete() -> None:
    """Single chunks are not the table."""
    endless = httpx.Response(200, headers=headers("0_2"), stream=Body(endless=True))
    answers = Answers(batch("0_0", change("insert", "a")), batch("0_1", change("insert", "b")), endless)

    async with Shape(stream(answers)) as shape:
        await until(lambda: len(answers.requests) == 3, shape)

        assert shape.rows == {}
        assert (shape.status.name, shape.up_to_date_since) == ("syncing", None)


async def test_an_empty_table_is_ready_too() -> None:
    """A shape without rows is complete."""
    async with Shape(stream(Answers(*snapshot()))) as shape:
        assert await shape.ready() == {}


@pytest.mark.parametrize("handle", ["h2", None])
async def test_the_old_rows_stay_until_the_new_snapshot_is_up_to_date(handle: str | None) -> None:
    """A screen is never empty because a shape was dropped."""
    endless = httpx.Response(200, headers=headers("0_1", handle="h2"), stream=Body(endless=True))
    answers = Answers(
        *snapshot(change("insert", "a"), change("insert", "b")),
        must_refetch(handle),
        batch("0_0", change("insert", "c"), handle="h2"),
        endless,
    )

    async with Shape(stream(answers, live_sse=False)) as shape:
        await until(lambda: len(answers.requests) == 5, shape)

        assert shape.rows.keys() == {"a", "b"}
        assert shape.status.name == "resyncing"


async def test_a_second_must_refetch_discards_the_first_new_snapshot() -> None:
    """Rows of a snapshot that was never complete are not shown."""
    answers = Answers(
        *snapshot(change("insert", "a")),
        must_refetch("h2"),
        batch("0_0", change("insert", "b"), handle="h2"),
        must_refetch("h3"),
        *snapshot(change("insert", "c"), handle="h3"),
    )

    async with Shape(stream(answers, live_sse=False)) as shape:
        await until(answers.exhausted.is_set, shape)

        assert shape.rows.keys() == {"c"}


async def test_a_transaction_repeated_after_a_reconnect_changes_nothing() -> None:
    """A server may send the last transaction again: neither rows nor followers notice."""
    once = [
        change("insert", "a", "5_0", n="1"),
        change("update", "a", "5_2", n="2"),
        change("insert", "b", "5_4"),
        change("delete", "b", "5_6"),
        UP_TO_DATE,
    ]
    answers = Answers(*snapshot(), events(*once), events(*once))
    notifications: list[object] = []

    shape = Shape(
        stream(answers), on_change=lambda: notifications.append((shape.status.name, dict(shape.rows)))
    )
    async with shape:
        await until(answers.exhausted.is_set, shape)

    a = {"a": {"id": "a", "n": 2}}
    assert notifications == [("syncing", {}), ("live", {}), ("live", a)]


async def test_the_tail_of_a_transaction_may_be_repeated() -> None:
    """A server may resume inside a transaction: an update of a row that was deleted later finds no row."""
    whole = [
        change("insert", "a", "5_0", n="1"),
        change("update", "a", "5_2", n="2"),
        change("delete", "a", "5_4"),
        change("insert", "b", "5_6"),
        UP_TO_DATE,
    ]
    answers = Answers(*snapshot(), events(*whole), events(*whole[1:]))

    async with Shape(stream(answers)) as shape:
        await until(answers.exhausted.is_set, shape)

        assert shape.rows == {"b": {"id": "b"}}


async def test_an_update_changes_only_its_columns_and_no_row_given_out_before() -> None:
    """Rows are replaced, never modified, so a row that somebody holds does not change."""
    answers = Answers(
        *snapshot(change("insert", "a", n="1", title="t")),
        batch("5_0", change("update", "a", "5_0", n="2"), UP_TO_DATE),
    )

    endless: list[object] = []

    shape = Shape(stream(answers, live_sse=False), on_change=lambda: endless.append(shape.rows["a"]))
    async with shape:
        await until(answers.exhausted.is_set, shape)

    assert endless[0] == {"id": "a", "n": 1, "title": "t"}
    assert endless[-1] == {"id": "a", "n": 2, "title": "t"}


async def test_a_slow_follower_gets_the_newest_rows_only() -> None:
    """Updates are not queued."""
    changes = [batch(f"{n}_0", change("insert", "a", f"{n}_0", n=str(n)), UP_TO_DATE) for n in range(5, 9)]
    answers = Answers(*snapshot(), *changes)

    async with Shape(stream(answers, live_sse=False)) as shape:
        await until(answers.exhausted.is_set, shape)
        rows = await anext(aiter(shape.updates()))

        assert rows["a"]["n"] == 8


async def test_followers_are_woken_by_every_change_and_only_by_changes() -> None:
    """One event may serve several shapes."""
    changed = asyncio.Event()
    answers = Answers(
        *snapshot(change("insert", "a", n="1")),
        batch("0_inf", UP_TO_DATE),
        batch("5_0", change("update", "a", "5_0", n="1"), UP_TO_DATE),
        batch("6_0", change("update", "a", "6_0", n="2"), UP_TO_DATE),
    )
    seen_values: list[int] = []

    def notify() -> None:
        seen_values.append(shape.rows["a"]["n"])
        changed.set()

    shape = Shape(stream(answers, live_sse=False), on_change=notify)
    async with shape:
        await until(answers.exhausted.is_set, shape)

    assert changed.is_set()
    assert seen_values == [1, 1, 2]  # rows, live, rows


async def test_a_shape_that_is_refused_says_so_to_everyone(caplog: pytest.LogCaptureFixture) -> None:
    """To callers that wait, to callers that read the status, and in the log."""
    notifications: list[str] = []
    answers = Answers(
        httpx.Response(400, json={"message": "Invalid request", "errors": {"table": ["is a view"]}})
    )

    shape = Shape(stream(answers), on_change=lambda: notifications.append(shape.status.name))
    async with shape:
        with pytest.raises(RequestRefused, match="table: is a view"):
            await shape.ready()
        with pytest.raises(RequestRefused):
            await anext(aiter(shape.updates()))

    assert isinstance(shape.error, RequestRefused)
    assert notifications == ["failed"]
    assert "is a view" in caplog.text


async def test_a_value_that_is_not_of_its_type_ends_the_shape() -> None:
    """Half a transaction is never shown."""
    answers = Answers(
        *snapshot(change("insert", "a", n="1")),
        batch("5_0", change("insert", "b", "5_0"), change("update", "a", "5_2", n="x"), UP_TO_DATE),
    )

    async with Shape(stream(answers, live_sse=False)) as shape:
        await until(lambda: shape.error is not None)

    assert isinstance(shape.error, ProtocolError)
    assert shape.rows.keys() == {"a"}


async def test_leaving_the_context_cancels_the_waiting_request() -> None:
    """And closes the stream's own connections."""
    answers = Answers(*snapshot())

    async with Shape(stream(answers)) as shape:
        await shape.ready()
        await until(answers.exhausted.is_set, shape)
        running = [task for task in asyncio.all_tasks() if task.get_name() == "shape of notes"]

    assert [task.cancelled() for task in running] == [True]


async def test_the_client_for_shapes_holds_any_number_of_connections() -> None:
    """httpx allows a hundred by default, and the next shape would wait for ever."""
    connected = asyncio.Event()
    waiting: set[asyncio.StreamWriter] = set()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting.add(writer)
        if len(waiting) == 120:
            connected.set()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, shape_client() as client:
        requests = [
            asyncio.create_task(client.get(f"http://127.0.0.1:{port}/", timeout=60)) for _ in range(120)
        ]
        await asyncio.wait_for(connected.wait(), 60)
        for request in requests:
            request.cancel()
        await asyncio.wait(requests)
        for writer in waiting:
            writer.close()
