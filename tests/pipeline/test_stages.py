"""The whole way of a turn: its trace and state, and whatever happens on it there is a result."""

import json
from functools import lru_cache
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from talks import Talk, handlers, make_brain, text_of

from autoreply import Ask, Context, Escalate, Reply, Silence
from autoreply.handlers import Bound
from autoreply.model import Behaviour, Decision, Kind, Priority, Understanding
from autoreply.pipeline import Brain
from autoreply.understanding import Previous, Understander

from .shops import LEAKS


def test_the_trace_tells_each_stage_in_order_as_plain_data() -> None:
    result = Talk().say("能开发票吗", "invoice")
    assert [step["stage"] for step in result.trace.steps] == ["turn", "understand", "decide", "gate", "result"]
    assert json.loads(json.dumps(result.trace.steps)) == result.trace.steps
    decided = {"intent": "invoice", "plugin": "shipped/invoice", "outcome": "reply", "detail": ""}
    assert result.trace.of("decide") == {"stage": "decide", **decided}


def test_the_state_given_is_not_changed() -> None:
    given = {"plugins": {"shipped/haggling": {"rounds": 1, "day": "2026-03-11"}}}
    talk = Talk(state=given)
    before = json.dumps(given)
    talk.say("便宜点吧", "haggling")
    assert json.dumps(given) == before
    assert talk.state["plugins"]["shipped/haggling"]["rounds"] == 2


def test_a_broken_matcher_is_a_persons_matter_too() -> None:
    class Broken:
        def understand(self, text: str, previous: Previous | None = None) -> Understanding:
            raise ZeroDivisionError("secret")

    talk = Talk(make_brain(understander=cast(Understander, Broken())))
    result = talk.hear(talk.turn(("在吗", Kind.TEXT)), talk.brain)
    assert result.behaviour is Behaviour.ESCALATE
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "人工" in text_of(result)


outcomes = st.sampled_from(
    [
        Reply("您好"),
        Ask("请问您要哪种呢？", "kind"),
        Escalate("a reason"),
        Escalate("a reason", Reply("马上为您处理。")),
        Silence("nothing to say"),
        RuntimeError("password 1234"),
        None,
        "您好",
    ]
)

TODO: list[Any] = []


async def obey(ctx: Context[None]) -> Any:
    """Does what the test says, be it to fail."""
    (outcome,) = TODO
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@lru_cache
def obedient() -> Brain:
    return make_brain(handlers=handlers() | {"size": Bound(obey), "greeting": Bound(obey)})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text() | st.sampled_from(["能开发票吗", "转人工", "便宜点", "😊", "\ud800", "{{ shop.id }}", "{% x"]),
            outcomes,
            st.sampled_from(["greeting", "size", "none at all"]),
            st.sampled_from(list(Decision)),
            st.lists(st.sampled_from([Kind.IMAGE, Kind.CARD]), max_size=2),
        ),
        max_size=5,
    )
)
def test_whatever_a_buyer_writes_and_a_plugin_does_there_is_a_result_and_no_leak(lines: list[Any]) -> None:
    talk = Talk(obedient())
    for text, outcome, slug, decision, also in lines:
        TODO[:] = [outcome]
        slugs = () if slug == "none at all" else (slug,)
        result = talk.say(text, *slugs, decision=decision, also=tuple(also))
        assert not any(word in text_of(result) for word in LEAKS if word not in text)
        assert (result.behaviour is Behaviour.ESCALATE) == (result.handover is not None)
        assert json.loads(json.dumps(talk.state)) == talk.state
        assert json.dumps(result.trace.steps)
