"""Texts of the frame around every page, and of controls that several pages have."""

from scriptwriter.texts import Text

PRODUCT = Text("编剧室", "Writers' Room")
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
SHOW = Text("显示", "Show")
HIDE = Text("隐藏", "Hide")
COPIED = Text("已复制", "Copied")
CANCEL = Text("取消", "Cancel")
SAVE = Text("保存", "Save")
OVER_LIMIT = Text("最多 {limit} 字，请删去 {over} 字", "Up to {limit} characters. Please remove {over}")
UNDO = Text("撤销", "Undo")
CLOSE = Text("关闭", "Close")

BROKEN = Text(
    "页面出了点问题，已写完的内容都已保存。",
    "Something went wrong on this page. Everything finished is saved.",
)
RELOAD = Text("刷新页面", "Reload")
NOT_FOUND = Text("没有这一页", "Page not found")
NOT_FOUND_WHY = Text("链接可能有误，或者内容已被移走。", "The link may be wrong, or its content has moved.")
DRAFT_RESTORED = Text("已恢复未保存的修改", "Unsaved changes restored")
DISCARD_CHANGES = Text("放弃修改", "Discard changes")
