"""What buyers say of the shop: reviews, complaints, and wishes for a contact off the platform.

On reviews it is neutral: no cash back, no condition, no wish for a changed one (反不正当竞争法, and of 2024 the
消费者权益保护法实施条例). A complaint, a threat of a bad review, 12315 or a lawyer gets a calm text and a person with
high priority, who is told what it is about. No contact outside the platform is given or taken up; who insists gets a
person.
"""

import re

from pydantic import BaseModel

from autoreply import Context, Outcome, Priority, RegisterHandler, hookimpl

REWARD = (
    "返 红包 现金 福利 有奖 奖励 有钱 给钱 送什么 送东西 送礼 有礼 优惠 便宜 几块 多少钱 几元 块钱 两块 2元 2块 好处 "
    "fanxian"
)
PROMISED = "卡片 小卡 不是说 说好 答应 承诺 还没返 没返 没有返 怎么没 没给 没收到 怎么不 什么时候返 到账 也得给 得给"
REVIEWED = re.compile(
    "(?:已|已经|都|全|刚|给|我).{0,4}(?:好评|五星|评价|评)了?$|(?:好评|五星|评价|评)(?:了|过|好了|完)|(?:会|去|来).{0,3}(?:好评|评价|五星)"
)
HOW = "怎么评 哪里评 在哪评 如何评 怎么写 追评 追加 修改 改评 删 看不到 不显示 晒图 匿名 评价不了 不能评价 没法评价"
BAD = "差评 一星 1星 中评 曝光 发抖音 发小红书"
OFFICIAL = (
    "12315 12345 消协 消费者协会 工商 市场监管 监管局 律师 起诉 法院 报警 举报 维权 媒体 记者 黑猫 平台介入 小二介入 "
    "投诉平台 去平台投诉"
)
LATE = "late-shipping"
SORTS = {
    "quality": (
        "质量 坏 破 碎 烂 假 次品 异味 臭 霉 过期 变质 虫 色差 尺码 不符 不一样 掉色 开线 漏 裂 断 缩水 难吃 难用 图片 "
        "实物 描述 发错 少发 少了 缺 二手 用过"
    ),
    "logistics": "发货 物流 快递 没到 没收到 不到 几天了 星期了 送货 配送 派送 签收 包裹 催 揽收 延迟 还没发 不发 没发",
    "service": (
        "态度 客服 不回 没人 不理 慢 骗 敷衍 推 欺 忽悠 不处理 没处理 解决 退款 退货 不退 说话 服务 信用 诚信 虚假"
    ),
}
"""What a complaint is about, most certain first, and the words that tell."""

MATTERS = frozenset(
    (
        "shipping_time",
        "urge_shipping",
        "logistics",
        "refund",
        "return_exchange",
        "return_freight",
        "wrong_item",
        "quality",
    )
)
"""Intents with words of their own for what went wrong."""
AGAIN = 3
"""After so many complaints in one conversation a person has the word; there is nothing new to say."""

COURIERS_OWN = "联系快递 快递员 快递小哥 派件 派送 配送 送货 司机 快递电话 快递的电话 快递公司电话 送货员 网点"
CALL = "打电话 打我 给我联系 联系下 联系一下 打给我 回电 回个电话 联系我 给我来电 电话联系 打个电话"
IN_TOUCH = "加了 加过 添加了 已加 加有 我加的 没通过 通过一下 通过下 同意一下 加我"


class Grievance(BaseModel):
    """How often the buyer has complained in this conversation."""

    times: int = 0


class Asked(BaseModel):
    """How often a contact was asked for."""

    times: int = 0


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("review", review)
    register("complaint", complaint, state=Grievance)
    register("contact", contact, state=Asked)


async def review(ctx: Context[None]) -> Outcome:
    """No reward for a review, whoever promised one; thanks for one, and where one is written."""
    if ctx.says(BAD):
        return ctx.escalate(f"threat of a bad review: {_said(ctx)}", "complaint.default", priority=Priority.HIGH)
    if ctx.says(PROMISED) and not ctx.says(HOW):
        task = f"says that a reward for a review was promised: find out by whom, promise none; {_said(ctx)}"
        return ctx.escalate(task, "review.promised")
    if ctx.says(REWARD):
        return ctx.reply("review.no_reward")
    if ctx.says(HOW):
        return ctx.reply("review.how")
    return ctx.reply("review.thanks" if REVIEWED.search(ctx.understanding.clean) else "review.default")


async def complaint(ctx: Context[None, Grievance]) -> Outcome:
    """Calm words that fit what it is about, and a person with high priority; no apology of the same kind twice.

    Where the line says what is wrong besides, the words for that do, and here is only the person.
    """
    ctx.state.times += 1
    about = next((sort for sort, words in SORTS.items() if ctx.says(words)), "")
    official = ctx.says(OFFICIAL)
    what = [about or "not told", *(["authority or lawyer named"] * official), *(["bad review"] * ctx.says(BAD))]
    task = f"complaint ({', '.join(what)}), time {ctx.state.times}; {_said(ctx)}"
    if ctx.state.times > AGAIN or set(ctx.understanding.answered) & MATTERS:
        return ctx.escalate(task, priority=Priority.HIGH)
    if LATE in ctx.duties:
        task = f"claims something for late shipping, name no sum and ask for no withdrawal; {task}"
        return ctx.escalate(task, "urge_shipping.claim", priority=Priority.HIGH)
    key = "again" if ctx.state.times > 1 else "official" if official else about or "default"
    return ctx.escalate(task, f"complaint.{key}", priority=Priority.HIGH)


async def contact(ctx: Context[None, Asked]) -> Outcome:
    """Never a contact off the platform. A number to be called and a second wish are for a person."""
    ctx.state.times += 1
    if ctx.says(IN_TOUCH):
        task = f"says to be in touch off the platform: find out with whom; {_said(ctx)}"
        return ctx.escalate(task, "contact.stay")
    if ctx.says(COURIERS_OWN):
        return ctx.reply("contact.courier")
    if "phone" in ctx.slots or ctx.says(CALL):
        return ctx.escalate(
            f"wishes to be called: decide whether by the platform's own phone; {_said(ctx)}", "contact.call"
        )
    if ctx.state.times > 1:
        return ctx.escalate(f"insists on a contact off the platform; {_said(ctx)}", "contact.person")
    return ctx.reply("contact.default")


def _said(ctx: Context[None, Grievance] | Context[None, Asked] | Context[None]) -> str:
    """The buyer's words for the person; phone and order numbers are markers in them."""
    return f"buyer: “{ctx.understanding.clean[:80]}”"
