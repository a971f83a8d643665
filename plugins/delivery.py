"""On its way: how long it takes, with which courier, what postage is, and from where it is sent.

Everything said stands in ``[shop.delivery]``, ``[shop.couriers]``, ``[shop.freight]`` and ``[shop.shipping]``. A city
is asked for once and kept; who names one hears of that place alone. Postage is the freight template's, with no
exception on request, and the regions left out are named (the platforms' rule on 包邮); days are a range and no promise,
for what is promised must be kept (电商法, section 20).
"""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from pydantic import Field

from autoreply import Backed, Context, Outcome, RegisterHandler, Reply, Section, hookimpl
from autoreply.facts import Terms, same_courier
from autoreply.records import Order, OrderState, RecordsDown

REGIONS, DAYS, OVER = "shop.delivery.regions", "shop.delivery.days", "shop.freight.free_over"

HOW_LONG = "几天 几多天 多少天 多久 多长时间 几日 什么时候 啥时候 何时 几时 哪天 几号"
WHICH = "什么快递 啥快递 哪个快递 哪家快递 哪种快递 哪些快递 快递公司 什么物流 哪家物流"
REACHES = (
    "能到 送到 到得了 到不到 能送 可以送 送不送 能发 能寄 可以寄 发货不 能配送 可以配送 配送范围 支持配送 收得到 "
    "到不了 不能配送 送吗 送不 发吗 寄吗"
)
PICKUP = "自提 自取 自己取 自己提 去取 去拿 来取 来拿 去提 上门取 上门拿 仓库提 仓库拿 店里拿 店里取 门店取 到店"
TO_DOOR = "送货上门 送上门 上门吗 送上楼 送到楼上 送到家 送进家 丰巢 驿站 快递柜 代收点 楼下"
WRONG = "怎么发 怎么又 怎么给我 为什么发 为啥发 咋发 咋给我 不是备注 明明 说好 结果发 发错 是让你发 是让您发 让他发"
ORDERED = (
    "拍了 拍好 拍下 已拍 付款了 已付 付好 付了 下单了 下了单 已下单 我的订单 这一单 这单 那单 备注了 忘了备注 忘记备注"
)
SHOP = "实体店 门店 线下 专柜 逛 看货 店铺在 店在哪 地址在哪"
NOT_YET = "现在买 现在拍 现在下单 今天买 今天拍 今天下单 明天买 再买 再拍 如果 要是 的话 就买 就拍 打算"

NO_SUCH = re.compile("不要|别|勿|不发|不用|不走|不想|不寄|拒|不是|除了|太慢|太差")
WHETHER = re.compile("能不能|可不可以|是不是|要不要|会不会|行不行|发不发|好不好|是否|不是备注")
BORDER = "[ ,.!?，。！？\n]"
ONLY_THAT = re.compile("(?:我|这)[^,.!?]{0,6}(?:没有|只有|只到|只能收)|到不了|不到|收不到|送不到|不通")
CLAUSE = 8
"""Characters before the name of a courier in which a "not" is looked for."""

POSTAGE = "(?:运费|邮费|快递费|物流费)"
CHANGE = re.compile(
    f"(?:帮|给|求|把).{{0,6}}免.{{0,2}}{POSTAGE}|免(?:个|下|一下|掉){POSTAGE}|(?:改|减|去掉|抹|降|少|便宜|优惠).{{0,4}}{POSTAGE}"
    f"|{POSTAGE}.{{0,6}}(?:改|免|减|去掉|抹|降|少点|便宜|优惠)|(?:给|帮).{{0,3}}包个?邮"
    "|[包免]个?邮(?:呗|我就|就买|就拍|行不|好不好|可以不|可否)|老(?:顾客|客户).*[包免]个?邮|收藏.*[包免]个?邮"
)
WHY = "怎么 为什么 為什麼 为啥 咋 凭什么 不是包邮 不是说包邮 说好包邮 写着 写的 以前包邮 之前"
PAID_POSTAGE = "两次邮费 两次运费 多付的 多收 退邮费 退运费 邮费退 运费退 运费到付 邮费到付"
HOW_MUCH_MORE = "差多少 还差 差几 再买多少 凑多少 差不多少"
_NUMBER = r"(\d{1,6}(?:\.\d{1,2})?)"
AMOUNT = re.compile(rf"(?<![\d满])[¥￥]?{_NUMBER}(?:多)?(?:元|块钱|块|多|包邮|不包邮|还不)")
FEE = re.compile(f"{POSTAGE}[^,.!?]{{0,5}}{_NUMBER}|{_NUMBER}(?:元|块钱|块)?(?:的|钱)?{POSTAGE}")


