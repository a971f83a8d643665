"""The way of a turn, stage by stage: who speaks, what is asked back, what goes to a person, and what never leaves."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from talks import KEY, Talk, Told, catalogue, handlers, make_brain, passes, shop_with, text_of

from autoreply import Ask, Context, Escalate, Outcome, Reply, Silence
from autoreply.canned import canned
from autoreply.handlers import Bound
from autoreply.model import Behaviour, Decision, Kind, Message, Priority, Turn, Understanding
from autoreply.pipeline import Brain, run
from autoreply.plugins import load_plugins
from autoreply.texts import Backed, Texts
from autoreply.understanding import Intent, Previous, Understander

BROKEN = Path(__file__).parent / "plugins"
LEAKS = ("Error", "Exception", "Traceback", "password", "secret", "object", "None", "nan", "1234")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What plugins do wrong is logged at length; here nobody reads it."""
    with structlog.testing.capture_logs():
        yield


def intent(slug: str, *answers: str, **policy: Any) -> Intent:
    return Intent(slug, name=slug, answers={"default": answers} if answers else {}, **policy)


def with_handler(slug: str, handler: Any, **texts: tuple[str, ...]) -> Brain:
    """The example shop with one more handler, and texts of its own."""
    brain = make_brain()
    own = {f"{slug}.{name}": variants for name, variants in texts.items()}
    known = {f"host.{name}": variants for name, variants in catalogue().host_texts.items()}
    return replace(brain, handlers={**brain.handlers, slug: Bound(handler)}, texts=Texts(known | own))


def with_canned(given: Intent) -> Brain:
    brain = with_handler(given.slug, canned, default=given.answers.get("default", ()))
    if not given.answers:
        brain = with_handler(given.slug, canned)
    return replace(brain, handlers={**brain.handlers, given.slug: Bound(canned, given)})


# Whose turn it is --------------------------------------------------------------------------------------------------


def test_while_an_agent_is_there_the_bot_is_silent_and_remembers_nothing_new() -> None:
    talk = Talk(agent_present=True, state={"pending": {"slug": "size", "slot": "height"}})
    result = talk.say("能开发票吗", "invoice")
    assert (result.behaviour, result.replies, result.handover) == (Behaviour.SILENT, (), None)
    assert talk.state == {"pending": {"slug": "size", "slot": "height"}}
    assert Talk(agent_present=True).show(Kind.IMAGE).behaviour is Behaviour.SILENT


def test_a_picture_goes_to_a_person() -> None:
    result = passes(Talk().show(Kind.IMAGE))
    assert result.behaviour is Behaviour.ESCALATE
    assert "图片" in text_of(result)
    assert result.handover is not None
    assert result.handover.reason == "the buyer sent a picture"


def test_picture_after_picture_is_not_answered_with_line_after_line() -> None:
    talk = Talk()
    said = [text_of(talk.show(Kind.IMAGE)) for _ in range(5)]
    assert all(said[:3])
    assert said[3:] == ["", ""]


def test_a_picture_beside_words_is_seen_by_a_person_and_the_words_are_answered() -> None:
    result = passes(Talk().say("能开发票吗", "invoice", also=(Kind.IMAGE,)))
    assert result.behaviour is Behaviour.ESCALATE
    assert "发票" in text_of(result)
    assert "图片" in text_of(result)


def test_a_picture_beside_words_that_go_to_a_person_is_no_second_matter() -> None:
    result = Talk().say("这个碎了", "wrong_item", also=(Kind.IMAGE,))
    assert result.handover is not None
    assert "the buyer sent a picture" not in result.handover.reason


def test_a_card_is_asked_about_twice_and_then_a_person_comes() -> None:
    talk = Talk()
    behaviours = [talk.show(Kind.CARD).behaviour for _ in range(3)]
    assert behaviours == [Behaviour.ASK, Behaviour.ASK, Behaviour.ESCALATE]


def test_a_card_with_a_picture_goes_to_a_person() -> None:
    assert Talk().show(Kind.CARD, Kind.IMAGE).behaviour is Behaviour.ESCALATE


