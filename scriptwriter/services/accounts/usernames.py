"""Rules for usernames and passwords. No database."""

import unicodedata
from functools import lru_cache

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.look_alikes import skeleton
from scriptwriter.domain.typed_text import storable, visible

SHORTEST_NAME, LONGEST_NAME = 2, 32
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
SIGNS = frozenset("_-.")
_SCRIPTS = ("LATIN ", "CJK ", "IDEOGRAPHIC ", "HIRAGANA ", "KATAKANA", "HANGUL ", "DIGIT ")
"""Prefixes of the Unicode names of allowed letters."""
_RESERVED = """
    abuse admin admins help helpdesk hostmaster mod moderator moderators noreply official postmaster root
    scriptwriter scriptwriterteam security staff superuser support sys sysadmin sysop system webmaster
    系统 系統 系统消息 系统通知 系统管理 运营 客服 在线客服 技术支持 管理 站长 版主 通知 公告 安全中心
"""
"""Usernames that could be mistaken for the operator."""
_RESERVED_PARTS = "官方 管理员 管理員 administrator"
"""Parts that no username may contain."""


def folded(typed: str) -> str:
    """The canonical form of a typed username: NFKC, case-folded, trimmed. Accepts any text."""
    # A normalized character comes from at most four typed ones, so longer text is too long in any case.
    known = storable(typed[: 4 * LONGEST_NAME + 1].replace("\x00", "?"), "?")
    name = unicodedata.normalize("NFKC", known).casefold()
    return unicodedata.normalize("NFKC", name).strip()


def username(typed: str) -> str:
    """The username that a person has typed, folded.

    Raises UserError `username_required`, `username_length`, `username_characters` or `username_reserved`.
    """
    name = folded(typed)
    if not visible(name):
        raise UserError("username_required")
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        raise UserError("username_length", least=SHORTEST_NAME, most=LONGEST_NAME)
    if not is_letter(name[0]) or not all(is_letter(each) or each in SIGNS for each in name):
        raise UserError("username_characters")
    if is_reserved(name):
        raise UserError("username_reserved")
    return name


def is_reserved(name: str) -> bool:
    """Whether a folded name looks like a reserved one. Signs, and digits at the end, do not count."""
    letters = "".join(each for each in name if each not in SIGNS)
    looks = {skeleton(letters), skeleton(letters.rstrip("0123456789"))}
    return not looks.isdisjoint(_reserved(_RESERVED)) or any(
        part in look for part in _reserved(_RESERVED_PARTS) for look in looks
    )


@lru_cache
def _reserved(names: str) -> frozenset[str]:
    return frozenset(map(skeleton, names.split()))


def is_letter(character: str) -> bool:
    """Whether it is a letter or a digit that a username may have."""
    known = unicodedata.category(character) in ("Ll", "Lo", "Lm", "Nl", "Nd")
    return known and unicodedata.name(character, "").startswith(_SCRIPTS)


def password(typed: str) -> bytes:
    """The bytes of a new password that are hashed (see `spelled`). Nothing is truncated.

    Raises UserError `password_too_short` or `password_too_long`.
    """
    if len(_normal(typed)) < SHORTEST_PASSWORD:
        raise UserError("password_too_short", shortest=SHORTEST_PASSWORD)
    known = spelled(typed)
    if known is None:
        raise UserError("password_too_long", longest=LONGEST_PASSWORD)
    return known


def spelled(typed: str) -> bytes | None:
    """The normalized bytes of a typed password; None if it is longer than LONGEST_PASSWORD.

    As the PRECIS profile OpaqueString (RFC 8265), but with NFKC, so that full-width letters of an input
    method match as well.
    """
    normal = _normal(typed)
    return normal.encode("utf-8", "surrogatepass") if len(normal) <= LONGEST_PASSWORD else None


def _normal(typed: str) -> str:
    # As in `folded`: text beyond this is too long in any case.
    return unicodedata.normalize("NFKC", typed[: 4 * LONGEST_PASSWORD + 1])
