"""What the product records know: stock, attributes, questions and answers, sizes, alternatives, authenticity.

Nothing is said of a product that its record does not say: what is unknown is being checked, by a person. No number of
pieces left is told, so that none can be taken for pressure. Without product records a person answers as before.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pydantic import BaseModel, Field
from rapidfuzz import fuzz

from autoreply import Ask, Backed, Context, Outcome, RegisterHandler, Section, hookimpl
from autoreply.records import Product, Sku, advise_size

RESTOCK = "补货 到货 什么时候有 啥时候有 何时有 再上 还上 再有 上新"
COMPARE = "区别 对比 比较 哪个好 哪款好 哪个更 哪款更 不同 差别 有什么不一样 二选一"
USE = "怎么用 怎么吃 怎么洗 怎么装 怎么安装 怎么泡 怎么煮 怎么穿 怎么保存 怎么存 用法 吃法 洗涤 步骤 使用方法"
LINK = "链接 网址 地址发 哪里买 哪里拍 在哪拍 哪里下单"
ALIASES = {
    "材质": "面料 料子 布料 什么做 什么料 材料 什么棉 成分",
    "产地": "哪里产 哪产 生产地 原产 哪里的 产自",
    "保质期": "保质 过期 放多久 能放 有效期 日期新鲜",
    "净含量": "多少克 几克 多少毫升 多重 重量 几斤 多少斤 净重 一包多少 容量",
    "尺寸": "多大 多长 多宽 多高 长宽 大小 几厘米 多少厘米",
    "功率": "多少瓦 几瓦 耗电",
    "规格": "一盒几 一箱几 几包 几个装 几支 几片 几袋",
    "口味": "什么味 味道 甜不甜 辣不辣 咸不咸",
    "颜色": "什么颜色 几种颜色 哪些颜色",
    "品牌": "什么牌子 哪个牌子 牌子",
    "适用": "适合 适用 几岁 多大孩子 宝宝能 孕妇能",
}
"""Usual names of attributes by the words in which buyers ask for them."""
_HEIGHT = re.compile(r"(?<!\d)(1[3-9]\d|20\d)(?!\d)(?:\.\d)?\s*(?:cm|厘米|公分)?|(?<!\d)1[.米m](\d{1,2})米?")
_KILOS = re.compile(r"(\d{2,3}(?:\.\d)?)\s*(?:kg|公斤|千克)")
_JIN = re.compile(r"(\d{2,3}(?:\.\d)?)\s*(?:市?斤)")
_BARE = re.compile(r"(?<![\d.])(\d{2,3})(?![\d.])")
_BETWEEN = re.compile(r"和|跟|与|还是|或者|[、，,]")
_SHOWN = 6


class Settings(Section):
    """``[plugins.products]``"""

    faq_match: int = Field(82, ge=60, le=100, description="how alike a question and one of the FAQ must be, 0 to 100")
    recommend: int = Field(3, ge=1, le=5, description="products named in a recommendation at most")


class Memory(BaseModel):
    """What the buyer said of the person who is to wear it, in cm and kg, and asked before the product was known."""

    question: str = ""
    height: float | None = None
    weight: float | None = None


Ctx = Context[Settings, Memory]


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    for slug, handler in (
        ("stock", stock),
        ("product_info", product_info),
        ("size", size),
        ("recommend", recommend),
        ("authenticity", authenticity),
        ("how_to_order", how_to_order),
    ):
        register(slug, handler, settings=Settings, section="products", state=Memory)


async def stock(ctx: Ctx) -> Outcome:
    """Whether the product or the choice named can be had; what else there is where it cannot."""
    ctx = _with_question(ctx)
    product = await _one(ctx)
    if not isinstance(product, Product):
        return product
    if ctx.says(RESTOCK):
        if product.ships_on is not None and product.ships_on > ctx.now.date():
            return ctx.reply("stock.presale", goods=_goods(product), day=_of(product, product.ships_on))
        return ctx.escalate(f"when is {product.name} there again: {ctx.turn.text}", "stock.restock")
    named = [sku for sku in product.skus if _named(ctx, sku.name)]
    if len(named) == 1:
        return _choice(ctx, product, named[0])
    known = [sku for sku in named or product.skus if sku.stock is not None]
    there = [sku for sku in known if sku.stock]
    if there:
        return ctx.reply("stock.choices", goods=_goods(product), choices=_of(product, _listed(s.name for s in there)))
    if known or product.stock == 0:
        return await _sold_out(ctx, product)
    if product.stock:
        return ctx.reply("stock.available", goods=_goods(product))
    return ctx.escalate(f"stock of {product.name} is in no record: {ctx.turn.text}", "stock.default")


def _choice(ctx: Ctx, product: Product, sku: Sku) -> Outcome:
    goods = _of(product, f"{product.name}（{sku.name}）")
    if sku.stock is None:
        return ctx.escalate(f"stock of {product.name} {sku.name} is in no record", "stock.default")
    if sku.stock:
        return ctx.reply("stock.available", goods=goods)
    others = [s.name for s in product.skus if s.stock]
    if others:
        return ctx.reply("stock.other_choices", goods=goods, choices=_of(product, _listed(others)))
    return ctx.escalate(f"{product.name} {sku.name} is sold out, asked for", "stock.restock")


async def _sold_out(ctx: Ctx, product: Product) -> Outcome:
    others = [o for o in await _alternatives(ctx, product) if o.stock or any(s.stock for s in o.skus)]
    if others:
        names = _of(product, _listed(o.name for o in others))
        return ctx.reply("stock.alternatives", goods=_goods(product), others=names)
    return ctx.escalate(f"{product.name} is sold out, asked for", "stock.restock")


async def product_info(ctx: Ctx) -> Outcome:
    """An answer of the FAQ, an attribute, how it is used, or two compared; else a person reads the record."""
    ctx = _with_question(ctx)
    if ctx.says(COMPARE) and len(two := await _two(ctx)) == 2:
        return _compared(ctx, *two)
    product = await _one(ctx)
    if not isinstance(product, Product):
        return product
    if answer := _faq(ctx, product):
        return ctx.reply("product_info.faq", answer=_of(product, answer))
    if told := _attributes(ctx, product):
        return ctx.reply("product_info.attribute", goods=_goods(product), told=_of(product, told))
    if ctx.says(USE) and product.how_to_use:
        return ctx.reply("product_info.use", goods=_goods(product), told=_of(product, product.how_to_use.rstrip("。")))
    return ctx.escalate(f"{product.name}: the record does not say: {ctx.turn.text}", "product_info.checking")


def _compared(ctx: Ctx, one: Product, other: Product) -> Outcome:
    """Up to three attributes that both records have and that differ."""
    names = [n for n in one.attributes if n in other.attributes and one.attributes[n] != other.attributes[n]][:3]
    if not names:
        reason = f"{one.name} and {other.name}: the records show no difference: {ctx.turn.text}"
        return ctx.escalate(reason, "product_info.checking")
    told = "；".join(f"{n}：{one.name}是{one.attributes[n]}，{other.name}是{other.attributes[n]}" for n in names)
    return ctx.reply("product_info.compared", told=_of(one, told))


def _faq(ctx: Ctx, product: Product) -> str:
    """The answer to the question of the record that is nearest, if it is near enough."""
    asked = ctx.understanding.clean
    scored = [
        (fuzz.token_set_ratio(asked, f.question) if " " in asked else fuzz.ratio(asked, f.question), f)
        for f in product.faq
    ]
    scored += [
        (fuzz.partial_ratio(f.question.rstrip("？?吗呢"), asked), f) for f in product.faq if len(f.question) >= 4
    ]
    best = max(scored, key=lambda s: s[0], default=None)
    return best[1].answer.rstrip("。") if best is not None and best[0] >= ctx.settings.faq_match else ""


def _attributes(ctx: Ctx, product: Product) -> str:
    """``材质是纯棉，产地是浙江`` for what the buyer asks of it; empty where the record does not say."""
    asked = {name for name in product.attributes if ctx.says([name])}
    for usual, words in ALIASES.items():
        if ctx.says(words) or ctx.says([usual]):
            asked |= {name for name in product.attributes if usual in name or name in usual}
    return "，".join(f"{name}是{value}" for name, value in product.attributes.items() if name in asked)


async def size(ctx: Ctx) -> Outcome:
    """The row of the size chart for height and weight; asks for what is missing; never a guess beyond the chart."""
    ctx = _with_question(ctx)
    product = await _one(ctx)
    if not isinstance(product, Product):
        return product
    if not product.sizes:
        return ctx.escalate(f"{product.name} has no size chart: {ctx.turn.text}", "size.default")
    height, weight = _body(ctx.understanding.clean)
    ctx.state.height, ctx.state.weight = height or ctx.state.height, weight or ctx.state.weight
    missing = [
        slot
        for slot, value, rows in (
            ("height", ctx.state.height, [r.height for r in product.sizes]),
            ("weight", ctx.state.weight, [r.weight for r in product.sizes]),
        )
        if value is None and any(rows)
    ]
    if missing:
        key = "body" if len(missing) == 2 else missing[0]
        return ctx.ask(missing[0], f"size.{key}", give_up="size.person")
    rows = advise_size(product, ctx.state.height, ctx.state.weight)
    match [row.size for row in rows]:
        case [fits]:
            return ctx.reply("size.fits", goods=_goods(product), size=_of(product, fits))
        case [smaller, larger]:
            both = {"smaller": _of(product, smaller), "larger": _of(product, larger)}
            return ctx.reply("size.between", goods=_goods(product), **both)
        case _:
            body = f"{ctx.state.height:g} cm, {ctx.state.weight} kg"
            return ctx.escalate(f"no row of {product.name}'s size chart fits {body}", "size.person")


def _body(clean: str) -> tuple[float | None, float | None]:
    """Height in cm and weight in kg out of ``165cm 110斤``, ``1米65``, ``身高170体重60公斤``, ``165 110``."""
    height: float | None = None
    if (tall := _HEIGHT.search(clean)) is not None:
        height = float(tall[1]) if tall[1] else 100 + float(tall[2].ljust(2, "0"))
    if (kilos := _KILOS.search(clean)) is not None:
        return height, float(kilos[1])
    if (jin := _JIN.search(clean)) is not None:
        return height, float(jin[1]) / 2
    rest = clean[: tall.start()] + " " + clean[tall.end() :] if tall is not None else clean
    if (bare := _BARE.search(rest)) is not None and ("重" in clean or tall is not None):
        number = float(bare[1])
        return height, number / 2 if number > 75 else number  # bare numbers are 斤, as people say them
    return height, None


async def recommend(ctx: Ctx) -> Outcome:
    """What fits the words and the budget, by the records; asked once for what is wanted, then a person."""
    if not ctx.keeps("products"):
        return ctx.escalate(f"advice wanted: {ctx.turn.text}", "recommend.default")
    if ctx.says(COMPARE) and len(two := await _two(ctx)) == 2:
        return _compared(ctx, *two)
    found = await ctx.products()
    amount = ctx.slots.get("amount")
    if isinstance(amount, (int, float)):
        found = [p for p in found if p.price is not None and p.price <= amount]
    wanted = [p for p in found if p.stock != 0][: ctx.settings.recommend]
    if wanted:
        names = "；".join(f"{p.name}（{p.price:f}元）" if p.price is not None else p.name for p in wanted)
        return ctx.reply("recommend.list", goods=_of(wanted[0], names))
    if ctx.asked == "need":
        return ctx.escalate(f"advice wanted: {ctx.turn.text}", "recommend.person")
    return ctx.ask("need", "recommend.ask", tries=1, give_up="recommend.person")


async def authenticity(ctx: Ctx) -> Outcome:
    """The wording that a record backs: the product's own, else the shop's; else a person."""
    if ctx.keeps("products"):
        found = await ctx.products()
        if found and found[0].authentic:
            told = _of(found[0], found[0].authentic.rstrip("。"))
            return ctx.reply("authenticity.product", told=told)
    return ctx.reply("authenticity.default")


async def how_to_order(ctx: Ctx) -> Outcome:
    """The way through the page; the product's own page where the buyer asks for it and the record has it."""
    if ctx.says(LINK) and ctx.keeps("products"):
        found = await ctx.products()
        if found and found[0].url:
            return ctx.reply("how_to_order.link", goods=_goods(found[0]), url=_of(found[0], found[0].url))
    return ctx.reply("how_to_order.default")