def test_a_card_beside_words_is_what_the_words_are_about() -> None:
    result = passes(Talk().say("能开发票吗", "invoice", also=(Kind.CARD,)))
    assert result.behaviour is Behaviour.ANSWER


# From intents to outcomes ------------------------------------------------------------------------------------------


def test_one_intent_one_answer() -> None:
    result = passes(Talk().say("可以开发票不", "invoice"))
    assert (result.behaviour, result.intents, result.handover) == (Behaviour.ANSWER, ("invoice",), None)
    assert len(result.replies) == 1


def test_two_intents_are_answered_in_one_message() -> None:
    result = passes(Talk().say("能开发票吗，信用卡可以付吗", "invoice", "credit_card"))
    assert result.intents == ("invoice", "credit_card")
    assert len(result.replies) == 1
    assert "发票" in text_of(result)
    assert "信用卡" in text_of(result)


def test_two_intents_of_which_one_needs_a_person() -> None:
    result = passes(Talk().say("能开发票吗，帮我退一下", "invoice", "complaint"))
    assert result.behaviour is Behaviour.ESCALATE
    assert "发票" in text_of(result)


def test_nothing_said_is_nothing_answered() -> None:
    result = Talk().say("😊", decision=Decision.SILENT)
    assert (result.behaviour, result.replies) == (Behaviour.SILENT, ())


def test_what_is_not_understood_goes_to_a_person() -> None:
    result = passes(Talk().say("那个啥来着", decision=Decision.ESCALATE))
    assert result.behaviour is Behaviour.ESCALATE
    assert result.handover is not None
    assert result.handover.reason == "not understood: as told"
    assert "人工" in text_of(result)


def test_the_bot_asks_back_twice_and_then_a_person_comes() -> None:
    talk = Talk()
    first = passes(talk.say("那个", decision=Decision.ASK, near=("invoice", "courier")))
    assert first.behaviour is Behaviour.ASK
    assert all(catalogue().intents[slug].name in text_of(first) for slug in ("invoice", "courier"))
    assert talk.say("就那个呀", decision=Decision.ASK, near=("invoice",)).behaviour is Behaviour.ASK
    third = talk.say("那个那个", decision=Decision.ASK, near=("invoice", "courier"))
    assert third.behaviour is Behaviour.ESCALATE
    assert third.handover is not None
    assert third.handover.reason == "asked 2 times and still not clear"


def test_the_only_near_intent_is_asked_about_and_a_yes_answers_it() -> None:
    talk = Talk()
    asked = passes(talk.say("那个票的事", decision=Decision.ASK, near=("invoice",)))
    assert asked.behaviour is Behaviour.ASK
    assert "发票" in text_of(asked)
    answered = passes(talk.say("对的", "ack"))
    assert (answered.behaviour, answered.intents) == (Behaviour.ANSWER, ("invoice",))


@pytest.mark.parametrize(("line", "intents"), [("不是", ()), ("发什么快递", ("courier",))])
def test_anything_but_a_yes_is_no_yes(line: str, intents: tuple[str, ...]) -> None:
    talk = Talk()
    talk.say("那个票的事", decision=Decision.ASK, near=("invoice",))
    assert talk.say(line, *intents).intents == intents
    assert "pending" not in talk.state


def test_an_answer_in_between_begins_the_count_anew() -> None:
    talk = Talk()
    for _ in range(2):
        assert talk.say("那个", decision=Decision.ASK).behaviour is Behaviour.ASK
        assert talk.say("能开发票吗", "invoice").behaviour is Behaviour.ANSWER
    assert talk.say("那个", decision=Decision.ASK).behaviour is Behaviour.ASK


# A plugin that asks ------------------------------------------------------------------------------------------------


def asking() -> Brain:
    problems: list[Any] = []
    plugins = load_plugins(BROKEN / "good", problems, installed=False)
    assert not problems
    return make_brain(handlers=handlers() | {"size": Bound(plugins.handlers["size"].target)})


