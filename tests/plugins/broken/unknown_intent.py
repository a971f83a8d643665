"""Answers an intent that no file describes."""

from autoreply import Reply, hookimpl


@hookimpl
def register_handlers(register):
    register("invioce", answer)


async def answer(ctx):
    return Reply("您好")
