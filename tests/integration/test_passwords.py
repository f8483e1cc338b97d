"""Accounts with a password: registration, sign-in, change of password, and the throttling of guesses."""

import asyncio
from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import select

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import password_hashing, passwords, sessions, sign_in_throttle
from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import AuthProvider, User
from tests.support.accounts import (
    OTHER,
    PASSWORD,
    failures,
    record_failures,
    refusal,
    stored_sessions,
    time_passes,
)

pytestmark = pytest.mark.usefixtures("connected")


async def _provider() -> AuthProvider:
    async with transaction() as session:
        return (await session.exec(select(AuthProvider))).one()


async def test_a_username_is_found_in_any_spelling() -> None:
    """The name is shown as typed. The database holds an argon2 hash, and no password."""
    token = await passwords.register(" Li明 ", PASSWORD, user_agent="Firefox")

    user = await sessions.user_of_session(token)
    again = await sessions.user_of_session(await passwords.sign_in("ｌｉ明", PASSWORD))

    assert user and again and user.id == again.id
    assert (user.username, user.display_name) == ("li明", "Li明")
    provider = await _provider()
    assert (provider.provider_type, provider.provider_user_id) == ("password", "li明")
    assert (provider.provider_data or "").startswith("$argon2id$") and PASSWORD not in repr(provider)
    assert {row.user_agent for row in await stored_sessions()} == {"Firefox", None}


def test_passwords_are_hashed_with_the_parameters_of_rfc_9106(cheap_password_hashes: PasswordHash) -> None:
    """Outside of tests: 64 MiB, three passes, four lanes."""
    method = cheap_password_hashes.hash(PASSWORD).split("$")[1:4]

    assert method == ["argon2id", "v=19", "m=65536,t=3,p=4"]


async def test_a_taken_username_cannot_be_registered() -> None:
    """Any spelling counts, as do the test user's name and that of a person without a password."""
    await passwords.register("liming", PASSWORD)
    async with transaction() as session:
        session.add(User(id="outside", username="wang"))

    refused = []
    for name in ("LiMing", "wang", TEST_USER["username"]):
        with pytest.raises(UserError) as error:
            await passwords.register(name, OTHER)
        refused.append(error.value.code)

    assert refused == ["username_taken"] * 3
    assert await refusal("liming", OTHER) is not None


async def test_of_two_concurrent_registrations_of_a_name_one_succeeds() -> None:
    """The other is refused."""
    both = await asyncio.gather(
        passwords.register("liming", PASSWORD), passwords.register("LIMING", OTHER), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in both) == ["UserError", "str"]


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer() -> None:
    """So do a password that is too long, and a disabled person."""
    await passwords.register("liming", PASSWORD)
    await passwords.register("disabled", PASSWORD)
    async with transaction() as session:
        user = (await session.exec(select(User).where(User.username == "disabled"))).one()
        user.status = "disabled"

    answers = [
        await refusal("liming", OTHER),
        await refusal("nobody", PASSWORD),
        await refusal("liming", PASSWORD + "x" * 200),
        await refusal("disabled", PASSWORD),
        await refusal("li\x00ming\ud800", PASSWORD),
        await refusal("", ""),
    ]

    assert [str(answer) for answer in answers] == [str(UserError("wrong_credentials"))] * 6


async def test_an_unknown_name_costs_as_much_work_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same number of argon2 verifications, so that time does not tell them apart."""
    counted: list[str] = []
    verify = Argon2Hasher.verify

    def counting(self: Argon2Hasher, password: str | bytes, known: str | bytes) -> bool:
        counted.append(str(known).split("$")[3])
        return verify(self, password, known)

    monkeypatch.setattr(Argon2Hasher, "verify", counting)
    await passwords.register("liming", PASSWORD)

    await refusal("liming", OTHER)
    await refusal("nobody", OTHER)

    assert len(counted) == 2 and counted[0] == counted[1]


async def test_an_outdated_hash_is_renewed_at_sign_in() -> None:
    """A wrong password does not renew it."""
    await passwords.register("liming", PASSWORD)
    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash(PASSWORD)
    async with transaction() as session:
        (await session.exec(select(AuthProvider))).one().provider_data = weak

    await refusal("liming", OTHER)
    assert (await _provider()).provider_data == weak
    await passwords.sign_in("liming", PASSWORD)

    renewed = (await _provider()).provider_data
    assert renewed != weak
    assert await password_hashing.verified(PASSWORD.encode(), renewed, "") == (True, None)


async def test_the_number_of_concurrent_password_hashes_is_limited() -> None:
    """Others wait while the event loop goes on. Beyond a further limit they are refused."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    number = password_hashing.AT_A_TIME + password_hashing.WAITING + 3
    results = await asyncio.gather(
        *(
            password_hashing.verified(b"password", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "")
            for _ in range(number)
        ),
        return_exceptions=True,
    )
    ticking.cancel()

    busy = [each for each in results if isinstance(each, UserError)]
    assert [each.code for each in busy] == ["sign_in_busy"] * 3
    assert ticks > 3


