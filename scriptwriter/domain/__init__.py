"""Values and rules of the product. Pure: no database, no HTTP, no screen."""

# `kinds` needs `run`, which needs one of the kinds: it comes first, whichever of them is asked for.
from scriptwriter.domain import kinds as kinds
