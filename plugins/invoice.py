"""Invoices: always available, never a surcharge, only for the goods bought and in the shop's own name.

A buyer who wants one made out is asked for kind, title and tax number, one after the other; the number is checked by
its check digit (GB 32100-2015) before it becomes a person's task. Basis: 发票管理办法 (2023) and Tmall's rule on
invoices; refusing, charging or changing the goods costs points.
"""

import re

from pydantic import BaseModel, Field

from autoreply import Context, Escalate, Outcome, RegisterHandler, Section, hookimpl

OTHER_GOODS = (
    "办公用品 劳保用品 开成别的 开别的 换个品名 改品名 换品名 改成别的 开其他 开成其他 "
    "多开 开高 开多点 虚开 别的公司开 其他公司开 另一家公司开 帮别人开"
)
AS_GOODS = "开成 写成 改成 换成"
AS_TITLE = "抬头 公司 单位 个人 学校 名字 专票 普票 增票 专用 普通 电子 纸质 一张"
WRONG = (
    "写错 开错 填错 选错 弄错 错了 重开 重新开 换开 冲红 红冲 作废 更改 修改 改一下 改抬头 改成 可以改 能改 改吗 少开 "
    "抬头不对 税号不对 名称不对 名字不对 信息不对 内容不对 金额不对 发票不对 开的不对"
)
FEE = "税点 税费 加税 补税 加钱 要钱 收费 另付 加点 几个点 多少点 含税 邮费 运费 费用 不开票便宜 补差"
WITHOUT = "不开票 不开发票 不要票 不要发票 不用票 不用发票 不用开票 不用开发票 不需要发票"
CHEAPER = "便宜 优惠 少点 少多少 能少 打折 折扣 省 降价 减"
SPECIAL = "专票 增票 专用发票 专用的发票 增值税专 专用票"
NOT_THERE = (
    "补开 补寄 补发 没收到 没看到 没见 没给 没开 没寄 忘了 忘记 忘开 未收到 没有收到 没有看到 "
    "里面没有 里没有 包裹没有 漏 不齐"
)
NO_GOODS_YET = "没收到货 没到货 没收货 未收到货 没下单 没付款"
STATUS = "开了吗 开了没 开了么 开好了 开出来 好了吗 好了没 进度 到现在 到今天 上次 催"
AGREED = (
    "一起开 合开 合并 开一张 统一开 分开开 分开来开 两张 几张 退货 退款 发票退 "
    "资料给 帮我弄 不认 只认 用不了 不能用 小票"
)
WHEN = "什么时候 啥时候 多久 几天 何时 几时 哪天 一起寄 一起发 随货 随箱 跟货"
WHERE = "哪里 哪儿 在哪 怎么看 怎么查 如何查 查看 查询 能看到 下载 怎么取 如何取 怎么拿 怎么给 邮箱 怎么打印"
CONTENT = "金额 内容 明细 品名 开多少 写什么 开什么品 必须开 必须得开"
KINDS = "纸质 纸的 纸发票 电子 普票 普通发票 什么发票 哪种发票 什么票 手写 机打 卷票"


