"""The outbox: an event is there if and only if the state that it tells of is."""

from __future__ import annotations

import pytest

from registry.outbox import Outbox


@pytest.fixture
def outbox(store):
    return Outbox(store, lambda: 1_800_000_000.0)


async def test_events_are_read_in_order_until_they_are_marked_as_delivered(outbox, store):
    async with store.write() as connection:
        for number in range(5):
            await outbox.append(connection, "turnout.run.done", str(number), {"shots": number}, workspace="films")
    first, second = await outbox.unsent(limit=2)
    assert (first.event.subject, second.event.subject) == ("0", "1")
    assert (first.event.content, first.event.workspace) == ({"shots": 0}, "films")
    assert first.created_us == 1_800_000_000_000_000
    await outbox.mark_delivered([first.event_id, second.event_id])
    await outbox.mark_delivered([])
    assert [stored.event.subject for stored in await outbox.unsent()] == ["2", "3", "4"]


async def fail_after_telling(outbox, store) -> None:
    async with store.write() as connection:
        await outbox.append(connection, "turnout.run.done", "1")
        raise RuntimeError("at the last moment")


async def test_an_event_of_a_change_that_was_rolled_back_is_not_there(outbox, store):
    with pytest.raises(RuntimeError, match="at the last moment"):
        await fail_after_telling(outbox, store)
    assert await outbox.unsent() == ()
