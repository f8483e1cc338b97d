"""Owns the app: its pages, style sheet, HTTP API, doors, and what runs beside it. Knows no page's content."""

import logging
from functools import partial

import reflex as rx
from reflex.utils.prerequisites import get_web_dir
from reflex_base.constants import Dirs, Endpoint
from reflex_base.event.processor import EventProcessor
from starlette.types import ASGIApp

from scriptwriter import lifespan
from scriptwriter.api.http_app import create
from scriptwriter.api.middleware.request_guard import RequestGuard
from scriptwriter.api.middleware.security_headers import hashes_of_build
from scriptwriter.domain.errors import UserError
from scriptwriter.web.kit.connected_events import connected, forget
from scriptwriter.web.kit.event_signatures import admit
from scriptwriter.web.kit.frame import broken_page
from scriptwriter.web.page_table import add_routes

CLOSED = tuple(str(endpoint) for endpoint in Endpoint if endpoint is not Endpoint.EVENT)
"""What Reflex serves beside the pages and their websocket, and nothing here uses."""
LONGEST_REPORT = 2_000
"""Characters of what a browser tells of its own failure: anybody can send that."""

SCRIPTS = ("deployment", "screen", "limits", "pickers", "drafts", "room", "export", "import", "account")
"""In assets/: what a page does without its server."""
STYLES = ("base", "pages", "projects", "room", "cards", "lineage", "account")
"""In assets/: how it looks; a later one goes before an earlier one."""

log = logging.getLogger(__name__)


class App(rx.App):
    """The app of Reflex behind doors of ours, whose events end with their websocket."""

    @property
    def event_processor(self) -> EventProcessor:
        """What handles the events of websockets."""
        return connected(super().event_processor)

    def __call__(self) -> ASGIApp:
        """What the server runs."""
        app = super().__call__()
        scripts = hashes_of_build(get_web_dir() / Dirs.STATIC)
        return RequestGuard(
            app, admit=admit, forget=partial(forget, self.state_manager), closed=CLOSED, scripts=scripts
        )


def log_failure(exception: Exception) -> None:
    """Keep what no event handler caught: arguments that no page of ours sends, or a fault of ours."""
    if isinstance(exception, UserError):
        log.warning("an event was refused: %s", exception)
    else:
        log.error("an event failed", exc_info=exception)


def log_failure_of_page(exception: Exception) -> None:
    """Keep what a browser tells of a page that failed there."""
    log.warning("a page failed: %s", str(exception)[:LONGEST_REPORT])


app = App(
    stylesheets=[f"/{name}.css" for name in STYLES],
    head_components=[
        rx.el.link(rel="icon", href="/seal.svg", type="image/svg+xml"),
        *(rx.el.script(src=f"/{name}.js", defer=True) for name in SCRIPTS),
    ],
    html_lang="zh-CN",
    api_transformer=create(),
    # The frame says itself, in the reader's language, that the connection is lost.
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: broken_page()},
    backend_exception_handler=log_failure,
    frontend_exception_handler=log_failure_of_page,
    toaster=None,
    reset_style=False,
)
app.register_lifespan_task(lifespan.web)
add_routes(app)