class Settings(Section):
    """``[plugins.delivery]``: what ``[shop]`` has no word for."""

    pickup: str | None = Field(None, min_length=4, description="how goods are picked up, as the page words it")


class Place(NamedTuple):
    """Where a parcel is to go. ``names``: the city, if it is known, and then its province."""

    name: str
    names: tuple[str, ...]


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    for slug, handler in (
        ("delivery_time", delivery_time),
        ("courier", courier),
        ("free_shipping", free_shipping),
        ("ship_from", ship_from),
    ):
        register(slug, handler, settings=Settings, section="delivery")


# How long ----------------------------------------------------------------------------------------------------------


async def delivery_time(ctx: Context[Settings]) -> Outcome:
    """Of a parcel under way its own dates; else the range for the place, which is asked for where it matters."""
    order = None if ctx.says(NOT_YET) else await on_its_way(ctx)
    place = place_of(ctx) or (place_in(order) if order is not None else None)
    terms = terms_for(ctx, place, named_courier(ctx))
    if place is not None and not terms.served:
        return ctx.reply("courier.not_served", place=place.name)
    if terms.days is None:
        return ctx.escalate("delivery_time: days on the way are not set in [shop.delivery]", "delivery_time.by_person")
    days = days_of(terms, place)
    if order is not None and order.state is OrderState.SHIPPED and order.shipped_at is not None:
        return _sent(ctx, order, terms.days, days)
    if place is None:
        if ctx.asked != "city" and any(row.days or not row.served for row in ctx.shop.delivery.regions):
            return ctx.ask("city", "delivery_time.which_city")
        key = "general" if wished(ctx) is None else "by_date"
        return ctx.reply(f"delivery_time.{key}", place="您那里", days=days)
    if (limit := wished(ctx)) is not None:
        late = int(terms.days.partition("-")[0]) > limit
        return ctx.reply("delivery_time.too_late" if late else "delivery_time.by_date", place=place.name, days=days)
    if ctx.says(WHICH) and "courier" not in ctx.understanding.answered and (names := couriers_to(ctx, place)):
        return ctx.reply("courier.to_place_days", place=place.name, couriers=names, days=days)
    return ctx.reply("delivery_time.to_place", place=place.name, days=days)


def _sent(ctx: Context[Settings], order: Order, days: str, told: Backed) -> Outcome:
    """A parcel that was sent: when, and how long it takes; one that takes longer is for a person."""
    shipped = order.shipped_at
    assert shipped is not None  # noqa: S101 - told by the caller's condition
    most = int(days.rpartition("-")[2])
    if ctx.now.date() > shipped.date() + timedelta(days=most):
        task = f"order {order.order_no} was sent on {shipped:%Y-%m-%d} and should take {days} days: ask {order.courier}"
        return ctx.escalate(task, "delivery_time.slow")
    return ctx.reply("delivery_time.sent", date=Backed(shipped.date(), f"order:{order.order_no}"), days=told)


def wished(ctx: Context[Settings]) -> int | None:
    """In how many days from today the buyer wants the goods; a festival counts as far away. None: no wish is named."""
    if ctx.says(HOW_LONG):
        return None
    slots, today = ctx.slots, ctx.now.date()
    if isinstance(day := slots.get("day"), int):
        named = [s.value for s in ctx.understanding.slots if s.name == "day" and isinstance(s.value, int)]
        return max([day, *named])
    if isinstance(weekday := slots.get("weekday"), int):
        return (weekday - today.isoweekday()) % 7 + 7 * ctx.says("下周 下个周 下星期 下礼拜")
    if isinstance(days := slots.get("days"), (int, float)):
        return int(days)
    if "date" in slots and (until := _ahead(str(slots["date"]), today)) is not None:
        return until
    return 366 if "festival" in slots or ctx.says("年前 节前 周末 月底 生日 婚礼") else None


def _ahead(written: str, today: date) -> int | None:
    """Days until the next date that ends like ``written`` (``DD``, ``MM-DD``); None: there is none within a year."""
    ends = written.split("-")
    days = (n for n in range(366) if f"{today + timedelta(days=n):%Y-%m-%d}".split("-")[-len(ends) :] == ends)
    return next(days, None)


# With which courier ------------------------------------------------------------------------------------------------


