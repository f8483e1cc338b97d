"""API tokens, with which programs act for a person."""

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import api_tokens
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import ApiToken, User
from tests.support.rooms import Room


async def test_a_token_identifies_its_person_until_it_is_revoked(room: Room) -> None:
    """The list shows when it was used last, and never the token."""
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
    """Its id is no credential either."""
    token = await api_tokens.create(room.owner, "脚本")
    [row] = await api_tokens.mine(room.owner)

    await api_tokens.revoke(room.stranger, row.id)

    assert await api_tokens.user_of_token(token) is not None
    assert await api_tokens.user_of_token(api_tokens.PREFIX + row.id) is None
    assert await api_tokens.user_of_token(row.id) is None


async def test_the_database_holds_only_the_hash_of_a_token(room: Room) -> None:
    """Reading the table is not enough to act for anybody."""
    token = await api_tokens.create(room.owner, "脚本")

    async with transaction() as session:
        [row] = (await session.exec(ApiToken.__table__.select())).all()  # pyright: ignore

    assert token not in repr(row) and token.removeprefix(api_tokens.PREFIX) not in repr(row)


async def test_tokens_of_a_disabled_person_are_refused(room: Room) -> None:
    """They need not be revoked."""
    token = await api_tokens.create(room.owner, "脚本")

    async with transaction() as session:
        owner = await session.get(User, room.owner)
        assert owner is not None
        owner.status = "disabled"

    assert await api_tokens.user_of_token(token) is None


async def test_the_name_and_the_number_of_tokens_are_limited(room: Room) -> None:
    """Each refusal has an error code."""
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
