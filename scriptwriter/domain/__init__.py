"""Values and rules of the product. Pure: no database, no HTTP, no screen."""

# `kinds` and `run_context` import each other's modules. Importing `kinds` first is the order that works.
from scriptwriter.domain import kinds as kinds
