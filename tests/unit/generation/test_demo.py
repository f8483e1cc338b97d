"""The demo model: its stories, and its endpoint as the official client sees it."""

import json
import re
from random import Random

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scriptwriter.domain import prompts
from scriptwriter.domain.graph import Brief, Idea
from scriptwriter.worker.demo_model import DemoModel
from scriptwriter.worker.demo_stories import compose, stories
from scriptwriter.worker.reply_parser import GrowingReply

BRIEF = Brief("抖音", "穿越, 爽文")
FAST = 1_000_000.0

texts = st.text(max_size=40)
words = st.text(min_size=1, max_size=40)
briefs = st.builds(
    Brief,
    platform=words | st.sampled_from(["抖音", "B站", "小红书", "YouTube Shorts"]),
    genre=words | st.sampled_from(["穿越", "悬疑, 复仇", "time travel comedy", "甜宠"]),
    other_requirements=texts,
    count=st.integers(1, 10),
)


@settings(deadline=None)
@given(briefs, st.integers())
def test_every_idea_has_a_short_title_and_about_180_characters(brief: Brief, seed: int):
    """For any brief, the ideas meet the requirements of the product."""
    ideas = compose(brief, (), Random(seed))

    assert len(ideas) == len({idea.title for idea in ideas}) == brief.count
    for idea in ideas:
        assert 3 <= len(idea.title) <= 7
        assert 150 <= len(idea.body) <= 205
        assert not re.search(r"[{}|\s]", idea.body)


@pytest.mark.parametrize("genre", ["穿越", "重生", "甜宠", "悬疑", "复仇", "都市", "科幻", "古装", "喜剧"])
def test_a_genre_gets_stories_of_that_genre(genre: str):
    """All ideas of a small batch have the genre that was asked for."""
    fitting = [story for story in stories() if genre in story.tags]

    ideas = compose(Brief("抖音", genre, count=3), (), Random(1))

    titles = {title for story in fitting for title in story.titles}
    assert len(fitting) >= 3
    assert all(idea.title in titles for idea in ideas)


def test_an_english_brief_gets_fitting_chinese_ideas():
    """English genres are recognized well enough for a demo."""
    titles = {title for story in stories() if "悬疑" in story.tags for title in story.titles}

    ideas = compose(Brief("YouTube Shorts", "Suspense, mystery", count=3), (), Random(2))

    assert all(idea.title in titles for idea in ideas)


def test_the_seed_decides_which_stories_are_written():
    """The same seed gives the same stories, another one gives others."""
    first, again, other = (compose(BRIEF, (), Random(seed)) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_earlier_stories_are_not_repeated():
    """Four batches in a row contain no story twice, not even with another title."""
    ideas: list[Idea] = []

    for seed in range(4):
        ideas += compose(Brief("抖音", "穿越", count=10), ideas, Random(seed))

    by_title = {title: story for story in stories() for title in story.titles}
    assert len({by_title[idea.title] for idea in ideas}) == 40


async def test_the_demo_model_answers_the_official_client():
    """The openai client reads the stream, with model, usage and finish reason."""
    http = openai.DefaultAsyncHttpxClient(transport=DemoModel(FAST, seed=3))
    client = openai.AsyncOpenAI(api_key="demo", base_url="http://demo.invalid/v1", http_client=http)
    done = (Idea("刀下留人", "女医生穿越成仵作。"),)
    reply = GrowingReply(4)

    stream = await client.chat.completions.create(
        model="演示模式",
        messages=[{"role": "user", "content": prompts.render(BRIEF, done)}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    for chunk in chunks:
        reply.feed((chunk.choices[0].delta.content or "") if chunk.choices else "")
    await client.close()

    assert json.loads(reply.text)
    assert list(reply.ideas()) == compose(Brief("抖音", "穿越, 爽文", count=4), done, Random(3))
    assert {chunk.model for chunk in chunks} == {"演示模式"}
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens == len(reply.text)


async def test_closing_the_response_ends_the_stream():
    """Stopping works as with a real model: nothing runs on after the response is closed."""
    http = openai.DefaultAsyncHttpxClient(transport=DemoModel(20.0))
    client = openai.AsyncOpenAI(api_key="demo", base_url="http://demo.invalid/v1", http_client=http)
    stream = await client.chat.completions.create(
        model="演示模式", messages=[{"role": "user", "content": prompts.render(BRIEF)}], stream=True
    )

    first = await anext(aiter(stream))
    await stream.close()

    assert first.choices[0].delta.role == "assistant"
    assert stream.response.is_closed
    await client.close()
