"""Figures for Prometheus. Every label takes its values from a set that is bounded: channels, intents, rules, classes.

``docs/monitoring.md`` says what each figure means and what to do about it. Nothing here tells of a buyer.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from importlib.metadata import version

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from autoreply.channels.base import Delivery, SendFailed
from autoreply.clock import Clock
from autoreply.conversation.watch import Watch
from autoreply.journal import Accepted, Journal, JournalError, OutboxRow
from autoreply.journal.people import Snapshot, snapshot
from autoreply.journal.queues import Queue, Queues, queues
from autoreply.journal.store import Store
from autoreply.model import Author, Behaviour, ConversationKey, Message, Mode, Priority
from autoreply.pipeline import Brain, Result
from autoreply.reasons import reason_class, reason_classes

OTHER = "other"
"""The label of what belongs to no known set, such as the intent of a plugin that was taken out."""

_REPLY_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 10, 15, 30, 60, 180, 600)
_STAGE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
_STAGES = {"understand": "understand", "decide": "decide", "check": "gate"}
_PLUGIN_FAILURES = ("plugin_error", "plugin_timeout", "plugin_blocked", "plugin_off")
_REMEMBERED = 20_000
"""Messages whose arrival is remembered until their first reply; more are in hand only when the inbox is overfull."""


class Metrics(Watch):
    """Counts what happens in the loop and asks the journal for what waits, each time it is read."""

    def __init__(
        self, brain: Callable[[], Brain], journal: Journal, clock: Clock, channels: Collection[str], shop: str
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the lines for what nobody asks
        self.registry = CollectorRegistry(auto_describe=True)
        self._brain = brain
        self._journal = journal
        self._clock = clock
        self._channels = frozenset(channels)
        self._shop = shop
        self._arrived: dict[tuple[str, str, str], float] = {}
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._count()
        self._measure()

    def _count(self) -> None:
        counter = partial(Counter, registry=self.registry)
        self._accepted = counter(
            "autoreply_messages_accepted_total", "Messages taken, by channel and author", ["channel", "author"]
        )
        self._duplicates = counter(
            "autoreply_messages_duplicate_total", "Messages whose id had been taken before", ["channel"]
        )
        self._turns = counter("autoreply_turns_total", "Turns, by what was done", ["channel", "behaviour"])
        self._answers = counter("autoreply_answers_total", "Turns answered, by intent", ["intent"])
        self._escalations = counter("autoreply_escalations_total", "Handed over to a person, by reason", ["reason"])
        self._gate_texts = counter("autoreply_gate_texts_total", "Texts before the gate, by what it did", ["action"])
        self._findings = counter(
            "autoreply_gate_findings_total", "Rules found in texts, by what the gate did", ["rule", "action"]
        )
        self._plugin_failures = counter(
            "autoreply_plugin_failures_total", "Plugins that gave no usable answer", ["intent", "kind"]
        )
        self._sent = counter("autoreply_replies_sent_total", "Replies delivered or offered to a peer", ["channel"])
        self._send_failures = counter(
            "autoreply_send_failures_total",
            "Tries to send that failed (retry), and replies given up (failed, unknown, withdrawn)",
            ["channel", "outcome"],
        )

    def _measure(self) -> None:
        histogram, gauge = partial(Histogram, registry=self.registry), partial(Gauge, registry=self.registry)
        self._reply_seconds = histogram(
            "autoreply_first_reply_seconds",
            "From a message's acceptance to the first word the buyer gets for it",
            ["channel"],
            buckets=_REPLY_SECONDS,
        )
        self._stage_seconds = histogram(
            "autoreply_stage_seconds", "Time that a stage of a turn took", ["stage"], buckets=_STAGE_SECONDS
        )
        self._depth = gauge("autoreply_queue_depth", "Messages, replies and conversations that wait", ["queue"])
        self._age = gauge("autoreply_queue_oldest_seconds", "How long the oldest of them has waited", ["queue"])
        self._mode = gauge("autoreply_mode", "1 for the mode a channel is in", ["channel", "mode"])
        self._off = gauge("autoreply_plugins_off", "Plugins switched off because they kept failing")
        self._up = gauge("autoreply_journal_up", "1 while the journal answers")
        info = gauge("autoreply_info", "1; the running version", ["version"])
        info.labels(version("autoreply")).set(1)

    # What the loop tells -------------------------------------------------------------------------------------------

    def accepted(self, message: Message, accepted: Accepted) -> None:
        channel = self._channel(message.key.channel)
        if accepted.duplicate:
            self._duplicates.labels(channel).inc()
        elif not accepted.echo:
            self._accepted.labels(channel, message.author.value).inc()
            if message.author is Author.BUYER:
                self._arrived[_id(message)] = message.received_at
                if len(self._arrived) > _REMEMBERED:
                    del self._arrived[next(iter(self._arrived))]

    def decided(self, result: Result) -> None:
        """A turn came to this in the end."""
        key = result.turn.key
        self._turns.labels(self._channel(key.channel), result.behaviour.value).inc()
        if result.behaviour is Behaviour.ANSWER:
            for slug in result.intents:
                self._answers.labels(self._intent(slug)).inc()
        if result.handover is not None:
            for reason in reason_classes(result.handover.reason):
                self._escalations.labels(reason).inc()
        if not result.replies:  # nothing will be said to these
            for message in result.turn.messages:
                self._arrived.pop(_id(message), None)
        for step in result.trace.steps:
            self._step(step)

    def tried(self, row: OutboxRow, outcome: Delivery | SendFailed, at: float) -> None:
        channel = self._channel(row.conversation.channel)
        if isinstance(outcome, SendFailed):
            self._send_failures.labels(channel, "retry").inc()
            return
        self._sent.labels(channel).inc()
        where = row.conversation.channel, row.conversation.shop
        arrived = [self._arrived.pop((*where, m), None) for m in row.in_reply_to]
        if known := [a for a in arrived if a is not None]:
            self._reply_seconds.labels(channel).observe(max(0.0, at - min(known)))

    def gave_up(self, row: OutboxRow, state: str) -> None:
        self._send_failures.labels(self._channel(row.conversation.channel), state).inc()

    def _step(self, step: Mapping[str, object]) -> None:
        match step:
            case {"stage": "gate", "action": action, "findings": list(findings)}:
                self._gate_texts.labels(str(action)).inc()
                for rule in {str(f["rule"]) for f in findings}:
                    known = self._brain().gate.rulebook.rule(rule) is not None
                    self._findings.labels(rule if known else OTHER, str(action)).inc()
            case {"stage": "decide", "intent": str(slug), "detail": str(detail)} if detail:
                if (kind := reason_class(detail)) in _PLUGIN_FAILURES:
                    self._plugin_failures.labels(self._intent(slug), kind).inc()
            case {"stage": "result", "ms": dict(took)}:
                for stage, name in _STAGES.items():
                    if stage in took:
                        self._stage_seconds.labels(name).observe(took[stage] / 1000)

    def _channel(self, name: str) -> str:
        return name if name in self._channels else OTHER

    def _intent(self, slug: str) -> str:
        return slug if slug in self._brain().catalogue.intents else OTHER

    # What is read --------------------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """``GET /metrics``."""
        return [web.get("/metrics", self._page)]

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(body=await self.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def text(self) -> bytes:
        """All figures in Prometheus' text format. While the journal does not answer, what waits in it is left out."""
        try:
            waits, modes = await self._journal.run(self._look)
        except JournalError:
            self._up.set(0)
            self._depth.clear()
            self._age.clear()
            self._mode.clear()
        else:
            self._up.set(1)
            self._show(waits, modes)
        self._off.set(len(self._brain().health.off))
        return generate_latest(self.registry)

    def _look(self, store: Store) -> tuple[Queues, Snapshot]:
        return queues(store), snapshot(store, self._shop, self._clock.now())

    def _show(self, waits: Queues, modes: Snapshot) -> None:
        now = self._clock.now()
        named: dict[str, Queue] = {"inbox": waits.inbox, "outbox": waits.outbox}
        named |= {f"handoff_{priority.value}": waits.handoffs[priority.value] for priority in Priority}
        for name, queue in named.items():
            self._depth.labels(name).set(queue.depth)
            self._age.labels(name).set(0 if queue.oldest is None else max(0.0, now - queue.oldest))
        for channel in self._channels:
            standing = modes.of(ConversationKey(channel, self._shop, ""), "", now)
            for mode in Mode:
                self._mode.labels(channel, mode.value).set(standing.mode is mode)


def _id(message: Message) -> tuple[str, str, str]:
    return message.key.channel, message.key.shop, message.message_id
