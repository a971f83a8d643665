"""What a shop has said about itself: the only source of every date, amount, gift, courier and region in an answer.

The models mirror ``[shop]`` in the settings file. ``None`` (or an empty list) always means "the shop has not said":
an answer that needs such a fact is not given, a person gets the question instead. An explicit ``0`` is 0.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Platform = Literal["taobao", "tmall", "pdd", "douyin", "jd"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AHEAD = 62
"""Days in which the next one with a person there is looked for."""


def _ordered_range(value: str) -> str:
    low, _, high = value.partition("-")
    if int(low) > int(high or low):
        raise ValueError("the first number is larger than the second; write the smaller one first, such as 3-5")
    return value


def _local(value: time) -> time:
    # A bare number is read as seconds since midnight UTC: 16 would be sixteen seconds past, and not four o'clock.
    if value.tzinfo is not None:
        raise ValueError("write a time of day in the shop's time zone, such as 16:00:00")
    return value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no known time zone; write one such as Asia/Shanghai") from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Word = Annotated[str, Field(min_length=1)]
TimeOfDay = Annotated[time, AfterValidator(_local)]
Money = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]
DayRange = Annotated[str, Field(pattern=r"^\d{1,2}(-\d{1,2})?$", examples=["3-5"]), AfterValidator(_ordered_range)]


class Facts(BaseModel):
    """Base of all fact models: frozen, an unknown key is an error, blanks around words mean nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Absence(Facts):
    """Days on which no person is there, such as those of the spring festival."""

    first: date = Field(description="first day away")
    last: date = Field(description="last day away")

    @model_validator(mode="after")
    def _in_order(self) -> "Absence":
        if self.last < self.first:
            raise ValueError("last lies before first")
        return self


class Hours(Facts):
    """When a person answers at the shop, in the shop's time zone."""

    open: TimeOfDay = Field(time(9), description="a person is there from")
    close: TimeOfDay = Field(time(22), description="a person is there until; earlier than open means past midnight")
    days: tuple[Weekday, ...] = Field(WEEKDAYS, description="days on which a person is there")

    absences: tuple[Absence, ...] = Field((), description="days on which nobody is there, whatever day it is")

    def staffed(self, now: datetime) -> bool:
        """A person is there at ``now``, the shop's local time."""
        clock, today = now.time(), now.date()
        if self.open < self.close:
            return self.open <= clock < self.close and self._worked(today)
        since_open = clock >= self.open and self._worked(today)
        return since_open or (clock < self.close and self._worked(today - timedelta(days=1)))

    def next_open(self, now: datetime) -> datetime | None:
        """When a person is there next, if none is at ``now``; None: not within ``LOOK_AHEAD`` days."""
        days = (now.date() + timedelta(days=n) for n in range(LOOK_AHEAD))
        opens = (datetime.combine(day, self.open, now.tzinfo) for day in days if self._worked(day))
        return next((moment for moment in opens if moment > now), None)

    def _worked(self, day: date) -> bool:
        away = any(absence.first <= day <= absence.last for absence in self.absences)
        return not away and WEEKDAYS[day.weekday()] in self.days


class Presale(Facts):
    """Goods that are sent on a date of their own."""

    keywords: tuple[Word, ...] = Field(min_length=1, description="words by which a buyer names these goods")
    ships_on: date = Field(description="first day on which these goods are sent")


class Shipping(Facts):
    """When and from where a paid order is sent."""

    ship_from: str | None = Field(None, description="place the goods are sent from")
    cutoff: TimeOfDay | None = Field(None, description="paid before this time is sent the same working day")
    within_hours: int | None = Field(None, ge=1, le=720, description="sent at the latest this many hours after payment")
    weekends: bool = Field(False, description="the warehouse sends on Saturdays and Sundays")
    holidays: bool = Field(False, description="the warehouse sends on public holidays")
    presale: tuple[Presale, ...] = ()


