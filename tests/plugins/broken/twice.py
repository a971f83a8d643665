"""Registers one intent twice."""

from autoreply import Reply, hookimpl


@hookimpl
def register_handlers(register):
    register("invoice", answer)
    register("invoice", other)


async def answer(ctx):
    return Reply("您好")


async def other(ctx):
    return Reply("在的")
