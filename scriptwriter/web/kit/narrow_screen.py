"""Owns whether the reader's screen is narrow, as it is at each moment. Knows no page."""

import reflex as rx
from reflex_base.vars import VarData

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
)
"""A Var: whether there is room for one column only; it follows a window's edge, or a phone that is turned."""
