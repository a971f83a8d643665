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
    """Round by round: the listed price with what comes with it, the policy or the concession, a person."""
    bargain = ctx.shop.bargain
    ctx.state["rounds"] = done = ctx.state.get("rounds", 0) + 1
    if done > bargain.rounds:
        return ctx.escalate(f"still bargaining after {bargain.rounds} rounds", "haggling.person")
    if done == bargain.rounds and bargain.limit_percent > 0:
        percent = Backed(bargain.limit_percent, SETTING)
        return ctx.escalate(f"conceded up to {percent} %: change the price", "haggling.concede", percent=percent)
    if done > 1:
        return ctx.reply("haggling.firm")
    if bargain.coupon:
        return ctx.reply("haggling.coupon")
    return ctx.reply("haggling.gift" if bargain.gift else "haggling.listed")
