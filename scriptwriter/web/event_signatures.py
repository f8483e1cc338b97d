"""Checks incoming events: the handler exists, pages may call it, and the arguments fit its types.

Any client can call any handler with any arguments, so every event passes this check first. Access rights are
checked by the services.
"""

import inspect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import structlog
from reflex.istate.storage import ClientStorageBase
from reflex.state import BaseState, State
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY, FormData

from scriptwriter.web.kit.event_arguments import LONGEST_ARGUMENT, Longest, Report
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.sign_in.sign_in_state import SignInState

SERVER_ONLY = frozenset({"setvar", "set_is_hydrated", "hydrate"})
"""Handlers that Reflex adds to every state or calls itself. No page of this app sends them."""
STORAGE_EVENTS = frozenset({"hydrate_and_load", "update_vars_internal"})
_FIELD_MARKER = "_rx_state_"

_log = structlog.get_logger(__name__)


def states(state: type[BaseState] = State) -> Iterator[type[BaseState]]:
    """All state classes of the app, including those of Reflex, always in the same order."""
    yield state
    for child in sorted(state.get_substates(), key=lambda child: child.get_full_name()):
        yield from states(child)


def admit(event: dict[str, Any], known: bool = True) -> dict[str, Any] | None:
    """The event to process; None, with a line in the log, for an event that no page of this app sends.

    `event` has `name`, `payload` and `router_data`. If the sender is not `known` (signed in), only handlers
    of Reflex and of the sign-in page are called; any other event is replaced by the redirect to that page.
    """
    parameters = _handlers().get(event["name"])
    if parameters is None:
        _refused(event["name"], "no such handler")
        return None
    payload = event["payload"]
    for name, value in payload.items():
        if name not in parameters or not fits(value, parameters[name].annotation):
            _refused(event["name"], f"argument {name[:40]!r}")
            return None
    missing = [
        name for name, each in parameters.items() if each.default is each.empty and name not in payload
    ]
    if missing:
        _refused(event["name"], f"without {missing[0]!r}")
        return None
    if not known and event["name"] not in _for_anybody():
        return event | {"name": f"{SessionState.get_full_name()}.enter", "payload": {}}
    if event["name"].rpartition(".")[2] in STORAGE_EVENTS and payload.get("vars"):
        # A browser may still store vars that a newer version of the app does not have.
        stored = {
            name: value
            for name, value in payload["vars"].items()
            if _is_stored(name) and isinstance(value, str) and len(value) <= LONGEST_ARGUMENT
        }
        return event | {"payload": payload | {"vars": stored}}
    return event


def fits(value: Any, kind: Any) -> bool:
    """Whether a JSON value is of an annotated type. True for any type that JSON does not have."""
    if kind in (Any, inspect.Parameter.empty):
        return True
    if kind in (None, NoneType):
        return value is None
    if kind is bool:
        return isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is str:
        return isinstance(value, str) and len(value) <= LONGEST_ARGUMENT
    origin, parts = get_origin(kind) or kind, get_args(kind)
    if origin is Annotated:
        longest = next(part.characters for part in parts if isinstance(part, Longest))
        return isinstance(value, str) and len(value) <= longest
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return any(value == part and type(value) is type(part) for part in parts)
    if origin in (list, set, frozenset, tuple):
        return isinstance(value, list) and all(fits(each, parts[0] if parts else Any) for each in value)
    if is_typeddict(origin) or (isinstance(origin, type) and issubclass(origin, (Mapping, FormData))):
        return isinstance(value, dict) and _fits_form(value, parts[1] if len(parts) == 2 else Any)
    return True


def _fits_form(value: dict[str, Any], kind: Any) -> bool:
    if FORM_DATA_ENTRIES_KEY not in value:
        return all(fits(each, kind) for each in value.values())
    entries = value[FORM_DATA_ENTRIES_KEY]
    return len(value) == 1 and isinstance(entries, list) and all(_is_field(entry) for entry in entries)


def _is_field(entry: Any) -> bool:
    """Whether `entry` is a pair of name and value. A field that is not rendered has the value None."""
    if not isinstance(entry, list) or len(entry) != 2:
        return False
    name, value = entry
    return isinstance(name, str) and (value is None or isinstance(value, str))


@lru_cache(maxsize=1)
def _handlers() -> dict[str, dict[str, inspect.Parameter]]:
    """The parameters of each handler that pages may call, by the handler's full name."""
    return {
        f"{state.get_full_name()}.{name}": _parameters(handler.fn)
        for state in states()
        for name, handler in state.event_handlers.items()
        if name not in SERVER_ONLY
    }


@lru_cache(maxsize=1)
def _for_anybody() -> frozenset[str]:
    """The full names of the handlers of states without a person's data, which anybody may call."""
    return frozenset(
        f"{state.get_full_name()}.{name}"
        for state in states()
        if not issubclass(state, SessionState) or state in (SessionState, SignInState)
        for name in state.event_handlers
    )


def is_background(name: str) -> bool:
    """Whether the handler with this full name is a background event."""
    return name in _in_background()


@lru_cache(maxsize=1)
def _in_background() -> frozenset[str]:
    return frozenset(
        f"{state.get_full_name()}.{name}"
        for state in states()
        for name, handler in state.event_handlers.items()
        if handler.is_background
    )


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    _self, *parameters = inspect.signature(function).parameters.values()
    try:
        kinds = get_type_hints(function, include_extras=True)
    except NameError:
        # Reflex has one handler whose annotation exists only for type checkers; it takes any argument.
        kinds = {}
    if not function.__module__.startswith("scriptwriter."):
        # Handlers of Reflex have no length limits. One of them receives reports of errors in browsers.
        kinds = {name: Report if kind is str else kind for name, kind in kinds.items()}
    return {each.name: each.replace(annotation=kinds.get(each.name, Any)) for each in parameters}


def _is_stored(name: str) -> bool:
    """Whether the var with this full name is kept in the browser's storage."""
    state_name, _, var = name.rpartition(".")
    var = var.removesuffix(_FIELD_MARKER)
    for state in states():
        if state.get_full_name() == state_name:
            field = state.get_fields().get(var)
            return field is not None and isinstance(field.default, ClientStorageBase)
    return False


def _refused(name: str, why: str) -> None:
    _log.warning("event_refused", handler=name.rpartition(".")[2][:80], reason=why)
