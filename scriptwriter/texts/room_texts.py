"""Texts of a project's brainstorm page: runs, ideas, verdicts, versions, keepers."""

from scriptwriter.texts import Text

WHOLE_TEXT = Text("全文", "The whole text")
AVOIDING = Text("避雷：{what}", "Avoid: {what}")

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
"""Reasons offered with "pass", by the code that is stored. Never rename a code.

The Chinese text goes into the prompt (idea_acts.reason_in_words).
"""
