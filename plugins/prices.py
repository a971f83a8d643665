"""Prices, coupons and 满减, gifts, price protection: computed from what is configured, and the checkout decides.

No price that no record holds, no coupon that does not exist, no sum promised: what is computed is explained step by
step as an estimate, and a person pays a difference back. Basis: the rules on price fraud and on promised discounts.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal

from pydantic import Field, model_validator

from autoreply import Backed, Context, Outcome, RegisterHandler, Section, hookimpl
from autoreply.facts import Money, Word
from autoreply.records import Order, Product

WHY = "怎么涨 涨价 贵了 不一样 对不上 不对 多收 为什么 为啥 怎么变 怎么是 怎么没"
NOT_APPLIED = "用不了 不能用 没减 没优惠 领不了 领不到 没有减 不可用 失效 过期 没显示 不显示 怎么没"
MORE_GIFTS = "多送 再送 多给 送点 再给 能送 送我 送个 送一"
MISSING_GIFT = "没送 没有送 没收到赠品 赠品呢 忘了送 漏了赠品 没给"


class Coupon(Section):
    """A coupon of the shop that can really be had."""

    name: Word = Field("店铺优惠券", description="as the page calls it")
    over: Money = Field(description="order amount in yuan from which it holds")
    off: Money = Field(gt=0, description="yuan off")


class Full(Section):
    """满减: yuan off from an order amount; ``repeats`` for 每满."""

    name: Word = Field("满减", description="as the page calls it")
    over: Money = Field(gt=0, description="order amount in yuan from which it holds")
    off: Money = Field(gt=0, description="yuan off")
    repeats: bool = Field(False, description="每满: once for each full amount")


class Settings(Section):
    """``[plugins.prices]``: what there is. Left out, the page is pointed to."""

    coupons: tuple[Coupon, ...] = Field((), description="coupons that can be had now; the best one counts")
    full: tuple[Full, ...] = Field((), description="满减 that runs now; the best one counts")
    stack: bool = Field(False, description="a coupon may be used beside 满减, measured on what is left after it")

    @model_validator(mode="after")
    def _sensible(self) -> "Settings":
        offers: list[Coupon | Full] = [*self.coupons, *self.full]
        for offer in offers:
            if offer.over and offer.off > offer.over:
                raise ValueError(f"{offer.name}: off ({offer.off}) is more than over ({offer.over})")
        return self


Ctx = Context[Settings]


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    for slug, handler in (
        ("price", price),
        ("promotion", promotion),
        ("gift", gift),
        ("price_protection", price_protection),
    ):
        register(slug, handler, settings=Settings, section="prices")


async def price(ctx: Ctx) -> Outcome:
    """The price of the record, for so many pieces with what comes off; the page where no record says it."""
    if ctx.says(WHY):
        return ctx.escalate(f"price questioned: {ctx.turn.text}", "price.person")
    found = await ctx.products() if ctx.keeps("products") else []
    if len(found) != 1 or (each := _price(ctx, found[0])) is None:
        return ctx.reply("price.default")
    product, pieces = found[0], ctx.slots.get("pieces")
    source = f"product:{product.product_id}"
    known = {"goods": Backed(product.name, source), "each": Backed(each, source)}
    if not isinstance(pieces, int) or not 1 < pieces <= 999:
        return ctx.reply("price.each", **known)
    total = each * pieces
    left, steps = off(total, ctx.settings)
    known |= {"pieces": Backed(pieces, source), "total": Backed(total, source)}
    if not steps:
        return ctx.reply("price.total", **known)
    return ctx.reply("price.total_off", **known, steps=_told(steps), left=Backed(left, "plugins.prices"))


async def promotion(ctx: Ctx) -> Outcome:
    """What runs now, and for an amount what comes off, step by step; what did not apply a person looks at."""
    if ctx.says(NOT_APPLIED):
        return ctx.escalate(f"discount did not apply: {ctx.turn.text}", "promotion.person")
    settings, amount = ctx.settings, ctx.slots.get("amount")
    if isinstance(amount, (int, float)) and (settings.coupons or settings.full):
        total = Decimal(str(amount))
        left, steps = off(total, settings)
        asked = {"total": Backed(total, "plugins.prices"), "left": Backed(left, "plugins.prices")}
        if steps:
            return ctx.reply("promotion.computed", **asked, steps=_told(steps))
        if (short := _short(total, settings)) is not None:
            offer, missing = short
            return ctx.reply("promotion.short", offer=_offer(offer), missing=Backed(missing, "plugins.prices"))
    offers: list[Coupon | Full] = [*settings.full, *settings.coupons]
    if offers:
        names = Backed("、".join(_offer(o) for o in offers), "plugins.prices")
        key = "promotion.offers_stack" if settings.stack and settings.full and settings.coupons else "promotion.offers"
        return ctx.reply(key, offers=names)
    return ctx.reply("promotion.default")


async def gift(ctx: Ctx) -> Outcome:
    """The gifts of the settings, no others; a gift that was to come and did not is a person's."""
    if ctx.says(MISSING_GIFT):
        return ctx.escalate(f"gift missing: {ctx.turn.text}", "gift.person")
    if ctx.says(MORE_GIFTS):
        return ctx.reply("gift.only" if ctx.shop.gifts.text else "gift.none")
    return ctx.reply("gift.default")


