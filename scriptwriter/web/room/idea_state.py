"""State of single ideas in a tab: verdicts, edits, versions, merges, the order of keepers, and undo."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

import reflex as rx

from scriptwriter.domain.errors import EditedMeanwhile
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits, keepers, verdicts
from scriptwriter.services.runs import starting
from scriptwriter.texts import Text, room_texts
from scriptwriter.web.kit.event_arguments import Refs, Words
from scriptwriter.web.kit.following import project_of
from scriptwriter.web.kit.notices import Notice, NoticeState, as_notice
from scriptwriter.web.kit.project_state import ProjectPartState
from scriptwriter.web.kit.session_state import SessionState, is_signed_out
from scriptwriter.web.room.card_vars import ConflictView, UndoView
from scriptwriter.web.room.presence_state import PresenceState
from scriptwriter.web.room.room_state import BrainstormState

_T = TypeVar("_T")

ORIGINAL = "original"
"""The mark of a draft in the browser that was based on the model's original text."""
MOST_SELECTED = starting.MOST_MERGED


class IdeasState(ProjectPartState, NoticeState, SessionState):
    """The open editors and lists on the idea cards of this tab, and its last action, which can be undone.

    `editing`, `reasoning` and `history` are the ref of the idea whose editor, pass reasons or versions are
    open, or "". `base` is the version with which the editor was opened. `selected` are the refs of the ideas
    that are chosen for a merge. `_undo` is the name of the action that undoes the last one, and its
    arguments.
    """

    editing: rx.Field[str] = rx.field("")
    conflict: rx.Field[ConflictView] = rx.field(default_factory=ConflictView)
    draft_title: rx.Field[str] = rx.field("")
    draft_body: rx.Field[str] = rx.field("")
    base: rx.Field[str] = rx.field("")
    reasoning: rx.Field[str] = rx.field("")
    history: rx.Field[str] = rx.field("")
    selected: rx.Field[list[str]] = rx.field(default_factory=list)
    undo_offer: rx.Field[UndoView] = rx.field(default_factory=UndoView)
    _undo: tuple[str, ...] = ()

    @rx.event
    async def pick(self, ref: str, verdict: str, before: str, before_reason: Words) -> None:
        """Set this person's verdict on an idea: keep, pass, or none.

        `before` and `before_reason` are the person's verdict and reason until now, which an undo restores.
        """
        if await self._act(self._pick(ref, str(verdict), "")):
            said = {"keep": room_texts.KEPT_UNDO, "pass": room_texts.PASSED_UNDO}.get(
                verdict, room_texts.TAKEN_BACK
            )
            self._offer(said, "pick", str(ref), str(before) or "none", str(before_reason))
            self.reasoning = str(ref) if verdict == "pass" else ""

    @rx.event
    async def give_reason(self, ref: str, reason: Words) -> None:
        """Pass an idea with one of the offered reasons."""
        if await self._act(self._pick(ref, "pass", str(reason))):
            self.reasoning = ""

    @rx.event
    async def give_own_reason(self, form_data: dict[str, Any]) -> None:
        """Pass an idea with the reason that the person has typed into the form."""
        if await self._act(self._pick(self.reasoning, "pass", _words(form_data, "reason"))):
            self.reasoning = ""

    @rx.event
    def close_reason(self) -> None:
        """Close the list of reasons; the verdict stays without one."""
        self.reasoning = ""

    @rx.event
    async def edit(self, ref: str, title: Words, body: Words, version: str) -> None:
        """Open the editor of an idea with the text that the person sees, which is that of `version`."""
        self.conflict, self.history, self.reasoning = ConflictView(), "", ""
        self.undo_offer, self._undo = UndoView(), ()
        self.editing, self.base = str(ref)[:100], str(version)[:100]
        self.draft_title, self.draft_body = str(title)[:1000], str(body)[:20_000]
        await self._tell_editing(self.editing)

    @rx.event
    async def save(self, form_data: dict[str, Any]) -> None:
        """Save the text in the editor as a new version; `base` in the form is the version that it changes.

        If another person has saved a newer version, the editor shows that one as a conflict, and nothing is
        saved. Sent again, with the newer version as base, the text becomes the newest version.
        """
        ref, base, mark = self.editing, _words(form_data, "base"), _words(form_data, "draft_mark")
        # A restored draft is based on the version of its mark, unless a conflict has shown a newer one.
        if mark and not self.conflict.name:
            base = "" if mark == ORIGINAL else mark
        self.draft_title, self.draft_body = text = _words(form_data, "title"), _words(form_data, "body")
        self.notice = Notice()
        try:
            saved = await edits.edit(project_of(self), IdeaRef.parse(ref), *text, base, await self._person())
        except EditedMeanwhile as error:
            self.conflict = ConflictView(error.name or "?", error.version, error.title, error.body)
        except Exception as error:
            await self._tell(error)
        else:
            self._offer(room_texts.EDITED_UNDO, "restore", ref, base, saved)
            self.settled = f"{project_of(self)}:idea:{ref} {base or ORIGINAL}"
            await self._close_editor()

    @rx.event
    async def close_editor(self) -> None:
        """Close the editor without saving."""
        await self._close_editor()

    @rx.event
    def show_versions(self, ref: str) -> None:
        """Open the list of an idea's versions, or close it if it is open."""
        self.history = "" if self.history == str(ref) else str(ref)[:100]

    @rx.event
    async def restore(self, ref: str, version: str, newest: str) -> None:
        """Restore an older version. `newest` is the version until now, which an undo restores."""
        restored = await self._done(self._restore(ref, str(version), str(newest)))
        if restored is not None:
            self._offer(room_texts.RESTORED_UNDO, "restore", str(ref), str(newest), restored)

    @rx.event
    async def like(self, ref: str, count: int) -> None:
        """Start a run for `count` more ideas like this one."""
        number = count if isinstance(count, int) else 5
        await self._act(self._like(ref, number))

    @rx.event
    async def retitle(self, ref: str) -> None:
        """Start a run for another title of an idea."""
        await self._act(self._retitle(ref))

    @rx.event
    def select(self, ref: str) -> None:
        """Choose an idea for a merge, or remove it from the chosen ones."""
        ref = str(ref)[:100]
        if ref in self.selected:
            self.selected = [each for each in self.selected if each != ref]
        elif len(self.selected) < MOST_SELECTED:
            self.selected = [*self.selected, ref]

    @rx.event
    def select_none(self) -> None:
        """Remove all ideas from the ones that are chosen for a merge."""
        self.selected = []

    @rx.event
    async def merge(self) -> None:
        """Start a run that merges the chosen ideas into one."""
        if await self._act(self._merge([*self.selected])):
            self.selected = []

    @rx.event
    async def move(self, said: Refs, order: Refs) -> None:
        """Move a keeper in the order of keepers.

        `said` is the ref of the keeper, then the ref of the keeper before which to put it (none: at the end).
        `order` has all refs in the order that the person saw.
        """
        ref, *before = str(said).split()[:2] or [""]
        seen = str(order).split()
        after = seen[seen.index(ref) + 1 :][:1] if ref in seen else []
        moved = await self._done(self._move(ref, before))
        if moved is not None:
            self._offer(room_texts.ARRANGED, "move", ref, moved, *after)

    @rx.event
    async def undo(self) -> None:
        """Undo the last action of this tab."""
        kind, *values = self._undo or ("",)
        self._undo, self.undo_offer = (), UndoView()
        match kind:
            case "pick":
                ref, verdict, reason = values
                if await self._act(self._pick(ref, verdict, reason)):
                    self.reasoning = ""
            case "restore":
                await self._act(self._restore(*values))
            case "move":
                ref, base, *before = values
                await self._act(self._move(ref, before, base))

    @rx.event
    def dismiss(self) -> None:
        """Remove the notice and the offer to undo."""
        self.notice, self.undo_offer, self._undo = Notice(), UndoView(), ()

    def _page_opened(self) -> None:
        super()._page_opened()
        # The page may show newer actions of others, and the offer would seem to undo those.
        self.undo_offer, self._undo = UndoView(), ()

    async def _act(self, action: Awaitable[object]) -> bool:
        """Await `action`; returns whether it succeeded. An error is shown as a notice."""

        async def succeeded() -> bool:
            await action
            return True

        return await self._done(succeeded()) is not None

    async def _done(self, action: Awaitable[_T]) -> _T | None:
        """Await `action` and return its result. An error is shown as a notice, and None is returned."""
        self.notice, self.undo_offer, self._undo = Notice(), UndoView(), ()
        try:
            return await action
        except Exception as error:
            await self._tell(error)
            return None

    async def _tell(self, error: Exception) -> None:
        if is_signed_out(error):
            await (await self.get_state(BrainstormState))._end(error)
        else:
            self.notice = as_notice(error)

    def _offer(self, said: Text, *undo: str) -> None:
        self.undo_offer, self._undo = UndoView(said.zh, said.en), undo

    async def _pick(self, ref: str, verdict: str, reason: str) -> None:
        await verdicts.pick(project_of(self), IdeaRef.parse(ref), verdict, await self._person(), reason)

    async def _restore(self, ref: str, version: str, base: str) -> str:
        return await edits.restore(project_of(self), IdeaRef.parse(ref), version, base, await self._person())

    async def _like(self, ref: str, count: int) -> None:
        await starting.like(project_of(self), IdeaRef.parse(ref), count, await self._person())

    async def _retitle(self, ref: str) -> None:
        await starting.retitle(project_of(self), IdeaRef.parse(ref), await self._person())

    async def _merge(self, refs: list[str]) -> None:
        ideas = [IdeaRef.parse(ref) for ref in refs]
        await starting.merge(project_of(self), ideas, await self._person())

    async def _move(self, ref: str, before: list[str], base: str | None = None) -> str:
        target = IdeaRef.parse(before[0]) if before else None
        person = await self._person()
        return await keepers.move(project_of(self), IdeaRef.parse(ref), target, person, base=base)

    async def _close_editor(self) -> None:
        self.editing, self.base, self.conflict = "", "", ConflictView()
        self.draft_title = self.draft_body = ""
        await self._tell_editing("")

    async def _tell_editing(self, ref: str) -> None:
        await (await self.get_state(PresenceState))._tell(ref)


def _words(form: Mapping[str, object], name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
