"""Raises at every turn, with words that are nobody's business."""

from autoreply import hookimpl


@hookimpl
def register_handlers(register):
    register("courier", answer)


async def answer(ctx):
    raise RuntimeError("数据库密码 hunter2")