async def courier(ctx: Context[Settings]) -> Outcome:
    """Which couriers there are and where they go. A wish for one is for a person once the order is placed."""
    couriers = ctx.shop.couriers
    if not couriers.default:
        return ctx.escalate("courier: no couriers are set in [shop.couriers]", "courier.by_person")
    if ctx.says(WRONG):
        task = f"about the courier of an order: {ctx.understanding.clean}"
        return ctx.escalate(task, "courier.by_person")
    if ctx.says(PICKUP):
        if ctx.settings.pickup is None:
            task = "asks to pick the goods up: pickup is not set in [plugins.delivery]"
            return ctx.escalate(task, "courier.pickup_by_person")
        return ctx.reply("courier.pickup", pickup=Backed(ctx.settings.pickup, "plugins.delivery.pickup"))
    place = place_of(ctx)
    if place is not None and not terms_for(ctx, place).served:
        return ctx.reply("courier.not_served", place=place.name)
    refused = refused_couriers(ctx)
    wanted = [name for name in courier_names(ctx) if name not in refused]
    if wanted:
        return await _wanted(ctx, wanted, place)
    if refused:
        return await _refused(ctx, refused)
    if ctx.says(TO_DOOR):
        return ctx.reply("courier.to_door")
    return _which(ctx, place)


def _which(ctx: Context[Settings], place: Place | None) -> Outcome:
    """The couriers, those for the place where one is named, with the days if they are asked for too."""
    both = ctx.says(HOW_LONG) and "delivery_time" not in ctx.understanding.answered
    if place is None:
        if ctx.asked == "city":  # a place that no list knows
            return ctx.reply("courier.page_says")
        if both or (ctx.says(REACHES) and any(row.couriers or not row.served for row in ctx.shop.delivery.regions)):
            return ctx.ask("city", ctx.reply("courier.default") + ctx.reply("delivery_time.which_city"))
        return ctx.reply("courier.page_says" if ctx.says(REACHES) else "courier.default")
    if not (names := couriers_to(ctx, place)):
        return ctx.escalate(f"no configured courier goes to {place.name}", "courier.by_person")
    terms = terms_for(ctx, place)
    if (both or ctx.asked == "city") and terms.days is not None:
        return ctx.reply("courier.to_place_days", place=place.name, couriers=names, days=days_of(terms, place))
    return ctx.reply("courier.to_place", place=place.name, couriers=names)


async def _wanted(ctx: Context[Settings], wanted: list[str], place: Place | None) -> Outcome:
    """A wish for a courier: one of ours, one at the buyer's cost, or none that is to be had."""
    ours = ctx.shop.couriers
    choice = next((n for n in wanted if _listed(n, ours.default)), None)
    extra = next((n for n in wanted if _listed(n, ours.on_request)), None)
    if (name := choice or extra) is None and ONLY_THAT.search(ctx.understanding.clean):
        return ctx.escalate(f"only {wanted[0]} reaches the buyer: {ctx.understanding.clean}", "courier.by_person")
    if name is None:
        return ctx.reply("courier.unavailable", courier=wanted[0])
    if place is not None and not terms_for(ctx, place, name).served:
        return ctx.reply("courier.not_there", courier=name, place=place.name)
    if await is_ordered(ctx):
        return ctx.escalate(f"wants {name} for an order placed: {ctx.understanding.clean}", "courier.noted")
    key, source = ("ours", "default") if choice else ("on_request", "on_request")
    return ctx.reply(f"courier.{key}", courier=Backed(name, f"shop.couriers.{source}"))


async def _refused(ctx: Context[Settings], refused: list[str]) -> Outcome:
    """A wish for any courier but some."""
    left = [name for name in ctx.shop.couriers.default if not _listed(name, refused)]
    if not left or await is_ordered(ctx):
        return ctx.escalate(f"does not want {'、'.join(refused)}: {ctx.understanding.clean}", "courier.noted")
    return ctx.reply("courier.other", couriers=Backed(left, "shop.couriers.default"))


def courier_names(ctx: Context[Settings]) -> list[str]:
    """The couriers that the buyer names, those of the shop that no list knows too."""
    named = [str(s.value) for s in ctx.understanding.slots if s.name == "courier"]
    ours = ctx.shop.couriers.default + ctx.shop.couriers.on_request
    return list(dict.fromkeys([*named, *(n for n in ours if not _listed(n, named) and ctx.says([n]))]))


def named_courier(ctx: Context[Settings]) -> str:
    """The courier that days are asked for, or the only one there is; else an empty string."""
    if len(names := courier_names(ctx)) == 1:
        return names[0]
    default = ctx.shop.couriers.default
    return default[0] if len(default) == 1 else ""


