"""Reviews without a price, complaints with calm words and a person, and no contact off the platform."""

import re

import pytest
from talks import Talk, key_of, make_brain, passes, text_of

from autoreply.model import Behaviour, Priority
from autoreply.pipeline import Result


def talk() -> Talk:
    return Talk(make_brain())


def told(result: Result) -> tuple[Priority, str]:
    assert result.handover is not None
    return result.handover.priority, result.handover.reason


# Reviews -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("写好评有红包拿吗", "no_reward"),
        ("五星返多少呀", "no_reward"),
        ("haopingfanxian有没", "no_reward"),
        ("给个好评能便宜点不", "no_reward"),
        ("晒图返现吗", "no_reward"),
        ("评价在哪儿写 怎么评", "how"),
        ("怎么修改评价", "how"),
        ("评价能删吗", "how"),
        ("已经评价了", "thanks"),
        ("会给好评的", "thanks"),
        ("评价", "default"),
    ],
)
def test_each_way_of_speaking_of_reviews(line: str, key: str) -> None:
    one = talk()
    result = passes(one.say(line, "review"))
    assert (result.behaviour, key_of(one, result)) == (Behaviour.ANSWER, f"review.{key}")


@pytest.mark.parametrize("line", ["不是说好评返两块吗", "卡片上写的红包呢 我评了怎么没给", "好评了返现什么时候到账"])
def test_a_reward_that_was_promised_is_looked_into_and_not_confirmed(line: str) -> None:
    one = talk()
    result = passes(one.say(line, "review"))
    assert key_of(one, result) == "review.promised"
    assert told(result)[1].startswith("says that a reward for a review was promised: find out by whom, promise none; ")
    assert not re.search(r"\d|补给您|给您返|为您返", text_of(result))


def test_a_threat_of_a_bad_review_is_no_matter_of_reviews() -> None:
    one = talk()
    result = passes(one.say("不退钱就给差评", "review"))
    assert (told(result)[0], "评" in text_of(result)) == (Priority.HIGH, False)


# Complaints --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "what"),
    [
        ("你们什么态度 客服都没人理", "service", "service"),
        ("快递等了一个星期了 太离谱", "logistics", "logistics"),
        ("一股霉味 这种质量也敢卖 差评", "quality", "quality, bad review"),
        ("等着差评吧", "default", "not told, bad review"),
        ("我要打12315", "official", "not told, authority or lawyer named"),
        ("质量这么差 已经找律师了", "official", "quality, authority or lawyer named"),
        ("太让人失望了", "default", "not told"),
    ],
)
def test_a_complaint_is_sorted_and_goes_to_a_person_at_once(line: str, key: str, what: str) -> None:
    one = talk()
    result = passes(one.say(line, "complaint"))
    assert key_of(one, result) == f"complaint.{key}"
    assert told(result) == (Priority.HIGH, f"complaint ({what}), time 1; buyer: “{line}”")


@pytest.mark.parametrize("line", ["给你差评", "我要曝光你们", "不赔钱就差评", "12315见", "你们就是骗子 全给差评"])
def test_no_word_of_the_review_no_money_no_argument(line: str) -> None:
    for _ in range(3):
        text = text_of(passes(talk().say(line, "complaint")))
        assert not re.search("评价|差评|赔|补偿|红包|撤|别|但是|您没|误会", text)
        assert "抱歉" in text


def test_who_goes_on_complaining_hears_no_second_apology_of_the_same_kind() -> None:
    one = talk()
    said = [
        text_of(one.say(line, "complaint"))
        for line in ("服务太差了", "气死人", "还不来人", "骗子", "投诉", "投诉", "投诉")
    ]
    assert len(set(said[:3])) == 3
    assert said[-1] == ""
    assert told(one.say("投诉", "complaint"))[0] is Priority.HIGH


def test_what_is_wrong_has_words_of_its_own() -> None:
    one = talk()
    result = passes(one.say("收到就是碎的 我要投诉", "wrong_item", "complaint"))
    assert told(result)[0] is Priority.HIGH
    assert "complaint (quality), time 1" in told(result)[1]
    assert text_of(result).count("抱歉") == 1


def test_a_claim_for_late_shipping_is_answered_by_its_rule_wherever_it_is_heard() -> None:
    one = talk()
    result = passes(one.say("一直不发货 投诉你们延迟发货赔钱", "complaint"))
    assert key_of(one, result) == "urge_shipping.claim"
    assert "name no sum" in told(result)[1]
    both = passes(talk().say("再不发货就投诉赔付", "complaint", "urge_shipping"))
    assert text_of(both).count("抱歉") == 1


# Contact -----------------------------------------------------------------------------------------------------------


def test_a_contact_off_the_platform_is_declined_and_who_insists_gets_a_person() -> None:
    one = talk()
    first = passes(one.say("加个微信吧", "contact"))
    assert (first.behaviour, key_of(one, first)) == (Behaviour.ANSWER, "contact.default")
    second = passes(one.say("QQ也行", "contact"))
    assert (key_of(one, second), "insists" in told(second)[1]) == ("contact.person", True)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("快递员电话给我一个", "courier"),
        ("配送的联系方式有吗", "courier"),
        ("打我电话 13800001111", "call"),
        ("给我回个电话", "call"),
        ("我加了你们客服微信", "stay"),
        ("加你了 通过一下", "stay"),
    ],
)
def test_other_wishes_for_a_contact(line: str, key: str) -> None:
    one = talk()
    result = passes(one.say(line, "contact"))
    assert key_of(one, result) == f"contact.{key}"
    assert not re.search(r"\d{5}|微信|QQ", text_of(result))


def test_the_number_of_a_buyer_stays_out_of_the_reason() -> None:
    assert "13800001111" not in told(talk().say("打我电话 13800001111", "contact"))[1]
