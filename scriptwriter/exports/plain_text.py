"""Export as plain text for the clipboard, and as Markdown. Pure."""

import re

from scriptwriter.exports.document import Document, numbered

_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~&"})
_AT_LINE_START = re.compile(r"(^|\r)([^\S\r\n]*)([-+=]|\d+[.)])?", re.MULTILINE)
"""The pattern never matches across lines, so that many empty lines take linear time."""


def plain(document: Document) -> str:
    """The ideas as plain text: title and body of each, empty lines between, the AI label at the end."""
    parts = []
    for _, ideas in numbered(document.sections):
        parts += [f"{number}. {idea.title}\n{idea.body}" for number, idea in ideas]
    return "\n\n".join([*parts, *filter(None, (document.left_out, document.mark))]) + "\n"


def markdown(document: Document) -> str:
    """The document as Markdown (CommonMark). Text that people typed never becomes markup."""
    parts = [f"# {escaped(document.project)}", document.date]
    if document.description:
        parts.append(escaped(document.description))
    for section, ideas in numbered(document.sections):
        if section.brief is not None:
            parts.append(
                "\n".join(
                    f"- **{label}**: {_one_line(words)}" for label, words in document.lines_of(section.brief)
                )
            )
        for number, idea in ideas:
            parts += [f"## {number}. {escaped(idea.title)}", escaped(idea.body)]
            if note := document.note_of(idea):
                parts.append(f"*{escaped(note)}*")
    if document.left_out:
        parts.append(f"*{escaped(document.left_out)}*")
    if document.mark:
        parts += ["---", " · ".join(escaped(each) for each in (document.mark, document.made_by) if each)]
    return "\n\n".join(parts) + "\n"


def escaped(words: str) -> str:
    """`words` as literal text in Markdown: each character that could be markup gets a backslash.

    Indentation is removed: Markdown does not show it, and four spaces would begin a code block.
    """
    return _AT_LINE_START.sub(_behind_backslash, words.translate(_SPECIAL))


def _behind_backslash(found: re.Match[str]) -> str:
    end, space, sign = found.groups("")
    return end + space.lstrip(" \t") + (f"{sign[:-1]}\\{sign[-1]}" if sign else "")


def _one_line(words: str) -> str:
    return escaped(" ".join(words.split()))
