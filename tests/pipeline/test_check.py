"""What the gate refuses never leaves; what a message obliges the shop to say is said."""

from dataclasses import replace

from talks import Talk, catalogue, make_brain, passes, text_of

from autoreply import Context, Outcome, Reply
from autoreply.handlers import Bound
from autoreply.model import Behaviour, Decision, Priority
from autoreply.pipeline import Brain
from autoreply.texts import Backed

from .shops import with_handler


def test_all_lines_to_buyers_pass_the_gate() -> None:
    brain = make_brain()
    for name, variants in catalogue().host_texts.items():
        for used in range(len(variants)):
            values = {"first": "发票", "second": "邮费", "back": Backed("明天09:00", "shop.hours")}
            reply = brain.texts.fill(f"host.{name}", brain.shop, used=used, **values)
            verdict = brain.gate.check(reply.text, backed=reply.backed)
            assert verdict.action in ("pass", "warn"), (name, verdict)


def test_a_plugin_stopped_by_the_gate_says_nothing_of_it(misbehaving: Brain) -> None:
    result = Talk(misbehaving).say("能开发票吗", "invoice")
    assert result.behaviour is Behaviour.ESCALATE
    assert "不开发票" not in text_of(result)
    assert text_of(result) in {"".join(v) for v in catalogue().host_texts["blocked"]}
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "invoice-refuse" in result.rules
    assert result.trace.of("gate")["action"] == "block"


def test_answers_that_only_together_sound_wrong_leave_one_by_one() -> None:
    async def says(ctx: Context[None]) -> Outcome:
        return Reply({"review": "欢迎您收到后如实晒图评价。", "gift": "我们会送您开壳器一个。"}[ctx.slug])

    brain = with_handler("review", says)
    brain = replace(brain, handlers={**brain.handlers, "gift": Bound(says)})
    result = Talk(brain).say("晒图好评送东西吗", "review", "gift")
    texts = [spoken.released.text for spoken in result.replies]
    assert (result.handover, result.rules) == (None, ())
    assert texts == ["欢迎您收到后如实晒图评价。", "我们会送您开壳器一个。"]
    assert brain.gate.check("\n".join(texts)).action == "block"


def test_a_question_about_invoices_is_not_answered_past_the_point() -> None:
    async def evades(ctx: Context[None]) -> Outcome:
        return Reply("感谢您的喜欢，页面有详细的介绍。")

    result = Talk(with_handler("product_info", evades)).say("能开发票吗，什么材质", "product_info")
    assert (result.behaviour, result.rules) == (Behaviour.ESCALATE, ("invoice-refuse",))


def test_a_person_who_takes_over_may_do_the_saying() -> None:
    result = passes(Talk().say("发票那个咋整来着"))
    assert result.behaviour is Behaviour.ESCALATE
    assert result.handover is not None
    assert result.handover.priority is Priority.NORMAL
    asked = passes(Talk().say("发票？", decision=Decision.ASK, near=("invoice", "gift")))
    assert asked.behaviour is Behaviour.ASK
