"""Sleeps in the event loop, so that nobody else gets a turn."""

import time

from autoreply import hookimpl


@hookimpl
def register_handlers(register):
    register("authenticity", answer)


async def answer(ctx):
    time.sleep(60)  # noqa: ASYNC251 - the mistake in question
