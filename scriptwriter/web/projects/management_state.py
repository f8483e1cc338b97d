"""State of the management of projects: an owner renames, archives, deletes and restores them."""

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
"""Paths of the list of projects, where a deleted one's page need not be left."""


class ManagingState(NoticeState, SessionState):
    """The project that is being renamed in this tab, and the one that was deleted last and can come back."""

    renaming: rx.Field[str] = rx.field("")
    problem: rx.Field[Notice] = rx.field(default_factory=Notice)
    deleted: rx.Field[str] = rx.field("")

    @rx.event
    def begin_renaming(self, project_id: str) -> None:
        """The name becomes a field."""
        self.renaming, self.problem = str(project_id), Notice()

    @rx.event
    def stop_renaming(self) -> None:
        """The name stays."""
        self.renaming, self.problem = "", Notice()

    @rx.event
    async def rename(self, form_data: dict[str, Any]) -> None:
        """Give the project of the form the name and the description in it."""
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
        """Put it away in everybody's list."""
        await self._act(self._archive(str(project_id)))

    @rx.event
    async def unarchive(self, project_id: str) -> None:
        """Take it out again."""
        await self._act(self._unarchive(str(project_id)))

    @rx.event
    async def delete(self, project_id: str):
        """Hide it from everybody, and offer to bring it back."""
        await self._act(self._delete(str(project_id)))
        if self.deleted and urlsplit(str(self.router.url)).path.rstrip("/") not in LISTS:
            yield rx.redirect(HOME)

    @rx.event
    async def restore(self, project_id: str) -> None:
        """Bring a deleted project back."""
        await self._act(self._restore(str(project_id)))

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
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
