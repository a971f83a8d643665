"""Ways to pay: the platform's checkout alone, somebody else may pay there; what went wrong with a payment.

Never an account, a code to scan or a transfer past the platform, whoever proposes it: the fixed text for that. Cash on
delivery is answered from ``[shop.cod]`` by its texts. Basis: the rules on trading outside of the platform.
"""

from autoreply import Context, Outcome, Priority, RegisterHandler, hookimpl
from autoreply.records import OrderState

OUTSIDE = (
    "转账 转给你 转你 打给你 打款 微信转 加微信付 支付宝转 私下 线下付 银行卡转 卡号发 账号发 收款码 二维码 扫码付 "
    "红包付 直接转 对公 公户 汇款 现金"
)
FOR_ME = "代付 帮我付 别人付 找人付 朋友付 家人付 老公付 老婆付 妈妈付 爸爸付 亲属"
TWICE = "两次 重复 多扣 扣了两 多付 双倍 扣两"


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("payment_method", payment_method)
    register("payment_problem", payment_problem)


async def payment_method(ctx: Context[None]) -> Outcome:
    """The checkout; 代付 on the platform; the fixed text for every way past it."""
    if ctx.says(FOR_ME):
        return ctx.reply("payment_method.for_another")
    if ctx.says(OUTSIDE):
        return ctx.reply("payment_method.on_platform")
    return ctx.reply("payment_method.default")


async def payment_problem(ctx: Context[None]) -> Outcome:
    """The state by the record, so that nobody pays twice; money that left an account is a person's at once."""
    if ctx.says(TWICE):
        reason = f"charged twice or too much: {ctx.turn.text}"
        return ctx.escalate(reason, "payment_problem.twice", priority=Priority.HIGH)
    if not ctx.keeps("orders") or (order := await ctx.order()) is None:
        return ctx.escalate(f"payment: {ctx.turn.text}", "payment_problem.default")
    reason = f"payment of order {order.order_no} ({order.state}): {ctx.turn.text}"
    if order.state is OrderState.PAID:
        return ctx.reply("payment_problem.paid")
    if order.state is OrderState.UNPAID:
        return ctx.escalate(reason, "payment_problem.unpaid")
    return ctx.escalate(reason, "payment_problem.default")
