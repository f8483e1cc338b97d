"""Retellings of a story are close, other stories of the same genre are not; in Chinese and in English."""

from itertools import combinations
from random import Random

import pytest

from scriptwriter.domain.graph import Brief
from scriptwriter.domain.similarity import THRESHOLD, closest, containment, sketch
from scriptwriter.worker.demo_stories import compose

RETOLD = {
    "names and phrases": (
        "当铺千金\n林晚被养母赶出家门那天，当掉了唯一的玉佩，却在当铺学徒口中听说这块玉是首富沈家失散千金的信物。"
        "她没有急着认亲，而是进沈家做了一名保洁，想看看亲生父母是什么样的人。假千金沈瑶认出玉佩，抢先一步设计她偷窃。"
        "林晚当众拿出监控，逼得沈瑶承认身份。沈父下跪求她回家，她却把玉佩还给了他，说自己已经有了名字。",
        "玉佩归来\n被养母扫地出门的苏念当掉了随身的玉佩，当铺学徒告诉她，那是首富陆家失散千金的信物。"
        "苏念没有急着认亲，先进陆家当了保洁，想看清亲生父母究竟是什么样的人。假千金陆婉认出了玉佩，设局诬陷她偷东西。"
        "苏念在寿宴上放出监控，逼陆婉承认了身份。陆父求她回家，她把玉佩放回他手里，说她早就有自己的名字了。",
    ),
    "the same story in other words": (
        "奶奶开播\n七十岁的陈秀兰被三个儿子轮流推诿，最后住进镇上的旧戏楼。她捡起年轻时的梆子戏，用孙女淘汰的手机"
        "开了直播，一夜之间，十万人听她骂醒不孝子。儿子们闻风赶来，争着尽孝，却只为抢直播间的分成。"
        "陈秀兰当着十万观众立下遗嘱：所有打赏捐给戏校，谁真心学戏谁才进得了门。小儿子跪着唱完一折，她才打开了门。",
        "戏楼直播\n七十二岁的刘桂芬被三个儿子像皮球一样推来推去，只好搬进镇上废弃的旧戏楼。她用孙女不要的手机开直播，"
        "唱年轻时的梆子戏，一晚上来了十万人，都听她骂那几个不孝子。儿子们赶来抢着尽孝，原来是盯上了直播间的打赏分成。"
        "刘桂芬当众宣布遗嘱，打赏全部捐给戏校，真心学戏的才能进门。最后小儿子跪在台前唱完一整折，门开了。",
    ),
    "English": (
        "Grandma Goes Live\nAt seventy, handed from son to son like a parcel, Xiulan moves into the town's "
        "old opera house and starts to stream the arias of her youth on her granddaughter's cast-off phone. "
        "By morning a hundred thousand people are listening to her scold her ungrateful sons. The sons rush "
        "back to play the dutiful child, but all they want is a share of the tips. She makes her will on "
        "camera: every coin goes to the opera school, and only the one who truly learns to sing may come in.",
        "The Opera Stream\nSeventy-two-year-old Guifen is passed around by her sons until she moves into the "
        "abandoned opera house in town. With her granddaughter's old phone she starts to stream the arias of "
        "her youth, and by morning a hundred thousand people listen as she scolds her ungrateful sons. They "
        "rush home to play the dutiful child, though all they want is a share of her tips. On camera she "
        "makes her will: the money goes to the opera school, and only a son who truly learns to sing "
        "may come in.",
    ),
    "a short version inside a long one": (
        "电梯十三秒\n外卖骑手发现，老公寓的电梯每到凌晨都会停在不存在的十三层，停满十三秒，门缝里竟是一间儿童房。",
        "每晚少一层\n外卖骑手陈默发现，锦华公寓的电梯每到凌晨都会停在不存在的十三层，停满十三秒。好奇的住户接连搬走，"
        "只有独居的女人天天点一份不吃的夜宵。他借送餐偷拍，镜头里门缝后竟是一间儿童房。物业要他删视频，"
        "他却认出房里的书包属于十年前失踪的女孩，而女人是她母亲，用夜宵引人来看见真相。",
    ),
}  # fmt: skip
OTHERS = {
    "two of 真假千金": (
        RETOLD["names and phrases"][0],
        "千金互换\n医院抱错的两个女孩在高考考场第一次见面。顾家养大的许棠学画，却天生色弱；许家养大的顾遥在菜市场杀鱼，"
        "能记住每一种蓝。两家要换回孩子，假千金许棠主动收拾行李，真千金顾遥却把她拦在门口：她不要豪门，"
        "只要一张去美院的火车票。两人结盟，逼亲生父母先承认当年是故意抱错，用体弱的孩子换了健康的。",
    ),
    "two of 赘婿": (
        "赘婿锁匠\n入赘五年的锁匠被岳家当成笑话。岳父的保险柜在寿宴前一天打不开，里面是全家的身家性命。"
        "陈默听了三下，说锁没坏，是有人换了密码。他当众开出一柜空盒子，岳家才知道被大女婿掏空多年。"
        "岳母求他追回，他只拿走自己那份离婚协议，把它锁进柜子，说密码是妻子的生日，想清楚了再开。",
        "赘婿归来\n战神陈默隐姓埋名入赘林家三年，每天洗衣做饭。林家被对手逼债，岳母要他和妻子离婚，把女儿嫁给债主。"
        "他一个电话调来三千旧部，债主当场下跪。可妻子看着满院军靴，问他三年里哪一句是真的。"
        "陈默解散旧部，重新从门房做起，第一次用真名向她求婚。",
    ),
    "two of rebirth, in English": (
        "Reborn on Divorce Day\nShe dies in the sanatorium her husband chose for her and wakes up one hour "
        "before she signs the divorce papers. In her first life she fought the divorce and lost her family's "
        "factory; this time she signs at once and asks only for the failing soy sauce workshop. He thinks he "
        "has won, until the books he buried are found there half a year later. At the press conference he "
        "begs, and she hands the microphone to the workers he never paid.",
        "Second Chance Mother\nShe wakes up on the day her daughter was born. In her first life she gave the "
        "child to her mother-in-law for the sake of her career, and the girl left home at eighteen. This "
        "time she quits her job and sells breakfast on the street while her husband asks for a divorce. She "
        "remembers one stock from her first life, and sells it before the market opens so that she can be at "
        "her daughter's first school meeting. The girl's essay: I think my mother knows who I will be.",
    ),
    "one sentence in common": (
        "雨夜\n三年后，他回来了。她守着父亲的渡口，等一个欠她船钱的人。",
        "晴天\n三年后，他回来了。城里新开的面馆里，老板娘认出了通缉令上的脸。",
    ),
}  # fmt: skip


