"""A view is notified only of changes in the columns that it reads."""

from scriptwriter.sync.views import ColumnReader

FIRST = {"id": "a1", "status": "streaming", "draft": "x"}
SECOND = {"id": "a2", "status": "completed", "draft": None}


def test_a_change_in_another_column_gives_the_same_rows() -> None:
    """The same object, so that the join is not repeated."""
    reader = ColumnReader(("id", "status"))
    before = reader.read({"1": FIRST, "2": SECOND})

    after = reader.read({"1": FIRST | {"draft": "xy"}, "2": SECOND})

    assert after is before == ({"id": "a1", "status": "streaming"}, {"id": "a2", "status": "completed"})


def test_changed_added_and_removed_rows_are_read() -> None:
    """Unchanged rows keep their object."""
    reader = ColumnReader(("id", "status"))
    [first] = reader.read({"1": FIRST})

    both = reader.read({"1": FIRST, "2": SECOND})
    ended = reader.read({"1": FIRST | {"status": "completed"}, "2": SECOND})
    one = reader.read({"2": SECOND})
    replaced = reader.read({"3": SECOND})

    assert both[0] is first and len(both) == 2
    assert [row["status"] for row in ended] == ["completed", "completed"] and ended[1] is both[1]
    assert one == replaced == ({"id": "a2", "status": "completed"},)
