"""A shop's own way with returns, in place of the canned one."""

from pydantic import Field

from autoreply import Context, Reply, Section, hookimpl


class Settings(Section):
    """``[plugins.return_exchange]``."""

    contact: str = Field("售后组", min_length=1)
    days: int = Field(7, ge=7)


@hookimpl
def register_handlers(register):
    register("return_exchange", answer, settings=Settings)


async def answer(ctx: Context[Settings]) -> Reply:
    return Reply(f"{ctx.settings.contact}会协助您，签收后{ctx.settings.days}天内可以申请。")
