"""A browser tab without a browser: it sends events to the states and records the updates that it receives."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from reflex.state import StateUpdate
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.event.processor import BaseStateEventProcessor, EventFuture

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.api.middleware.websocket_headers import event_cookie

# Importing the app registers the states, and its routes add their vars.
from scriptwriter.scriptwriter import app
from scriptwriter.services.accounts import sessions

LIMIT = 30.0
BRAINSTORM, MEMBERS, LINEAGE = (
    f"/projects/[project_id]/{page}" for page in ("brainstorm", "members", "lineage")
)
PROJECTS = "/projects"


class Tab:
    """One tab on a page of a project, with the cookie of the person who is signed in, or "" for nobody."""

    def __init__(self, token: str, project_id: str, cookie: str, route: str) -> None:
        self.token = token
        self.shown: dict[str, dict[str, Any]] = {}
        self.updates: list[Mapping[str, Mapping[str, Any]]] = []
        self.redirects: list[str] = []
        self.filled: list[str] = []
        self._changed = asyncio.Event()
        self._router_data = {
            "pathname": route,
            "asPath": route.replace("[project_id]", project_id),
            "query": {"project_id": project_id},
            "token": token,
            "headers": {"cookie": cookie, "origin": "http://localhost:3000"},
        }
        self._processor = BaseStateEventProcessor(backend_exception_handler=None)
        self._processor.configure(event_namespace=self)  # pyright: ignore[reportArgumentType]: its one method

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        """Reflex calls this to send an update to the browser."""
        for state, values in update.delta.items():
            name = state.rpartition(".")[2]
            plain = {key.removesuffix("_rx_state_"): value for key, value in values.items()}
            self.shown.setdefault(name, {}).update(plain)
        self.redirects += [event.payload["path"] for event in update.events if event.name == "_redirect"]
        self.filled += [event.payload["value"] for event in update.events if event.name == "_set_value"]
        if update.delta:
            self.updates.append(update.delta)
        self._changed.set()

    def sign_in(self, cookie: str) -> None:
        """Use another session's cookie from now on, or "" for none."""
        headers = {"cookie": cookie, "origin": "http://localhost:3000"}
        self._router_data = self._router_data | {"headers": headers}

    async def load(self) -> None:
        """Send the event of a browser whose websocket opens; the page's `on_load` events follow."""
        await self._enqueue(rx.State.event_handlers["hydrate_and_load"], {})

    async def send(self, handler: Any, **payload: Any) -> None:
        """Send an event as a client does, and wait until it has been handled."""
        await (await self._enqueue(handler, payload))

    def value(self, state: type[rx.State], name: str) -> Any:
        """The value of a var in the browser, or None before it was sent."""
        return self.shown.get(state.get_name(), {}).get(name)

    async def sees(self, state: type[rx.State], name: str, wanted: Any) -> Any:
        """The value of a var as soon as `wanted` holds for it; fails after LIMIT seconds."""
        async with asyncio.timeout(LIMIT):
            while not wanted(self.value(state, name)):
                self._changed.clear()
                await self._changed.wait()
        return self.value(state, name)

    async def _enqueue(self, handler: Any, payload: dict[str, Any]) -> EventFuture:
        name = f"{handler.state_full_name}.{handler.fn.__name__}"
        event = Event(name=name, router_data=self._router_data, payload=payload)
        # Each tab needs its own context: otherwise the tab that was opened last would provide it.
        context = self._context.fork(token=self.token, router_data=self._router_data)
        return await self._processor.enqueue(self.token, event, context)

    async def __aenter__(self) -> "Tab":
        await self._processor.start()
        self._context = EventContext.get()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._processor.stop()


@asynccontextmanager
async def open_tab(project_id: str, user_id: str | None, route: str = BRAINSTORM) -> AsyncIterator[Tab]:
    """A tab that opens a page of a project, signed in as `user_id` (None: nobody)."""
    cookie = "" if user_id is None else event_cookie(f"{COOKIE}={await sessions.open_session(user_id)}")
    with app.set_contexts():
        async with Tab(f"tab-{user_id}-{route.rpartition('/')[2]}", project_id, cookie, route) as tab:
            await tab.load()
            yield tab
