"""Where one message may fall into two."""

from autoreply.understanding.clauses import MAX_CUTS, closed, cuts, marked


def test_cuts_at_blanks() -> None:
    assert cuts("发圆通吗 几天到", ["发", "圆通", "吗", " ", "几天", "到"]) == [4]


def test_cuts_before_a_connective() -> None:
    view = "能开票吗另外送袋子不"
    assert [view[p:] for p in cuts(view, [])] == ["另外送袋子不"]


def test_cuts_between_words_where_nothing_else_divides() -> None:
    words = ["走", "什么", "快递", "几天", "到"]
    assert [("".join(words))[:p] for p in cuts("".join(words), words)] == ["走什么", "走什么快递"]


def test_leaves_no_part_of_one_character() -> None:
    assert cuts("啊 好", ["啊", " ", "好"]) == []


def test_the_number_of_cuts_is_bounded() -> None:
    assert len(cuts("很长 " * 100, [])) == MAX_CUTS


def test_a_cut_is_marked_by_a_blank_or_closes_a_sentence_with_a_particle() -> None:
    assert marked("发圆通吗 几天到", 4)
    assert closed("发圆通吗几天到", 4)
    assert not marked("发圆通吗几天到", 4)
    assert not closed("发圆通几天到", 3)
