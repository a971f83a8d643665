"""Bargaining: value first, then what the settings concede and no more, then a person. A limit of 0 is 0.

No invented manager, no scarcity, no price that only this buyer would get: what may be conceded stands in
``[shop.bargain]`` and the price itself is only changed by a person.
"""

from autoreply import Backed, Context, Outcome, RegisterHandler, hookimpl

SETTING = "shop.bargain.limit_percent"


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("haggling", answer)


async def answer(ctx: Context[None]) -> Outcome:
    """Round by round: what comes with the listed price, the policy or the concession, a person.

    Rounds are counted anew each day. Only a shop that concedes nothing says that the price is the same for everyone.
    """
    bargain, today = ctx.shop.bargain, ctx.now.date().isoformat()
    done = 1 + (ctx.state.get("rounds", 0) if ctx.state.get("day") == today else 0)
    ctx.state.update(day=today, rounds=done)
    if done > bargain.rounds:
        return ctx.escalate(f"still bargaining after {bargain.rounds} rounds", "haggling.person")
    if done == bargain.rounds and bargain.limit_percent > 0:
        percent = Backed(bargain.limit_percent, SETTING)
        return ctx.escalate(f"conceded up to {percent} %: change the price", "haggling.concede", percent=percent)
    if done == 1 and bargain.coupon:
        return ctx.reply("haggling.coupon")
    if done == 1 and bargain.gift:
        return ctx.reply("haggling.gift")
    if bargain.limit_percent > 0:
        return ctx.reply("haggling.value")
    if done > 1 and (others := await _cheaper(ctx)) is not None:
        return ctx.reply("haggling.cheaper", others=others)
    return ctx.reply("haggling.listed" if done == 1 else "haggling.firm")


async def _cheaper(ctx: Context[None]) -> Backed | None:
    """Up to two products that the record of the one in question names instead of it, and that cost less."""
    if not ctx.keeps("products") or len(found := await ctx.products()) != 1:
        return None
    product = found[0]
    others = [await ctx.product(other) for other in product.alternatives]
    less = [
        o for o in others if o is not None and o.price and product.price and o.price < product.price and o.stock != 0
    ]
    if not less:
        return None
    return Backed("、".join(f"{o.name}（{Backed(o.price, '')}元）" for o in less[:2]), f"product:{product.product_id}")
