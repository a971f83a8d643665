"""What a buyer reads when a person is to come: by the shop's hours, and not again and again."""

from autoreply.model import Escalate, Reply
from autoreply.pipeline.work import Work
from autoreply.texts import Backed

HANDOFF_LINES = ("host.handoff", "host.handoff_again")
"""What a buyer reads when handed over: the first time, the second time; after that the person's word is next."""


def picture(work: Work) -> Escalate:
    """A person looks at pictures; while one is awaited already, the usual lines do."""
    return Escalate("the buyer sent a picture", None if work.handoff_open else work.host_text("host.image"))


def announcement(work: Work, *, announced: bool) -> Reply | None:
    """The line that announces a person, never more than two of them while one is awaited; says when it is closed.

    ``announced``: an intent's own words do so already. What they lack is when a person is back, once.
    """
    told = work.state.get("handoff_lines", 0) if work.handoff_open else 0
    staffed = work.shop.hours.staffed(work.now)
    if told >= len(HANDOFF_LINES) or (announced and (told or staffed)):
        return None
    work.state["handoff_lines"] = told + 1
    if staffed:
        return work.host_text(HANDOFF_LINES[told])
    return work.host_text("host.handoff_hours" if announced else f"{HANDOFF_LINES[told]}_closed", back=_back(work))


def _back(work: Work) -> Backed | None:
    """When a person is there next: 今天09:00, 明天09:00 or 3月16日09:00."""
    if (moment := work.shop.hours.next_open(work.now)) is None:
        return None
    ahead = (moment.date() - work.now.date()).days
    day = ("今天", "明天")[ahead] if ahead <= 1 else f"{moment.month}月{moment.day}日"
    return Backed(f"{day}{moment:%H:%M}", "shop.hours")
