"""Buyers who wait for a person: who has waited too long, and how people are told, each time once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply import Context, Escalate
from autoreply.conversation import Engine
from autoreply.conversation.notices import TRIES, Notice
from autoreply.conversation.waiting import waiting_too_long
from autoreply.facts import Shop as ShopFacts
from autoreply.journal import HandoffRequest, Store
from autoreply.journal.handoffs import claim_item, release_item
from autoreply.model import Priority
from autoreply.settings import Handoff

from .bench import Shop
from .conftest import Build
from .test_turns import WHEN

MINUTES = 60
HOUR = 3600


async def person(ctx: Context[Any]) -> Escalate:
    return Escalate("a matter for a person")


@dataclass
class Bell:
    """A notifier that keeps what it was told; ``broken``: how often it fails first."""

    broken: int = 0
    tries: int = 0
    told: list[Notice] = field(default_factory=list)

    async def tell(self, notice: Notice) -> None:
        self.tries += 1
        if self.tries <= self.broken:
            raise ConnectionError("nobody there")
        self.told.append(notice)

    async def close(self) -> None:
        pass

    @property
    def rung(self) -> list[str]:
        return [f"{n.kind} {n.item.conversation.conversation}" for n in self.told]


Fitted = Callable[..., Shop]


@pytest.fixture
def fitted(build: Build) -> Fitted:
    """Makes a shop whose invoices are a person's matter, with bells."""

    def make(*bells: Bell) -> Shop:
        shop = build().answers(invoice=person)
        shop.notifiers = {f"bell {n}": bell for n, bell in enumerate(bells)}
        return shop

    return make


async def look(shop: Shop) -> None:
    """What the engine does twice a second."""
    await shop.engine.look()
    await told(shop.engine)


async def told(engine: Engine) -> None:
    await engine.people.told()


INVOICE = "可以开发票吗？"

# Waiting too long ----------------------------------------------------------------------------------------------------


async def test_a_buyer_who_waits_too_long_comes_first_and_people_are_told_once(fitted: Fitted) -> None:
    bell = Bell()
    async with fitted(bell) as shop:
        await shop.asks(INVOICE)
        await look(shop)
        await shop.wait(2 * MINUTES)
        await look(shop)
        assert bell.rung == ["new c"]
        await shop.wait(1 * MINUTES)
        await look(shop)
        await look(shop)
        assert bell.rung == ["new c", "waiting c"]
        (item,) = await shop.queue()
        assert (item.priority, item.raised_at) == (Priority.HIGH, shop.clock.now())


async def test_how_long_is_too_long_is_a_setting(fitted: Fitted) -> None:
    shop = fitted()
    shop.settings = shop.settings.model_copy(update={"handoff": Handoff(raise_after=10)})
    async with shop:
        await shop.asks(INVOICE)
        await shop.wait(9 * MINUTES)
        await look(shop)
        assert (await shop.queue())[0].priority is Priority.NORMAL
        await shop.wait(1 * MINUTES)
        await look(shop)
        assert (await shop.queue())[0].priority is Priority.HIGH


async def test_whom_an_agent_has_answered_waits_no_longer(fitted: Fitted) -> None:
    async with fitted() as shop:
        await shop.asks(INVOICE)
        await shop.agent("可以的，我来开")
        await shop.wait(HOUR)
        await look(shop)
        (item,) = await shop.queue()
        assert (item.waiting_since, item.priority) == (None, Priority.NORMAL)


async def test_who_needs_a_person_again_waits_again(fitted: Fitted) -> None:
    async with fitted() as shop:
        await shop.asks(INVOICE)
        await shop.agent("可以的，我来开")
        await shop.wait(31 * MINUTES)
        await shop.asks(INVOICE)
        asked = shop.clock.now()
        (item,) = await shop.queue()
        assert item.waiting_since == pytest.approx(asked, abs=2)


async def test_at_night_nobody_is_told_of_waiting_before_somebody_is_there(fitted: Fitted) -> None:
    bell = Bell()
    async with fitted(bell) as shop:
        await shop.wait(13 * HOUR)  # 23:00; the shop closed at 22:00
        await shop.asks(INVOICE)
        await shop.wait(10 * HOUR)  # 9:00: it opens
        await look(shop)
        assert bell.rung == ["new c"]
        await shop.wait(3 * MINUTES)
        await look(shop)
        assert bell.rung == ["new c", "waiting c"]


