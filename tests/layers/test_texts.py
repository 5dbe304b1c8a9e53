"""Every item of five teaching texts is right here, or refused with a sentence that has our word for it."""

import pytest

from tests.tables.texts import dense, implementation, lab, reference, request, scratch

TEXTS = [module.TEXT for module in (lab, dense, reference, scratch, implementation, request)]
ITEMS = [item for text in TEXTS for item in text.items]


@pytest.mark.parametrize("item", ITEMS, ids=[f"{item.number}" for item in ITEMS])
def test_an_item_of_a_text_is_right_or_refused(item):
    assert item.verdict() in ("right", "refused")


def test_all_items_are_there_in_their_order():
    assert [item.number for item in ITEMS] == list(range(1, 164))
