"""The members page of a project."""

import reflex as rx

from scriptwriter.texts import members_texts, projects_texts
from scriptwriter.web.kit.elements import link, notice
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.project_access import opened
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import t
from scriptwriter.web.members.members_parts import invite_member, member_table, open_invitations
from scriptwriter.web.members.members_state import MembersState


def members() -> rx.Component:
    """The members page: members with their roles, and invitations. It is updated live."""
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
                        member_table(),
                        open_invitations(),
                        class_name="belonging",
                    ),
                    rx.cond(ProjectState.may_manage, invite_member()),
                    class_name="people",
                ),
            ),
        ),
        rx.cond(MembersState.access == "open", notice(MembersState.notice, MembersState.dismiss)),
        name="members",
    )
