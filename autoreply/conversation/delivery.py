"""Outbox → channel: in order within a conversation, retried with the same key, never past an agent's word."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog
from structlog.contextvars import bind_contextvars

from autoreply.channels.base import Channel, Delivery, SendFailed, Sending
from autoreply.clock import Clock
from autoreply.compliance import Draft, Gate, Released
from autoreply.conversation.activity import Activity
from autoreply.conversation.watch import Watch
from autoreply.journal import HandoffRequest, Journal, OutboxRow, Store
from autoreply.model import ConversationKey, Priority

log = structlog.get_logger(__name__)

_BACKOFF = (0.5, 60.0)
"""Seconds before the second try, doubled at each further one up to the second number."""

_SEND_WITHIN = 90.0
"""Seconds after which a channel that does not come back from a send is taken to have failed, outcome unknown."""


def draft_of(row: OutboxRow) -> Draft:
    """The draft that a kept reply can be released from again."""
    return Draft(
        row.conversation,
        row.text,
        row.draft.get("backed", {}),
        row.draft.get("origin", "plugin"),
        frozenset(row.draft.get("duties", ())),
        row.draft.get("override"),
    )


def kept_draft(draft: Draft, rulebook: str = "") -> dict[str, object]:
    """What ``draft_of`` needs besides the row itself, as JSON data; ``rulebook``: the version that released it."""
    return {
        "backed": dict(draft.backed),
        "origin": draft.origin,
        "duties": sorted(draft.duties),
        "override": draft.override,
        "rulebook": rulebook,
    }


def sending_of(row: OutboxRow, released: Released) -> Sending:
    """A kept reply as a channel sees it."""
    return Sending(row.cursor or 0, row.key, released, row.created_at, row.in_reply_to, row.attempts)


@dataclass(slots=True)
class _Waiting:
    """A kept reply on its way. ``claimed``: by the commit that kept it, so that it may leave without a further one."""

    row: OutboxRow
    released: Released | None
    claimed: bool = False


class Outgoing:
    """Brings kept replies to their channels. One queue and at most one task per conversation."""

    def __init__(
        self,
        journal: Journal,
        channels: Mapping[str, Channel],
        gate: Callable[[], Gate],
        clock: Clock,
        activity: Activity,
        attempts: int,
        watch: Watch | None = None,
    ) -> None:
        self._journal = journal
        self._channels = channels
        self._gate = gate
        self._clock = clock
        self._activity = activity
        self._attempts = attempts
        self._watch = watch or Watch()
        self._queues: dict[ConversationKey, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[int] = set()

    def leaves(self, key: ConversationKey) -> Literal["ready", "sending", "offered"]:
        """How far replies that are about to be kept can come by that very commit.

        Where earlier ones are on their way they wait. A peer that drops what it has seen may be sent to at once: if
        the process ends in between, the reply is repeated. Where the peer fetches, to be kept is to be offered.
        """
        channel = self._channels.get(key.channel)
        if channel is None or key in self._queues:
            return "ready"
        if getattr(channel, "fetched", False):
            return "offered"
        return "sending" if channel.takes_key else "ready"

    async def show(self, row: OutboxRow, released: Released) -> None:
        """Tell a channel of a reply that its peer may fetch by now."""
        outcome = await self._try(row, released)
        if isinstance(outcome, SendFailed):
            log.error("a channel could not be told of a reply; its peer finds it", key=row.key, reason=str(outcome))

    def interrupt(self, key: ConversationKey) -> None:
        """An agent wrote: what was claimed and has not begun to leave is looked at again before it does."""
        for waiting in self._queues.get(key, ()):
            waiting.claimed = False

    def put(self, row: OutboxRow, released: Released | None = None, *, claimed: bool = False) -> None:
        """Send a kept reply after those of the same conversation. One without ``released`` passes the gate again.

        ``claimed``: the commit that kept it has claimed it as well.
        """
        if row.id in self._known or row.conversation.channel not in self._channels:
            return
        self._known.add(row.id)
        waiting = _Waiting(row, released, claimed)
        queue = self._queues.get(row.conversation)
        if queue is not None:
            queue.append(waiting)
            return
        self._queues[row.conversation] = deque([waiting])
        self._activity.begin()
        task = asyncio.create_task(self._run(row.conversation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Give up what is still waiting for another try; the journal keeps it for the next start."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, key: ConversationKey) -> None:
        queue = self._queues[key]
        try:
            while queue:
                waiting = queue[0]
                try:
                    await self._deliver(waiting)
                except Exception:
                    log.exception("reply cannot be delivered; kept for the next start", key=waiting.row.key)
                queue.popleft()
                self._known.discard(waiting.row.id)
        finally:
            self._known.difference_update(waiting.row.id for waiting in queue)
            del self._queues[key]
            self._activity.end()

    async def _deliver(self, waiting: _Waiting) -> None:
        row, released = waiting.row, waiting.released
        bind_contextvars(conversation=str(row.conversation), messages=row.in_reply_to)
        channel = self._channels[row.conversation.channel]
        mine = row.state == "sending" and released is not None  # claimed a moment ago, by this process
        perhaps = row.state == "sending" and not mine  # a try of the last run may have reached the buyer
        claimed = row if waiting.claimed else None
        if mine and claimed is None:
            await self._journal.insist(partial(Store.mark, row_id=row.id, state="ready"))
        while True:
            if claimed is None:
                claimed = await self._journal.insist(partial(Store.claim, row_id=row.id, now=self._clock.now()))
            if claimed is None:
                return
            if perhaps and not channel.takes_key:
                await self._close(claimed, "unknown", "the process ended while it was being sent")
                return
            if released is None and (released := self._released(claimed)) is None:
                await self._close(claimed, "unknown" if perhaps else "withdrawn", "the gate stopped a kept reply")
                return
            outcome = await self._try(claimed, released)
            if isinstance(outcome, Delivery):
                state = "sent" if outcome is Delivery.DELIVERED else "offered"
                await self._journal.insist(partial(Store.mark, row_id=claimed.id, state=state, at=self._clock.now()))
                return
            perhaps = perhaps or outcome.unknown
            again = outcome.retry and claimed.attempts < self._attempts
            if not again or (perhaps and not channel.takes_key):
                await self._close(claimed, "unknown" if perhaps else "failed", str(outcome))
                return
            await self._put_back(claimed, outcome, perhaps)
            claimed = None

    async def _try(self, row: OutboxRow, released: Released) -> Delivery | SendFailed:
        outcome = await _attempt(self._channels[row.conversation.channel], sending_of(row, released))
        self._watch.tried(row, outcome, self._clock.now())
        return outcome

    async def _put_back(self, row: OutboxRow, failure: SendFailed, perhaps: bool) -> None:
        """Wait before another try. What may have arrived stays ``sending``: it is not withdrawn, only repeated."""
        log.warning("reply not delivered, trying again", key=row.key, attempt=row.attempts, reason=str(failure))
        if not perhaps:
            await self._journal.insist(partial(Store.mark, row_id=row.id, state="ready", note=str(failure)))
        first, most = _BACKOFF
        with self._activity.waiting():
            await self._clock.sleep_until(self._clock.now() + min(most, first * 2 ** (row.attempts - 1)))

    async def _close(self, row: OutboxRow, state: str, reason: str) -> None:
        """A reply that will not be sent by the bot again is shown to a person."""
        log.error("reply not delivered", key=row.key, state=state, reason=reason)
        self._watch.gave_up(row, state)
        request = HandoffRequest(f"reply {row.key} is {state}: {reason}", Priority.HIGH)
        now = self._clock.now()

        def keep(store: Store) -> None:
            if store.mark(row.id, state, note=reason):
                store.open_handoff(row.conversation, "", request, now)

        await self._journal.insist(keep)

    def _released(self, row: OutboxRow) -> Released | None:
        outcome = self._gate().release(draft_of(row))
        return outcome if isinstance(outcome, Released) else None


async def _attempt(channel: Channel, sending: Sending) -> Delivery | SendFailed:
    """One try. Whatever goes wrong in a channel without its saying what, may have reached the buyer all the same."""
    try:
        async with asyncio.timeout(_SEND_WITHIN):
            done = await channel.send(sending)
            if not isinstance(done, Delivery):
                raise TypeError(f"send returned {type(done).__name__}, not a Delivery")
            return done
    except SendFailed as failure:
        return failure
    except Exception as e:
        log.exception("channel failed", channel=channel.name, key=sending.key)
        return SendFailed(type(e).__name__, retry=True, unknown=True)
