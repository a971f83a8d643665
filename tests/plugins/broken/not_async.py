"""A handler that cannot be awaited."""

from autoreply import Reply, hookimpl


@hookimpl
def register_handlers(register):
    register("invoice", answer)


def answer(ctx):
    return Reply("您好")
