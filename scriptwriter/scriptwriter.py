"""Owns the app: its pages, style sheet, HTTP API and what runs beside it. Knows no page's content."""

import logging

import reflex as rx

from scriptwriter import lifespan
from scriptwriter.api.app import create
from scriptwriter.components.frame import broken_page
from scriptwriter.pages.routes import add_routes

log = logging.getLogger(__name__)


def log_failure(exception: Exception) -> None:
    """Keep what no event handler caught: arguments that no page of ours sends, or a fault of ours."""
    log.error("an event failed", exc_info=exception)


app = rx.App(
    stylesheets=["/base.css", "/pages.css", "/room.css", "/cards.css", "/account.css", "/lineage.css"],
    head_components=[
        rx.el.link(rel="icon", href="/seal.svg", type="image/svg+xml"),
        *(rx.el.script(src=f"/{name}.js", defer=True) for name in ("screen", "pickers", "room", "account")),
    ],
    html_lang="zh-CN",
    api_transformer=create(),
    # The frame says itself, in the reader's language, that the connection is lost.
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: broken_page()},
    backend_exception_handler=log_failure,
    toaster=None,
    reset_style=False,
)
app.register_lifespan_task(lifespan.web)
add_routes(app)
