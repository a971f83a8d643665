"""What a shop's records say of orders and products: frozen models, and the masked forms that a buyer may read.

An empty text, an empty list and ``None`` mean "the record does not say". All times carry a zone; where one is given
without, it is the shop's: ``Order.model_validate(data, context=in_zone(zone))``.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from enum import StrEnum
from itertools import takewhile
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from autoreply.facts import Facts, Money, Word

STARS = "****"
_ZONE = "zone"


def in_zone(zone: tzinfo) -> dict[str, Any]:
    """The validation context with which times are put into ``zone``, the shop's."""
    return {_ZONE: zone}


def _local(value: datetime, info: ValidationInfo) -> datetime:
    """The same moment in the zone of the context; a time without a zone is taken to be in it."""
    zone = (info.context or {}).get(_ZONE)
    if zone is None:
        if value.tzinfo is None:
            raise ValueError("has no time zone; write one such as 2026-11-11T20:00:00+08:00")
        return value
    return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)


def _no_number(value: Any) -> Any:
    """Refuse a bare number: seconds, milliseconds and a spreadsheet's days look the same."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and re.fullmatch(r"[\d.+-]+", value)):
        dashed = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d?-\d\d?", value)
        if not dashed:
            raise ValueError("is a bare number; write a time such as 2026-11-11 20:00:00")
    return value


Moment = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_local)]


class OrderState(StrEnum):
    """How far an order has come."""

    UNPAID = "unpaid"
    PAID = "paid"
    SHIPPED = "shipped"
    SIGNED = "signed"
    CLOSED = "closed"
    REFUNDING = "refunding"


class OrderItem(Facts):
    """One line of an order. ``price`` is that of a single piece, in yuan."""

    product_id: str = ""
    name: Word
    sku: str = ""
    quantity: int = Field(1, ge=1)
    price: Money | None = None


class Order(Facts):
    """One order as the shop's records have it. What is private shows up neither in logs nor in tracebacks.

    ``last_event`` is the last line of the track as the courier words it. ``amount`` is what was paid, with ``freight``
    being the postage in it, in yuan. ``note`` is the buyer's, never the shop's own.
    """

    order_no: Word
    buyer_id: Word
    state: OrderState
    created_at: Moment | None = None
    paid_at: Moment | None = None
    ship_by: Moment | None = None
    shipped_at: Moment | None = None
    signed_at: Moment | None = None
    courier: str = ""
    tracking_no: str = ""
    last_event: str = Field("", repr=False)
    last_event_at: Moment | None = None
    receiver: str = Field("", repr=False)
    phone: str = Field("", repr=False)
    province: str = ""
    city: str = ""
    address: str = Field("", repr=False)
    items: tuple[OrderItem, ...] = ()
    amount: Money | None = None
    freight: Money | None = None
    invoice_title: str = Field("", repr=False)
    note: str = Field("", repr=False)

    @property
    def masked_no(self) -> str:
        """``221****4567``."""
        return _ends(self.order_no)

    @property
    def masked_tracking(self) -> str:
        """``SF1****4567``."""
        return _ends(self.tracking_no)

    @property
    def masked_phone(self) -> str:
        """``138****1234``; an extension and the country's prefix are left out."""
        number = re.sub(r"(?<=\d{7})\s*(?:-|转|,|#)\s*\d{1,6}$", "", self.phone)
        return _ends(re.sub(r"^\+?86(?=1\d\d)", "", re.sub(r"[\s()-]", "", number)))

    @property
    def masked_receiver(self) -> str:
        """``张*``: the first sign alone, whatever the length."""
        return f"{self.receiver[0]}*" if len(self.receiver) > 1 else "*" * len(self.receiver)

    @property
    def masked_address(self) -> str:
        """``浙江省 杭州市 西湖区****``: province, city and up to three signs of the rest, never a number of it."""
        region, rest = [p for p in (self.province, self.city) if p], self.address
        if not region and (found := _REGION.match(rest)):
            region, rest = [part for part in found.groups() if part], rest[found.end() :]
        for part in region:
            rest = rest.removeprefix(part).lstrip(" ,，")
        shown = "".join(takewhile(str.isalpha, rest[:3])) if len(rest) > 6 else ""
        return " ".join([*region, shown + STARS]) if rest else " ".join(region)


_REGION = re.compile(
    r"\s*([\u4e00-\u9fff]{2,7}(?:省|自治区)|(?:北京|上海|天津|重庆)市?)?\s*([\u4e00-\u9fff]{2,9}?(?:市|自治州|地区|盟))?"
)


def _ends(text: str) -> str:
    """The first three signs and the last four; of what is too short to hide four, the first alone."""
    if len(text) < 3 + 4 + len(STARS):
        return text[:1] + STARS if text else ""
    return text[:3] + STARS + text[-4:]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("the first number is larger than the second; write the smaller one first, such as 160-165")
    return value


class SizeRow(Facts):
    """One row of a size chart: ``height`` in cm, ``weight`` in kg (buyers speak in 斤, half of that), both included."""

    size: Word
    height: Annotated[tuple[int, int], AfterValidator(_ordered)] | None = None
    weight: Annotated[tuple[float, float], AfterValidator(_ordered)] | None = None
    extra: Mapping[str, str] = Field(default_factory=dict, description="further measures, such as 胸围 → 96cm")


class Sku(Facts):
    """One choice of a product, such as 白色 XL. ``stock`` None: the record does not say; 0: none left."""

    name: Word
    price: Money | None = None
    stock: int | None = Field(None, ge=0)


class Faq(Facts):
    """A question about one product, and the shop's answer."""

    question: Word
    answer: Word


class Product(Facts):
    """One product. ``price`` and ``stock`` are those of the product as a whole; ``skus`` have their own."""

    product_id: Word
    name: Word
    keywords: tuple[Word, ...] = Field((), description="other words by which buyers name it")
    url: str = ""
    price: Money | None = None
    list_price: Money | None = None
    skus: tuple[Sku, ...] = ()
    stock: int | None = Field(None, ge=0)
    attributes: Mapping[str, str] = Field(default_factory=dict, description="such as 材质 → 纯棉")
    sizes: tuple[SizeRow, ...] = ()
    faq: tuple[Faq, ...] = ()
    ships_on: date | None = Field(None, description="first day on which it is sent; presale")
    custom: bool = Field(False, description="made to order")
    authentic: str = Field("", description="wording on authenticity that a record backs")
    how_to_use: str = ""
    alternatives: tuple[Word, ...] = Field((), description="ids of products that may be offered instead")

    @model_validator(mode="after")
    def _no_sku_twice(self) -> "Product":
        names = [sku.name for sku in self.skus]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two skus have the same name: {twice[0]}")
        return self
