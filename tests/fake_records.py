"""An order as a shop's own records would give it, for conversations in tests."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from autoreply.records import Order
from autoreply.records.model import in_zone

SHANGHAI = ZoneInfo("Asia/Shanghai")
BUYER = "buyer"
"""The account that writes in ``talks``."""


def order(number: str = "2210001112223334567", state: str = "paid", **facts: Any) -> Order:
    """An order of the account that writes; times such as ``"2026-03-10 20:00"`` are Shanghai's."""
    given = {"order_no": number, "buyer_id": BUYER, "state": state, "created_at": datetime(2026, 3, 10, 9)} | facts
    return Order.model_validate(given, context=in_zone(SHANGHAI))
