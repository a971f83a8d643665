"""What a turn is decided with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from autoreply.compliance import Gate
from autoreply.facts import Shop
from autoreply.handlers import Bound, Health
from autoreply.model import Slot
from autoreply.records.desk import Records
from autoreply.texts import Texts
from autoreply.understanding import Catalogue, Understander


@dataclass(frozen=True, slots=True)
class Brain:
    """Everything a turn is decided with: swapped as one when settings are loaded anew."""

    shop: Shop
    catalogue: Catalogue
    understander: Understander
    gate: Gate
    texts: Texts
    handlers: Mapping[str, Bound]
    plugin_timeout: float
    text_length: int
    records: Records = field(default_factory=Records)
    health: Health = field(default_factory=Health)
    recognisers: Mapping[str, Callable[[str], Sequence[Slot]]] = field(default_factory=dict)
    _days: dict[date, tuple[Shop, Gate]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def on(self, day: date) -> tuple[Shop, Gate]:
        """The facts of a day and the gate with them: an ended campaign backs nothing."""
        if day not in self._days:
            self._days.clear()
            shop = self.shop.on(day)
            self._days[day] = shop, self.gate if shop is self.shop else self.gate.for_shop(shop)
        return self._days[day]
