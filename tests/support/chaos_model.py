"""The model of chaos runs: it writes exactly the ideas that a prompt still asks for, and no idea twice."""

import json
import time
from dataclasses import dataclass
from random import Random
from typing import Any

from scriptwriter.domain import prompts
from scriptwriter.domain.graph import Idea
from tests.support.model_server import Answer, broken_off, refused, spoken

_SENTENCES = (
    "有人来了，有人走了，门没有关。",
    "她把信折好，没有寄出。",
    "雨停的时候，他们都老了。",
    "钥匙还在他手里。",
)


@dataclass(frozen=True)
class Call:
    """One request: its number from 1, its time (monotonic seconds), and what its prompt said.

    `mark` is the wish in the brief, which names the generation; `asked` counts the ideas asked for, `known`
    are the ideas that the prompt names as finished; `worker` is the process that calls.
    """

    number: int
    at: float
    mark: str
    asked: int
    known: tuple[Idea, ...]
    worker: str


class Storyteller:
    """An answering function for ModelServer; `pace` is in seconds between two pieces of five characters.

    `faults` is the share of calls (0 to 1) that get an error or a truncated answer.
    """

    def __init__(self, seed: int, *, pace: float, faults: float) -> None:
        self.pace = pace
        self.faults = faults
        self.calls: list[Call] = []
        self._random = Random(f"{seed} model")

    def __call__(self, body: dict[str, Any]) -> Answer:
        """The answer to one request."""
        brief, known = prompts.read(body["messages"][-1]["content"])
        number = len(self.calls) + 1
        self.calls.append(
            Call(number, time.monotonic(), brief.other_requirements, brief.count, known, body["model"])
        )
        text = json.dumps(
            {"ideas": [self._idea(number, place) for place in range(brief.count)]}, ensure_ascii=False
        )
        fate = self._random.random()
        if fate < self.faults / 2:
            return refused(503, "too much to do")
        if fate < self.faults:
            return broken_off(text[: self._random.randrange(len(text))], ending=False)
        return spoken(text, pause=self.pace)

    def called_for(self, mark: str) -> list[Call]:
        """The calls for one generation, in their order."""
        return [call for call in self.calls if call.mark == mark]

    def _idea(self, call: int, place: int) -> dict[str, str]:
        name = f"{call}回{place + 1}"
        sentences = self._random.choices(_SENTENCES, k=self._random.randint(2, 6))
        return {"title": f"第{name}", "body": f"{name}：" + "".join(sentences)}


def call_of(idea: Idea) -> int:
    """The number of the call that wrote an idea."""
    return int(idea.title.removeprefix("第").partition("回")[0])