class Region(Facts):
    """An exception for some provinces or couriers: slower, dearer, or not served at all."""

    regions: tuple[Word, ...] = Field((), description="provinces or cities, short names such as 新疆; none: everywhere")
    couriers: tuple[Word, ...] = Field((), description="only for parcels with these couriers; none: with any")
    days: DayRange | None = Field(None, description="days on the way")
    fee: Money | None = Field(None, description="postage in yuan")
    free_over: Money | None = Field(None, description="postage is free from this order amount in yuan")
    served: bool = Field(True, description="parcels are sent there")

    @model_validator(mode="after")
    def _of_something(self) -> "Region":
        if not self.regions and not self.couriers:
            raise ValueError("names neither regions nor couriers; write which it is an exception for")
        return self


class Delivery(Facts):
    """How long a parcel is on its way in general; ``regions`` holds the exceptions."""

    days: DayRange | None = Field(None, description="days on the way, such as 3-5")
    regions: tuple[Region, ...] = ()

    def to(self, place: Sequence[str], courier: str = "") -> "Terms":
        """What holds for a parcel to ``place``, the city first and then its province, with ``courier``.

        Each fact comes from the exception that names the place, then the courier, most closely; rows for couriers
        hold for that very courier alone. What no exception says is left open, but for ``days``: those in general.
        """
        near = [(rank, row) for row in self.regions if (rank := _nearness(row, place, courier)) is not None]
        rows = [row for _, row in sorted(near, key=lambda r: r[0])]
        return Terms(
            days=next((row.days for row in rows if row.days is not None), self.days),
            fee=next((row.fee for row in rows if row.fee is not None), None),
            free_over=next((row.free_over for row in rows if row.free_over is not None), None),
            served=next((row.served for row in rows), True),
        )


class Terms(NamedTuple):
    """What holds for a parcel to one place: see ``Region``. None: no exception says."""

    days: str | None
    fee: Decimal | None
    free_over: Decimal | None
    served: bool


def _nearness(row: Region, place: Sequence[str], courier: str) -> tuple[int, bool] | None:
    """How closely an exception names a place and a courier, the closest first; None: it does not hold for them."""
    if row.couriers and not any(same_courier(name, courier) for name in row.couriers):
        return None
    if not row.regions:
        return len(place), not row.couriers
    named = next((n for n, name in enumerate(place) if name in row.regions), None)
    return None if named is None else (named, not row.couriers)


def same_courier(name: str, other: str) -> bool:
    """中通 and 中通快递 are the same; an empty name is none."""
    a, b = name.casefold(), other.casefold()
    return bool(a and b) and (a.startswith(b) or b.startswith(a))


class Couriers(Facts):
    """Who carries the parcels."""

    default: tuple[Word, ...] = Field((), description="couriers used without asking")
    on_request: tuple[Word, ...] = Field((), description="couriers a buyer may ask for; the buyer pays the difference")


class Freight(Facts):
    """Postage. ``free_over`` 0 means free from the first yuan, None means the shop has not said."""

    free_over: Money | None = Field(None, description="postage is free from this order amount in yuan")
    fee: Money | None = Field(None, description="postage below that amount in yuan")
    excluded: tuple[Word, ...] = Field((), description="regions that free postage leaves out")


class Invoice(Facts):
    """Invoices. That one can be had is the law and no setting."""

    kinds: tuple[Word, ...] = Field(("电子普通发票",), min_length=1, description="kinds issued")
    special_vat: bool = Field(False, description="专票 (special VAT invoice) can be issued")
    within_days: int | None = Field(None, ge=0, le=90, description="issued within this many days after receipt")
    resend_days: int | None = Field(None, ge=0, le=90, description="补寄: sent later within this many days")


class Card(Facts):
    """Credit cards are supported by default; only special categories may switch them off."""

    accepted: bool = Field(True, description="credit cards are accepted")


