"""Asks for a height before it recommends a size, and remembers how often it was asked for one."""

from autoreply import Ask, Context, Reply, hookimpl


@hookimpl
def register_handlers(register):
    register("size", answer)


async def answer(ctx: Context[None]) -> Ask | Reply:
    ctx.state["asked"] = ctx.state.get("asked", 0) + 1
    height = str(ctx.slots.get("height", ""))
    if not height.isdigit():
        return Ask("请问您的身高是多少厘米呢？", "height")
    return Reply(f"{height}厘米建议您参考商品页的尺码表。")
