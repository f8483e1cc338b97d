"""Owns every text a person reads, Chinese first, English second. Knows nothing of where it is shown."""

from typing import NamedTuple


class Text(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str


PRODUCT = Text("编剧室", "Writers' Room")
TAGLINE = Text("短剧与短视频的\u200b创意现场", "Where short drama begins")
PITCH = Text(
    "说出平台和类型，一分钟内得到五个故事创意，同一间编剧室里的人同时看到。",
    "Name a platform and a genre: five story ideas within a minute, on everybody's screen at once.",
)
SAMPLE_TITLE = Text("奶奶开播", "Grandma Goes Live")
SAMPLE_BODY = Text(
    "七十岁的陈秀兰被三个儿子轮流推诿，最后住进镇上的旧戏楼。她捡起年轻时的梆子戏，用孙女淘汰的手机开了直播，"
    "一夜之间，十万人听她骂醒不孝子。儿子们闻风赶来，争着尽孝……",
    "At seventy, handed from son to son, Xiulan moves into the town's old opera house and starts to stream "
    "the arias of her youth. By morning a hundred thousand people listen, and her sons are at the door.",
)
SKIP_TO_CONTENT = Text("跳到正文", "Skip to content")
SWITCH_LANGUAGE = Text("Switch to English", "切换到中文")
OTHER_LANGUAGE = Text("EN", "中文")
SWITCH_THEME = Text("切换明暗", "Switch light and dark")
DEMO_MODE = Text("演示模式", "Demo mode")
DEMO_MODE_WHY = Text(
    "没有配置模型密钥，创意由内置的演示模型写成",
    "No model key is set, so the built-in demo model writes the ideas",
)
LOADING = Text("载入中…", "Loading…")
OFFLINE = Text("网络已断开，后台仍在生成", "You're offline. Writing continues in the background")
RESYNCING = Text("正在重新同步", "Syncing again")
DISMISS = Text("知道了", "Dismiss")
WAIT_OVER = Text("现在可以再试了", "You can try again now")

SIGN_IN = Text("登录", "Sign in")
SIGN_OUT = Text("退出", "Sign out")
SIGN_IN_AS_TEST_USER = Text("以测试用户登录", "Sign in as the test user")
TEST_USER_WHY = Text("仅在开发环境提供，无需密码", "Development only, no password")
SIGN_IN_WITH = Text("使用 {name} 登录", "Sign in with {name}")
OR = Text("或", "or")
REGISTER = Text("注册", "Create an account")
REGISTER_WHY = Text("有了账号，项目和创意就都留着。", "With an account, your projects and ideas stay yours.")
REGISTRATION_CLOSED = Text("这里不开放注册，请联系管理员", "Sign-up is closed. Please ask your administrator")
NO_ACCOUNT_YET = Text("还没有账号？", "New here?")
HAVE_ACCOUNT = Text("已经有账号？", "Have an account already?")
USERNAME = Text("用户名", "Username")
USERNAME_RULE = Text(
    "{least}–{most} 个字符：文字、数字和 _ - .", "{least}–{most} characters: letters, digits and _ - ."
)
PASSWORD = Text("密码", "Password")
PASSWORD_RULE = Text("至少 {shortest} 个字符", "At least {shortest} characters")
SHOW_PASSWORD = Text("显示密码", "Show the password")
SHOW = Text("显示", "Show")
HIDE = Text("隐藏", "Hide")

ACCOUNT = Text("账号", "Account")
CHANGE_PASSWORD = Text("修改密码", "Change password")
CURRENT_PASSWORD = Text("当前密码", "Current password")
NEW_PASSWORD = Text("新密码", "New password")
PASSWORD_CHANGED = Text("密码已修改，其他设备都已退出", "Password changed. Your other devices are signed out")
PASSWORD_CHANGED_TOKENS_TOO = Text(
    "密码已修改，其他设备都已退出，API 令牌都已吊销",
    "Password changed. Your other devices are signed out, and your API tokens are revoked",
)
REVOKE_ALL_TOKENS = Text("同时吊销所有 API 令牌", "Also revoke all API tokens")
YOUR_PASSWORD = Text("你的密码", "Your password")
DEVICES = Text("登录的设备", "Where you're signed in")
THIS_DEVICE = Text("本机", "This device")
SIGN_OUT_OTHERS = Text("退出其他设备", "Sign out other devices")
UNKNOWN_DEVICE = Text("未知设备", "Unknown device")
ON_SYSTEM = Text("{browser} · {system}", "{browser} on {system}")
LAST_SEEN = Text("最近活动", "last active")
SIGNED_IN = Text("登录于", "signed in")
API_TOKENS = Text("API 令牌", "API tokens")
API_TOKENS_WHY = Text(
    "给你的脚本和工具用：持有令牌就能以你的身份操作。",
    "For your scripts and tools. Anyone with a token can act as you.",
)
TOKEN_NAME = Text("令牌名称", "Token name")
TOKEN_NAME_EXAMPLE = Text("例如: 导出脚本", "e.g. export script")
CREATE_TOKEN = Text("新建令牌", "New token")
NEW_TOKEN = Text("新令牌", "New token")
TOKEN_ONCE = Text("请现在复制：它只显示这一次。", "Copy it now. You won't see it again.")
COPY = Text("复制", "Copy")
COPIED = Text("已复制", "Copied")
NO_TOKENS = Text("还没有令牌", "No tokens yet")
LAST_USED = Text("最近使用", "last used")
NEVER_USED = Text("从未使用", "never used")
CREATED = Text("创建于", "made")
REVOKE = Text("吊销", "Revoke")
REVOKE_REALLY = Text("确认吊销", "Confirm revoke")
CANCEL = Text("取消", "Cancel")
BROWSERS = {
    "wechat": Text("微信", "WeChat"),
    "qq": Text("QQ浏览器", "QQ Browser"),
    "uc": Text("UC浏览器", "UC Browser"),
    "quark": Text("夸克", "Quark"),
    "huawei": Text("华为浏览器", "Huawei Browser"),
    "xiaomi": Text("小米浏览器", "Mi Browser"),
    "samsung": Text("三星浏览器", "Samsung Internet"),
    "edge": Text("Edge", "Edge"),
    "opera": Text("Opera", "Opera"),
    "firefox": Text("Firefox", "Firefox"),
    "chrome": Text("Chrome", "Chrome"),
    "safari": Text("Safari", "Safari"),
}
SYSTEMS = {
    "harmony": Text("鸿蒙", "HarmonyOS"),
    "windows": Text("Windows", "Windows"),
    "iphone": Text("iPhone", "iPhone"),
    "ipad": Text("iPad", "iPad"),
    "android": Text("Android", "Android"),
    "chromeos": Text("ChromeOS", "ChromeOS"),
    "macos": Text("macOS", "macOS"),
    "linux": Text("Linux", "Linux"),
}

PROJECTS = Text("我的项目", "My projects")
NO_PROJECTS = Text("这里还是一张白纸", "A blank page, so far")
NO_PROJECTS_NEXT = Text(
    "从一个平台、一种类型开始，看创意逐字写出来。",
    "Start with a platform and a genre, and watch the ideas being written.",
)
SHELVES = {
    "active": Text("进行中", "Active"),
    "archived": Text("已归档", "Archived"),
    "deleted": Text("最近删除", "Deleted"),
}
SHELF = Text("显示哪些项目", "Which projects to show")
NOTHING_ARCHIVED = Text("没有已归档的项目", "Nothing archived")
NOTHING_ARCHIVED_NEXT = Text(
    "归档的项目会收在这里，内容不变，随时可以取出。",
    "Archived projects stay here unchanged. You can unarchive them at any time.",
)
NOTHING_DELETED = Text("没有可恢复的项目", "Nothing to restore")
NOTHING_DELETED_NEXT = Text(
    "你删除的项目会在这里保留 30 天，之后彻底清除。",
    "Deleted projects stay here for 30 days, then they are gone for good.",
)
PROJECT_ACTIONS = Text("管理项目 {name}", "Manage the project {name}")
RENAME = Text("名称和简介", "Name and description")
PROJECT_NAME_LABEL = Text("项目名称", "Project name")
DESCRIPTION_LABEL = Text("项目简介", "Project description")
DESCRIPTION_HINT = Text(
    "简介（可不填）：这个项目要写什么", "Description (optional): what this project is about"
)
SAVE = Text("保存", "Save")
ARCHIVE = Text("归档", "Archive")
UNARCHIVE = Text("取消归档", "Unarchive")
DELETE = Text("删除", "Delete")
RESTORE = Text("恢复", "Restore")
OVER_LIMIT = Text("最多 {limit} 字，请删去 {over} 字", "Up to {limit} characters. Please remove {over}")
UNDO = Text("撤销", "Undo")
PROJECT_DELETED = Text(
    "《{name}》已删除，30 天内可以恢复", "“{name}” deleted. You can restore it for 30 days"
)
PROJECT_RESTORED = Text("《{name}》已恢复", "“{name}” restored")
PROJECT_RESTORED_ARCHIVED = Text("《{name}》已恢复，仍在「已归档」里", "“{name}” restored, still archived")
PROJECT_DELETED_WHY = Text(
    "它的所有者可以在 30 天内从「我的项目 · 最近删除」恢复它。",
    "Its owners can restore it for 30 days, from “My projects · Deleted”.",
)
IDEAS_COUNT = Text("{count} 个创意", "{count} ideas")
ONE_IDEA = Text("1 个创意", "1 idea")
NO_IDEAS_YET = Text("尚无创意", "No ideas yet")
WRITING_NOW = Text("正在写", "Writing")
BACK_TO_PROJECTS = Text("返回项目列表", "Back to projects")

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
WHOLE_TEXT = Text("全文", "The whole text")
AVOIDING = Text("避雷：{what}", "Avoid: {what}")
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

BULB = "💡"
BRAINSTORM = Text("创意头脑风暴", "Brainstorm")
START_HINT = Text("点击开始生成创意想法", "Press start to write story ideas")
START = Text("开始头脑风暴", "Start brainstorm")
STARTING = Text("正在开始...", "Starting...")
QUEUED = Text("排队中", "Queued")
THINKING = Text("构思中", "Thinking")
WRITING = Text("AI 正在生成创意想法... ({count} 个想法已生成)", "Writing story ideas... ({count} finished)")
PROGRESS = Text("进度", "Progress")
RESUMING = Text("正在从第 {number} 个继续", "Resuming from idea {number}")
FAILED = Text("生成失败", "The run failed")
RETRY = Text("重试", "Try again")
STOP = Text("停止", "Stop")
STOPPING = Text("正在停止…", "Stopping…")
STOPPED = Text("已停止，已写内容保留", "Stopped. What was written is kept")
STOPPED_BY = Text("{name} 已停止，已写内容保留", "Stopped by {name}. What was written is kept")
RECOVERING = Text("服务中断，正在从第 {number} 个继续", "Interrupted; resuming from idea {number}")
WAITING = Text(
    "{reason}，{seconds} 秒后自动重试（{number}/{of}）",
    "{reason}; trying again in {seconds} s ({number}/{of})",
)
WAITED = Text("{reason}，马上自动重试（{number}/{of}）", "{reason}; trying again any moment ({number}/{of})")
WAITING_REASONS = {
    "rate_limited": Text("模型繁忙", "The model is busy"),
    "model_unavailable": Text("模型服务暂时不可用", "The model is out of service"),
    "cannot_connect": Text("无法连接模型服务", "The model cannot be reached"),
    "reply_cut": Text("与模型的连接中断", "The connection to the model broke"),
    "reply_empty": Text("模型没有返回内容", "The model sent nothing back"),
}
WAITING_REASON = Text("这次没有写成", "This attempt did not succeed")
PARTIAL = Text("完成 {finished}/{count}，{missing} 个未完成", "{finished} of {count}, {missing} unfinished")
FILL_IN = Text("补齐", "Fill in")
GO_ON = Text("续写", "Go on writing")
REPHRASE = Text("换个说法", "Rephrase")
SKIP = Text("跳过", "Skip")
SKIPPED = Text("已跳过", "Skipped")
SHOW_RAW_REPLY = Text("查看原文", "See the reply")
CLOSE = Text("关闭", "Close")
RETRY_IDEA = Text("重试第 {number} 个", "Try idea {number} again")
BRIEF_COUNT = Text("{count} 个", "{count} ideas")
BRIEF_ONE = Text("1 个", "1 idea")
SECONDS = Text("{seconds} 秒", "{seconds} s")
TOKENS = Text("{tokens} tokens", "{tokens} tokens")
STARTED_BY = Text("{name} 发起", "started by {name}")
EDIT_BRIEF = Text("编辑要求后重来", "Edit brief")
ANOTHER_BATCH = Text("再来一批", "Another batch")
EARLIER_IDEAS = Text("更早的创意", "Earlier ideas")
IDEA_FINISHED = Text("第 {number} 个创意已写完：{title}", "Idea {number} is finished: {title}")
UNTITLED = Text("正在起名", "Finding a title")
UNFINISHED = Text("未完成", "Unfinished")
KEEP = Text("留下", "Keep")
KEPT = Text("已留下", "Kept")
PASS = Text("不要", "Pass")
PASSED = Text("已不要", "Passed")
SAID_KEEP = Text("{name} 留下", "Kept by {name}")
SAID_PASS = Text("{name} 不要", "Passed by {name}")
WHY_PASSED = Text("为什么不要？（可以不说，说了下一批会避开）", "Why? Optional; the next batch will avoid it")
OWN_REASON = Text("自己写一句", "In your own words")
GIVE_REASON = Text("就因为这个", "Add reason")
EDIT = Text("编辑", "Edit")
EDITED = Text("已编辑", "Edited")
EDITING_NOW = Text("{names} 正在编辑", "{names} is editing")
TITLE = Text("标题", "Title")
BODY = Text("正文", "Story")
CONFLICT = Text("{name} 刚刚改了这个创意", "{name} has just changed this idea")
CONFLICT_WHY = Text(
    "上面是对方的版本，下面是你写的。两个都会留在版本里。",
    "Above is their version, below is yours. Both stay among the versions.",
)
KEEP_MINE = Text("用我的", "Use mine")
TAKE_THEIRS = Text("用对方的", "Use theirs")
VERSIONS = Text("版本", "Versions")
VERSION_ORIGINAL = Text("模型原文", "The model's original")
VERSION_TITLE = Text("模型换的标题", "A new title by the model")
VERSION_EDIT = Text("{name} 修改", "Edited by {name}")
VERSION_RESTORE = Text("{name} 恢复", "Restored by {name}")
STANDS_NOW = Text("当前", "Current")
RESTORE_VERSION = Text("恢复这个版本", "Restore this version")
MORE = Text("更多", "More")
LIKE_THIS = Text("像这样再来", "More like this")
RETITLE = Text("只换标题", "Another title")
TITLING = Text("正在想新标题", "Finding another title")
TITLE_FAILED = Text("标题没有换成", "No other title was found")
SELECT_TO_MERGE = Text("选来合并", "Select to merge")
SELECTED_TO_MERGE = Text("取消合并", "Deselect")
MERGE_SELECTED = Text("已选 {count} 个，合成一个", "Merge {count} ideas into one")
MERGE_ANOTHER = Text("已选 {count} 个，再选一个来合并", "{count} selected. Select another one to merge")
ORIGIN = Text("来源", "Origin")
CLOSE_TO = Text("和《{title}》有些雷同", "Close to “{title}”")
SPECIAL_SUBJECT = Text("可能涉及特殊题材", "May touch a special subject")
LIKE_TASK = Text("像{sources}这样再来", "More like {sources}")
MERGE_TASK = Text("合并{sources}", "Merging {sources}")
KEPT_UNDO = Text("已留下", "Kept")
PASSED_UNDO = Text("已不要", "Passed")
TAKEN_BACK = Text("已收回", "Taken back")
EDITED_UNDO = Text("已保存", "Saved")
RESTORED_UNDO = Text("已恢复", "Restored")
ARRANGED = Text("已排好顺序", "Order saved")
MOVE_UP = Text("上移《{title}》", "Move “{title}” up")
MOVE_DOWN = Text("下移《{title}》", "Move “{title}” down")
PRESENT = Text("在场", "Here now")
PRESENT_ME = Text("{name}（我）", "{name} (me)")
HELP = Text("键盘快捷键", "Keyboard shortcuts")
HELP_KEYS = (
    ("J / K", Text("下一个 / 上一个创意", "Next / previous idea")),
    ("L", Text("留下", "Keep")),
    ("X", Text("不要", "Pass")),
    ("E", Text("编辑", "Edit")),
    ("Esc", Text("取消", "Cancel")),
    ("?", Text("显示这张表", "Show this list")),
)
PROMPT_SENT = Text("发送的提示词（第 {number} 次）", "The prompt as sent (attempt {number})")
RAW_REPLY = Text("模型返回的原文", "Raw reply from the model")
NO_REPLY_YET = Text("还没有回复", "No reply yet")
ORIGIN_FACTS = Text("模型 {model} · 第 {attempts} 次尝试", "Model {model}, attempt {attempts}")
PARAMETERS = Text("参数", "Parameters")
TOKENS_USED = Text("用量", "Tokens")
KEEPERS = Text("入选", "Keepers")
NO_KEEPERS = Text("留下的创意会收在这里", "Ideas you keep are collected here")
PASS_REASONS: dict[str, Text] = {
    "formulaic": Text("太套路", "Formulaic"),
    "off_platform": Text("不合平台", "Wrong for the platform"),
    "duplicate": Text("雷同", "Seen before"),
}

EXPORT = Text("导出", "Export")
EXPORT_WHAT = Text("导出哪些创意", "Which ideas")
EXPORT_KEEPERS = Text("入选的", "Keepers")
EXPORT_ALL = Text("全部", "All")
WITH_MARK = Text("文末注明“AI 生成”", "Add “AI-generated” at the end")
WITH_MARK_WHY = Text(
    "在中国公开发布模型生成的文字须带有标识；文件属性里总会注明。",
    "Model-written text that is published in China must be labeled. The file's properties always say so.",
)
COPY_TEXT = Text("复制文字", "Copy as text")
COPIED = Text("已复制", "Copied")
NOT_COPIED = Text("没有复制成功，请改用文件", "Couldn't copy. Please download a file instead")
NOT_DOWNLOADED = Text("没有下载成功，请再试一次", "The download failed. Please try again")
MARKDOWN_FILE = Text("Markdown", "Markdown")
WORD_FILE = Text("Word 文档", "Word file")
EXPORT_GRAPH = Text("整个项目（JSON）", "Whole project (JSON)")
IMPORT = Text("导入项目", "Import a project")
IMPORTING = Text("正在导入…", "Importing…")
IMPORT_FAILED = Text(
    "没有导入，什么都没有改变。请检查网络后再试",
    "Nothing was imported, and nothing has changed. Please check your connection and try again",
)
IMPORT_WHY = Text("选择一个从这里导出的 JSON 文件", "Choose a JSON file that was exported here")
SEARCH_PROJECTS = Text("搜索项目和创意标题", "Search names and idea titles")
SORT = Text("排序", "Sort")
SORTS = {
    "changed": Text("最近更新", "Last changed"),
    "created": Text("最近创建", "Newest"),
    "name": Text("名称", "Name"),
    "ideas": Text("创意数", "Most ideas"),
}
NOTHING_MATCHES = Text("没有符合的项目", "No project matches")
NOTHING_MATCHES_NEXT = Text("换个词试试。", "Try other words.")
EXPORT_AI_MARK = Text("AI 生成", "AI-generated")
EXPORT_AI_PROPERTY = Text(
    "本文件中的创意由人工智能生成（模型：{models}）",
    "The ideas in this file were generated by AI (models: {models})",
)
EXPORT_KEPT_BY = Text("{names} 留下", "Kept by {names}")
EXPORT_MODELS = Text("模型：{models}", "Model: {models}")

MEMBERS = Text("成员", "Members")
ROLES = {
    "owner": Text("所有者", "Owner"),
    "collaborator": Text("协作者", "Collaborator"),
    "viewer": Text("查看者", "Viewer"),
}
ROLES_WHY = {
    "owner": Text("管理成员，给项目改名、归档和删除", "Manages members; renames, archives and deletes"),
    "collaborator": Text("开始、停止、编辑和取舍创意", "Starts, stops, edits and picks"),
    "viewer": Text("只能查看", "Reads only"),
}
MEMBER = Text("成员", "Member")
ROLE = Text("角色", "Role")
JOINED = Text("加入时间", "Joined")
ACTIONS = Text("操作", "Actions")
ROLE_OF = Text("{name} 的角色", "Role of {name}")
ME = Text("你", "you")
INVITE_MEMBER = Text("邀请成员", "Invite a member")
INVITE = Text("邀请", "Invite")
INVITED = Text("已邀请 {name}，对方接受后就会加入", "{name} is invited, and joins once they accept")
OPEN_INVITATIONS = Text("等待接受", "Pending invitations")
INVITED_BY = Text("{name} 邀请", "invited by {name}")
WITHDRAW = Text("撤回", "Withdraw")
WITHDRAW_INVITATION = Text("撤回对 {name} 的邀请", "Withdraw the invitation of {name}")
WITHDRAWN = Text("邀请已撤回", "Invitation withdrawn")
INVITATIONS = Text("邀请", "Invitations")
INVITES_YOU = Text(
    "{name} 邀请你以{role}身份加入《{project}》", "{name} invited you to “{project}” as {role}"
)
AS_ROLES = {
    "owner": Text("所有者", "an owner"),
    "collaborator": Text("协作者", "a collaborator"),
    "viewer": Text("查看者", "a viewer"),
}
ACCEPT = Text("接受", "Accept")
DECLINE = Text("婉拒", "Decline")
JOINED_PROJECT = Text("你已加入《{name}》", "You have joined “{name}”")
DECLINED_PROJECT = Text("已婉拒《{name}》的邀请", "You have declined the invitation to “{name}”")
REMOVE = Text("移出", "Remove")
REMOVE_MEMBER = Text("把 {name} 移出项目", "Remove {name} from the project")
REMOVE_WHY = Text(
    "把 {name} 移出项目？对方会立刻看不到其中的内容。",
    "Remove {name} from the project? They lose access right away.",
)
LEAVE = Text("退出项目", "Leave the project")
LEAVE_WHY = Text(
    "退出这个项目？你会立刻看不到其中的内容，之后要由所有者重新邀请。",
    "Leave this project? You lose access right away, until an owner invites you again.",
)
STEP_DOWN = Text("不再做所有者", "Step down")
STEP_DOWN_WHY = Text(
    "不再做所有者？你将不能管理成员和项目，之后要由其他所有者改回来。",
    "Step down as an owner? You will not manage the project and its members, until another owner changes it.",
)
BACK_TO_PROJECT = Text("返回项目", "Back to the project")

LINEAGE = Text("来龙去脉", "Lineage")
LINEAGE_EMPTY = Text("还没有可以追溯的内容", "Nothing to trace yet")
LINEAGE_EMPTY_NEXT = Text(
    "开始一次头脑风暴后，这里会画出每个创意从哪里来、谁改过。",
    "After the first brainstorm this page draws where each idea comes from, and who changed it.",
)
LINEAGE_WHY = Text(
    "每一步由什么而来。点开一步：模型写的看来源，人做的看创意。",
    "What each step was made from. Open a model's step to see its origin, a person's to see the idea.",
)
LINEAGE_VIEW = Text("怎样显示", "How to show it")
LINEAGE_VIEWS = {"graph": Text("图", "Graph"), "list": Text("列表", "List")}
LINEAGE_FROM = Text("来自", "from")
LINEAGE_SOME_MODEL = Text("模型", "Model")
LINEAGE_LIKE = Text("像{titles}这样再来", "More like {titles}")
LINEAGE_MERGE = Text("合并{titles}", "Merge {titles}")
LINEAGE_TITLE = Text("给{titles}换标题", "Another title for {titles}")
LINEAGE_VERSION = Text("新标题《{title}》", "New title “{title}”")
LINEAGE_QUOTED = Text("《{title}》", "“{title}”")
LINEAGE_NO_TITLE = Text("无题", "Untitled")
LINEAGE_UNREADABLE = Text("内容无法读取", "Can't be read")
LINEAGE_STATES = {
    "pending": Text("排队中", "queued"),
    "running": Text("进行中", "running"),
    "streaming": Text("正在写", "being written"),
    "failed": Text("失败", "failed"),
    "cancelled": Text("已停止", "stopped"),
}
LINEAGE_ACTS = {
    "edit": Text("{name} 改写{title}", "{name} rewrote {title}"),
    "restore": Text("{name} 恢复{title}", "{name} restored {title}"),
    "keep": Text("{name} 留下{title}", "{name} kept {title}"),
    "pass": Text("{name} 不要{title}", "{name} passed on {title}"),
    "none": Text("{name} 收回对{title}的取舍", "{name} took back the pick of {title}"),
    "arrange": Text("{name} 排序", "{name} ordered the keepers"),
    "": Text("{name} 做了改动", "{name} made a change"),
}
LINEAGE_REASON = Text("（{reason}）", " ({reason})")
LINEAGE_SOMEBODY = Text("有人", "Somebody")

BROKEN = Text(
    "页面出了点问题，已写完的内容都已保存。",
    "Something went wrong on this page. Everything finished is saved.",
)
RELOAD = Text("刷新页面", "Reload")
NOT_FOUND = Text("没有这一页", "Page not found")
NOT_FOUND_WHY = Text("链接可能有误，或者内容已被移走。", "The link may be wrong, or its content has moved.")
SESSION_ENDED = Text("登录已失效", "You have been signed out")
SESSION_ENDED_WHY = Text(
    "没有保存的修改留在这个浏览器里。重新登录后回到这里，就会恢复。",
    "Unsaved changes are kept in this browser. Sign in again to come back here and restore them.",
)
DRAFT_RESTORED = Text("已恢复未保存的修改", "Unsaved changes restored")
DISCARD_CHANGES = Text("放弃修改", "Discard changes")
NO_ACCESS = Text("打不开这个项目", "Can't open this project")
ACCESS_REMOVED_WHY = Text(
    "这个页面不再显示其中的内容。如有疑问，请联系项目所有者。",
    "Its content is no longer shown here. If that's unexpected, please ask its owner.",
)

# What other programs read of the HTTP API.
RUN_STARTED = Text(
    "头脑风暴已开始生成，连接 Electric 可实时查看更新。",
    "Brainstorming generation started. Connect to Electric to see real-time updates.",
)
RUN_GOES_ON = Text("已继续生成未完成的创意", "The run goes on with the ideas that are missing")
RUN_STOPPED = Text("已停止，已写内容保留", "Stopped. What was written is kept")
RUN_HAD_ENDED = Text("这次生成已经结束", "The run had ended already")
FIELD_MISSING = Text("必填", "is required")
FIELD_WRONG = Text("不合要求", "is not valid")
FIELD_PROBLEMS: dict[str, Text] = {
    "missing": FIELD_MISSING,
    "string_type": Text("须为文本", "must be a string"),
    "string_unicode": Text("含有无法识别的字符", "holds characters that are no Unicode text"),
    "int_type": Text("须为整数", "must be an integer"),
    "int_from_float": Text("须为整数", "must be an integer"),
    "bool_type": Text("须为 true 或 false", "must be true or false"),
    "literal_error": Text("须为以下之一：{expected}", "must be one of: {expected}"),
    "extra_forbidden": Text("没有这个字段", "is not a field of this request"),
    "model_attributes_type": Text("须为 JSON 对象", "must be a JSON object"),
    "dict_type": Text("须为 JSON 对象", "must be a JSON object"),
    "json_invalid": Text("不是有效的 JSON", "is not valid JSON"),
    "nothing_to_change": Text("至少要改一项", "must hold at least one field to change"),
    "set_by_server": Text("由服务器决定，请勿传入", "is decided by the server; leave it out"),
    "unknown_parameter": Text("没有这个参数", "is not a parameter of this request"),
    "given_twice": Text("只能传入一次", "may be given once only"),
}

# What is wrong with a file that somebody imports.
FILE_PLACE = Text("文件中 {place} 处", "at {place} in the file, ")
FILE_POSITION = Text("第 {line} 行第 {column} 列", "line {line}, column {column}")
FILE_PROBLEMS: dict[str, Text] = {
    "empty": Text("没有内容", "there is no content"),
    "not_utf8": Text("不是 UTF-8 编码的文本", "this is not text in UTF-8"),
    "not_json": Text("不是有效的 JSON", "this is not valid JSON"),
    "not_a_project": Text("不是项目文件", "this is not a project file"),
    "too_deep": Text("括号嵌套太深", "brackets are nested too deeply"),
    "too_many_values": Text("内容项太多", "there are too many values"),
    "number": Text("数字超出范围", "the number is out of range"),
    "nul": Text("含有不可用的空字符", "the text holds a NUL character"),
    "surrogate": Text("含有不完整的字符", "the text holds half of a character"),
    "twice": Text("出现了两次", "this is given twice"),
    "missing": Text("缺少内容", "something is missing"),
    "unknown_key": Text("有不认识的字段", "the field is unknown"),
    "unknown_kind": Text("有不认识的类型", "the kind is unknown"),
    "wrong": Text("内容不合要求", "the value is not valid"),
    "too_long": Text("内容太长", "the text is too long"),
    "too_many": Text("条目太多", "there are too many entries"),
    "name": Text("不是可用的名字", "the name cannot be used"),
    "moment": Text("不是可用的时间", "the time cannot be used"),
    "too_many_rows": Text("超出一个项目能有的数量", "there is more than a project may have"),
    "leads_nowhere": Text("指向不存在的内容", "this refers to something that does not exist"),
    "wrong_link": Text("关联不成立", "the link makes no sense"),
    "contradiction": Text("与文件中其他内容矛盾", "this contradicts something else in the file"),
}

ERRORS: dict[str, Text] = {
    "invalid_request": Text("请求中有不合要求的内容", "Something in this request is not valid"),
    "token_rejected": Text("令牌无效，或已被吊销", "The token is not valid, or was revoked"),
    "origin_not_allowed": Text("不接受来自这个网站的请求", "Requests from this site are not accepted"),
    "forbidden": Text("不允许这样做", "This is not allowed"),
    "not_found": Text("没有这个地址", "There is nothing at this address"),
    "method_not_allowed": Text("这个地址不接受这种请求", "This address does not take such a request"),
    "body_too_large": Text("内容太大，最多 {limit} KB", "The body is too large; up to {limit} KB are taken"),
    "body_too_slow": Text("上传得太慢，没有完成，请重试", "The upload took too long; please try again"),
    "service_away": Text("服务暂时不可用，请稍后再试", "The service is away for a moment; please try again"),
    "sync_away": Text("同步服务暂时不可用，请稍后再试", "Syncing is away for a moment; please try again"),
    "too_many_polls": Text(
        "最多同时打开 {limit} 个同步请求", "Up to {limit} requests for shapes may be open at once"
    ),
    "too_many_at_once": Text(
        "你同时发出的请求太多了，这一个没有处理，请稍后再试",
        "You sent too many requests at once; this one was not handled, please try again",
    ),
    "too_many_tabs": Text(
        "你已经打开了 {limit} 个页面，这一页暂不更新。关掉几个，这里会自动恢复",
        "You have {limit} pages open, so this one is not updated. It goes on when you close some of them",
    ),
    "platform_required": Text("请输入目标平台", "Enter a target platform"),
    "genre_required": Text("请输入故事类型", "Enter a story genre"),
    "platform_too_long": Text("目标平台最多 {limit} 个字", "The platform may have up to {limit} characters"),
    "genre_too_long": Text("故事类型最多 {limit} 个字", "The genre may have up to {limit} characters"),
    "other_requirements_too_long": Text(
        "其他要求最多 {limit} 个字，请精简后再提交",
        "The wishes may have up to {limit} characters; please shorten them",
    ),
    "avoid_too_long": Text("避雷最多 {limit} 个字", "What to avoid may have up to {limit} characters"),
    "audience_unknown": Text("受众只能是男频、女频或不限", "The audience is male, female or everybody"),
    "model_too_long": Text("没有这个模型", "There is no such model"),
    "model_not_offered": Text(
        "没有名为 {model} 的模型，请重新选择", "There is no model called {model}; please choose another one"
    ),
    "count_out_of_range": Text("想法数量须在 1 到 10 之间", "Ask for 1 to 10 ideas"),
    "name_required": Text("请输入项目名称", "Enter a project name"),
    "name_too_long": Text("项目名称最多 {limit} 个字", "The name may have up to {limit} characters"),
    "token_name_required": Text("请给令牌起个名字", "Give the token a name"),
    "token_name_too_long": Text("名字最多 {limit} 个字", "The name may have up to {limit} characters"),
    "too_many_tokens": Text(
        "最多 {limit} 个令牌，请先吊销不用的", "Up to {limit} tokens; please revoke one that is not used"
    ),
    "signed_out": Text("请先登录", "Please sign in first"),
    "wrong_credentials": Text("用户名或密码不正确", "Wrong username or password"),
    "wrong_password": Text("密码不正确，没有新建令牌", "Wrong password. No token was created"),
    "password_wanted": Text("请输入你的密码", "Enter your password"),
    "sign_in_again": Text(
        "为了安全，请退出后重新登录，并在 {minutes} 分钟内新建令牌",
        "To be safe, please sign out and in again, and make the token within {minutes} minutes",
    ),
    "wrong_current_password": Text("当前密码不正确", "The current password is wrong"),
    "too_many_attempts": Text(
        "尝试次数过多，请 {seconds} 秒后再试", "Too many attempts. Try again in {seconds} s"
    ),
    "sign_in_busy": Text("登录的人太多，请稍后再试", "Too many people are signing in; please try again"),
    "busy_with_yours": Text(
        "你之前的操作还在处理，请等它完成后再试",
        "What you asked for before is still being worked on; please wait until it is done",
    ),
    "too_busy": Text(
        "现在处理的人太多，请稍后再试", "Too many people are waiting; please try again in a moment"
    ),
    "too_much_work": Text(
        "内容太多，处理没有完成；什么都没有改变，请减少内容后再试",
        "There is too much to work through, so it was not finished. Nothing was changed; try again with less",
    ),
    "registration_closed": REGISTRATION_CLOSED,
    "username_required": Text("请输入用户名", "Enter a username"),
    "username_length": Text(
        "用户名须为 {least}–{most} 个字符", "A username has {least} to {most} characters"
    ),
    "username_characters": Text(
        "用户名只能用文字、数字和 _ - .，并以文字或数字开头",
        "A username has letters, digits and _ - . only, and begins with a letter or a digit",
    ),
    "username_reserved": Text(
        "这个用户名看起来像是本站的，不能使用，请换一个",
        "This username sounds like the site itself; please choose another",
    ),
    "username_taken": Text("这个用户名已有人使用", "This username is taken"),
    "username_looks_taken": Text(
        "已经有一个看起来几乎一样的用户名，请换一个",
        "This username looks like someone else's. Please choose another",
    ),
    "too_many_registrations": Text(
        "你所在的网络刚刚注册了很多账号，请 {minutes} 分钟后再试",
        "Many accounts have just been made from your network; please try again in {minutes} min",
    ),
    "password_guessable": Text(
        "这个密码很容易被猜到，请换一个，比如把几个不相干的词连起来，也不要用到用户名",
        "This password is easy to guess; please choose another: a few unrelated words, without your username",
    ),
    "password_too_short": Text("密码至少 {shortest} 个字符", "A password has at least {shortest} characters"),
    "password_too_long": Text("密码最多 {longest} 个字符", "A password has up to {longest} characters"),
    "no_password": Text("这个账号没有密码", "This account has no password"),
    "account_inactive": Text(
        "这个账号已停用，请联系管理员", "This account is disabled; ask the administrator"
    ),
    "oidc_unavailable": Text(
        "登录服务暂时无法连接，请稍后再试", "The sign-in service cannot be reached; please try again later"
    ),
    "oidc_denied": Text("登录服务没有放行，或你取消了登录", "The sign-in was cancelled, or not permitted"),
    "oidc_failed": Text(
        "登录服务没能完成登录，请再试一次", "The sign-in service did not finish; please try again"
    ),
    "oidc_interrupted": Text(
        "登录过程已中断或过期，请重新登录", "The sign-in was interrupted; please start again"
    ),
    "oidc_untrusted": Text(
        "登录服务的回答没有通过验证，请再试一次或联系管理员",
        "The answer of the sign-in service is not valid; please try again, or ask the administrator",
    ),
    "project_not_found": Text(
        "项目不存在，或你没有访问权限", "This project doesn't exist, or you don't have access to it"
    ),
    "access_removed": Text("你已被移出该项目", "You have been removed from this project"),
    "not_allowed": Text("你在该项目中只能查看", "You can only view this project"),
    "project_deleted": Text("这个项目已被删除", "This project has been deleted"),
    "owners_only": Text("只有项目所有者可以这样做", "Only an owner of this project can do that"),
    "description_too_long": Text(
        "项目简介最多 {limit} 个字", "The description may have up to {limit} characters"
    ),
    "role_unknown": Text("没有这种角色", "There is no such role"),
    "person_not_found": Text(
        "没有叫这个用户名的人，请核对后再试", "No one has this username. Please check it"
    ),
    "already_member": Text("{name} 已经在这个项目里", "{name} is already a member of this project"),
    "already_invited": Text(
        "{name} 已经收到邀请，还没有答复", "{name} has already been invited, and hasn't answered yet"
    ),
    "invitation_declined": Text(
        "{name} 婉拒了你的邀请，{days} 天内不能再次邀请",
        "{name} declined your invitation; for {days} days you cannot invite them again",
    ),
    "too_many_invitations": Text(
        "你已有 {limit} 个邀请等待答复，请先撤回几个",
        "You have {limit} pending invitations. Please withdraw some first",
    ),
    "too_many_lookups": Text(
        "你刚刚查找了太多用户名，请 {minutes} 分钟后再邀请",
        "You have tried many usernames; please wait {minutes} min before you invite again",
    ),
    "invitation_not_found": Text("这个邀请已经失效", "This invitation is no longer valid"),
    "member_not_found": Text("这个人已经不在项目里", "This person is no longer in the project"),
    "last_owner": Text(
        "项目至少要有一位所有者，请先让另一位成员成为所有者",
        "A project needs an owner; please make another member an owner first",
    ),
    "already_running": Text(
        "{name} 已经开始了一次生成，正在进行中", "{name} has already started a run; it is in progress"
    ),
    "nothing_to_retry": Text("这次生成没有可重试的内容", "There is nothing to retry in this run"),
    "run_unreadable": Text(
        "这一批的内容无法读取；其他内容不受影响，可以再来一批",
        "This batch can't be read. Everything else is safe; you can start another batch",
    ),
    "run_not_found": Text("没有这次生成", "There is no such run in this project"),
    "too_many_starts": Text(
        "一分钟内最多开始 {limit} 次，请 {seconds} 秒后再试",
        "Up to {limit} starts a minute; please try again in {seconds} s",
    ),
    "too_many_running": Text(
        "你已有 {limit} 个生成正在进行，请等其中一个结束",
        "You already have {limit} runs in progress. Please wait until one ends",
    ),
    "idea_not_found": Text("这个想法不存在或还没写完", "There is no such finished idea"),
    "verdict_unknown": Text("只能留下、不要，或收回", "Keep it, pass on it, or take that back"),
    "reason_too_long": Text("理由最多 {limit} 个字", "The reason may have up to {limit} characters"),
    "title_required": Text("请写一个标题", "Give the idea a title"),
    "title_too_long": Text("标题最多 {limit} 个字", "The title may have up to {limit} characters"),
    "body_required": Text("正文不能为空", "The text cannot be empty"),
    "body_too_long": Text("正文最多 {limit} 个字", "The text may have up to {limit} characters"),
    "version_not_found": Text("没有这个版本", "There is no such version"),
    "edited_meanwhile": Text(
        "{name} 刚刚保存了新的版本，你的文字还没有保存",
        "{name} has just saved a newer version; your text is not saved yet",
    ),
    "changed_meanwhile": Text(
        "{name} 刚刚保存了新的版本，这里什么都没有改动",
        "{name} has saved a newer version, so nothing was changed",
    ),
    "moved_meanwhile": Text(
        "{name} 刚刚调整了入选的顺序，这里什么都没有改动",
        "{name} has just reordered the keepers, so nothing was changed",
    ),
    "keeper_gone": Text(
        "目标位置的创意已不在入选中，请再移动一次",
        "The idea at that place is no longer a keeper. Please move it again",
    ),
    "brief_not_found": Text("这个项目还没有创作要求", "This project has no brief yet"),
    "test_user_unavailable": Text("测试用户只在开发环境中可用", "The test user exists in development only"),
    "unexpected": Text("出了点问题，已记录下来。请稍后再试", "Something went wrong; please try again later"),
    "rate_limited": Text("模型繁忙，请稍后重试", "The model is busy; please try again in a moment"),
    "quota_exhausted": Text(
        "额度已用完，请联系管理员", "The quota is used up; please contact your administrator"
    ),
    "key_rejected": Text(
        "密钥无效，仅管理员可修改", "The key was rejected; only an administrator can change it"
    ),
    "model_not_found": Text(
        "找不到模型 {model}，请联系管理员", "There is no model {model}; please contact your administrator"
    ),
    "model_withdrawn": Text(
        "模型 {model} 已不再提供，已写内容都在。请编辑要求后重来，换一个模型",
        "The model {model} is no longer offered; what was written is safe. "
        "Please change the brief and choose another model",
    ),
    "model_unavailable": Text(
        "模型服务暂时不可用（{status}），请稍后重试",
        "The model is out of service ({status}); please try again later",
    ),
    "request_refused": Text(
        "模型服务不接受这次请求（{status}），请联系管理员",
        "The model refuses this request ({status}); please contact your administrator",
    ),
    "prompt_too_long": Text(
        "创作要求太长，模型放不下，请精简后再试", "The brief is too long for the model; please shorten it"
    ),
    "cannot_connect": Text(
        "无法连接模型服务，已保留 {finished} 个，请稍后重试",
        "The model cannot be reached; what is finished ({finished}) is safe. Please try again later",
    ),
    "connection_untrusted": Text(
        "模型服务的安全证书无效，请联系管理员",
        "The model's certificate is not valid; please contact your administrator",
    ),
    "model_silent": Text(
        "模型 {seconds} 秒无响应，已保留 {finished} 个",
        "No word from the model for {seconds} seconds; what is finished ({finished}) is safe",
    ),
    "reply_cut": Text(
        "与模型的连接中断，已保留 {finished} 个，请重试",
        "The connection to the model broke; what is finished ({finished}) is safe. Please try again",
    ),
    "reply_empty": Text("模型没有返回内容，请重试", "The model sent nothing back. Please try again"),
    "reply_unreadable": Text("返回格式有误，无法解析", "The reply has the wrong form and cannot be read"),
    "reply_too_long": Text(
        "返回内容过长，已停止接收，已保留 {finished} 个",
        "The reply did not end and was stopped; what is finished ({finished}) is safe",
    ),
    "length_limit": Text(
        "长度达到上限，第 {number} 个不完整", "The length limit was reached; idea {number} is incomplete"
    ),
    "content_filtered": Text(
        "第 {number} 个被安全策略拦截，其余不受影响",
        "Idea {number} was stopped by a safety policy; the others are not affected",
    ),
    "merge_needs_two": Text("请选 2 到 {limit} 个创意来合并", "Choose 2 to {limit} ideas to merge"),
    "too_few_ideas": Text(
        "完成 {finished}/{count}，{missing} 个未完成", "{finished} of {count} ideas; {missing} are missing"
    ),
    "file_too_large": Text("文件超过 {limit} MB", "The file is larger than {limit} MB"),
    "file_unreadable": Text(
        "没有导入，什么都没有改变：{where}{problem}。请选择从编剧室导出的 JSON 文件",
        "Nothing was imported, and nothing has changed: {where}{problem}. "
        "Please choose a JSON file that was exported from here",
    ),
    "interrupted_too_often": Text(
        "连续中断 {times} 次，没有写出新的创意；已保留 {finished} 个，请重试",
        "Interrupted {times} times in a row; what is finished ({finished}) is safe. Please try again",
    ),
    "generation_interrupted": Text(
        "生成意外中断，已完成的想法已保留", "The run was interrupted; finished ideas are safe"
    ),
}
