"""The components of the sign-in, register and account pages, without a server."""

import re
from collections.abc import Callable, Iterator

import pytest
import reflex as rx

from scriptwriter.settings import settings
from scriptwriter.texts import account_texts, sign_in_texts
from scriptwriter.web.account.account_parts import devices_sheet, password_sheet
from scriptwriter.web.account.account_state import AccountState
from scriptwriter.web.account.token_parts import tokens_sheet
from scriptwriter.web.account.tokens_state import TokensState
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.language_state import LanguageState
from scriptwriter.web.sign_in.sign_in_form import entry_form, outside_link, password_field
from scriptwriter.web.sign_in.sign_in_state import SignInState

STATES = (AccountState, LanguageState, SignInState, TokensState)
"""The states whose vars the components of this test show."""


def form(*, new: bool = False) -> rx.Component:
    """The form of the sign-in page, or with `new` that of the register page."""
    return entry_form("/api/session/x", sign_in_texts.SIGN_IN, new=new)


COMPONENTS: dict[str, Callable[[], rx.Component]] = {
    "sign in": form,
    "register": lambda: form(new=True),
    "outside": lambda: outside_link("/x", "SSO"),
    "password": password_sheet,
    "devices": devices_sheet,
    "tokens": tokens_sheet,
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_each_renders_alone(name: str) -> None:
    """It uses no state of another page."""
    code = str(COMPONENTS[name]())

    assert code.startswith(("jsx(", "("))
    known = {state.get_full_name().replace(".", "__") for state in STATES} | {"reflex___state____state"}
    assert {*re.findall(r"reflex___state____state\w*", code)} <= known


def test_password_managers_recognize_every_field() -> None:
    """Current password, new password and username. No field has a `maxLength`: a longer value is refused."""
    entered, made = str(form()), str(form(new=True))

    assert 'autoComplete:"username"' in entered and 'autoComplete:"current-password"' in entered
    assert 'autoComplete:"new-password"' in made and "current-password" not in made
    changed = str(COMPONENTS["password"]())
    assert all(
        f'autoComplete:"{each}"' in changed for each in ("username", "current-password", "new-password")
    )
    assert "maxLength" not in entered + made + changed


def test_a_password_is_hidden_until_its_button_is_pressed() -> None:
    """The button names the field that it reveals."""
    code = str(password_field("new", sign_in_texts.PASSWORD, new=True))

    assert 'type:"password"' in code and '"data-reveals":"new"' in code and '"aria-pressed":"false"' in code


@pytest.mark.parametrize("name", ["password", "devices", "tokens"])
def test_account_buttons_are_disabled_offline(name: str) -> None:
    """A click without a connection never takes effect later."""
    assert str(UNREACHABLE) in str(COMPONENTS[name]())


def test_every_browser_and_system_has_a_name_in_both_languages() -> None:
    """In the lists of devices and of tokens."""
    assert all(
        name.zh and name.en for name in (*account_texts.BROWSERS.values(), *account_texts.SYSTEMS.values())
    )


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Change settings during one test."""

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield change
    settings.cache_clear()


def test_the_pages_offer_only_enabled_ways_to_sign_in(setting: Callable[..., None]) -> None:
    """No button and no form that the server would refuse."""
    from scriptwriter.web.sign_in.sign_in_page import register, sign_in

    setting(SCRIPTWRITER_ENV="development", REGISTRATION="open", OIDC_ISSUER="")
    assert "/register" in str(sign_in()) and "/api/session/register" in str(register())
    assert "/api/session/oidc" not in str(sign_in()) and "test-user" in str(sign_in())

    setting(SCRIPTWRITER_ENV="production", REGISTRATION="closed", OIDC_ISSUER="https://login.example")
    assert "/register" not in str(sign_in()) and "/api/session/register" not in str(register())
    assert "/api/session/oidc" in str(sign_in()) and "test-user" not in str(sign_in())
    assert "/api/session/sign-in" in str(sign_in())
