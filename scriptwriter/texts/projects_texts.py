"""Texts of the list of projects, of the project menu, and of a project that is not open."""

from scriptwriter.texts import Text

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
ARCHIVE = Text("归档", "Archive")
UNARCHIVE = Text("取消归档", "Unarchive")
DELETE = Text("删除", "Delete")
RESTORE = Text("恢复", "Restore")
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
BACK_TO_PROJECT = Text("返回项目", "Back to the project")
SESSION_ENDED = Text("登录已失效", "You have been signed out")
SESSION_ENDED_WHY = Text(
    "没有保存的修改留在这个浏览器里。重新登录后回到这里，就会恢复。",
    "Unsaved changes are kept in this browser. Sign in again to come back here and restore them.",
)
NO_ACCESS = Text("打不开这个项目", "Can't open this project")
ACCESS_REMOVED_WHY = Text(
    "这个页面不再显示其中的内容。如有疑问，请联系项目所有者。",
    "Its content is no longer shown here. If that's unexpected, please ask its owner.",
)