def likeness(one: str, other: str) -> float:
    """The share of the shorter text that the longer one contains."""
    return containment(sketch(one), sketch(other))


@pytest.mark.parametrize("pair", RETOLD.values(), ids=RETOLD)
def test_a_retelling_is_close(pair: tuple[str, str]) -> None:
    """Also with other names, and clearly above the threshold."""
    assert likeness(*pair) > THRESHOLD * 1.2
    assert closest(sketch(pair[1]), [sketch(OTHERS["two of 赘婿"][0]), sketch(pair[0])]) == 1


@pytest.mark.parametrize("pair", OTHERS.values(), ids=OTHERS)
def test_another_story_of_the_same_genre_is_not_close(pair: tuple[str, str]) -> None:
    """It shares only the words of the genre."""
    assert likeness(*pair) < THRESHOLD * 0.8
    assert closest(sketch(pair[1]), [sketch(pair[0])]) is None


def test_only_the_same_stories_of_the_demo_model_are_close() -> None:
    """Each story is compared with all others, and with its variant with other names and details."""
    every_story = Brief.unknown(count=100)
    once, again = (
        [sketch(f"{idea.title}\n{idea.body}") for idea in compose(every_story, (), Random(seed))]
        for seed in (1, 2)
    )

    assert len(once) > 40
    assert max(containment(one, other) for one, other in combinations(once, 2)) < THRESHOLD / 2
    assert {closest(each, once) for each in again} == {*range(len(once))}


def test_the_closest_of_several_is_found_and_of_equals_the_first() -> None:
    """That one is named to the person."""
    story, retold = RETOLD["the same story in other words"]
    known = [sketch(text) for text in (retold, story, story)]

    assert closest(sketch(story), known) == 1


def test_case_and_punctuation_do_not_matter() -> None:
    """Nor do line breaks."""
    story = RETOLD["English"][0]

    assert likeness(story, story.upper().replace("\n", " — ").replace(",", ";")) > 0.95


@pytest.mark.parametrize("text", ["", "。", "好", "\ud800", "🎬" * 3, "ab"])
def test_a_text_without_words_is_close_to_nothing(text: str) -> None:
    """Not even to itself."""
    assert closest(sketch(text), [sketch(text), sketch(RETOLD["English"][0])]) is None
