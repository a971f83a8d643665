"""What stands in a cell, as the value of a field. Nothing is guessed: what can be read two ways is a ValueError."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from autoreply.records.model import OrderState

_SAFE_DIGITS = 15
"""Digits of a number that spreadsheets keep; of longer ones they make zeros."""


def text(cell: object) -> str:
    """The words of a cell, without what exports put around numbers to keep them as texts: ``="123"``, ``'123``, tabs.

    Raises:
        ValueError: a number too long to have survived in a spreadsheet.
    """
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= 10**_SAFE_DIGITS:
        raise ValueError("is kept as a number, which spreadsheets cut after 15 digits; format the column as text")
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        cell = cell.date()
    words = str(cell).strip()
    if found := re.fullmatch(r'="(.*)"', words, re.DOTALL):
        words = found[1].strip()
    return words.removeprefix("'").strip()


def identifier(cell: object) -> str:
    """A number or name by which something is known, such as an order's."""
    words = text(cell)
    if re.fullmatch(r"\d(?:\.\d+)?[eE]\+\d{1,3}", words):
        raise ValueError("was rounded by a spreadsheet; format the column as text and export again")
    return words


def money(cell: object) -> Decimal:
    """An amount in yuan: ``1,234.50``, ``¥12``, ``12元``."""
    if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
        words = str(cell)
    else:
        words = re.sub(r"^[¥$]|[,\s]|元$|^CNY|^RMB", "", unicodedata.normalize("NFKC", text(cell)).replace("￥", "¥"))
    try:
        amount = Decimal(words)
        cents = amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        amount = cents = Decimal("NaN")
    if amount.is_nan():
        raise ValueError("is no amount; write one such as 19.90")
    if abs(amount - cents) > Decimal("0.000001"):  # a computed cell may hold 0.30000000000000004
        raise ValueError("has more than two decimals")
    return cents


def whole(cell: object) -> int:
    """A count: ``12``, ``12.0``, ``1,200``, ``3件``."""
    words = re.sub(r",|\s|件$|\.0+$", "", unicodedata.normalize("NFKC", text(cell)))
    if not re.fullmatch(r"-?\d{1,12}", words):
        raise ValueError("is no whole number")
    return int(words)


_WHEN = re.compile(
    r"(?P<year>20\d\d)\s*[-/.年]\s*(?P<month>\d\d?)\s*[-/.月]\s*(?P<day>\d\d?)日?"
    r"(?:[\sT]*(?P<hour>\d\d?)[:时](?P<minute>\d\d?)(?:[:分](?P<second>\d\d?)(?:\.\d+)?秒?)?分?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?"
)


def moment(cell: object) -> datetime:
    """A time as exports write it: ``2026-11-11 20:00:00``, ``2026/11/11 20:00``, ``2026年11月11日``."""
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    found = _WHEN.fullmatch(unicodedata.normalize("NFKC", text(cell)))
    if found is None:
        raise ValueError("is no time; write one such as 2026-11-11 20:00:00")
    year, month, day, hour, minute, second = (
        int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    zone = datetime.strptime(found["zone"], "%z").tzinfo if found["zone"] else None
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def day(cell: object) -> date:
    """A date; the time of day with it does not count."""
    return moment(cell).date()


_YES = {"是", "有", "对", "y", "yes", "true", "1", "√"}
_NO = {"否", "无", "不", "n", "no", "false", "0", "×"}


def yes_or_no(cell: object) -> bool:
    """是 or 否, in one of the ways they are put."""
    words = str(cell).strip().casefold().removesuffix(".0")
    if words not in _YES | _NO:
        raise ValueError("is neither 是 nor 否")
    return words in _YES


def words(cell: object) -> tuple[str, ...]:
    """Several words in one cell, with a comma, 、, a semicolon, | or a line break between them; or a list."""
    if isinstance(cell, (list, tuple)):
        return tuple(map(text, cell))
    return tuple(word for part in re.split(r"[,，、;；|\n]", text(cell)) if (word := part.strip()))


_MEASURE = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)(?P<first>[a-z斤公千克厘米]*)(?:[-~到至\u2010-\u2015]{1,2}(?P<high>\d+(?:\.\d+)?)(?P<unit>[a-z斤公千克厘米]*))?"
)
_HEIGHT = {"cm": 1.0, "厘米": 1.0, "公分": 1.0, "m": 100.0, "米": 100.0}
_WEIGHT = {"kg": 1.0, "公斤": 1.0, "千克": 1.0, "斤": 0.5}


