"""The engine's look at what people do: modes and takeovers, who waits too long, what people are to be told."""

from collections.abc import Mapping
from functools import partial

from autoreply import settings
from autoreply.clock import Clock
from autoreply.conversation.notices import Notices, Notifier
from autoreply.conversation.waiting import waiting_too_long
from autoreply.facts import Shop
from autoreply.journal import Journal, Store
from autoreply.journal.handoffs import NoticeRow, notices, raise_waiting
from autoreply.journal.people import ALL, Snapshot, settle_modes, snapshot, sweep
from autoreply.model import Mode


class People:
    """Looks into the journal when told to, which the engine does twice a second. ``now`` is the last snapshot."""

    def __init__(
        self, journal: Journal, clock: Clock, shop: Shop, config: settings.Settings, notifiers: Mapping[str, Notifier]
    ) -> None:
        self.now = Snapshot()
        self._journal = journal
        self._clock = clock
        self._notices = Notices(journal, clock, notifiers)
        self._settled: Mapping[str, Mode] | None = None
        self.adopt(shop, config)

    def adopt(self, shop: Shop, config: settings.Settings) -> None:
        """Go by these settings from the next look on."""
        self._shop = shop
        self._raise_after = config.handoff.raise_after
        talk = config.conversation
        self._modes = {ALL: talk.mode} | {name: own.mode for name, own in talk.channels.items() if own.mode}

    async def look(self) -> Snapshot:
        """Take note of what was switched and taken over; raise what has waited too long; have people told."""
        wanted = self._modes
        self.now, rows = await self._journal.insist(partial(self._look, wanted=wanted))
        self._settled = wanted
        self._notices.look(rows)
        return self.now

    def _look(self, store: Store, wanted: Mapping[str, Mode]) -> tuple[Snapshot, list[NoticeRow]]:
        now = self._clock.now()
        if self._settled != wanted:
            settle_modes(store, self._shop.id, wanted, now)
        sweep(store, now)
        if (since := waiting_too_long(self._shop, now, self._raise_after * 60)) is not None:
            raise_waiting(store, since, now)
        return snapshot(store, self._shop.id, now), notices(store)

    async def told(self) -> None:
        """Return once what could be told has been."""
        await self._notices.finish()

    async def stop(self) -> None:
        await self._notices.stop()