# Shared ------------------------------------------------------------------------------------------------------------


def _with_question(ctx: Ctx) -> Ctx:
    """The context of an answer to "which product?", with the words of the question that was asked first."""
    if ctx.asked != "product":
        return ctx
    both = f"{ctx.state.question} {ctx.understanding.clean}"
    return replace(ctx, understanding=replace(ctx.understanding, clean=both))


async def _one(ctx: Ctx) -> Product | Outcome:
    """The product that is meant; else the question which one, or a person where there are no records."""
    if not ctx.keeps("products"):
        return ctx.escalate(f"{ctx.slug}: no product records are connected: {ctx.turn.text}", f"{ctx.slug}.default")
    found = await ctx.products()
    if not found:
        return _which(ctx, ())
    if len(found) == 1 or ctx.asked == "product":
        return found[0]
    return _which(ctx, found)


async def _two(ctx: Ctx) -> list[Product]:
    """The two products on either side of a 和 or 还是; else the two that are named best."""
    if not ctx.keeps("products"):
        return []
    sides = [await ctx.products(part) for part in _BETWEEN.split(ctx.turn.text) if part]
    named = {side[0].product_id: side[0] for side in sides if side}
    return list(named.values())[:2] if len(named) >= 2 else (await ctx.products())[:2]


def _which(ctx: Ctx, found: Sequence[Product]) -> Ask:
    """Ask which product is meant: of those that were named, or at all."""
    give_up = f"{ctx.slug}.default"
    ctx.state.question = ctx.understanding.clean
    if not found:
        return ctx.ask("product", "product_info.which", give_up=give_up)
    names = _of(found[0], _listed(p.name for p in found[:3]))
    return ctx.ask("product", "product_info.which_of", give_up=give_up, choices_of=names)


async def _alternatives(ctx: Ctx, product: Product) -> list[Product]:
    found = [await ctx.product(other) for other in product.alternatives[:3]]
    return [p for p in found if p is not None]


def _named(ctx: Ctx, name: str) -> bool:
    """A choice such as ``白色 XL`` is named when all its parts are."""
    return all(ctx.says([part]) for part in name.split())


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return "、".join(every[:_SHOWN]) + ("等" if len(every) > _SHOWN else "")


def _goods(product: Product) -> Backed:
    return _of(product, product.name)


def _of(product: Product, value: object) -> Backed:
    return Backed(value, f"product:{product.product_id}")