PLEASE = (
    "帮我开 给我开 给开一张 开一张 我要发票 我要开 我需要发票 需要开票 需要开发票 麻烦开 抬头是 抬头: 抬头写 税号是 "
    "抬头发 税号发"
)
COMPANY, PERSON = "company", "person"
WHOSE = {COMPANY: "公司 单位 企业 工厂 学校 税号 对公 报销", PERSON: "个人 私人 自己 我本人"}
TITLE = re.compile(r"抬头(?:是|为|写|开)?[:：\s]*([^\s,，。;；:：]{2,60})")
NAMED = re.compile(
    r"[\u4e00-\u9fff（）()A-Za-z]{3,50}(?:公司|集团|厂|商行|中心|学校|大学|医院|事务所|合作社|委员会|研究院)"
)
NUMBER = re.compile(r"(?<![0-9A-Za-z])([0-9A-Za-z]{18}|[0-9A-Za-z]{15}|[0-9A-Za-z]{20})(?![0-9A-Za-z])")
LIKE_NUMBER = re.compile(r"[0-9A-Za-z]{8,}")
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 signs of a unified social credit code, in the order of their values: no I, O, S, V or Z (GB 32100-2015)."""


class Settings(Section):
    """``[plugins.invoice]``"""

    collect: bool = Field(True, description="ask for title and tax number in the chat; false: the order page alone")


class Memory(BaseModel):
    """What the buyer gave for the invoice so far."""

    whose: str = ""
    title: str = ""
    number: str = ""


Ctx = Context[Settings, Memory]


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("invoice", answer, settings=Settings, state=Memory)


async def answer(ctx: Ctx) -> Outcome:
    """The fixed text for each way of asking; what touches an issued invoice goes to a person."""
    invoice = ctx.shop.invoice
    if ctx.asked:
        return _collect(ctx)
    if ctx.says(OTHER_GOODS) or (ctx.says(AS_GOODS) and not ctx.says(AS_TITLE)):
        return ctx.escalate("invoice for other goods or another seller", "invoice.actual_goods_only")
    if ctx.says(WRONG):
        return ctx.escalate("invoice has to be corrected", "invoice.correct")
    if ctx.says(SPECIAL):  # before the fee: 专票要加几个点 must not sound as if there were one
        if not invoice.special_vat:
            return ctx.escalate("special VAT invoice asked for", "invoice.special_by_person")
        return ctx.reply("invoice.special")
    if ctx.says(WITHOUT) and ctx.says(CHEAPER):
        return ctx.reply("invoice.same_price")
    if ctx.says(FEE):
        return ctx.reply("invoice.no_surcharge")
    if ctx.says(NOT_THERE) and not ctx.says(NO_GOODS_YET):
        return _missing(ctx)
    if ctx.says(STATUS) or ctx.says(AGREED):
        return ctx.escalate("invoice: a question that no setting answers", "invoice.by_person")
    if ctx.says(WHEN):
        if invoice.within_days is None:
            return ctx.escalate("invoice: within_days is not set in [shop.invoice]", "invoice.by_person")
        return ctx.reply("invoice.when")
    if ctx.says(WHERE):
        return ctx.reply("invoice.where")
    if ctx.says(CONTENT):
        return ctx.reply("invoice.content")
    if ctx.settings.collect and (ctx.says(PLEASE) or NUMBER.search(ctx.turn.text)):
        return _collect(ctx)
    return ctx.reply("invoice.kinds" if ctx.says(KINDS) else "invoice.available")


def _missing(ctx: Ctx) -> Escalate:
    """An invoice that did not come is sent later, at the shop's cost; a person does it."""
    key = "invoice.resend" if ctx.shop.invoice.resend_days is not None else "invoice.resend_open"
    return ctx.escalate("invoice has to be sent later", key)


def _collect(ctx: Ctx) -> Outcome:
    """Take what the buyer gave, ask for what is missing, and hand the complete data over to be made out."""
    got, text = ctx.state, ctx.turn.text
    if (given := NUMBER.search(text)) is not None and valid_number(given[1]):
        got.number, got.whose = given[1].upper(), COMPANY
    title = TITLE.search(text) or NAMED.search(text)
    if title is not None:
        got.title = title[title.lastindex or 0]
        got.whose = got.whose or (COMPANY if NAMED.search(got.title) else "")
    elif ctx.asked == "title":
        got.title = str(ctx.slots["title"]).split("\n")[0][:60]
    if not got.whose:
        named = next((whose for whose, words in WHOSE.items() if ctx.says(words)), "")
        got.whose = str(ctx.slots["whose"]) if ctx.slots.get("whose") in WHOSE else named
    if not got.whose:
        return ctx.ask("whose", "invoice.whose", choices=WHOSE, give_up="invoice.by_person")
    if not got.title:
        return ctx.ask("title", "invoice.title", give_up="invoice.by_person")
    if got.whose == COMPANY and not got.number:
        wrong = ctx.asked == "tax_number" and LIKE_NUMBER.search(text) is not None
        return ctx.ask("tax_number", "invoice.number_wrong" if wrong else "invoice.number", give_up="invoice.by_person")
    number = f", tax number {got.number}" if got.number else ""
    reason = f"make out an invoice: {got.whose}, title {got.title}{number}"
    got.whose, got.title, got.number = "", "", ""
    return ctx.escalate(reason, "invoice.registered")


def valid_number(number: str) -> bool:
    """Whether this may be a tax number: a unified social credit code by its check digit, or an old one of 15 digits.

    GB 32100-2015: the signs' values weighted by 3 to the power of their place, modulo 31, give the last sign.
    """
    code = number.upper()
    if len(code) == 15:
        return code.isdecimal()
    if len(code) != 18 or any(sign not in _SIGNS for sign in code):
        return False
    total = sum(_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return _SIGNS[(31 - total % 31) % 31] == code[17]