async def test_changing_the_password_needs_the_current_one_and_ends_other_sessions() -> None:
    """The session that changed it continues."""
    here = await passwords.register("liming", PASSWORD)
    there = await passwords.sign_in("liming", PASSWORD)
    user = await sessions.user_of_session(here)
    assert user is not None

    with pytest.raises(UserError) as refused:
        await passwords.change(user.id, OTHER, OTHER, here=sessions.token_hash(here))
    assert refused.value.code == "wrong_current_password"
    assert await sessions.user_of_session(there) is not None
    await passwords.change(user.id, PASSWORD, OTHER, here=sessions.token_hash(here))

    assert await sessions.user_of_session(there) is None
    assert await sessions.user_of_session(here) is not None
    assert await refusal("liming", PASSWORD) is not None
    assert await refusal("liming", OTHER) is None


async def test_a_new_password_must_be_valid_and_replace_an_existing_one() -> None:
    """A refusal changes nothing."""
    token = await passwords.register("liming", PASSWORD)
    user = await sessions.user_of_session(token)
    assert user is not None
    async with transaction() as session:
        session.add(User(id="outside", username="wang"))

    codes = []
    for person, new in ((user.id, "short"), (user.id, "x" * 129), ("outside", OTHER)):
        with pytest.raises(UserError) as refused:
            await passwords.change(person, PASSWORD, new, here=sessions.token_hash(token))
        codes.append(refused.value.code)

    assert codes == ["password_too_short", "password_too_long", "no_password"]
    assert await refusal("liming", PASSWORD) is None


async def test_sign_ins_during_a_change_of_password_get_no_lasting_session() -> None:
    """The order of the commits makes no difference."""
    here = await passwords.register("liming", PASSWORD)
    user = await sessions.user_of_session(here)
    assert user is not None

    changed, *opened = await asyncio.gather(
        passwords.change(user.id, PASSWORD, OTHER, here=sessions.token_hash(here)),
        *(passwords.sign_in("liming", PASSWORD) for _ in range(3)),
        return_exceptions=True,
    )

    assert changed is None
    alive = [await sessions.user_of_session(token) for token in opened if isinstance(token, str)]
    assert alive == [None] * len(alive)
    assert [row.id for row in await stored_sessions()] == [sessions.token_hash(here)]


async def test_after_five_failures_even_the_right_password_has_to_wait() -> None:
    """The error says how long. After that the right password works, and the count restarts."""
    await passwords.register("liming", PASSWORD)
    for _ in range(sign_in_throttle.PAIR_LIMIT):
        answer = await refusal("LiMing", OTHER)
        assert answer is not None and answer.code == "wrong_credentials"

    locked = await refusal("liming", PASSWORD)
    assert locked is not None and locked.code == "too_many_attempts"
    assert 0 < locked.params["seconds"] <= sign_in_throttle.FIRST_WAIT
    await time_passes(timedelta(seconds=locked.params["seconds"]))

    assert await refusal("liming", PASSWORD) is None
    assert await failures() == []
    await record_failures("liming", sign_in_throttle.PAIR_LIMIT - 1)
    assert await refusal("liming", PASSWORD) is None


async def test_failures_from_one_address_do_not_lock_the_account_elsewhere() -> None:
    """Only attempts from the same address have to wait."""
    await passwords.register("liming", PASSWORD)
    await record_failures("liming", sign_in_throttle.PAIR_LIMIT, "198.51.100.7")

    locked = await refusal("liming", PASSWORD, "198.51.100.7")

    assert locked is not None and locked.code == "too_many_attempts"
    assert await refusal("liming", PASSWORD) is None


