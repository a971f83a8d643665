"""Waits for what never comes."""

import asyncio

from autoreply import hookimpl


@hookimpl
def register_handlers(register):
    register("size", answer)


async def answer(ctx):
    await asyncio.Event().wait()