def _range(cell: object, unit: str, units: dict[str, float]) -> tuple[float, float]:
    """Both ends of ``160-165``, in the first of the units: by the unit in the cell, else ``unit``."""
    found = _MEASURE.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", text(cell)).casefold()))
    if found is None:
        raise ValueError("is no range; write one such as 160-165")
    written = found["unit"] or found["first"] or unit
    if written not in units or (found["first"] and found["unit"] and found["first"] != found["unit"]):
        known = ", ".join(units)
        raise ValueError(f"has no unit that is known here: write one of {known} behind it or into the column's name")
    low = float(found["low"]) * units[written]
    return low, float(found["high"]) * units[written] if found["high"] else low


def height(cell: object, unit: str = "") -> tuple[int, int]:
    """``160-165`` in cm, or with a unit of its own; metres are told by their size."""
    low, high = _range(cell, unit or "cm", _HEIGHT)
    if high < 3:  # 1.60-1.65 in a column of no unit
        low, high = low * 100, high * 100
    return round(low), round(high)


def weight(cell: object, unit: str = "") -> tuple[float, float]:
    """``45-50kg`` or ``90-100斤`` in kg. A number without a unit is refused: it may be either."""
    low, high = _range(cell, unit, _WEIGHT)
    return round(low, 2), round(high, 2)


_STATES: tuple[tuple[OrderState, str], ...] = (
    # The first that is found counts, so what ends a trade stands before how far the parcel had come.
    (OrderState.CLOSED, "退款成功|退款完成|已退款|全额退款|关闭|取消|删除"),
    (OrderState.REFUNDING, "退款|售后|退货|拒收"),
    (OrderState.UNPAID, "(?:等待|待|未)(?:买家)?(?:付款|支付)|未付"),
    (
        OrderState.SHIPPED,
        "已发货|部分发货|[待未](?:买家)?(?:确认)?[收签]收?货?|等待(?:买家)?确认|运输|已出库|派送|配送",
    ),
    (OrderState.SIGNED, "签收|交易成功|(?<!未)完成|已收货|确认收货"),
    (OrderState.PAID, "待发货|等待(?:卖家)?(?:发货|出库)|待出库|备货|已付款|已支付|(?:付款|支付)成功|未发货|待处理"),
)
_WITHDRAWN = re.compile(
    "(?:退款|售后|退货)(?:申请)?已?(?:关闭|取消|撤销)|[无未没]有?(?:申请)?(?:退款|售后)|取消(?:退款|售后)"
)
"""A refund that was called off says nothing of how far the order has come."""


def state(cell: object) -> OrderState:
    """A state by our own name, or as the platforms word it: 买家已付款,等待卖家发货."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text(cell))).casefold()
    if plain in tuple(OrderState):
        return OrderState(plain)
    told = _WITHDRAWN.sub("", plain)
    for found, wording in _STATES:
        if re.search(wording, told):
            return found
    raise ValueError(f"is no state that is known here; write one of {', '.join(OrderState)}")


Reader = Callable[[object], object]
ORDER: dict[str, Reader] = {
    **dict.fromkeys(("order_no", "buyer_id", "tracking_no", "product_id"), identifier),
    **dict.fromkeys(("created_at", "paid_at", "ship_by", "shipped_at", "signed_at", "last_event_at"), moment),
    **dict.fromkeys(("amount", "freight", "price"), money),
    "quantity": whole,
    "state": state,
}
"""How the cells of an order's fields are read; all others are text."""
PRODUCT: dict[str, Reader] = {
    **dict.fromkeys(("price", "list_price"), money),
    **dict.fromkeys(("keywords", "alternatives"), words),
    "product_id": identifier,
    "stock": whole,
    "ships_on": day,
    "custom": yes_or_no,
}