def test_the_answer_to_a_plugins_question_comes_back_to_it() -> None:
    talk = Talk(asking())
    asked = passes(talk.say("穿多大码合适", "size"))
    assert (asked.behaviour, "身高" in text_of(asked)) == (Behaviour.ASK, True)
    answered = passes(talk.say("172"))
    assert (answered.behaviour, answered.intents) == (Behaviour.ANSWER, ("size",))
    assert "172厘米" in text_of(answered)
    assert talk.say("172").behaviour is Behaviour.ESCALATE  # the question is answered, a number alone says nothing now


def test_a_plugin_asks_twice_and_then_a_person_comes() -> None:
    talk = Talk(asking())
    behaviours = [talk.say(line, *told).behaviour for line, *told in (("多大码", "size"), ("不知道",), ("随便",))]
    assert behaviours == [Behaviour.ASK, Behaviour.ASK, Behaviour.ESCALATE]
    assert talk.state["plugins"] == {"size": {"asked": 3}}
    assert "pending" not in talk.state


def test_a_picture_of_a_smile_does_not_answer_the_question() -> None:
    talk = Talk(asking())
    talk.say("穿多大码合适", "size")
    assert talk.say("😊", decision=Decision.SILENT).behaviour is Behaviour.SILENT
    assert "165厘米" in text_of(talk.say("165"))


def test_another_question_instead_of_an_answer_is_answered() -> None:
    talk = Talk(asking())
    talk.say("穿多大码合适", "size")
    assert talk.say("能开发票吗", "invoice").intents == ("invoice",)
    assert "pending" not in talk.state


def test_a_plugin_that_was_taken_out_is_not_missed() -> None:
    talk = Talk(asking())
    talk.say("穿多大码合适", "size")
    talk.brain = replace(talk.brain, handlers={k: v for k, v in talk.brain.handlers.items() if k != "size"})
    assert talk.say("172").behaviour is Behaviour.ESCALATE


# Plugins that fail -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def misbehaving(tmp_path_factory: pytest.TempPathFactory) -> Brain:
    folder = tmp_path_factory.mktemp("plugins")
    source = (BROKEN / "broken" / "misbehaves.py").read_text(encoding="utf-8")
    (folder / "misbehaves.py").write_text(source, encoding="utf-8")
    problems: list[Any] = []
    plugins = load_plugins(folder, problems, installed=False)
    assert not problems
    own = {slug: Bound(entry.target) for slug, entry in plugins.handlers.items()}
    return make_brain(handlers=handlers() | own, plugin_timeout=0.05)


@pytest.mark.parametrize(
    ("slug", "reason"),
    [
        ("price", "price: RuntimeError in its plugin"),
        ("stock", "stock: no answer within 0.05 s"),
        ("gift", "gift: TypeError in its plugin"),
        ("courier", "courier: TypeError in its plugin"),
        ("refund", "refund: TypeError in its plugin"),
        ("quality", "quality: TypeError in its plugin"),
        ("review", "review: TypeError in its plugin"),
        ("recommend", "recommend: TypeError in its plugin"),
        ("logistics", "logistics: TypeError in its plugin"),
        ("authenticity", "authenticity: ValueError in its plugin"),
        ("promotion", "promotion: no text under price.nothing_here"),
        ("thanks", "thanks: PermissionError in its plugin"),
    ],
)
def test_a_plugin_that_fails_becomes_a_handover_and_nothing_of_it_is_said(
    misbehaving: Brain, slug: str, reason: str
) -> None:
    talk = Talk(misbehaving)
    result = passes(talk.say("问一下", slug))
    assert result.behaviour is Behaviour.ESCALATE
    assert result.handover is not None
    assert (result.handover.reason, result.handover.priority) == (reason, Priority.HIGH)
    assert "人工" in text_of(result)
    assert not any(word in text_of(result) for word in LEAKS)
    assert json.loads(json.dumps(talk.state, allow_nan=False)) == talk.state
    assert slug not in talk.state.get("plugins", {})


def test_beside_a_plugin_that_fails_the_other_intent_is_answered(misbehaving: Brain) -> None:
    result = passes(Talk(misbehaving).say("多少钱，可以分期吗", "price", "instalment"))
    assert "分期" in text_of(result)
    assert result.behaviour is Behaviour.ESCALATE


