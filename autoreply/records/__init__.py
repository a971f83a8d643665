"""What a shop's records say: orders and products, out of tables, a database or an HTTP endpoint."""

from autoreply.records.breaker import GuardedOrders, GuardedProducts
from autoreply.records.find import advise_size, find_products
from autoreply.records.model import Faq, Order, OrderItem, OrderState, Product, SizeRow, Sku
from autoreply.records.sources import OrderSource, ProductSource, RecordsDown, RecordsHome, RecordsWrong

__all__ = [
    "Faq",
    "GuardedOrders",
    "GuardedProducts",
    "Order",
    "OrderItem",
    "OrderSource",
    "OrderState",
    "Product",
    "ProductSource",
    "RecordsDown",
    "RecordsHome",
    "RecordsWrong",
    "SizeRow",
    "Sku",
    "advise_size",
    "find_products",
]
