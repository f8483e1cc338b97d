"""Exports: their content in each format, the AI label, and the escaping of people's texts."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scriptwriter.domain.graph import Brief
from scriptwriter.exports.document import Document, ExportedIdea, Section
from scriptwriter.exports.plain_text import escaped, markdown, plain
from scriptwriter.exports.word import word

BRIEF = Brief("抖音", "重生, 复仇", "女主是外科医生\n要有反转", 5, "female", "失忆")
MADE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DOCUMENT = Document(
    "开锁匠的项目",
    MADE,
    (
        Section(
            BRIEF,
            (
                ExportedIdea("开锁匠", "入赘五年的锁匠。\n他打开了保险柜。", ("小李", "阿强")),
                ExportedIdea("地下三层", "保洁员何满。"),
            ),
        ),
        Section(None, (ExportedIdea("末日掌柜", "超市店员。"),)),
    ),
    ("gpt-4o-mini",),
)


def test_the_clipboard_has_titles_bodies_and_the_ai_label() -> None:
    """The ideas are numbered and separated by an empty line."""
    assert plain(DOCUMENT) == (
        "1. 开锁匠\n入赘五年的锁匠。\n他打开了保险柜。\n\n"
        "2. 地下三层\n保洁员何满。\n\n"
        "3. 末日掌柜\n超市店员。\n\n"
        "AI 生成\n"
    )


def test_markdown_has_headings_the_brief_and_who_kept_an_idea() -> None:
    """It ends with the AI label and the model."""
    text = markdown(DOCUMENT)

    assert text.startswith("# 开锁匠的项目\n\n2026年11月24日\n\n- **目标平台**: 抖音\n")
    assert "- **受众**: 女频\n- **其他要求**: 女主是外科医生 要有反转\n- **避雷**: 失忆\n" in text
    assert "## 1. 开锁匠\n\n入赘五年的锁匠。\n他打开了保险柜。\n\n*小李、阿强 留下*\n" in text
    assert text.endswith("---\n\nAI 生成 · 模型：gpt-4o-mini\n")


def test_an_english_export_contains_no_chinese() -> None:
    """Except for texts of people."""
    document = Document(
        "A project",
        MADE,
        (Section(Brief("TikTok", "Revenge"), (ExportedIdea("T", "B", ("Li",)),)),),
        (),
        "en",
    )

    text = markdown(document)

    assert "24 November 2026" in text and "Kept by Li" in text and text.endswith("AI-generated\n")
    assert text.isascii()


def test_the_ai_label_can_be_hidden_but_stays_in_the_metadata() -> None:
    """The law requires the metadata in any case."""
    unmarked = Document(DOCUMENT.project, MADE, DOCUMENT.sections, DOCUMENT.models, "zh", marked=False)

    file = docx.Document(BytesIO(word(unmarked)))

    assert "AI 生成" not in plain(unmarked) + markdown(unmarked)
    assert all("AI 生成" not in paragraph.text for paragraph in file.paragraphs)
    assert file.core_properties.keywords == "AI 生成"


def test_a_word_file_has_a_title_page_real_styles_and_properties() -> None:
    """Checked by opening the file again."""
    file = docx.Document(BytesIO(word(DOCUMENT)))
    styled = [(paragraph.style.name, paragraph.text) for paragraph in file.paragraphs if paragraph.style]

    assert styled[:3] == [
        ("Title", "开锁匠的项目"),
        ("Subtitle", "2026年11月24日"),
        ("Normal", "目标平台：抖音"),
    ]
    headings = [text for style, text in styled if style == "Heading 1"]
    assert headings == ["1. 开锁匠", "2. 地下三层", "3. 末日掌柜"]
    assert ("Normal", "他打开了保险柜。") in styled
    assert styled[-1] == ("Caption", "AI 生成 · 模型：gpt-4o-mini")
    about = file.core_properties
    assert (about.title, about.category, about.author) == ("开锁匠的项目", "AIGC", "编剧室")
    assert "gpt-4o-mini" in about.comments
    assert 'w:br w:type="page"' in file.element.xml


def test_a_projects_description_is_on_its_title_page() -> None:
    """Below the date, in Markdown and Word; the clipboard has only the ideas."""
    described = replace(DOCUMENT, description="十集短剧\n<主角> 是锁匠")

    text, file = markdown(described), docx.Document(BytesIO(word(described)))

    assert text.startswith(
        "# 开锁匠的项目\n\n2026年11月24日\n\n十集短剧\n\\<主角\\> 是锁匠\n\n- **目标平台**"
    )
    assert [paragraph.text for paragraph in file.paragraphs[2:5]] == [
        "十集短剧",
        "<主角> 是锁匠",
        "目标平台：抖音",
    ]
    assert plain(described) == plain(DOCUMENT)


@pytest.mark.parametrize(
    "words",
    [
        "# 标题",
        "- 一项",
        "1. 一项",
        "<script>",
        "[点我](javascript:x)",
        "**粗**",
        "a_b_c",
        "| a |",
        "+ x",
        "==",
        "&lt;",
    ],
)
def test_markdown_syntax_in_texts_is_escaped(words: str) -> None:
    """With a backslash before each special character."""
    text = escaped(words)

    assert text.replace("\\", "") == words
    assert text != words


@given(st.text(st.sampled_from("ab1 \t\n\r-+=*_`#>&;lt.)!:[](){}<|~\\\u3000好"), max_size=60))
def test_escaped_text_is_parsed_as_plain_text(words: str) -> None:
    """A CommonMark parser finds only paragraphs with words: no code, no entity, no list."""
    blocks = MarkdownIt("commonmark").parse(escaped(words))
    inline = [token for block in blocks for token in block.children or ()]

    assert {block.type for block in blocks} <= {"paragraph_open", "inline", "paragraph_close"}
    assert {token.type for token in inline} <= {"text", "text_special", "softbreak", "hardbreak"}
    assert "".join("".join(token.content for token in inline).split()) == "".join(words.split())


# Creating a Word file is slow, so there are fewer examples than elsewhere.
@settings(max_examples=30)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_words_make_a_word_file_that_opens(title: str, body: str) -> None:
    """Control characters, surrogates and other characters that XML forbids are removed."""
    document = Document(title, MADE, (Section(None, (ExportedIdea(title, body, (title,)),)),))

    assert docx.Document(BytesIO(word(document))).paragraphs
