"""Texts of the brief form, its pickers and its examples."""

from scriptwriter.texts import Text

NEW_PROJECT = Text("新建脑暴项目", "New brainstorm")
NEW_PROJECT_WHY = Text(
    "创建一个新项目并开始AI头脑风暴，生成创意故事想法。",
    "Create a project and start an AI brainstorm for story ideas.",
)
PLATFORM = Text("目标平台", "Platform")
PLATFORM_EXAMPLE = Text("例如: 抖音, 快手, YouTube Shorts", "e.g. Douyin, Kuaishou, YouTube Shorts")
GENRE = Text("故事类型", "Genre")
GENRE_EXAMPLE = Text("例如: 穿越, 爽文, 甜宠, 悬疑", "e.g. time travel, revenge, romance, suspense")
OTHER_REQUIREMENTS = Text("其他要求", "Other requirements")
OTHER_REQUIREMENTS_EXAMPLE = Text(
    "描述故事核心、人物设定、情节走向等...", "The core of the story, its characters, where the plot goes..."
)
OPTIONAL = Text("选填", "optional")
CREATE_PROJECT = Text("开始创建项目", "Create project")
CREATING = Text("创建中...", "Creating...")
PICK = Text("选择", "Pick")
PICK_PLATFORM = Text("选择平台", "Pick a platform")
PICK_GENRES = Text("选择类型", "Pick genres")
PICKED_ENOUGH = Text("最多选 {most} 个，还可以直接写自己的", "Up to {most}. You can still type your own")
SEARCH = Text("搜索", "Search")
NOTHING_FOUND = Text("没有找到", "Nothing found")
USE_OWN_WORDS = Text("就用这几个字", "Use these words")
READY = Text("选好了", "Done")
AUDIENCE = Text("受众", "Audience")
ANY_AUDIENCE = Text("不限", "Everybody")
FEMALE_AUDIENCE = Text("女频", "Women")
MALE_AUDIENCE = Text("男频", "Men")
AVOID = Text("避雷", "Avoid")
AVOID_EXAMPLE = Text("不想看到的，例如: 失忆, 车祸, 恶婆婆", "What you don't want, e.g. amnesia, car crashes")
COUNT = Text("数量", "How many")
MODEL = Text("模型", "Model")
ESTIMATE = Text("预计约 {cost}", "About {cost}")
TRY_AN_EXAMPLE = Text("没有头绪？从一个例子开始：", "Not sure yet? Start with an example:")
EXAMPLES = (
    (
        Text("外卖小哥是首富", "The courier is a tycoon"),
        {
            "platform": "抖音",
            "genre": "逆袭, 打脸, 小人物",
            "other_requirements": "主角送外卖时被前女友羞辱，其实他在体验自家的生意。笑点要密，结尾要暖。",
            "avoid": "炫富, 拜金",
        },
        {
            "platform": "TikTok",
            "genre": "Rise of the underdog, Face-slapping",
            "other_requirements": (
                "Delivering a meal, he is humiliated by his ex; in truth he is trying out his own business. "
                "Many laughs, a warm ending."
            ),
            "avoid": "showing off, gold diggers",
        },
    ),
    (
        Text("重回十八岁的外婆", "Grandma at eighteen"),
        {
            "platform": "小红书",
            "genre": "重生, 亲情, 治愈",
            "other_requirements": "七十岁的外婆一觉醒来回到十八岁，遇见年轻时的女儿。女性视角，细腻克制。",
            "avoid": "车祸, 绝症",
        },
        {
            "platform": "YouTube Shorts",
            "genre": "Rebirth, Kinship, Healing",
            "other_requirements": (
                "At seventy she wakes up eighteen again, and meets her daughter as a young woman. "
                "Told by women, delicate and restrained."
            ),
            "avoid": "car crashes, terminal illness",
        },
    ),
    (
        Text("末世里的小超市", "A shop at the end of the world"),
        {
            "platform": "B站",
            "genre": "末世, 囤货求生, 黑色幽默",
            "other_requirements": "末日前三天，超市店员发现收银机能扫出人的寿命。节奏快，每集结尾有反转。",
            "avoid": "血腥",
        },
        {
            "platform": "Bilibili",
            "genre": "Apocalypse, Stockpiling, Black humour",
            "other_requirements": (
                "Three days before the end a shop assistant finds that the till can scan how long people "
                "have to live. Fast, with a twist at every end."
            ),
            "avoid": "gore",
        },
    ),
)
INITIAL_PLATFORM = Text("抖音", "Douyin")
INITIAL_GENRE = Text("穿越, 爽文", "Time travel, Power fantasy")
PROJECT_NAME = "{platform} · {genre} · {time}"
