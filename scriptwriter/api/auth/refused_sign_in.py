"""The redirect after a refused sign-in: it carries an error code, and no text of the request."""

from math import ceil
from time import time
from urllib.parse import quote, urlencode

import structlog
from fastapi.responses import RedirectResponse

from scriptwriter.api.auth.session_cookie import set_cookie
from scriptwriter.api.middleware.origins import inside
from scriptwriter.domain.errors import UserError

TYPED = "scriptwriter_typed"
"""The cookie with the typed username, which may be a password: no URL and no log contains it."""
_TYPED_SECONDS = 60
_LONGEST_TYPED = 100

_log = structlog.get_logger(__name__)


def refused(
    home: str, path: str, error: Exception, *, next: str = "", username: str = ""
) -> RedirectResponse:
    """A redirect to the page at `path` of the origin `home`, with the error's code in the query."""
    code, params = "unexpected", {}
    if isinstance(error, UserError):
        code = error.code
        # A point in time rather than seconds, because the page may be reloaded.
        params = {"until": ceil(time() + error.params["seconds"])} if "seconds" in error.params else {}
    else:
        _log.error("sign_in_failed", exc_info=error)
    onward = {"next": inside(next)} if next else {}
    response = RedirectResponse(
        f"{home}{path}?{urlencode({'problem': code} | params | onward)}", status_code=303
    )
    set_cookie(response, TYPED, quote(username[:_LONGEST_TYPED]), _TYPED_SECONDS if username else 0)
    return response
