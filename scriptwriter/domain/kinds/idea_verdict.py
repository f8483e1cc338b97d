"""`brainstorm_verdict`: what one person says of an idea."""

from typing import Annotated, Literal

from pydantic import Field

from scriptwriter.domain.base_values import Camel, Id, Name, Place, Title

TYPE = "brainstorm_verdict"
REASON = 100
"""Characters of the reason."""


class Verdict(Camel):
    """One person's verdict on an idea.

    `user_id` is None for an imported person, of whom only the name is known.
    """

    artifact_id: Id
    index: Place
    user_id: Id | None = None
    name: Name = ""
    verdict: Literal["keep", "pass", "none"]
    reason: Annotated[str, Field(max_length=REASON)] = ""
    title: Title = ""
