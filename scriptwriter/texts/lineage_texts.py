"""Texts of the lineage page."""

from scriptwriter.texts import Text

LINEAGE = Text("来龙去脉", "Lineage")
EMPTY = Text("还没有可以追溯的内容", "Nothing to trace yet")
EMPTY_NEXT = Text(
    "开始一次头脑风暴后，这里会画出每个创意从哪里来、谁改过。",
    "After the first brainstorm this page draws where each idea comes from, and who changed it.",
)
WHY = Text(
    "每一步由什么而来。点开一步：模型写的看来源，人做的看创意。",
    "What each step was made from. Open a model's step to see its origin, a person's to see the idea.",
)
VIEW = Text("怎样显示", "How to show it")
VIEWS = {"graph": Text("图", "Graph"), "list": Text("列表", "List")}
FROM = Text("来自", "from")
SOME_MODEL = Text("模型", "Model")
LIKE = Text("像{titles}这样再来", "More like {titles}")
MERGE = Text("合并{titles}", "Merge {titles}")
RETITLE = Text("给{titles}换标题", "Another title for {titles}")
NEW_TITLE = Text("新标题《{title}》", "New title “{title}”")
QUOTED = Text("《{title}》", "“{title}”")
NO_TITLE = Text("无题", "Untitled")
UNREADABLE = Text("内容无法读取", "Can't be read")
STATES = {
    "pending": Text("排队中", "queued"),
    "running": Text("进行中", "running"),
    "streaming": Text("正在写", "being written"),
    "failed": Text("失败", "failed"),
    "cancelled": Text("已停止", "stopped"),
}
ACTS = {
    "edit": Text("{name} 改写{title}", "{name} rewrote {title}"),
    "restore": Text("{name} 恢复{title}", "{name} restored {title}"),
    "keep": Text("{name} 留下{title}", "{name} kept {title}"),
    "pass": Text("{name} 不要{title}", "{name} passed on {title}"),
    "none": Text("{name} 收回对{title}的取舍", "{name} took back the pick of {title}"),
    "arrange": Text("{name} 排序", "{name} ordered the keepers"),
    "": Text("{name} 做了改动", "{name} made a change"),
}
REASON = Text("（{reason}）", " ({reason})")
SOMEBODY = Text("有人", "Somebody")
