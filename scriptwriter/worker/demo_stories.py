"""The stories of the demo model: which ones fit a brief, and the variants of each.

demo_stories.txt has three lines for each story: tags, titles, body. In a body `{女}` and `{男}` stand for
names, and `{a|b}` for one of two texts; both are drawn anew for each idea.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from random import Random

from scriptwriter.domain.graph import Brief, Idea

_FILE = Path(__file__).with_name("demo_stories.txt")
_SLOT = re.compile(r"\{([^{}]+)\}")

_NAMES = {
    "女": "何满 江晚舟 许知夏 陆小满 程微 沈青禾 方灼 叶闻笙 周渡 阮棠 秦见微 宋野 杜若 孟听雨 罗小鱼",
    "男": "陈默 顾长风 李砚 周屿 沈砺 韩九 江临 宋怀远 梁川 魏朝 许照 方大川 程野 孟青山 贺知远",
    "宝": "豆豆 小满 米粒 汤圆 阿福 果果",
}

_ENGLISH = {
    "time travel": "穿越",
    "transmigrat": "穿越",
    "rebirth": "重生",
    "reborn": "重生",
    "revenge": "复仇",
    "romance": "甜宠",
    "romantic": "甜宠",
    "love": "甜宠",
    "suspense": "悬疑",
    "thriller": "悬疑",
    "mystery": "悬疑",
    "crime": "悬疑",
    "horror": "惊悚",
    "sci-fi": "科幻",
    "science fiction": "科幻",
    "apocalyp": "末世",
    "comedy": "喜剧",
    "funny": "喜剧",
    "family": "家庭",
    "fantasy": "玄幻",
    "historical": "古装",
    "costume": "古装",
    "palace": "权谋",
    "school": "校园",
    "campus": "校园",
    "office": "职场",
    "workplace": "职场",
    "city": "都市",
    "urban": "都市",
    "modern": "都市",
    "billionaire": "霸总",
    "ceo": "霸总",
    "healing": "治愈",
    "underdog": "逆袭",
    "sport": "体育",
}

_TASTES = {
    "抖音": "爽文 反转 逆袭",
    "快手": "家庭 年代 逆袭 搞笑",
    "tiktok": "反转 喜剧 悬疑",
    "youtube": "反转 科幻 喜剧",
    "小红书": "治愈 暖心 女性 甜宠",
    "微博": "娱乐圈 甜宠 马甲",
    "b站": "科幻 脑洞 搞笑 热血 校园",
    "腾讯": "悬疑 古装 仙侠",
    "爱奇艺": "悬疑 惊悚 古装",
    "优酷": "权谋 复仇 民国",
    "芒果": "甜宠 青春 大女主",
}


@dataclass(frozen=True, slots=True)
class Story:
    """One entry of demo_stories.txt."""

    tags: frozenset[str]
    titles: tuple[str, ...]
    body: str


@lru_cache(maxsize=1)
def stories() -> tuple[Story, ...]:
    """All stories of demo_stories.txt."""
    records = _FILE.read_text(encoding="utf-8").strip().split("\n\n")
    return tuple(
        Story(frozenset(tags.split()), tuple(titles.split("|")), body)
        for tags, titles, body in (record.splitlines() for record in records)
    )


def compose(brief: Brief, finished: Sequence[Idea], random: Random) -> list[Idea]:
    """As many ideas as `brief` asks for, made of the stories that fit it best.

    Stories whose title is in `finished` are left out. The same state of `random` gives the same ideas.
    """
    told = {idea.title for idea in finished}
    untold = [story for story in stories() if told.isdisjoint(story.titles)]
    fit = _fit(brief)
    ranked = sorted(untold, key=lambda story: fit(story) + random.random() * 3, reverse=True)
    chosen = ranked[: brief.count]
    random.shuffle(chosen)
    names = {kind: _shuffled(names.split(), random) for kind, names in _NAMES.items()}
    return [_tell(story, names, index, random) for index, story in enumerate(chosen)]


def _fit(brief: Brief) -> Callable[[Story], float]:
    """A function that says how well a story fits the brief; higher is better."""
    genre, wishes, platform = (
        text.lower() for text in (brief.genre, brief.other_requirements, brief.platform)
    )
    asked = genre + " ".join(tag for word, tag in _ENGLISH.items() if word in f"{genre} {wishes}")
    tastes = next((tags.split() for name, tags in _TASTES.items() if name in platform), [])
    pairs = _pairs(wishes)

    def fit(story: Story) -> float:
        return (
            4 * sum(tag in asked for tag in story.tags)
            + 2 * sum(tag in wishes for tag in story.tags)
            + 0.7 * len(story.tags.intersection(tastes))
            + 0.5 * min(len(pairs & _pairs(story.body)), 6)
        )

    return fit


def _pairs(text: str) -> set[str]:
    """All pairs of adjacent characters without spaces."""
    return {pair for pair in map("".join, pairwise(text)) if pair.strip() == pair}


def _shuffled(names: Sequence[str], random: Random) -> list[str]:
    return random.sample(names, len(names))


def _tell(story: Story, names: Mapping[str, Sequence[str]], index: int, random: Random) -> Idea:
    def fill(slot: re.Match[str]) -> str:
        if slot[1] in names:
            of_kind = names[slot[1]]
            return of_kind[index % len(of_kind)]
        return random.choice(slot[1].split("|"))

    return Idea(random.choice(story.titles), _SLOT.sub(fill, story.body))