def test_a_plugin_stopped_by_the_gate_says_nothing_of_it(misbehaving: Brain) -> None:
    result = Talk(misbehaving).say("能开发票吗", "invoice")
    assert result.behaviour is Behaviour.ESCALATE
    assert "不开发票" not in text_of(result)
    assert text_of(result) in {"".join(v) for v in catalogue().host_texts["blocked"]}
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "invoice-refuse" in result.rules
    assert result.trace.of("gate")["action"] == "block"


def test_a_handler_keeps_what_it_was_told_only_when_it_succeeds() -> None:
    async def answer(ctx: Context[None]) -> Outcome:
        ctx.state["turns"] = ctx.state.get("turns", 0) + 1
        if ctx.says("失败"):
            raise RuntimeError
        return Reply(f"第{ctx.state['turns']}次")

    talk = Talk(with_handler("greeting", answer))
    said = [text_of(talk.say(line, "greeting")) for line in ("一", "失败", "二")]
    assert (said[0], said[2]) == ("第1次", "第2次")


def test_handlers_do_not_see_each_others_memory() -> None:
    async def answer(ctx: Context[None]) -> Outcome:
        ctx.state[ctx.slug] = 1
        return Reply("".join(sorted(ctx.state)))

    brain = with_handler("greeting", answer)
    brain = replace(brain, handlers={**brain.handlers, "thanks": Bound(answer)})
    assert text_of(Talk(brain).say("在吗，谢谢", "greeting", "thanks")) == "greeting\nthanks"


def test_a_broken_matcher_is_a_persons_matter_too() -> None:
    class Broken:
        def understand(self, text: str, previous: Previous | None = None) -> Understanding:
            raise ZeroDivisionError("secret")

    talk = Talk(make_brain(understander=cast(Understander, Broken())))
    result = talk.hear(talk.turn(("在吗", Kind.TEXT)), talk.brain)
    assert result.behaviour is Behaviour.ESCALATE
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "人工" in text_of(result)


# Canned answers ----------------------------------------------------------------------------------------------------


def test_an_intent_with_an_answer_needs_no_code() -> None:
    result = Talk(with_canned(intent("greeting", "您好，{{ shop.name }}在的"))).say("在吗", "greeting")
    assert (result.behaviour, text_of(result)) == (Behaviour.ANSWER, "您好，示例坚果铺在的")


def test_an_intent_that_calls_for_silence() -> None:
    result = Talk(with_canned(intent("ack", then="silent"))).say("好的", "ack")
    assert (result.behaviour, result.replies) == (Behaviour.SILENT, ())


def test_an_intent_for_a_person_with_and_without_words_of_its_own() -> None:
    spoken = Talk(with_canned(intent("complaint", "非常抱歉，马上为您处理。", then="handoff", priority=Priority.HIGH)))
    result = spoken.say("我要投诉", "complaint")
    assert text_of(result) == "非常抱歉，马上为您处理。"
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "人工" in text_of(Talk(with_canned(intent("complaint", then="handoff"))).say("我要投诉", "complaint"))


def test_a_missing_fact_does_not_make_an_urgent_matter_less_urgent() -> None:
    urgent = intent("complaint", "{{ shop.returns.warranty }}", then="handoff", priority=Priority.HIGH)
    result = Talk(with_canned(urgent)).say("我要投诉", "complaint")
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "人工" in text_of(result)


def test_an_intent_without_an_answer_goes_to_a_person() -> None:
    result = Talk(with_canned(intent("size"))).say("多大码", "size")
    assert result.handover is not None
    assert result.handover.reason == "size: no answer is configured"


def test_an_answer_whose_fact_is_missing_is_withheld() -> None:
    result = Talk(with_canned(intent("quality", "质保：{{ shop.returns.warranty }}"))).say("保修多久", "quality")
    assert result.handover is not None
    assert result.handover.reason == "quality: the shop's settings have no shop.returns.warranty"
    assert "质保" not in text_of(result)


def test_a_campaign_that_has_ended_is_no_longer_told() -> None:
    shop = shop_with(promotion={"text": "满99减10", "until": date(2026, 3, 11)})
    brain = with_canned(intent("promotion", "活动：{{ shop.promotion.text }}"))
    talk = Talk(
        replace(make_brain(shop), handlers=brain.handlers, texts=brain.texts), now=datetime(2026, 3, 11, 23, 59)
    )
    assert text_of(talk.say("有活动吗", "promotion")) == "活动：满99减10"
    talk.now = datetime(2026, 3, 12, 0, 0)
    assert "满99" not in text_of(talk.say("有活动吗", "promotion"))


