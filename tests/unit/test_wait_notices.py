"""Notices that ask a person to wait, and the seconds that are left when they are shown later."""

from datetime import UTC, datetime, timedelta

from scriptwriter.domain.errors import UserError
from scriptwriter.web.kit.notices import SECONDS_LEFT, Notice, as_notice, still


def refused_until(moment: datetime) -> Notice:
    """The notice for too many starts, of which the next is allowed at that moment."""
    return Notice("请稍候", "Please wait", 40, moment.isoformat())


def test_a_temporary_refusal_has_its_seconds_apart_from_its_text() -> None:
    """The page counts them down. Numbers in other notices stay part of the text."""
    waiting = as_notice(UserError("too_many_starts", limit=40, seconds=40))
    lasting = as_notice(UserError("too_many_running", limit=3))

    assert (waiting.seconds, waiting.zh) == (40, f"一分钟内最多开始 40 次，请 {SECONDS_LEFT} 秒后再试")
    assert waiting.en.count(SECONDS_LEFT) == 1
    assert (lasting.seconds, lasting.until) == (0, "") and "3" in lasting.zh


def test_a_notice_that_is_shown_later_has_the_seconds_that_are_left() -> None:
    """It disappears when none are left; a notice without a wait stays."""
    now = datetime.now(UTC)
    words = Notice("不行", "No")

    later, over = (still(refused_until(now + timedelta(seconds=left))) for left in (12, -1))

    assert later.zh and 0 < later.seconds <= 12
    assert over == Notice()
    assert still(words) == words
