"""The Reflex app: pages, scripts, style sheets, HTTP API, middleware, and the lifespan of the process."""

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
from scriptwriter.web.connected_events import connected, forget, pace
from scriptwriter.web.event_signatures import admit
from scriptwriter.web.kit.frame import broken_page
from scriptwriter.web.page_table import add_routes

CLOSED = tuple(str(endpoint) for endpoint in Endpoint if endpoint is not Endpoint.EVENT)
"""Endpoints of Reflex that this application does not use. They answer 404."""
LONGEST_REPORT = 2_000
"""Characters of a browser's error report that are logged. Anybody can send one."""

SCRIPTS = ("deployment", "screen", "limits", "pickers", "drafts", "room", "export", "import", "account")
"""Scripts in assets/."""
STYLES = ("base", "pages", "projects", "room", "cards", "lineage", "account")
"""Style sheets in assets/; later ones override earlier ones."""

log = logging.getLogger(__name__)


class App(rx.App):
    """The Reflex app inside RequestGuard. Background events end with their websocket."""

    @property
    def event_processor(self) -> EventProcessor:
        """The processor of events from websockets."""
        return connected(super().event_processor)

    def __call__(self) -> ASGIApp:
        """The ASGI app that the server runs."""
        app = super().__call__()
        if self.event_namespace is not None:
            pace(self.event_namespace)
        scripts = hashes_of_build(get_web_dir() / Dirs.STATIC)
        return RequestGuard(
            app, admit=admit, forget=partial(forget, self.state_manager), closed=CLOSED, scripts=scripts
        )


def log_failure(exception: Exception) -> None:
    """Log an exception of an event handler: invalid arguments, or a fault of this program."""
    if isinstance(exception, UserError):
        log.warning("an event was refused: %s", exception)
    else:
        log.error("an event failed", exc_info=exception)


def log_failure_of_page(exception: Exception) -> None:
    """Log the error report of a page in a browser."""
    log.warning("a page failed: %s", str(exception)[:LONGEST_REPORT])


app = App(
    stylesheets=[f"/{name}.css" for name in STYLES],
    head_components=[
        rx.el.link(rel="icon", href="/seal.svg", type="image/svg+xml"),
        *(rx.el.script(src=f"/{name}.js", defer=True) for name in SCRIPTS),
    ],
    html_lang="zh-CN",
    api_transformer=create(),
    # The frame shows the lost connection itself, in the reader's language.
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: broken_page()},
    backend_exception_handler=log_failure,
    frontend_exception_handler=log_failure_of_page,
    toaster=None,
    reset_style=False,
)
app.register_lifespan_task(lifespan.web)
add_routes(app)
