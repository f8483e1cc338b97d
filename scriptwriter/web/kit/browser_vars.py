"""Vars that the browser computes by itself: whether its server is reachable, whether its screen is narrow."""

import reflex as rx
from reflex_base.vars import VarData
from reflex_components_core.core.banner import has_connection_errors

OFFLINE = has_connection_errors
"""A Var: whether this browser has lost its server."""
UNREACHABLE = OFFLINE | ~rx.State.is_hydrated
"""A Var: whether an event of this page would be lost: offline, or before a fresh page is connected."""

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
"""A Var: whether the screen has room for one column only. It changes when a window or a phone is turned."""
