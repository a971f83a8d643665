"""Settings that are no model."""

from autoreply import Reply, hookimpl


@hookimpl
def register_handlers(register):
    register("invoice", answer, settings=dict)


async def answer(ctx):
    return Reply("您好")