async def price_protection(ctx: Ctx) -> Outcome:
    """Whether the order is within the configured days, and the difference by the records; a person pays it."""
    days = ctx.shop.price_protection.days
    if days is None or not ctx.keeps("orders"):
        return ctx.escalate(f"price protection: {ctx.turn.text}", "price_protection.default")
    order = await ctx.order()
    if order is None or order.paid_at is None:
        return ctx.escalate(f"price protection, no paid order found: {ctx.turn.text}", "price_protection.default")
    last = order.paid_at.astimezone(ctx.now.tzinfo) + timedelta(days=days)
    if ctx.now > last:
        reason = f"price protection of order {order.order_no} ended {last:%m-%d %H:%M}: {ctx.turn.text}"
        return ctx.escalate(reason, "price_protection.over")
    difference = await _difference(ctx, order)
    reason = f"price protection of order {order.order_no}, within the days, difference {difference or 'unknown'} yuan"
    if not difference:
        return ctx.escalate(reason, "price_protection.within")
    return ctx.escalate(reason, "price_protection.differs", sum=Backed(difference, f"order:{order.order_no}"))


# Sums --------------------------------------------------------------------------------------------------------------


def off(total: Decimal, settings: Settings) -> tuple[Decimal, list[tuple[str, Decimal]]]:
    """What is left of an amount in yuan, and each step: what came off, how much. The best of each kind counts.

    Without ``stack`` the better of the two kinds counts alone.
    """
    full = max(((f, _full_off(f, total)) for f in settings.full), key=lambda o: o[1], default=None)
    by_full: list[tuple[str, Decimal]] = [(_offer(full[0]), full[1])] if full is not None and full[1] else []
    base = total - sum(o for _, o in by_full) if settings.stack else total
    coupon = max((c for c in settings.coupons if base >= c.over), key=lambda c: c.off, default=None)
    by_coupon: list[tuple[str, Decimal]] = [(_offer(coupon), coupon.off)] if coupon is not None else []
    steps = by_full + by_coupon if settings.stack else max(by_full, by_coupon, key=lambda s: sum(o for _, o in s))
    return max(total - sum((o for _, o in steps), Decimal(0)), Decimal(0)), steps


def _full_off(full: Full, total: Decimal) -> Decimal:
    times = (total / full.over).to_integral_value(ROUND_DOWN)
    return full.off * (times if full.repeats else min(times, Decimal(1)))


def _short(total: Decimal, settings: Settings) -> tuple[Coupon | Full, Decimal] | None:
    """The nearest offer above an amount, and how much is missing to it."""
    offers: list[Coupon | Full] = [*settings.full, *settings.coupons]
    above = [o for o in offers if o.over > total]
    nearest = min(above, key=lambda o: o.over, default=None)
    return (nearest, nearest.over - total) if nearest is not None else None


def _offer(offer: Coupon | Full) -> Backed:
    """``满减每满300减50``, ``店铺优惠券满99减10``."""
    every = "每满" if isinstance(offer, Full) and offer.repeats else "满"
    return Backed(f"{offer.name}（{every}{_yuan(offer.over)}减{_yuan(offer.off)}）", "plugins.prices")


def _told(steps: Sequence[tuple[str, Decimal]]) -> Backed:
    return Backed("，".join(f"{name}减{_yuan(amount)}元" for name, amount in steps), "plugins.prices")


def _yuan(amount: Decimal) -> str:
    return str(Backed(amount, ""))


def _price(ctx: Ctx, product: Product) -> Decimal | None:
    """The price of the choice that the buyer names; else the product's, where its choices cost the same."""
    priced = [(s.name, s.price) for s in product.skus if s.price is not None]
    named = {price for name, price in priced if all(ctx.says([part]) for part in name.split())}
    prices = named or {price for _, price in priced}
    return prices.pop() if len(prices) == 1 else product.price if not prices else None


async def _difference(ctx: Ctx, order: Order) -> Decimal | None:
    """How much less the goods of an order cost now, in yuan; None where a record does not say, or nothing."""
    if not ctx.keeps("products") or not order.items:
        return None
    saved = Decimal(0)
    for item in order.items:
        product = await ctx.product(item.product_id) if item.product_id else None
        if product is None or item.price is None:
            return None
        now = next((s.price for s in product.skus if s.name == item.sku), None) or product.price
        if now is None:
            return None
        saved += max(item.price - now, Decimal(0)) * item.quantity
    return saved or None