async def test_guesses_from_many_addresses_lock_the_account_except_on_known_devices() -> None:
    """A device known for another account does not count as known."""
    await passwords.register("liming", PASSWORD)
    await passwords.register("wang", PASSWORD)
    mine, another = [await passwords.device_of(name, "") for name in ("LiMing", "wang")]
    for number in range(sign_in_throttle.ACCOUNT_LIMIT):
        await record_failures("liming", 1, f"198.51.100.{number}")
    for number in range(sign_in_throttle.ADDRESS_LIMIT):
        await record_failures(f"name{number}", 1)

    for device, address in (("", "192.0.2.9"), (another, "192.0.2.9")):
        locked = await refusal("liming", PASSWORD, address, device)
        assert locked is not None and locked.code == "too_many_attempts"
    assert await refusal("liming", PASSWORD, device=mine) is None
    assert len(await failures()) == sign_in_throttle.ACCOUNT_LIMIT + sign_in_throttle.ADDRESS_LIMIT


async def test_failures_on_a_known_device_are_counted_per_device() -> None:
    """Its address makes no difference. A changed password makes the device unknown."""
    token = await passwords.register("liming", PASSWORD)
    device = await passwords.device_of("liming", "")
    for number in range(sign_in_throttle.PAIR_LIMIT):
        answer = await refusal("liming", OTHER, f"198.51.100.{number}", device)
        assert answer is not None and answer.code == "wrong_credentials"

    locked = await refusal("liming", PASSWORD, device=device)
    assert locked is not None and locked.code == "too_many_attempts"
    assert await refusal("liming", PASSWORD) is None
    user = await sessions.user_of_session(token)
    assert user is not None
    await passwords.change(user.id, PASSWORD, OTHER, here=sessions.token_hash(token))
    assert await refusal("liming", OTHER, device=device) is None


async def test_the_wait_grows_with_each_failure_up_to_a_limit() -> None:
    """An attempt that is refused during the wait does not extend it."""
    waits = []
    await record_failures("liming", sign_in_throttle.PAIR_LIMIT)
    for _ in range(3):
        answer = await refusal("liming", OTHER)
        again = await refusal("liming", OTHER)
        assert answer is not None and again is not None
        assert again.params["seconds"] <= answer.params["seconds"]
        waits.append(answer.params["seconds"])
        await time_passes(timedelta(seconds=waits[-1]))
        await record_failures("liming", 1)

    assert waits == sorted(waits) and len(set(waits)) == len(waits) == 3
    assert sign_in_throttle._wait(99, 0.0, sign_in_throttle.PAIR_LIMIT) == sign_in_throttle.LONGEST_WAIT


async def test_failures_are_forgotten_after_the_window() -> None:
    """A new failure after that counts as the first."""
    await record_failures("liming", sign_in_throttle.PAIR_LIMIT)
    await time_passes(sign_in_throttle.WINDOW)

    answer = await refusal("liming", OTHER)

    assert answer is not None and answer.code == "wrong_credentials"


async def test_an_address_that_tries_many_names_has_to_wait() -> None:
    """Other addresses do not. A successful sign-in does not clear its failures with other names."""
    await passwords.register("liming", PASSWORD)
    for number in range(sign_in_throttle.ADDRESS_LIMIT - 1):
        await record_failures(f"name{number}", 1)
    assert await refusal("liming", PASSWORD) is None
    await refusal("one more", OTHER)

    locked = await refusal("liming", PASSWORD)

    assert locked is not None and locked.code == "too_many_attempts"
    assert await refusal("liming", PASSWORD, "192.0.2.2") is None


async def test_concurrent_guesses_do_not_exceed_the_limit() -> None:
    """Each attempt counts from its start."""
    await passwords.register("liming", PASSWORD)

    answers = await asyncio.gather(*(refusal("liming", f"guess number {n}") for n in range(12)))

    codes = [answer.code for answer in answers if answer is not None]
    assert codes.count("wrong_credentials") == sign_in_throttle.PAIR_LIMIT
    assert codes.count("too_many_attempts") == 12 - sign_in_throttle.PAIR_LIMIT


