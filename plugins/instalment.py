"""Instalments and credit cards: cards without a surcharge, instalments only as configured, the checkout decides.

The fee of an instalment is the provider's and is shown at checkout; the shop never charges one.
"""

from decimal import Decimal

from autoreply import Backed, Context, RegisterHandler, Reply, hookimpl
from autoreply.facts import Instalment, InstalmentProvider

FEE = "手续费 利息 免息 费率 无息 收费 加钱 要钱 费用 另收 几个点"
ALIASES = {"花呗": "花呗 蚂蚁", "白条": "白条", "信用卡": "信用卡 银行"}


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("instalment", instalment)
    register("credit_card", credit_card)


async def instalment(ctx: Context[None]) -> Reply:
    """The configured providers and periods; for anything that is not configured, the checkout decides."""
    config = ctx.shop.instalment
    if kind := next((e for e in config.excluded if ctx.says(e)), None):
        return ctx.reply("instalment.excluded", kind=Backed(kind, "shop.instalment.excluded"))
    if _below(ctx, config):
        return ctx.reply("instalment.below")
    provider = _provider(ctx, config)
    if provider is None:
        return ctx.reply("instalment.checkout")
    asked = ctx.slots.get("periods")
    if ctx.says(FEE):
        return _fee(ctx, provider)
    if asked is not None and asked not in provider.periods:
        return ctx.reply("instalment.other_periods", **_named(provider))
    key = "instalment.available" if config.threshold is None else "instalment.available_from"
    return ctx.reply(key, **_named(provider))


async def credit_card(ctx: Context[None]) -> Reply:
    """Cards are accepted and cost nothing extra; a shop of a special category says where to see it."""
    if not ctx.shop.card.accepted:
        return ctx.reply("credit_card.checkout")
    return ctx.reply("credit_card.no_surcharge" if ctx.says(FEE) else "credit_card.accepted")


def _below(ctx: Context[None], config: Instalment) -> bool:
    """The buyer named an amount below the one from which instalments are offered."""
    amount = ctx.slots.get("amount")
    return config.threshold is not None and amount is not None and Decimal(str(amount)) < config.threshold


def _provider(ctx: Context[None], config: Instalment) -> InstalmentProvider | None:
    """The configured provider that the buyer names; the first one where it names none; None for one not configured."""
    named = [known for known, words in ALIASES.items() if ctx.says(words)]
    if not named:
        return config.providers[0] if config.providers else None
    return next((p for p in config.providers if any(n in p.name for n in named)), None)


def _fee(ctx: Context[None], provider: InstalmentProvider) -> Reply:
    """Periods whose fee the shop has taken over, as configured; else the checkout shows the provider's fee."""
    if not provider.interest_free:
        return ctx.reply("instalment.fee")
    source = "shop.instalment.providers"
    free = Backed("、".join(map(str, provider.interest_free)), source)
    return ctx.reply("instalment.interest_free", provider=Backed(provider.name, source), periods=free)


def _named(provider: InstalmentProvider) -> dict[str, Backed]:
    source = "shop.instalment.providers"
    periods = "、".join(map(str, provider.periods))
    return {"provider": Backed(provider.name, source), "periods": Backed(periods, source)}
