"""State of the sign-in and the registration page: the problem of a refused sign-in, and the name typed."""

from math import ceil
from time import time
from urllib.parse import unquote

import reflex as rx

from scriptwriter.api.auth.refused_sign_in import TYPED
from scriptwriter.api.auth.session_cookie import value_in
from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import sign_in_throttle, usernames
from scriptwriter.web.kit.notices import Notice, as_notice
from scriptwriter.web.kit.session_state import SessionState

PROBLEMS = frozenset(
    {
        "wrong_credentials",
        "too_many_attempts",
        "sign_in_busy",
        "registration_closed",
        "username_required",
        "username_length",
        "username_characters",
        "username_reserved",
        "username_taken",
        "username_looks_taken",
        "too_many_registrations",
        "password_guessable",
        "password_too_short",
        "password_too_long",
        "account_inactive",
        "oidc_unavailable",
        "oidc_denied",
        "oidc_failed",
        "oidc_interrupted",
        "oidc_untrusted",
        "unexpected",
    }
)
"""Every code with which the HTTP API sends a person back here; no other is heeded."""


class SignInState(SessionState):
    """The sign-in page and the register page."""

    problem: rx.Field[Notice] = rx.field(default_factory=Notice)
    username: rx.Field[str] = rx.field("")

    @rx.event
    def open(self) -> None:
        """Say what the address of the page tells, and give back the name that was typed."""
        query = self.router.url.query_parameters
        self.problem = problem(query.get("problem", ""), query.get("until", ""))
        typed = value_in(self.router.headers.cookie, TYPED)
        self.username = unquote(typed) if self.problem.zh else ""


def problem(code: str, until: str) -> Notice:
    """The sentence for a code of PROBLEMS, empty for any other, and where `until` (Unix time) it held."""
    told = until.isascii() and until.isdigit() and len(until) < 12
    wait = ceil(int(until) - time()) if told else sign_in_throttle.FIRST_WAIT
    if code not in PROBLEMS or wait <= 0:
        return Notice()
    numbers = {
        "seconds": min(wait, sign_in_throttle.LONGEST_WAIT),
        "minutes": min(ceil(wait / 60), 60),
        "least": usernames.SHORTEST_NAME,
        "most": usernames.LONGEST_NAME,
        "shortest": usernames.SHORTEST_PASSWORD,
        "longest": usernames.LONGEST_PASSWORD,
    }
    return as_notice(UserError(code, **numbers))