async def test_registrations_of_taken_names_are_limited_per_address() -> None:
    """Sign-ins and registrations of free names are not affected."""
    await passwords.register("liming", PASSWORD, address="192.0.2.1")
    assert await failures() == []
    for _ in range(sign_in_throttle.ADDRESS_LIMIT - 1):
        await sign_in_throttle.begin(sign_in_throttle.NO_ACCOUNT, "192.0.2.1")
    codes = []
    for name in ("liming", "wang"):
        with pytest.raises(UserError) as refused:
            await passwords.register(name, OTHER, address="192.0.2.1")
        codes.append(refused.value.code)

    assert codes == ["username_taken", "too_many_attempts"]
    assert await refusal("liming", PASSWORD, "192.0.2.2") is None
    await passwords.register("wang", PASSWORD, address="192.0.2.2")


async def test_guesses_of_the_current_password_are_limited() -> None:
    """A browser that is left signed in allows no unlimited guessing."""
    token = await passwords.register("liming", PASSWORD)
    user = await sessions.user_of_session(token)
    assert user is not None
    await record_failures("liming", sign_in_throttle.PAIR_LIMIT - 1, device=sign_in_throttle.SIGNED_IN)
    codes = []
    for current in (OTHER, PASSWORD):
        with pytest.raises(UserError) as refused:
            await passwords.change(user.id, current, OTHER, here=sessions.token_hash(token))
        codes.append(refused.value.code)

    assert codes == ["wrong_current_password", "too_many_attempts"]


async def test_accounts_per_address_and_hour_are_limited() -> None:
    """Other addresses are not affected."""
    for number in range(10):
        await passwords.register(f"writer-{number}-a", PASSWORD, address="2001:db8::/64")
    with pytest.raises(UserError) as refused:
        await passwords.register("writer-x", PASSWORD, address="2001:db8::/64")
    await passwords.register("writer-y", PASSWORD, address="2001:db8:0:1::/64")
    await time_passes(timedelta(hours=1))
    await passwords.register("writer-x", PASSWORD, address="2001:db8::/64")

    assert refused.value.code == "too_many_registrations"
    assert 3500 < refused.value.params["seconds"] <= 3600 and refused.value.params["minutes"] in (59, 60)


async def test_concurrent_registrations_do_not_exceed_the_limit() -> None:
    """They wait for each other's lock."""
    registering = (passwords.register(f"writer-{n}-a", PASSWORD, address="192.0.2.1") for n in range(14))

    made = await asyncio.gather(*registering, return_exceptions=True)

    assert sum(isinstance(each, str) for each in made) == 10


@pytest.mark.parametrize("password", ["woaini1314", "Passw0rd!", "liming2024", "password" * 16])
async def test_a_guessable_password_is_refused(password: str) -> None:
    """This holds at registration and at a change. An existing one still allows to sign in."""
    with pytest.raises(UserError) as refused:
        await passwords.register("liming", password)
    assert refused.value.code == "password_guessable"

    token, wrong = await passwords.register("liming", PASSWORD), await failures()
    user = await sessions.user_of_session(token)
    assert user is not None
    with pytest.raises(UserError) as refused:
        await passwords.change(user.id, PASSWORD, password, here="")
    assert refused.value.code == "password_guessable" and await failures() == wrong

    async with transaction() as session:
        provider = (await session.exec(select(AuthProvider))).one()
        provider.provider_data = await password_hashing.hashed(password.encode(), "")
        session.add(provider)
    assert await refusal("liming", password) is None


@pytest.mark.parametrize(
    ("known", "typed"), [("margo", "marɡo"), ("力口", "カロ"), ("modern", "rnodern"), ("bob", "B0B")]
)
async def test_a_name_that_looks_like_another_is_refused(known: str, typed: str) -> None:
    """The other name may be from an earlier version, or the test user's before that user exists."""
    async with transaction() as session:
        session.add_all([User(id="old", username=known), User(id="older", username=typed.casefold() + "2")])

    for name, code in (
        (typed, "username_looks_taken"),
        (known, "username_taken"),
        ("testuꜱer", "username_looks_taken"),
    ):
        with pytest.raises(UserError) as refused:
            await passwords.register(name, PASSWORD)
        assert refused.value.code == code
    await passwords.register("somebody", PASSWORD)


async def test_existing_names_that_look_alike_are_kept() -> None:
    """Both were stored before names were compared by their looks."""
    async with transaction() as session:
        session.add_all([User(id="one", username="margo"), User(id="two", username="marɡo")])
    await passwords.register("somebody", PASSWORD)

    async with transaction() as session:
        looks = (await session.exec(select(User.name_skeleton).where(User.id != "x"))).all()

    assert sorted(looks, key=str).count("rnargo") == 2 and None not in looks