def refused_couriers(ctx: Context[Settings]) -> list[str]:
    """Of the couriers named, those that the buyer does not want: 别发中通和圆通, 韵达太慢."""
    text, found, last, no = ctx.turn.text, [], 0, False
    for slot in (s for s in ctx.understanding.slots if s.name == "courier"):
        before = re.split(BORDER, text[max(last, slot.start - CLAUSE) : slot.start])[-1]
        if not (last and re.fullmatch("和|跟|、|或者?|还有", text[last : slot.start])):
            after = re.split(BORDER, text[slot.end : slot.end + CLAUSE])[0]
            no = bool(NO_SUCH.search(WHETHER.sub("", before)) or re.match("(?:快递)?(?:不要|太慢|太差|就算了)", after))
        last = slot.end
        if no:
            found.append(str(slot.value))
    return found


def _listed(name: str, names: tuple[str, ...] | list[str]) -> bool:
    return any(same_courier(name, other) for other in names)


async def is_ordered(ctx: Context[Settings]) -> bool:
    """The wish is for an order that is placed, by the buyer's words or the shop's records."""
    if ctx.says(ORDERED) or "order_placed" in ctx.understanding.answered:
        return True
    order = await on_its_way(ctx)
    return order is not None and order.state is OrderState.PAID


# Postage -----------------------------------------------------------------------------------------------------------


async def free_shipping(ctx: Context[Settings]) -> Outcome:
    """The freight template's answer, for the place if one is named; what is missing to the threshold is computed."""
    freight = ctx.shop.freight
    if freight.free_over is None:
        return ctx.escalate("free_shipping: free_over is not set in [shop.freight]", "free_shipping.by_person")
    if ctx.says(PAID_POSTAGE):
        return ctx.escalate(f"about postage that was paid: {ctx.understanding.clean}", "free_shipping.by_person")
    if any(_listed(name, ctx.shop.couriers.on_request) for name in courier_names(ctx)):
        name = next(n for n in courier_names(ctx) if _listed(n, ctx.shop.couriers.on_request))
        return ctx.reply("courier.on_request", courier=Backed(name, "shop.couriers.on_request"))
    place = place_of(ctx)
    over: Decimal | None = freight.free_over
    if place is not None:
        terms = terms_for(ctx, place)
        if not terms.served:
            return ctx.reply("courier.not_served", place=place.name)
        over = terms.free_over if terms.free_over is not None else None if is_excluded(ctx, place) else over
    if CHANGE.search(ctx.understanding.clean):
        return ctx.reply("free_shipping.no_exception")
    amount = order_amount(ctx)
    if amount is not None and over:
        return _compared(ctx, amount, over, place)
    if ctx.says(HOW_MUCH_MORE) and over:
        return ctx.ask("amount", "free_shipping.which_amount", over=Backed(over, OVER))
    if place is not None:
        return _postage_to(ctx, place, over)
    return ctx.reply("free_shipping.why" if ctx.says(WHY) else "free_shipping.general")


def _compared(ctx: Context[Settings], amount: Decimal, over: Decimal, place: Place | None) -> Outcome:
    """An order's amount beside the threshold. Enough of it and postage all the same: a person looks."""
    excluded = Backed(ctx.shop.freight.excluded if place is None else "", "shop.freight.excluded")
    if amount < over:
        missing = Backed(over - amount, OVER)
        return ctx.reply("free_shipping.missing", missing=missing, over=Backed(over, OVER), excluded=excluded)
    if ctx.says(WHY):
        if place is None:
            return ctx.reply("free_shipping.why")
        task = f"postage is charged on {amount} yuan to {place.name}, free from {over}: check the freight template"
        return ctx.escalate(task, "free_shipping.by_person")
    return ctx.reply("free_shipping.reached", over=Backed(over, OVER), excluded=excluded)


def _postage_to(ctx: Context[Settings], place: Place, over: Decimal | None) -> Reply:
    """What postage to one place is. ``over`` None: it is left out of free postage."""
    fee = terms_for(ctx, place).fee
    if fee is not None and over is None:
        return ctx.reply("free_shipping.place_fee", place=place.name, fee=Backed(fee, f"{REGIONS}.fee"))
    if over is None:
        return ctx.reply("free_shipping.place_excluded", place=place.name)
    if over == 0:
        return ctx.reply("free_shipping.place_always", place=place.name)
    below = Backed(fee, f"{REGIONS}.fee") if fee is not None else None
    if below is None and ctx.shop.freight.fee is not None:
        below = Backed(ctx.shop.freight.fee, "shop.freight.fee")
    return ctx.reply("free_shipping.place_over", place=place.name, over=Backed(over, OVER), fee=below)


