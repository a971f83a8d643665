"""The test kit: conversations with a shop as code (``Shop``) or in files, with fake records and a clock to set.

Its names are imported when they are first used: pytest loads the plugin beside it in every run.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoreply.testing.conversation import Heard, Mismatch, Shop
    from autoreply.testing.records import FakeOrders, FakeProducts

__all__ = ["FakeOrders", "FakeProducts", "Heard", "Mismatch", "Shop"]

_HOMES = {"Fake": "autoreply.testing.records"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name[:4], "autoreply.testing.conversation")), name)
