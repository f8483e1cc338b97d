"""Usernames that look alike have the same skeleton, and others do not."""

import pytest

from scriptwriter.domain.look_alikes import skeleton
from scriptwriter.services.accounts.usernames import folded

ALIKE = [
    ("margo", "marɡo"),
    ("margo", "margo."),
    ("margo", "margo_-"),
    ("力口", "カロ"),
    ("modern", "rnodern"),
    ("xiaolan", "xiaoIan"),
    ("xiaolan", "xiao1an"),
    ("xiaolin", "xiaolln"),
    ("bob", "b0b"),
    ("BOB", "B0B"),
    ("liming", "ＬＩＭＩＮＧ"),
    ("夕阳", "タ阳"),
    ("二八", "ニハ"),
    ("一line", "ーline"),
    ("scott", "ѕсоtt"),
    ("li\u200dming", "liming"),
    ("김철수", "\u1100\u1175\u11b7철수"),
]
DIFFERENT = [
    ("margo", "margot"),
    ("李明", "李月"),
    ("xiaolan", "xiaolian"),
    ("anna", "ana"),
    ("zoë", "zoe"),
    ("a-b", "a_b"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    """Across scripts, widths and cases, and with invisible characters."""
    assert skeleton(folded(one)) == skeleton(folded(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_can_be_told_apart_have_different_skeletons(one: str, other: str) -> None:
    """Otherwise hardly any name would be free."""
    assert skeleton(folded(one)) != skeleton(folded(other))
