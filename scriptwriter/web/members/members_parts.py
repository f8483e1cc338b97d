"""Parts of the members page: the table of members, the open invitations, the form that invites."""

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.services.accounts.usernames import LONGEST_NAME
from scriptwriter.texts import Text, members_texts, shared_texts, sign_in_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, limited
from scriptwriter.web.kit.project_state import MemberView, ProjectState
from scriptwriter.web.kit.wording import in_language, t
from scriptwriter.web.members.members_state import InvitationView, MembersState


def member_table() -> rx.Component:
    """The table of members. On a narrow screen each row is a card."""
    return rx.el.table(
        rx.el.thead(
            rx.el.tr(
                *(
                    rx.el.th(t(text), scope="col")
                    for text in (members_texts.MEMBER, members_texts.ROLE, members_texts.JOINED)
                ),
                rx.el.th(rx.el.span(t(members_texts.ACTIONS), class_name="unseen"), scope="col"),
            )
        ),
        rx.el.tbody(rx.foreach(ProjectState.members, _row)),
        class_name="members",
        aria_label=t(members_texts.MEMBERS),
        data_testid="members",
    )


def open_invitations() -> rx.Component:
    """The open invitations, with a button with which an owner withdraws one."""
    return rx.cond(
        MembersState.invitations.length() > 0,
        rx.el.section(
            rx.el.h2(t(members_texts.OPEN_INVITATIONS), id="open-invitations"),
            rx.el.ul(
                rx.foreach(MembersState.invitations, _invitation),
                class_name="invitations",
            ),
            aria_labelledby="open-invitations",
            class_name="open-invitations",
        ),
    )


def _invitation(invitation: ObjectVar[InvitationView]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(invitation.name, class_name="member-name"),
            rx.el.span("@" + invitation.username.to(str), class_name="username"),
        ),
        rx.el.div(
            rx.el.span(_role_name(invitation.role)),
            rx.el.span(t(members_texts.INVITED_BY, name=invitation.by), class_name="username"),
        ),
        rx.cond(
            ProjectState.may_manage,
            button(
                t(members_texts.WITHDRAW),
                kind="quiet",
                on_click=MembersState.withdraw(invitation.id).temporal,
                disabled=UNREACHABLE,
                aria_label=t(members_texts.WITHDRAW_INVITATION, name=invitation.name),
                data_testid="withdraw",
            ),
        ),
        key=invitation.id,
        data_testid="invitation",
        data_username=invitation.username,
    )


def invite_member() -> rx.Component:
    """The form with which an owner invites a person, and a description of the roles."""
    return rx.el.section(
        rx.el.h2(t(members_texts.INVITE_MEMBER)),
        rx.el.form(
            rx.el.div(
                rx.el.label(t(sign_in_texts.USERNAME), html_for="username"),
                limited(
                    rx.el.input,
                    LONGEST_NAME,
                    name="username",
                    id="username",
                    key=MembersState.added,
                    auto_focus=MembersState.added > 0,
                    auto_complete="off",
                    auto_capitalize="none",
                    spell_check=False,
                    aria_required="true",
                    aria_invalid=rx.cond(MembersState.problem.zh != "", "true", "false"),
                    aria_describedby="username-problem",
                ),
                rx.el.p(
                    in_language(MembersState.problem),
                    id="username-problem",
                    class_name="problem",
                    aria_live="polite",
                ),
                class_name="field",
            ),
            rx.el.div(
                rx.el.label(t(members_texts.ROLE), html_for="role"),
                rx.el.select(*_options(), name="role", id="role", default_value="collaborator"),
                class_name="field",
            ),
            button(
                t(members_texts.INVITE),
                type="submit",
                disabled=MembersState.adding | UNREACHABLE,
                data_testid="invite-member",
            ),
            rx.el.p(
                in_language(MembersState.invited),
                class_name="hint",
                role="status",
                data_testid="invited",
            ),
            on_submit=MembersState.invite.temporal,
            no_validate=True,
            class_name="member-form",
            aria_label=t(members_texts.INVITE_MEMBER),
        ),
        rx.el.dl(
            *(
                rx.el.div(
                    rx.el.dt(t(members_texts.ROLES[role])),
                    rx.el.dd(t(members_texts.ROLES_WHY[role])),
                )
                for role in members_texts.ROLES
            ),
            class_name="roles",
        ),
        class_name="add-member",
    )


def _row(member: ObjectVar[MemberView]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            rx.el.span(member.name, class_name="member-name"),
            rx.cond(member.me, rx.el.span(t(members_texts.ME), class_name="chip")),
            rx.el.span("@" + member.username.to(str), class_name="username"),
            scope="row",
        ),
        rx.el.td(_role(member), class_name="role-cell"),
        rx.el.td(
            rx.el.time(date_time=member.joined, class_name="when", data_when=member.joined),
            class_name="joined-cell",
        ),
        rx.el.td(
            rx.cond(
                MembersState.asking == member.id,
                _question(member),
                rx.cond(
                    member.me,
                    _ask(members_texts.LEAVE, t(members_texts.LEAVE), member),
                    rx.cond(
                        ProjectState.may_manage,
                        _ask(members_texts.REMOVE, t(members_texts.REMOVE_MEMBER, name=member.name), member),
                    ),
                ),
            ),
            class_name="action-cell",
        ),
        key=member.id,
        data_testid="member",
        data_username=member.username,
    )


def _role(member: ObjectVar[MemberView]) -> rx.Component:
    return rx.cond(
        ProjectState.may_manage,
        rx.el.select(
            *_options(),
            value=member.role,
            on_change=lambda role: MembersState.change_role(member.id, role).temporal,
            disabled=UNREACHABLE,
            aria_label=t(members_texts.ROLE_OF, name=member.name),
        ),
        rx.el.span(_role_name(member.role)),
    )


def _ask(text: Text, label: rx.Var[str], member: ObjectVar[MemberView]) -> rx.Component:
    return button(
        t(text),
        kind="quiet",
        on_click=MembersState.ask(member.id).temporal,
        disabled=UNREACHABLE,
        aria_label=label,
        data_testid="ask",
    )


def _question(member: ObjectVar[MemberView]) -> rx.Component:
    """The confirmation before a member is removed, leaves or steps down. Cancel has the focus."""
    stepping_down = MembersState.asked_role != ""
    why = rx.cond(
        stepping_down,
        t(members_texts.STEP_DOWN_WHY),
        rx.cond(
            member.me,
            t(members_texts.LEAVE_WHY),
            t(members_texts.REMOVE_WHY, name=member.name),
        ),
    )
    what = rx.cond(
        stepping_down,
        t(members_texts.STEP_DOWN),
        rx.cond(member.me, t(members_texts.LEAVE), t(members_texts.REMOVE)),
    )
    return rx.el.div(
        rx.el.p(why, id="question"),
        button(
            what,
            on_click=MembersState.confirm.throttle(1000).temporal,
            disabled=UNREACHABLE,
            data_testid="confirm",
        ),
        button(
            t(shared_texts.CANCEL),
            kind="quiet",
            on_click=MembersState.keep,
            auto_focus=True,
            aria_describedby="question",
            data_cancel="true",
        ),
        role="group",
        aria_labelledby="question",
        class_name="question",
        data_testid="question",
        data_escapable="true",
    )


def _options() -> list[rx.Component]:
    return [rx.el.option(t(text), value=role) for role, text in members_texts.ROLES.items()]


def _role_name(role: rx.Var[str]) -> rx.Component | rx.Var[str]:
    return rx.match(role, *((name, t(text)) for name, text in members_texts.ROLES.items()), "")
