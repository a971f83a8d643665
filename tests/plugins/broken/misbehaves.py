"""Handlers that fail at work, each in its own way; loading them is no problem."""

import asyncio

from autoreply import Escalate, Reply, hookimpl


@hookimpl
def register_handlers(register):
    for slug, handler in HANDLERS.items():
        register(slug, handler)


async def raises(ctx):
    ctx.state["half"] = "done"
    raise RuntimeError("secret database password 1234")


async def hangs(ctx):
    await asyncio.sleep(3600)


async def returns_text(ctx):
    return "您好"


async def returns_nothing(ctx):
    return None


async def says_nothing(ctx):
    return Reply("  ")


async def says_a_number(ctx):
    return Reply(5)


async def backs_nonsense(ctx):
    return Reply("您好", {"您好": None})


async def escalates_with_a_text(ctx):
    return Escalate("a reason", "您好")


async def keeps_an_object(ctx):
    ctx.state["object"] = object()
    return Reply("您好")


async def keeps_no_number(ctx):
    ctx.state["share"] = float("nan")
    return Reply("您好")


async def wants_an_unknown_text(ctx):
    return ctx.reply("price.nothing_here")


async def refuses_an_invoice(ctx):
    return Reply("我们店不开发票的。")


async def raises_os_error(ctx):
    raise OSError(13, "Permission denied", "/etc/shop/secret")


HANDLERS = {
    "price": raises,
    "stock": hangs,
    "gift": returns_text,
    "courier": returns_nothing,
    "refund": says_nothing,
    "quality": says_a_number,
    "review": backs_nonsense,
    "recommend": escalates_with_a_text,
    "logistics": keeps_an_object,
    "authenticity": keeps_no_number,
    "promotion": wants_an_unknown_text,
    "invoice": refuses_an_invoice,
    "thanks": raises_os_error,
}
