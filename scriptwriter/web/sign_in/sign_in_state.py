"""State of the sign-in and registration pages: the error of a refused form, and the username to fill in."""

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
"""The error codes with which the HTTP API redirects to these pages. Any other code is ignored."""


class SignInState(SessionState):
    """The sign-in page and the registration page."""

    problem: rx.Field[Notice] = rx.field(default_factory=Notice)
    username: rx.Field[str] = rx.field("")

    @rx.event
    def open(self) -> None:
        """Show the error in the page's address, and fill in the username of the refused form."""
        query = self.router.url.query_parameters
        self.problem = problem(query.get("problem", ""), query.get("until", ""))
        typed = value_in(self.router.headers.cookie, TYPED)
        self.username = unquote(typed) if self.problem.zh else ""


def problem(code: str, until: str) -> Notice:
    """The notice for a code of PROBLEMS, valid until `until` (Unix time as text, or "").

    It is empty for any other code, and after `until`.
    """
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
