"""Owns what a request asks beyond plain chat, and what to leave out where an endpoint refuses it."""

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import openai

from scriptwriter.domain.prompts import RESPONSE_SCHEMA
from scriptwriter.worker.model_faults import fault_of

_FORMATS: dict[str, Any] = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "ideas", "strict": True, "schema": RESPONSE_SCHEMA},
    },
    "json_object": {"type": "json_object"},
}


@dataclass(frozen=True, slots=True)
class Form:
    """Structured output, JSON mode or plain text; with the count of tokens or without."""

    response_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    usage: bool = True

    def options(self) -> dict[str, Any]:
        """The request's further fields."""
        asked: dict[str, Any] = {}
        if self.response_format in _FORMATS:
            asked["response_format"] = _FORMATS[self.response_format]
        if self.usage:
            asked["stream_options"] = {"include_usage": True}
        return asked

    def after(self, refusal: openai.APIStatusError) -> Self | None:
        """The form to try next; None where a simpler form would be refused as well."""
        words = f"{refusal.message} {refusal.body}"
        about_usage = "stream_options" in words or "include_usage" in words
        about_format = any(name in words for name in ("response_format", "json_schema", "json_object"))
        if refusal.status_code in (400, 422):
            # Many endpoints do not say what they dislike; a refused request costs nothing.
            if fault_of(refusal, model="", silence=0).code != "request_refused":
                return None
        elif refusal.status_code not in (404, 415, 501) or not (about_usage or about_format):
            return None
        return self._simpler(about_usage)

    def _simpler(self, about_usage: bool) -> Self | None:
        if self.usage and about_usage:
            return replace(self, usage=False)
        if self.response_format == "json_schema":
            return replace(self, response_format="json_object")
        if self.response_format == "json_object":
            return replace(self, response_format="text")
        return replace(self, usage=False) if self.usage else None
