"""Forgot to mark its hook."""


def register_handlers(register):
    register("invoice", answer)


async def answer(ctx):
    return None
