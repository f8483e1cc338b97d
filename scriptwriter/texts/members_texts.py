"""Texts of the members page."""

from scriptwriter.texts import Text

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
