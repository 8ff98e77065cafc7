"""Names looked up at once are those that a look at every name finds."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import mask
from nlp.mask_names import Names

_LETTERS = st.text(alphabet="王小红大丰1389 *某…A", min_size=0, max_size=6)


@settings(deadline=None)
@given(
    st.dictionaries(_LETTERS, st.sampled_from(["victim", "suspect", "phone", "official"]), max_size=8),
    _LETTERS,
    _LETTERS,
)
def test_the_names_that_stand_in_a_text_or_are_cut_at_its_ends(told: dict[str, str], one: str, other: str) -> None:
    names, text = Names(told), one + other
    packed = "".join(text.split())
    assert names.standing_in(packed) == [name for name in names if (bare := "".join(name.split())) and bare in packed]
    behind = [name for name in names if any(text.endswith(name[:size]) for size in range(2, len(name)))]
    before = [name for name in names if any(text.startswith(name[-size:]) for size in range(1, len(name)))]
    assert names.cut_at(text, front=False) == behind
    assert names.cut_at(text, front=True) == [name for name in names if name in behind or name in before]
    # A plain mapping is treated alike, and what is kept in a store is a plain one.
    for sort in ("text", "quote"):
        assert mask.render(text, sort, "reader", names) == mask.render(text, sort, "reader", told)
    assert json.loads(json.dumps(names)) == told


def test_a_thousand_names_are_each_masked_and_none_is_left_in_pieces() -> None:
    given_names = [f"{a}{b}" for a in "伟芳娜敏静丽强磊洋艳" for b in "勇军杰娟涛明超霞平刚"]
    names = Names({f"{family}{given}": "victim" for family in "王李张刘陈杨黄赵吴周" for given in given_names})
    assert len(names) == 1000
    for name in list(names)[::37]:
        assert mask.render(f"昨天{name}来报案", "quote", "reader", names) == f"昨天{name[0]}某来报案"
        assert mask.render(f"昨天的报案人是{name[:2]}", "quote", "reader", names) == f"昨天的报案人是{name[0]}某"
