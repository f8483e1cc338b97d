"""Owns an export as a Word file: a title page, real styles, the mark, and properties that say it too."""

import re
from io import BytesIO

import docx
from docx.document import Document as WordFile
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Pt

from scriptwriter.exports.document import Document, numbered
from scriptwriter.texts import EXPORT_AI_MARK, EXPORT_AI_PROPERTY, PRODUCT

_FONTS = {"Normal": "宋体", "Title": "黑体", "Heading 1": "黑体", "Subtitle": "宋体"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def word(document: Document) -> bytes:
    """The document as a .docx file (Office Open XML)."""
    file = docx.Document()
    _set_styles(file)
    _set_properties(file, document)
    file.add_paragraph(_safe(document.project), style="Title")
    file.add_paragraph(document.date, style="Subtitle")
    for paragraph in filter(str.strip, document.description.splitlines()):
        file.add_paragraph(_safe(paragraph), style="Normal")
    for brief in document.briefs:
        for label, words in document.lines_of(brief):
            paragraph = file.add_paragraph(style="Normal")
            paragraph.add_run(f"{label}：" if document.language == "zh" else f"{label}: ").bold = True
            paragraph.add_run(_safe(words))
    if document.mark:
        _mark(file, document)
    file.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    for _, ideas in numbered(document.sections):
        for number, idea in ideas:
            file.add_paragraph(f"{number}. {_safe(idea.title)}", style="Heading 1")
            for paragraph in filter(str.strip, idea.body.splitlines()):
                file.add_paragraph(_safe(paragraph), style="Normal")
            if note := document.note_of(idea):
                file.add_paragraph(_safe(note), style="Caption")
    if document.mark:
        _mark(file, document)
    output = BytesIO()
    file.save(output)
    return output.getvalue()


def _mark(file: WordFile, document: Document) -> None:
    said = [each for each in (document.mark, document.made_by) if each]
    file.add_paragraph(_safe(" · ".join(said)), style="Caption")


def _set_styles(file: WordFile) -> None:
    for name, east_asian in _FONTS.items():
        style = file.styles[name]
        properties = style.element.get_or_add_rPr()
        properties.get_or_add_rFonts().set(qn("w:eastAsia"), east_asian)
    normal = file.styles["Normal"]
    normal.font.size = Pt(12)  # pyright: ignore[reportAttributeAccessIssue]: a paragraph style has a font
    normal.paragraph_format.line_spacing = 1.5  # pyright: ignore[reportAttributeAccessIssue]
    normal.paragraph_format.space_after = Pt(6)  # pyright: ignore[reportAttributeAccessIssue]


def _set_properties(file: WordFile, document: Document) -> None:
    properties = file.core_properties
    properties.title = _safe(document.project)[:255]
    properties.author = document.say(PRODUCT)
    properties.created = properties.modified = document.made_at.replace(tzinfo=None)
    properties.language = "zh-CN" if document.language == "zh" else "en"
    # The mark in the file's metadata stays where the visible one was left out.
    properties.keywords = document.say(EXPORT_AI_MARK)
    properties.category = "AIGC"
    properties.comments = document.say(EXPORT_AI_PROPERTY, models=", ".join(document.models) or "-")[:255]


def _safe(words: str) -> str:
    """`words` without what XML cannot hold."""
    return _NOT_XML.sub("", words)