# Handing over ------------------------------------------------------------------------------------------------------


def test_the_line_that_announces_a_person_comes_twice_at_most() -> None:
    talk = Talk()
    said = [text_of(talk.say("那个啥")) for _ in range(4)]
    assert all(said[:2])
    assert said[2:] == ["", ""]
    talk.handoff_open = False  # the person has answered and gone
    assert text_of(talk.say("那个啥")) != ""


def test_after_hours_an_intent_s_own_words_are_joined_by_when_a_person_is_back_once() -> None:
    talk = Talk(now=datetime(2026, 3, 11, 1, 20))
    first, second = (passes(talk.say(line, "complaint")) for line in ("我要投诉", "真的要投诉你们"))
    assert "09:00" in text_of(first)
    assert "09:00" not in text_of(second)
    assert "09:00" not in text_of(passes(Talk().say("我要投诉", "complaint")))


def test_after_hours_the_line_says_when_a_person_is_back() -> None:
    result = passes(Talk(now=datetime(2026, 3, 11, 23, 30)).say("那个啥"))
    assert "09:00" in text_of(result)
    assert "09:00" not in text_of(Talk(now=datetime(2026, 3, 11, 12, 0)).say("那个啥"))


def test_several_reasons_make_one_handover_of_the_highest_priority() -> None:
    async def normal(ctx: Context[None]) -> Outcome:
        return Escalate("one thing")

    async def high(ctx: Context[None]) -> Outcome:
        return Escalate("another", priority=Priority.HIGH)

    brain = with_handler("size", normal)
    brain = replace(brain, handlers={**brain.handlers, "stock": Bound(high)})
    result = Talk(brain).say("有货吗，多大码", "size", "stock")
    assert result.handover is not None
    assert (result.handover.reason, result.handover.priority) == ("one thing; another", Priority.HIGH)


def test_without_a_line_to_say_a_person_is_called_all_the_same() -> None:
    talk = Talk(make_brain(texts=Texts({})))
    for result in (talk.say("那个啥"), talk.say("那个", decision=Decision.ASK), talk.show(Kind.CARD)):
        assert (result.behaviour, result.replies) == (Behaviour.ESCALATE, ())


def test_all_lines_to_buyers_pass_the_gate() -> None:
    brain = make_brain()
    for name, variants in catalogue().host_texts.items():
        for used in range(len(variants)):
            values = {"first": "发票", "second": "邮费", "back": Backed("明天09:00", "shop.hours")}
            reply = brain.texts.fill(f"host.{name}", brain.shop, used=used, **values)
            verdict = brain.gate.check(reply.text, backed=reply.backed)
            assert verdict.action in ("pass", "warn"), (name, verdict)


@pytest.mark.parametrize(
    "near", [("invoice",), ("cod", "review"), ("authenticity", "instalment"), ("credit_card", "price")]
)
def test_a_question_may_name_any_topic(near: tuple[str, ...]) -> None:
    asked = passes(Talk().say("那个怎么弄", decision=Decision.ASK, near=near))
    assert all(catalogue().intents[slug].name in text_of(asked) for slug in near)


def test_several_answers_greet_once_and_smile_once_and_not_beside_an_apology() -> None:
    async def says(ctx: Context[None]) -> Outcome:
        return Reply(
            {"size": "您好，有货的😊", "stock": "您好，谢谢您😊 请稍等", "gift": "非常抱歉，请您稍等。"}[ctx.slug]
        )

    brain = with_handler("size", says)
    own = {slug: Bound(says) for slug in ("stock", "gift")}
    brain = replace(brain, handlers={**brain.handlers, **own})
    assert text_of(Talk(brain).say("有吗", "size", "stock")) == "您好，有货的😊\n谢谢您，请稍等。"
    assert text_of(Talk(brain).say("有吗", "size", "gift")) == "您好，有货的。\n非常抱歉，请您稍等。"


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