def is_excluded(ctx: Context[Settings], place: Place) -> bool:
    """Free postage leaves the place out."""
    return any(name in ctx.shop.freight.excluded for name in place.names)


def order_amount(ctx: Context[Settings]) -> Decimal | None:
    """What the goods come to, as the buyer says; the postage that was charged and 满99 are no such amount."""
    clean = ctx.understanding.clean
    if ctx.asked == "amount" and (bare := re.search(_NUMBER, clean)):
        return Decimal(bare[1])
    fees = {n for found in FEE.finditer(clean) for n in found.groups() if n}
    return next((Decimal(m[1]) for m in AMOUNT.finditer(clean) if m[1] not in fees), None)


# From where --------------------------------------------------------------------------------------------------------


async def ship_from(ctx: Context[Settings]) -> Outcome:
    """The place the goods are sent from; a shop to go to is for a person."""
    if ctx.shop.shipping.ship_from is None:
        return ctx.escalate("ship_from is not set in [shop.shipping]", "ship_from.by_person")
    if ctx.says(SHOP):
        return ctx.escalate(f"asks for the shop's own place: {ctx.understanding.clean}", "ship_from.shop")
    return ctx.reply("ship_from.default")


# Places ------------------------------------------------------------------------------------------------------------


def place_of(ctx: Context[Settings]) -> Place | None:
    """Where the parcel goes: named in this turn, or kept from an earlier one."""
    if (found := _named_place(ctx)) is not None:
        city, province = found
        if city or province != ctx.shared.get("province"):
            ctx.shared.pop("city", None)
        ctx.shared.update({k: v for k, v in (("city", city), ("province", province)) if v})
    city, province = (str(ctx.shared.get(k) or "") for k in ("city", "province"))
    names = tuple(name for name in (city, province) if name)
    return Place(names[0], names) if names else None


def _named_place(ctx: Context[Settings]) -> tuple[str, str] | None:
    """The city and the province that the buyer names last, the most exact; where the goods come from is none."""
    text, sent_from = ctx.turn.text, ctx.shop.shipping.ship_from or ""
    spans: dict[tuple[int, int], dict[str, str]] = {}
    for slot in ctx.understanding.slots:
        if slot.name in ("city", "province") and not re.search("[从由自]$", text[: slot.start]):
            spans.setdefault((slot.start, slot.end), {})[slot.name] = str(slot.value)
    found = list(spans.values())
    others = [p for p in found if not all(name in sent_from for name in p.values())]
    cities = [p for p in others or found if "city" in p]
    if best := (cities or others or found)[-1:]:
        return best[0].get("city", ""), best[0].get("province", "")
    ours = [*ctx.shop.freight.excluded, *(name for row in ctx.shop.delivery.regions for name in row.regions)]
    named = next((name for name in ours if ctx.says([name])), None)  # a county that no list knows
    return (named, "") if named is not None else None


def place_in(order: Order) -> Place | None:
    """Where an order goes, by the short names that the settings use."""
    province = re.sub("(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$", "", order.province.strip())
    city = order.city.strip().removesuffix("市")
    names = tuple(name for name in (city, province) if name)
    return Place(names[0], names) if names else None


def terms_for(ctx: Context[Settings], place: Place | None, courier: str = "") -> Terms:
    """What holds for the place, with the courier named or the only one there is."""
    default = ctx.shop.couriers.default
    return ctx.shop.delivery.to(place.names if place else (), courier or (default[0] if len(default) == 1 else ""))


def couriers_to(ctx: Context[Settings], place: Place) -> Backed | None:
    """The usual couriers that go to the place."""
    names = [name for name in ctx.shop.couriers.default if terms_for(ctx, place, name).served]
    return Backed(names, "shop.couriers.default") if names else None


def days_of(terms: Terms, place: Place | None) -> Backed:
    return Backed(terms.days, REGIONS if place is not None else DAYS)


async def on_its_way(ctx: Context[Settings]) -> Order | None:
    """The buyer's newest order that is paid or sent, where records say; they are no must here."""
    if not ctx.keeps("orders"):
        return None
    try:
        orders = await ctx.orders()
    except RecordsDown:
        return None
    return next((order for order in orders if order.state in (OrderState.PAID, OrderState.SHIPPED)), None)
