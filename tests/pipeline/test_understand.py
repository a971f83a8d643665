"""What the understander is given: all of a turn up to the allowed length, and what went before."""

import asyncio
from typing import cast

from talks import KEY, Talk, Told, make_brain

from autoreply.model import Kind, Message, Turn, Understanding
from autoreply.pipeline import run
from autoreply.understanding import Previous, Understander


def test_a_follow_up_is_understood_with_what_went_before() -> None:
    heard: list[Previous | None] = []

    class Listening(Told):
        def understand(self, text: str, previous: Previous | None = None) -> Understanding:
            heard.append(previous)
            return super().understand(text, previous)

    talk = Talk(make_brain(understander=cast(Understander, Listening(("free_shipping",)))))
    for line in ("到新疆包邮吗", "那西藏呢"):
        talk.hear(talk.turn((line, Kind.TEXT)), talk.brain)
    assert heard == [None, Previous("free_shipping", {"province": "新疆"})]


def test_several_messages_are_one_turn_and_only_the_allowed_length_is_read() -> None:
    brain = make_brain(text_length=5)
    turn = Turn(KEY, tuple(Message(KEY, f"m{n}", "b", text) for n, text in enumerate(("在吗", "能开发票吗"))))
    result = asyncio.run(run(brain, turn, {}, now=0.0))
    assert result.trace.of("turn")["text"] == "在吗\n能开发票吗"
    assert result.trace.of("understand")["clean"] == "在吗\n能开"
