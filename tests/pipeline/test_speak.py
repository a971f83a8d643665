"""Several answers become one message."""

from dataclasses import replace

from talks import Talk, text_of

from autoreply import Context, Outcome, Reply
from autoreply.handlers import Bound

from .shops import with_handler


def test_several_answers_greet_once_and_smile_once_and_not_beside_an_apology() -> None:
    async def says(ctx: Context[None]) -> Outcome:
        return Reply(
            {"size": "您好，有货的😊", "stock": "您好，谢谢您😊 请稍等", "gift": "非常抱歉，请您稍等。"}[ctx.slug]
        )

    brain = with_handler("size", says)
    own = {slug: Bound(says) for slug in ("stock", "gift")}
    brain = replace(brain, handlers={**brain.handlers, **own})
    assert text_of(Talk(brain).say("有吗", "size", "stock")) == "您好，有货的😊\n谢谢您，请稍等。"
    assert text_of(Talk(brain).say("有吗", "size", "gift")) == "您好，有货的。\n非常抱歉，请您稍等。"
