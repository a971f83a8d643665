"""Stage 1, attend: is it the bot's turn at all?"""

from autoreply.context import CARD
from autoreply.model import Kind, Silence
from autoreply.pipeline.asking import ask_back, awaits_picture
from autoreply.pipeline.handoff import picture
from autoreply.pipeline.work import Work


async def attend(work: Work) -> None:
    """A person always wins; a picture or a card says nothing by words."""
    turn = work.turn
    work.trace.add("turn", text=turn.text, messages=len(turn.messages), kinds=sorted(turn.kinds))
    if work.agent_present:
        work.outcomes.append(("", Silence("an agent has the conversation")))
    elif work.given is not None:
        work.outcomes.append(("", work.given))
    elif turn.kinds == {Kind.CARD}:
        work.state.setdefault("shared", {})[CARD] = turn.messages[-1].text
        work.outcomes.append(("", ask_back(work, "host.card")))
    elif Kind.TEXT not in turn.kinds and not awaits_picture(work):
        work.outcomes.append(("", picture(work)))
