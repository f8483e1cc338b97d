"""The pickers' data: curated, complete in both languages, nothing twice."""

from scriptwriter import taxonomy

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
    from scriptwriter.texts import INITIAL_GENRE, INITIAL_PLATFORM

    offered = {entry.zh for group in taxonomy.genres() for entry in group.entries}
    assert set(INITIAL_GENRE.split(", ")) <= offered
    assert INITIAL_PLATFORM in {entry.zh for entry in taxonomy.platforms()}
