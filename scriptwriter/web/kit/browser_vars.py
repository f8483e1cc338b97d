"""Vars that the browser computes: whether the backend is reachable, and whether the screen is narrow."""

import reflex as rx
from reflex_base.vars import VarData
from reflex_components_core.core.banner import has_connection_errors

OFFLINE = has_connection_errors
"""A Var: whether the browser has lost the websocket to the backend."""
UNREACHABLE = OFFLINE | ~rx.State.is_hydrated
"""A Var: whether an event would be lost, because the page is offline or has not connected yet."""

_QUERY = "window.matchMedia('(width < 48rem)')"

NARROW = rx.Var(
    "narrow",
    _var_type=bool,
    _var_data=VarData(
        imports={"react": [rx.ImportVar(tag="useSyncExternalStore")]},
        hooks=[
            f"""const narrow = useSyncExternalStore((tell) => {{
  const query = {_QUERY};
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
}}, () => {_QUERY}.matches, () => false);"""
        ],
    ),
).to(bool)
"""A Var: whether the screen is too narrow for two columns. It follows the size of the window."""
