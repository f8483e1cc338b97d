"""Owns the page of a project's members."""

import reflex as rx

from scriptwriter.texts import members_texts, projects_texts
from scriptwriter.web.kit.elements import link, notice
from scriptwriter.web.kit.layout import UNREACHABLE, page
from scriptwriter.web.kit.open_project import opened
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import t
from scriptwriter.web.members.members_parts import MemberDeeds, invite_member, member_table, open_invitations
from scriptwriter.web.members.members_state import MembersState

DEEDS = MemberDeeds(
    invite=MembersState.invite,
    withdraw=MembersState.withdraw,
    change_role=MembersState.change_role,
    ask=MembersState.ask,
    keep=MembersState.keep,
    confirm=MembersState.confirm,
    asking=MembersState.asking,
    asked_role=MembersState.asked_role,
    adding=MembersState.adding,
    added=MembersState.added,
    invited=MembersState.invited,
    problem=MembersState.problem,
    may_manage=ProjectState.may_manage,
    unreachable=UNREACHABLE,
)


def members() -> rx.Component:
    """Who is in the project, and as what; live."""
    return page(
        opened(
            MembersState.access,
            MembersState.notice,
            rx.fragment(
                rx.el.header(
                    rx.el.h1(t(members_texts.MEMBERS)),
                    rx.el.p(ProjectState.name, class_name="project-title"),
                    rx.el.nav(
                        link(
                            t(projects_texts.BACK_TO_PROJECT),
                            href=f"/projects/{ProjectState.id}/brainstorm",
                            class_name="button plain",
                        ),
                        class_name="project-tools",
                    ),
                    class_name="page-heading",
                ),
                rx.el.div(
                    rx.el.div(
                        member_table(ProjectState.members, DEEDS),
                        open_invitations(MembersState.invitations, DEEDS),
                        class_name="belonging",
                    ),
                    rx.cond(ProjectState.may_manage, invite_member(DEEDS)),
                    class_name="people",
                ),
            ),
        ),
        rx.cond(MembersState.access == "open", notice(MembersState.notice, MembersState.dismiss)),
        name="members",
    )
