"""Which usernames and passwords are valid, and how browsers are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import usernames
from scriptwriter.services.accounts.provider_identities import usable
from scriptwriter.web.account.devices import device
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.sign_in import sign_in_state
from scriptwriter.web.sign_in.sign_in_state import PROBLEMS, problem


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Li.Ming-2_x ", "li.ming-2_x"),
        ("ＬｉＭｉｎｇ", "liming"),
        ("李明", "李明"),
        ("さくらー", "さくらー"),
        ("김철수", "김철수"),
        ("\u1100\u1175\u11b7\u110e\u1165\u11af\u1109\u116e", "김철수"),
        ("Zoë", "zoë"),
        ("Straße", "strasse"),
        ("x" * 32, "x" * 32),
    ],
)
def test_spellings_of_one_name_are_one_name(typed: str, name: str) -> None:
    """Full and half width, composed and decomposed, upper and lower case."""
    assert usernames.username(typed) == name


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "username_required"),
        (" \u3000 ", "username_required"),
        ("x", "username_length"),
        ("x" * 33, "username_length"),
        ("名" * 5000, "username_length"),
        ("li ming", "username_characters"),
        (".li", "username_characters"),
        ("--", "username_characters"),
        ("li\u200bming", "username_characters"),
        ("li\x00ming", "username_characters"),
        ("\ud800\ud800", "username_characters"),
        ("admin\u202e", "username_characters"),
        ("аdmin", "username_characters"),
        ("🙂🙂", "username_characters"),
        ("a/../b", "username_characters"),
        ("<b>", "username_characters"),
    ],
)
def test_a_misleading_name_is_refused(typed: str, code: str) -> None:
    """For example with a Cyrillic а, with invisible characters, or with a change of the writing direction."""
    with pytest.raises(UserError) as refused:
        usernames.username(typed)

    assert refused.value.code == code
    assert refused.value.text("zh") and refused.value.text("en")


@pytest.mark.parametrize(
    "typed",
    ["admin", "Admin", "ＲＯＯＴ", "adm1n", "admin-", "ad.min", "admin2", "r0ot", "sуstem",
     "scriptwriter", "Scr1ptwriter", "support", "系统", "官方", "官方客服", "管理员", "小管理员", "客服"],
)  # fmt: skip
def test_a_name_that_sounds_official_is_refused(typed: str) -> None:
    """Also a name that looks like one (here with a Cyrillic у), or that adds digits or signs."""
    with pytest.raises(UserError) as refused:
        usernames.username(typed)

    assert refused.value.code in ("username_reserved", "username_characters")
    assert usernames.is_reserved(usernames.folded(typed))
    assert refused.value.text("zh") and refused.value.text("en")


@pytest.mark.parametrize("typed", ["badminton", "rooted", "生态系统", "scriptwriter-jane", "2024", "writer"])
def test_a_name_that_only_contains_a_reserved_word_is_allowed(typed: str) -> None:
    """As long as it does not sound official."""
    assert usernames.username(typed) == typed


@given(st.text(max_size=60))
def test_a_valid_name_is_already_folded(typed: str) -> None:
    """Folding it again changes nothing, so that every lookup finds it."""
    try:
        name = usernames.username(typed)
    except UserError:
        return
    assert usernames.username(name) == usernames.folded(name) == name


@given(st.text(max_size=200))
def test_a_name_from_a_provider_becomes_a_valid_name_or_none(notice: str) -> None:
    """Never a name that nobody could type."""
    name = usable(notice)

    assert name == "" or usernames.username(name) == name


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("1234567", "password_too_short"),
        ("", "password_too_short"),
        ("密码密码密码密", "password_too_short"),
        ("x" * 129, "password_too_long"),
        ("x" * 100_000, "password_too_long"),
    ],
)
def test_a_password_of_a_wrong_length_is_refused_and_never_cut(typed: str, code: str) -> None:
    """The message names the limit."""
    with pytest.raises(UserError) as refused:
        usernames.password(typed)

    assert refused.value.code == code
    assert refused.value.text("zh") and refused.value.text("en")


def test_every_character_of_a_password_counts() -> None:
    """Including the last of 128 characters of four bytes. No account has a longer password."""
    longest = "🙂" * 127
    assert usernames.password(longest + "a") != usernames.password(longest + "b")
    assert usernames.spelled("x" * 129) is None
    assert usernames.spelled("한" * 128 + "x") is None


def test_a_password_is_the_same_from_another_keyboard() -> None:
    """Full-width letters of an input method, and accents as one character or two."""
    assert usernames.password("ｐａｓｓｗｏｒｄé") == usernames.password("passwordé")
    assert usernames.password(" password ") != usernames.password("password")


AGENT = "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {browser}"
WINDOWS, MAC = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"
PHONE, ANDROID = "iPhone; CPU iPhone OS 18_0 like Mac OS X", "Linux; Android 14; Pixel 8"


@pytest.mark.parametrize(
    ("system", "browser", "shown"),
    [
        (WINDOWS, "Chrome/131.0.0.0 Safari/537.36", "Chrome · Windows"),
        (WINDOWS, "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge · Windows"),
        (WINDOWS, "Chrome/130.0 Safari/537.36 OPR/115.0", "Opera · Windows"),
        (MAC, "Version/18.1 Safari/605.1.15", "Safari · macOS"),
        (PHONE, "Version/18.0 Mobile/15E148 Safari/604.1", "Safari · iPhone"),
        (PHONE, "CriOS/131.0 Mobile/15E148 Safari/604.1", "Chrome · iPhone"),
        (PHONE, "Mobile/15E148 MicroMessenger/8.0.50", "微信 · iPhone"),
        (ANDROID, "Version/4.0 Chrome/116.0 MQQBrowser/14.6 Mobile Safari/537.36", "QQ浏览器 · Android"),
        (ANDROID, "SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36", "三星浏览器 · Android"),
        (
            "Phone; OpenHarmony 5.0",
            "Chrome/114.0 Safari/537.36 ArkWeb/4.1 HuaweiBrowser/5.0",
            "华为浏览器 · 鸿蒙",
        ),
        ("X11; CrOS x86_64", "Chrome/131.0 Safari/537.36", "Chrome · ChromeOS"),
    ],
)
def test_a_browser_is_named_as_people_call_it(system: str, browser: str, shown: str) -> None:
    """Although each user agent claims to be all the others."""
    assert device(AGENT.format(system=system, browser=browser)).zh == shown


def test_an_unknown_browser_is_called_unknown() -> None:
    """The words of its user agent are never shown."""
    assert device("") == device("<b>curl</b>/8")
    assert (
        device("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0").en
        == "Firefox on Linux"
    )
    assert device("something on Windows").zh == "Windows"


def test_only_known_codes_have_a_sentence() -> None:
    """Text in the address of the page is never shown."""
    assert {code for code in PROBLEMS if not (problem(code, "").zh and problem(code, "").en)} == set()
    assert problem("<b>anything</b>", "").zh == ""
    assert problem("already_running", "").zh == ""


@pytest.mark.parametrize(
    ("until", "seconds"),
    [("1000048", 48), ("", 30), ("-5", 30), ("9999999", 900), ("１２", 30), ("<b>", 30)],
)
def test_the_seconds_in_a_message_are_a_bounded_number(
    until: str, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seconds until the time in the address; never text from the address."""
    monkeypatch.setattr(sign_in_state, "time", lambda: 1_000_000.0)

    notice = problem("too_many_attempts", until)

    assert (notice.zh, notice.seconds) == ("尝试次数过多，请 {seconds} 秒后再试", seconds)


def test_a_message_about_a_wait_that_is_over_is_not_shown() -> None:
    """The page of a refused sign-in may be loaded again much later."""
    assert problem("too_many_attempts", "1000048") == Notice()
