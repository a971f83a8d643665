"""Invoices: always available, never a surcharge, only for the goods bought and in the shop's own name.

Basis: 发票管理办法 (2023) and Tmall's rule on invoices; refusing, charging or changing the goods costs points.
"""

from autoreply import Context, Escalate, Outcome, RegisterHandler, hookimpl

OTHER_GOODS = "办公用品 劳保用品 开成别的 换个品名 改品名 换品名 开其他 开别的 多开 开高 虚开 别的公司开 其他公司开"
FEE = "税点 加税 补税 加钱 要钱 收费 另付 加点 几个点 多少点 含税 邮费 运费 费用 不开票便宜 补差"
WRONG = "写错 开错 填错 错了 重开 换开 冲红 红冲 作废 更改 修改 改一下 改抬头 不对 少开"
SPECIAL = "专票 增票 专用发票 专用的发票 增值税专"
RESEND = "补开 补寄 补发 没收到 没看到 没给 忘了 忘开 还没 未收到 没有收到 里面没有 没发票 没有发票 漏"
WHEN = "什么时候 啥时候 多久 几天 何时 几时 哪天"


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("invoice", answer)


async def answer(ctx: Context[None]) -> Outcome:
    """The fixed text for each way of asking; what touches an issued invoice goes to a person."""
    invoice = ctx.shop.invoice
    if ctx.says(OTHER_GOODS):
        return ctx.escalate("invoice for other goods or another seller", "invoice.actual_goods_only")
    if ctx.says(WRONG):
        return ctx.escalate("invoice has to be corrected", "invoice.correct")
    if ctx.says(FEE):
        return ctx.reply("invoice.no_surcharge")
    if ctx.says(SPECIAL):
        if not invoice.special_vat:
            return ctx.escalate("special VAT invoice asked for", "invoice.special_by_person")
        return ctx.reply("invoice.special")
    if ctx.says(RESEND):
        return _missing(ctx)
    if ctx.says(WHEN) and invoice.within_days is not None:
        return ctx.reply("invoice.when")
    return ctx.reply("invoice.available")


def _missing(ctx: Context[None]) -> Escalate:
    """An invoice that did not come is sent later, at the shop's cost; a person does it."""
    key = "invoice.resend" if ctx.shop.invoice.resend_days is not None else "invoice.resend_open"
    return ctx.escalate("invoice has to be sent later", key)
