"""Stage 4, speak: outcomes → the one message that is to leave."""

import re
from collections.abc import Sequence

from autoreply.canned import canned
from autoreply.compliance import Draft, Origin
from autoreply.model import Ask, Escalate, Reply
from autoreply.pipeline.handoff import announcement
from autoreply.pipeline.work import Work

_GREETED = re.compile(r"^(?:亲|您好)[，,！!]\s*")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


async def speak(work: Work) -> None:
    """All that was answered or asked, joined, and the line that announces a person."""
    texts: list[Reply] = []
    announced = False
    for _, outcome in work.outcomes:
        match outcome:
            case Reply():
                texts.append(outcome)
            case Ask(text, backed=backed, generated=generated):
                texts.append(Reply(text, backed, generated))
            case Escalate(reason, reply, priority):
                work.hand_over(reason, priority)
                if reply is not None:
                    texts.append(reply)
                    announced = True
    if work.handover is not None and (line := announcement(work, announced=announced)) is not None:
        texts.append(line)
    if texts:
        backed = {phrase: source for t in texts for phrase, source in t.backed.items()}
        text = _joined(list(dict.fromkeys(t.text for t in texts)))
        # What a message obliges the shop to say, an answer must say. A person who takes over has that duty then.
        answers = work.handover is None and any(isinstance(o, Reply) for _, o in work.outcomes)
        duties = work.duties if answers else frozenset()
        work.draft = Draft(work.turn.key, text, backed, _origin(work, texts), duties)
        work.parts = [Draft(work.turn.key, t.text, t.backed, work.draft.origin) for t in texts]


def _joined(texts: Sequence[str]) -> str:
    """Several answers as one message: greeted once, one emoji at most, and none beside an apology."""
    lines: list[str] = []
    sorry = any("抱歉" in text for text in texts)
    for text in texts:
        line = _GREETED.sub("", text) if lines else text
        if sorry or any(_EMOJI.search(earlier) for earlier in lines):
            line = _EMOJI.sub("，", line).replace("， ", "，").replace("，，", "，").rstrip("，")
            line = line if line[-1:] in "。！？…" else f"{line}。"
        lines.append(line)
    return "\n".join(lines)


def _origin(work: Work, texts: Sequence[Reply]) -> Origin:
    """Whose words a turn's text is: the most inventive of those that had a part in it."""
    if any(text.generated for text in texts):
        return "generated"
    if not work.intents:
        return "host"
    return "canned" if all(work.brain.handlers[slug].handler is canned for slug in work.intents) else "plugin"
