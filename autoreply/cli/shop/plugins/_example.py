"""Gift wrapping: an example of a plugin. Rename it to ``gift_wrap.py``, and the example in ``intents/`` with it.

Files whose names begin with an underscore are not loaded. Without a plugin an intent is answered by its ``default``
text; a plugin is for answers that depend on something.
"""

from autoreply import Context, Outcome, RegisterHandler, Section, hookimpl


class Settings(Section):
    """``[plugins.gift_wrap]`` in ``config.toml``; a misspelt key is reported by ``autoreply check``."""

    offered: bool = True


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("gift_wrap", answer, settings=Settings)


async def answer(ctx: Context[Settings]) -> Outcome:
    """The intent's text if wrapping is offered; a person otherwise. Reads ``ctx`` and sends nothing itself."""
    if not ctx.settings.offered:
        return ctx.escalate("gift wrapping is switched off in the settings")
    return ctx.reply("gift_wrap.default")
