"""State with which an owner renames, archives, deletes and restores projects."""

from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

import reflex as rx

from scriptwriter.services.projects import catalog
from scriptwriter.texts import Text, projects_texts
from scriptwriter.web.kit.notices import Notice, NoticeState, as_notice
from scriptwriter.web.kit.session_state import HOME, SessionState
from scriptwriter.web.projects.projects_state import ProjectsState

LISTS = ("", HOME)
"""Paths of the list of projects. On any other page, deleting the project leads to the list."""


class ManagingState(NoticeState, SessionState):
    """Renaming, archiving, deleting and restoring a project.

    `renaming` is the id of the project whose name form is open, `problem` the error of that form, `deleted`
    the id of the project that was deleted last and can be restored.
    """

    renaming: rx.Field[str] = rx.field("")
    problem: rx.Field[Notice] = rx.field(default_factory=Notice)
    deleted: rx.Field[str] = rx.field("")

    @rx.event
    def begin_renaming(self, project_id: str) -> None:
        """Open the form for the project's name and description."""
        self.renaming, self.problem = str(project_id), Notice()

    @rx.event
    def stop_renaming(self) -> None:
        """Close the form without saving."""
        self.renaming, self.problem = "", Notice()

    @rx.event
    async def rename(self, form_data: dict[str, Any]) -> None:
        """Save the name and the description of the form in the project with its `project_id`."""
        project_id, name = str(form_data.get("project_id") or ""), str(form_data.get("name") or "")
        description = str(form_data["description"] or "") if "description" in form_data else None
        try:
            await catalog.change(project_id, await self._person(), name=name, description=description)
        except Exception as error:
            self.problem = as_notice(error)
            return
        self.renaming, self.problem = "", Notice()
        await self._list_again()

    @rx.event
    async def archive(self, project_id: str) -> None:
        """Archive a project for all members."""
        await self._act(self._archive(str(project_id)))

    @rx.event
    async def unarchive(self, project_id: str) -> None:
        """Move a project from the archive to the active projects."""
        await self._act(self._unarchive(str(project_id)))

    @rx.event
    async def delete(self, project_id: str):
        """Delete a project, offer to undo that, and leave the project's page."""
        await self._act(self._delete(str(project_id)))
        if self.deleted and urlsplit(str(self.router.url)).path.rstrip("/") not in LISTS:
            yield rx.redirect(HOME)

    @rx.event
    async def restore(self, project_id: str) -> None:
        """Restore a deleted project."""
        await self._act(self._restore(str(project_id)))

    @rx.event
    def dismiss(self) -> None:
        """Remove the notice and the offer to restore."""
        self.notice, self.deleted = Notice(), ""

    async def _act(self, action: Awaitable[None]) -> None:
        self.notice, self.deleted = Notice(), ""
        try:
            await action
        except Exception as error:
            self.notice = as_notice(error)
        await self._list_again()

    async def _archive(self, project_id: str) -> None:
        await catalog.archive(project_id, await self._person())

    async def _unarchive(self, project_id: str) -> None:
        await catalog.unarchive(project_id, await self._person())

    async def _delete(self, project_id: str) -> None:
        person = await self._person()
        name = (await catalog.open_project(project_id, person)).name
        await catalog.delete(project_id, person)
        self.deleted, self.notice = project_id, _about(projects_texts.PROJECT_DELETED, name)

    async def _restore(self, project_id: str) -> None:
        person = await self._person()
        await catalog.restore(project_id, person)
        project = await catalog.open_project(project_id, person)
        self.notice = _about(
            projects_texts.PROJECT_RESTORED_ARCHIVED if project.archived else projects_texts.PROJECT_RESTORED,
            project.name,
        )

    async def _list_again(self) -> None:
        await (await self.get_state(ProjectsState))._read()


def _about(text: Text, name: str) -> Notice:
    return Notice(text.zh.format(name=name), text.en.format(name=name))
