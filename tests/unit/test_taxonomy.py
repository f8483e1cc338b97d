"""The entries of the pickers: curated, complete in both languages, without duplicates."""

import pytest

from scriptwriter.domain import taxonomy

GROUPS = [
    "时代背景", "爱情", "家庭伦理", "都市职场", "古装权谋", "玄幻仙侠",
    "科幻末世", "悬疑惊悚", "喜剧", "人物设定", "情节机制", "风格",
]  # fmt: skip


def test_the_genres_are_in_the_groups_of_the_product():
    """In the same order, 100 to 150 of them."""
    groups = taxonomy.genres()

    assert [group.zh for group in groups] == GROUPS
    assert 100 <= sum(len(group.entries) for group in groups) <= 150


def test_every_name_is_unique_in_both_languages():
    """Two entries with one name would be one choice."""
    entries = [entry for group in taxonomy.genres() for entry in group.entries]

    for names in ([entry.zh for entry in entries], [entry.en for entry in entries]):
        assert len(names) == len(set(names))
        assert all(names)


def test_the_initial_brief_uses_entries_of_the_pickers():
    """In both languages."""
    from scriptwriter.texts import brief_texts

    for language in ("zh", "en"):
        entries = [entry for group in taxonomy.genres() for entry in group.entries]
        offered = {getattr(entry, language) for entry in entries}
        assert set(getattr(brief_texts.INITIAL_GENRE, language).split(", ")) <= offered
        platforms = {getattr(entry, language) for entry in taxonomy.platforms()}
        assert getattr(brief_texts.INITIAL_PLATFORM, language) in platforms


def test_the_examples_have_the_same_fields_and_genres_in_both_languages():
    """Their genres are entries of the pickers."""
    from scriptwriter.texts import brief_texts

    for _, chinese, english in brief_texts.EXAMPLES:
        assert chinese.keys() == english.keys()
        for genre in english["genre"].split(", "):
            assert taxonomy.named(taxonomy.named(genre, "zh"), "en") == genre != taxonomy.named(genre, "zh")


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        ("穿越, 爽文", "穿越, 爽文", "Time travel, Power fantasy"),
        (
            "time travel、家里的猫 会说话，重生",
            "穿越、家里的猫 会说话，重生",
            "Time travel、家里的猫 会说话，Rebirth",
        ),
        ("  抖音 ", "  抖音 ", "  Douyin "),
        ("穿", "穿", "穿"),
        ("", "", ""),
        (" ,, ; ", " ,, ; ", " ,, ; "),
    ],
)
def test_entries_are_translated_and_other_words_stay(words: str, zh: str, en: str):
    """Separators stay as well."""
    assert (taxonomy.named(words, "zh"), taxonomy.named(words, "en")) == (zh, en)
