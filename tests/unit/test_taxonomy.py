"""The pickers' data: curated, complete in both languages, nothing twice."""

import pytest

from scriptwriter.domain import taxonomy

GROUPS = [
    "时代背景", "爱情", "家庭伦理", "都市职场", "古装权谋", "玄幻仙侠",
    "科幻末世", "悬疑惊悚", "喜剧", "人物设定", "情节机制", "风格",
]  # fmt: skip


def test_the_genres_are_in_the_groups_of_the_product():
    """In its order, 100 to 150 of them."""
    groups = taxonomy.genres()

    assert [group.zh for group in groups] == GROUPS
    assert 100 <= sum(len(group.entries) for group in groups) <= 150


def test_no_name_stands_twice_in_either_language():
    """Two chips with one name would be one choice."""
    entries = [entry for group in taxonomy.genres() for entry in group.entries]

    for names in ([entry.zh for entry in entries], [entry.en for entry in entries]):
        assert len(names) == len(set(names))
        assert all(names)


def test_the_first_brief_is_made_of_what_the_pickers_offer():
    """The form's initial values are chips too."""
    from scriptwriter.texts import brief_texts

    for language in ("zh", "en"):
        entries = [entry for group in taxonomy.genres() for entry in group.entries]
        offered = {getattr(entry, language) for entry in entries}
        assert set(getattr(brief_texts.INITIAL_GENRE, language).split(", ")) <= offered
        platforms = {getattr(entry, language) for entry in taxonomy.platforms()}
        assert getattr(brief_texts.INITIAL_PLATFORM, language) in platforms


def test_the_examples_read_alike_in_both_languages():
    """Each reader begins with a brief of their own language, made of what the pickers offer them."""
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
def test_a_reader_meets_the_names_of_their_language_and_own_words_as_they_are(words: str, zh: str, en: str):
    """Whoever picked them; what separates them stays."""
    assert (taxonomy.named(words, "zh"), taxonomy.named(words, "en")) == (zh, en)