BEIJING = ZoneInfo("Asia/Shanghai")
HOURS = st.times().map(lambda t: t.replace(minute=0, second=0, microsecond=0))


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 20)),
    st.integers(1, 4 * 24 * 60),
    HOURS,
    HOURS,
    st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])),
)
def test_only_time_in_which_somebody_is_there_is_waiting_time(
    end: datetime, minutes: int, opens: Any, closes: Any, days: set[str]
) -> None:
    away = ({"first": "2026-01-08", "last": "2026-01-11"},)
    hours = {"open": opens, "close": closes, "days": tuple(days), "absences": away}
    shop = ShopFacts.model_validate({"hours": hours})
    now = end.replace(second=0, microsecond=0, tzinfo=BEIJING).timestamp()

    def staffed(moment: float) -> bool:
        return shop.hours.staffed(datetime.fromtimestamp(moment, BEIJING).replace(tzinfo=None))

    back = (now - m * MINUTES for m in range(1, 14 * 24 * 60 + 1))
    latest = next(islice(filter(staffed, back), minutes - 1, None), None)
    assert waiting_too_long(shop, now, minutes * MINUTES) == latest


# Telling people ------------------------------------------------------------------------------------------------------


async def test_a_more_urgent_reason_is_told_once(fitted: Fitted) -> None:
    bell = Bell()
    async with fitted(bell) as shop:
        await shop.asks(INVOICE)
        await look(shop)
        for reason in ("angry", "angrier"):
            request = HandoffRequest(reason, Priority.HIGH)
            await shop.look(partial(_open, shop=shop, request=request))
            await look(shop)
        assert bell.rung == ["new c", "raised c"]


def _open(store: Store, shop: Shop, request: HandoffRequest) -> None:
    store.open_handoff(shop.key(), "b", request, shop.clock.now())


async def test_a_notifier_that_fails_is_told_again_and_the_others_are_not(fitted: Fitted) -> None:
    works, fails = Bell(), Bell(broken=3)
    async with fitted(works, fails) as shop:
        await shop.asks(INVOICE)
        for _ in range(20):
            await look(shop)
            await shop.wait(1)
        assert (works.rung, fails.rung) == (["new c"], ["new c"])
        assert fails.tries == 4


async def test_a_notifier_that_never_works_is_given_up(fitted: Fitted) -> None:
    dead = Bell(broken=1000)
    async with fitted(dead) as shop:
        await shop.asks(INVOICE)
        await shop.agent()  # else the wait would be told as well
        for _ in range(100):
            await look(shop)
            await shop.wait(60)
        assert dead.tries == TRIES


async def test_what_was_not_told_is_told_after_a_restart_and_what_was_is_not(fitted: Fitted) -> None:
    works, fails = Bell(), Bell(broken=1)
    shop = fitted(works, fails)
    async with shop:
        await shop.asks(INVOICE)
        await look(shop)
    async with shop:
        await look(shop)
    assert (works.rung, fails.rung) == (["new c"], ["new c"])


async def test_what_is_done_before_it_was_told_is_not_told(fitted: Fitted) -> None:
    bell = Bell()
    async with fitted(bell) as shop:
        await shop.asks(INVOICE)
        await shop.look(lambda store: store.give_back(shop.key(), shop.clock.now()))
        await look(shop)
        assert bell.told == []


async def test_the_key_of_a_notice_stays_the_same(fitted: Fitted) -> None:
    first, second = Bell(), Bell(broken=1)
    async with fitted(first, second) as shop:
        await shop.asks(INVOICE)
        await look(shop)
        await shop.wait(5)
        await look(shop)
        assert first.told[0].key == second.told[0].key == f"handoff-{(await shop.queue())[0].id}-new"


# Who works on what ---------------------------------------------------------------------------------------------------


async def test_of_two_agents_one_has_the_item_and_the_bot_is_silent_meanwhile(fitted: Fitted) -> None:
    async with fitted() as shop:
        await shop.asks(INVOICE)
        (item,) = await shop.queue()
        claim = partial(claim_item, item_id=item.id, now=shop.clock.now(), until=shop.clock.now() + 60 * MINUTES)
        assert await shop.look(partial(claim, agent="小王"))
        assert not await shop.look(partial(claim, agent="小李"))
        assert await shop.look(partial(claim, agent="小王"))
        assert (await shop.queue())[0].agent == "小王"
        assert await shop.asks(WHEN) == []


async def test_a_released_item_is_there_for_others_and_the_bot_answers_meanwhile(fitted: Fitted) -> None:
    async with fitted() as shop:
        await shop.asks(INVOICE)
        (item,) = await shop.queue()
        now = shop.clock.now()
        await shop.look(partial(claim_item, item_id=item.id, agent="小王", now=now, until=now + 60 * MINUTES))
        await shop.look(partial(release_item, item=item, now=now))
        assert (await shop.queue())[0].agent == ""
        assert await shop.asks(WHEN) != []
        assert await shop.look(partial(claim_item, item_id=item.id, agent="小李", now=now, until=now + 60))


async def test_whom_an_agent_has_claimed_and_not_answered_still_waits(fitted: Fitted) -> None:
    async with fitted() as shop:
        await shop.asks(INVOICE)
        (item,) = await shop.queue()
        now = shop.clock.now()
        await shop.look(partial(claim_item, item_id=item.id, agent="小王", now=now, until=now + HOUR))
        await shop.wait(5 * MINUTES)
        await look(shop)
        assert (await shop.queue())[0].raised_at is not None
