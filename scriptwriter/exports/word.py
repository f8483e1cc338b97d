"""Export as a Word file: a title page, real styles, and the AI label in text and properties."""

import re
from io import BytesIO

import docx
from docx.document import Document as WordFile
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from scriptwriter.exports.document import Document, numbered
from scriptwriter.texts import export_texts, shared_texts

_FONTS = {"Normal": "宋体", "Title": "黑体", "Heading 1": "黑体", "Subtitle": "宋体"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def word(document: Document) -> bytes:
    """The document as a .docx file (Office Open XML)."""
    file = docx.Document()
    _set_styles(file)
    _set_properties(file, document)
    text = _Text(file)
    text.add(document.project, "Title")
    text.add(document.date, "Subtitle")
    text.add_lines(document.description)
    for brief in document.briefs:
        for label, words in document.lines_of(brief):
            paragraph = text.add("")
            paragraph.add_run(f"{label}：" if document.language == "zh" else f"{label}: ").bold = True
            paragraph.add_run(_safe(words))
    _mark(text, document)
    text.add("").add_run().add_break(WD_BREAK.PAGE)
    for _, ideas in numbered(document.sections):
        for number, idea in ideas:
            text.add(f"{number}. {idea.title}", "Heading 1")
            text.add_lines(idea.body)
            if note := document.note_of(idea):
                text.add(note, "Caption")
    if document.left_out:
        text.add(document.left_out, "Caption")
    _mark(text, document)
    output = BytesIO()
    file.save(output)
    return output.getvalue()


class _Text:
    """Adds paragraphs at the end of a file, in constant time.

    `add_paragraph` of python-docx searches for the end of the file and for the style each time, so its time
    grows with the number of paragraphs.
    """

    def __init__(self, file: WordFile) -> None:
        self._file = file
        self._end = file.element.body.sectPr
        self._styles = {style.name: style.style_id for style in file.styles}

    def add(self, words: str, style: str = "Normal") -> Paragraph:
        """Add a paragraph and return it."""
        element = OxmlElement("w:p")
        if style != "Normal":
            element.style = self._styles[style]  # pyright: ignore[reportAttributeAccessIssue]
        self._end.addprevious(element)
        paragraph = Paragraph(element, self._file)  # pyright: ignore[reportArgumentType]
        if words:
            paragraph.add_run(_safe(words))
        return paragraph

    def add_lines(self, words: str) -> None:
        """Add a paragraph for each line that is not empty."""
        for line in filter(str.strip, words.splitlines()):
            self.add(line)


def _mark(text: _Text, document: Document) -> None:
    if document.mark:
        text.add(" · ".join(filter(None, (document.mark, document.made_by))), "Caption")


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
    properties.author = document.say(shared_texts.PRODUCT)
    properties.created = properties.modified = document.made_at.replace(tzinfo=None)
    properties.language = "zh-CN" if document.language == "zh" else "en"
    # The metadata always has the AI label, even if the visible one was left out.
    properties.keywords = document.say(export_texts.AI_MARK)
    properties.category = "AIGC"
    properties.comments = document.say(export_texts.AI_PROPERTY, models=", ".join(document.models) or "-")[
        :255
    ]


def _safe(words: str) -> str:
    """`words` without characters that XML cannot contain."""
    return _NOT_XML.sub("", words)
