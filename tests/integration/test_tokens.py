"""Tokens by which a person's programs act for them."""

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import api_tokens
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import ApiToken, User
from tests.support.rooms import Room


async def test_a_token_tells_its_person_until_it_is_revoked(room: Room) -> None:
    """The list says when it was used, and never shows it."""
    token = await api_tokens.create(room.owner, "  导出  脚本 ")
    [before] = await api_tokens.mine(room.owner)

    user = await api_tokens.user_of_token(token)

    assert user is not None and user.id == room.owner
    [after] = await api_tokens.mine(room.owner)
    assert (before.name, before.last_used_at, after.last_used_at is None) == ("导出 脚本", None, False)
    assert token not in repr(after)
    await api_tokens.revoke(room.owner, after.id)
    assert await api_tokens.user_of_token(token) is None
    assert await api_tokens.mine(room.owner) == []


async def test_nobody_else_can_revoke_a_token(room: Room) -> None:
    """Its id opens nothing."""
    token = await api_tokens.create(room.owner, "脚本")
    [row] = await api_tokens.mine(room.owner)

    await api_tokens.revoke(room.stranger, row.id)

    assert await api_tokens.user_of_token(token) is not None
    assert await api_tokens.user_of_token(api_tokens.PREFIX + row.id) is None
    assert await api_tokens.user_of_token(row.id) is None


async def test_the_database_does_not_hold_the_token(room: Room) -> None:
    """Whoever reads the table cannot act for anybody."""
    token = await api_tokens.create(room.owner, "脚本")

    async with transaction() as session:
        [row] = (await session.exec(ApiToken.__table__.select())).all()  # pyright: ignore

    assert token not in repr(row) and token.removeprefix(api_tokens.PREFIX) not in repr(row)


async def test_a_person_who_is_no_longer_active_has_no_token(room: Room) -> None:
    """At once, without revoking each."""
    token = await api_tokens.create(room.owner, "脚本")

    async with transaction() as session:
        owner = await session.get(User, room.owner)
        assert owner is not None
        owner.status = "disabled"

    assert await api_tokens.user_of_token(token) is None


async def test_a_token_needs_a_name_of_sane_length_and_there_are_not_too_many(room: Room) -> None:
    """Each refusal says why."""
    refusals = []
    for name in (" ", "长" * 61):
        with pytest.raises(UserError) as refused:
            await api_tokens.create(room.owner, name)
        refusals.append(refused.value.code)
    for number in range(api_tokens.MOST):
        await api_tokens.create(room.owner, f"脚本 {number}")
    with pytest.raises(UserError) as refused:
        await api_tokens.create(room.owner, "再来一个")

    assert [*refusals, refused.value.code] == [
        "token_name_required",
        "token_name_too_long",
        "too_many_tokens",
    ]
