"""Instalments and credit cards: cards without a surcharge, instalments only as configured, the checkout decides.

The fee of an instalment is the provider's and is shown at checkout; the shop never charges one.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from autoreply import Backed, Context, RegisterHandler, Reply, hookimpl
from autoreply.facts import Instalment, InstalmentProvider

SETTING = "shop.instalment.providers"
FEE = "手续费 利息 免息 费率 无息 收费 加钱 要钱 费用 另收 几个点"
REPAY = "还款 还钱 还清 还上 怎么还 要还 待还 再还 在还 提前还 欠款 账单 逾期 额度 每月几号 还的债"
UNAVAILABLE = "为什么 为啥 怎么没有 怎么不能 没有分期 不能分期 分不了 用不了 没显示 不显示 没法分期 无法分期"
ALIASES = {
    "花呗": "花呗 蚂蚁",
    "白条": "白条",
    "月付": "月付",
    "分付": "分付",
    "信用卡": "信用卡 银行 招行 工行 建行 农行 中行 交行 浦发 广发",
}
"""Providers by the words that buyers have for them."""


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("instalment", instalment)
    register("credit_card", credit_card)


async def instalment(ctx: Context[None]) -> Reply:
    """The configured providers and periods; for anything that is not configured, the checkout decides."""
    config = ctx.shop.instalment
    if ctx.says(REPAY):
        return ctx.reply("instalment.repay")
    if kind := next((e for e in config.excluded if ctx.says([e])), None):
        return ctx.reply("instalment.excluded", kind=Backed(kind, "shop.instalment.excluded"))
    if _below(ctx, config):
        return ctx.reply("instalment.below")
    if ctx.says(UNAVAILABLE) and not ctx.says("能不能"):
        return ctx.reply("instalment.unavailable")
    providers = _meant(ctx, config.providers)
    if not providers:
        return ctx.reply("instalment.checkout")
    offers = _told((p.name, p.periods) for p in providers)
    asked = ctx.slots.get("periods")
    if asked is not None and not any(asked in p.periods for p in providers):
        return ctx.reply("instalment.other_periods", offers=offers)
    if ctx.says(FEE):
        free = [(p.name, p.interest_free) for p in providers if p.interest_free]
        return ctx.reply("instalment.interest_free", free=_told(free)) if free else ctx.reply("instalment.fee")
    key = "instalment.available" if config.threshold is None else "instalment.available_from"
    return ctx.reply(key, offers=offers)


async def credit_card(ctx: Context[None]) -> Reply:
    """Cards are accepted and cost nothing extra; a shop of a special category says where to see it."""
    if not ctx.shop.card.accepted:
        return ctx.reply("credit_card.checkout")
    return ctx.reply("credit_card.no_surcharge" if ctx.says(FEE) else "credit_card.accepted")


def _below(ctx: Context[None], config: Instalment) -> bool:
    """The buyer named an amount below the one from which instalments are offered."""
    amount = ctx.slots.get("amount")
    return config.threshold is not None and amount is not None and Decimal(str(amount)) < config.threshold


def _meant(ctx: Context[None], providers: Sequence[InstalmentProvider]) -> list[InstalmentProvider]:
    """The configured providers that the buyer names; all where none is named; none for one not configured."""
    named = [known for known, words in ALIASES.items() if ctx.says(words)]
    own = [p for p in providers if ctx.says([p.name]) or any(known in p.name for known in named)]
    return own if own or named else list(providers)


def _told(offers: Iterable[tuple[str, Sequence[int]]]) -> Backed:
    """花呗3、6、12期，信用卡3期."""
    return Backed("，".join(f"{name}{'、'.join(map(str, periods))}期" for name, periods in offers), SETTING)