class InstalmentProvider(Facts):
    """One provider of instalments as the platform's checkout shows it for this shop."""

    name: Word = Field(description="name as the checkout shows it", examples=["花呗"])
    periods: tuple[Annotated[int, Field(ge=1, le=120)], ...] = Field(
        min_length=1, description="numbers of periods offered"
    )
    interest_free: tuple[int, ...] = Field((), description="of those, the ones whose fee the shop has taken over")

    @model_validator(mode="after")
    def _known_periods(self) -> "InstalmentProvider":
        if unknown := set(self.interest_free) - set(self.periods):
            raise ValueError(f"interest_free names periods that periods does not offer: {sorted(unknown)}")
        return self


class Instalment(Facts):
    """Instalments: nothing is promised that is not listed here."""

    providers: tuple[InstalmentProvider, ...] = ()
    threshold: Money | None = Field(None, description="order amount in yuan from which instalments are offered")
    excluded: tuple[Word, ...] = Field((), description="kinds of sale without instalments, such as 聚划算")


class Cod(Facts):
    """Cash on delivery. None: the shop has not said."""

    accepted: bool | None = Field(None, description="cash on delivery is accepted")


class Bargain(Facts):
    """What may be conceded when a buyer asks for less. 0 is 0: nothing."""

    limit_percent: Decimal = Field(Decimal(0), ge=0, le=50, description="largest concession, percent of the price")
    rounds: int = Field(2, ge=0, le=10, description="times the bot answers before a person does; 0: a person at once")
    gift: str | None = Field(None, description="gift that may be named instead of a lower price")
    coupon: str | None = Field(None, description="a coupon that really exists, as the page words it")


class Returns(Facts):
    """Returns. Seven days without a reason are the law; a shop may be more generous."""

    days: int = Field(7, ge=7, le=90, description="days after signing within which goods may go back without a reason")
    no_reason_excluded: tuple[Word, ...] = Field((), description="goods the law excludes, such as 定制商品")
    freight_insurance: bool = Field(False, description="the shop gives 运费险 with every order")
    buyer_pays_no_reason: bool = Field(True, description="without a fault the buyer pays the way back")
    warranty: str | None = Field(None, description="warranty as the page words it, such as 整机保修一年")


class Gifts(Facts):
    """Gifts that really come with an order."""

    text: str | None = Field(None, description="the gift as the page words it, such as 每单送一双一次性手套")


class Promotion(Facts):
    """The running campaign. After ``until`` it is no longer mentioned."""

    text: str | None = Field(None, description="campaign as the page words it, such as 满99减10")
    until: date | None = Field(None, description="last day of the campaign")


class PriceProtection(Facts):
    """价保: days after payment within which a lower price is made good; None: the shop has not said."""

    days: int | None = Field(None, ge=0, le=90, description="days after payment")


class Goods(Facts):
    """What can be said of all goods of the shop."""

    authentic: str | None = Field(None, description="wording on authenticity that a record backs")


class Shop(Facts):
    """``[shop]``: all facts of one shop."""

    id: str = Field("main", pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="the shop's id in messages")
    name: str = Field("本店", min_length=1, max_length=40, description="name that buyers know the shop by")
    platform: Platform = Field("taobao", description="platform whose rules hold")
    timezone: TimeZone = Field("Asia/Shanghai", description="zone of every time of day in this file")
    hours: Hours = Hours()
    shipping: Shipping = Shipping()
    delivery: Delivery = Delivery()
    couriers: Couriers = Couriers()
    freight: Freight = Freight()
    invoice: Invoice = Invoice()
    card: Card = Card()
    instalment: Instalment = Instalment()
    cod: Cod = Cod()
    bargain: Bargain = Bargain()
    returns: Returns = Returns()
    gifts: Gifts = Gifts()
    promotion: Promotion = Promotion()
    price_protection: PriceProtection = PriceProtection()
    goods: Goods = Goods()

    def on(self, day: date) -> "Shop":
        """The shop as it stands on ``day``: a campaign that has ended is no longer a fact."""
        if self.promotion.until is None or day <= self.promotion.until:
            return self
        return self.model_copy(update={"promotion": Promotion()})