@pytest.mark.parametrize("line", ["48小时没发货 要赔我", "我打12315投诉你们"])
def test_what_obliges_to_act_at_once_counts_where_it_is_not_sure_what_is_meant(line: str) -> None:
    result = passes(Talk().say(line))
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH


# What a message obliges the shop to say ----------------------------------------------------------------------------


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


# Trace and state ---------------------------------------------------------------------------------------------------


def test_the_trace_tells_each_stage_in_order_as_plain_data() -> None:
    result = Talk().say("能开发票吗", "invoice")
    assert [step["stage"] for step in result.trace.steps] == ["turn", "understand", "decide", "gate", "result"]
    assert json.loads(json.dumps(result.trace.steps)) == result.trace.steps
    decided = {"intent": "invoice", "plugin": "shipped/invoice", "outcome": "reply", "detail": ""}
    assert result.trace.of("decide") == {"stage": "decide", **decided}


def test_the_state_given_is_not_changed() -> None:
    given = {"plugins": {"shipped/haggling": {"rounds": 1, "day": "2026-03-11"}}}
    talk = Talk(state=given)
    before = json.dumps(given)
    talk.say("便宜点吧", "haggling")
    assert json.dumps(given) == before
    assert talk.state["plugins"]["shipped/haggling"]["rounds"] == 2


def test_a_follow_up_is_understood_with_what_went_before() -> None:
    heard: list[Previous | None] = []

    class Listening(Told):
        def understand(self, text: str, previous: Previous | None = None) -> Understanding:
            heard.append(previous)
            return super().understand(text, previous)

    talk = Talk(make_brain(understander=cast(Understander, Listening(("free_shipping",)))))
    for line in ("到新疆包邮吗", "那西藏呢"):
        talk.hear(talk.turn((line, Kind.TEXT)), talk.brain)
    assert heard == [None, Previous("free_shipping", {"province": "新疆"})]


def test_several_messages_are_one_turn_and_only_the_allowed_length_is_read() -> None:
    brain = make_brain(text_length=5)
    turn = Turn(KEY, tuple(Message(KEY, f"m{n}", "b", text) for n, text in enumerate(("在吗", "能开发票吗"))))
    result = asyncio.run(run(brain, turn, {}, now=0.0))
    assert result.trace.of("turn")["text"] == "在吗\n能开发票吗"
    assert result.trace.of("understand")["clean"] == "在吗\n能开"


outcomes = st.sampled_from(
    [
        Reply("您好"),
        Ask("请问您要哪种呢？", "kind"),
        Escalate("a reason"),
        Escalate("a reason", Reply("马上为您处理。")),
        Silence("nothing to say"),
        RuntimeError("password 1234"),
        None,
        "您好",
    ]
)


TODO: list[Any] = []


async def obey(ctx: Context[None]) -> Any:
    """Does what the test says, be it to fail."""
    (outcome,) = TODO
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@lru_cache
def obedient() -> Brain:
    return make_brain(handlers=handlers() | {"size": Bound(obey), "greeting": Bound(obey)})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text() | st.sampled_from(["能开发票吗", "转人工", "便宜点", "😊", "\ud800", "{{ shop.id }}", "{% x"]),
            outcomes,
            st.sampled_from(["greeting", "size", "none at all"]),
            st.sampled_from(list(Decision)),
            st.lists(st.sampled_from([Kind.IMAGE, Kind.CARD]), max_size=2),
        ),
        max_size=5,
    )
)
def test_whatever_a_buyer_writes_and_a_plugin_does_there_is_a_result_and_no_leak(lines: list[Any]) -> None:
    talk = Talk(obedient())
    for text, outcome, slug, decision, also in lines:
        TODO[:] = [outcome]
        slugs = () if slug == "none at all" else (slug,)
        result = talk.say(text, *slugs, decision=decision, also=tuple(also))
        assert not any(word in text_of(result) for word in LEAKS if word not in text)
        assert (result.behaviour is Behaviour.ESCALATE) == (result.handover is not None)
        assert json.loads(json.dumps(talk.state)) == talk.state
        assert json.dumps(result.trace.steps)
