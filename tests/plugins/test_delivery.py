"""Days on the way, couriers, postage and where goods come from: for the place asked about, and no exceptions."""

from typing import Any

import pytest
from fake_records import order
from talks import Talk, handlers_with, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour
from autoreply.pipeline import Result
from autoreply.records import Order
from autoreply.records.desk import Records
from autoreply.testing import FakeOrders

REGIONS = (
    {"regions": ["新疆", "西藏"], "days": "6-10", "fee": 15},
    {"regions": ["喀什"], "days": "9-14"},
    {"regions": ["新疆"], "couriers": ["顺丰"], "days": "3-5"},
    {"regions": ["西藏"], "couriers": ["圆通"], "served": False},
    {"regions": ["台湾"], "served": False},
    {"regions": ["海南"], "fee": 12, "free_over": 99},
)


def talk(**sections: Any) -> Talk:
    """A conversation with the example shop, whose regions are those above."""
    return Talk(make_brain(shop_with(**{"delivery": {"regions": REGIONS}} | sections)))


def asked(line: str, intent: str, **sections: Any) -> tuple[str, str]:
    """Key and words of the answer to one line; the gate has passed it."""
    one = talk(**sections)
    result = passes(one.say(line, intent))
    return key_of(one, result), text_of(result)


def with_orders(*orders: Order, down: bool = False, **sections: Any) -> Talk:
    shop = shop_with(**{"delivery": {"regions": REGIONS}} | sections)
    return Talk(make_brain(shop, records=Records(orders=FakeOrders(orders, down=down))))


def reason(result: Result) -> str:
    assert result.handover is not None
    return result.handover.reason


# How long ----------------------------------------------------------------------------------------------------------


def test_the_city_is_asked_for_once_and_kept() -> None:
    one = talk()
    first = passes(one.say("几天可以到呀", "delivery_time"))
    assert (first.behaviour, key_of(one, first)) == (Behaviour.ASK, "delivery_time.which_city")
    second = passes(one.say("我在金华的"))
    assert ("金华" in text_of(second), "2-4天" in text_of(second)) == (True, True)
    third = passes(one.say("那发什么快递", "courier"))
    assert key_of(one, third) == "courier.to_place"
    assert "金华" in text_of(third)
    fourth = passes(one.say("运费要多少", "free_shipping"))
    assert key_of(one, fourth) == "free_shipping.place_over"


def test_a_place_that_no_list_knows_is_not_asked_for_again() -> None:
    one = talk()
    one.say("多久能收到", "delivery_time")
    result = passes(one.say("一个小村子 很偏的"))
    assert (result.behaviour, key_of(one, result)) == (Behaviour.ANSWER, "delivery_time.general")
    assert "偏远地区" in text_of(result)


@pytest.mark.parametrize(
    ("line", "place", "days"),
    [
        ("到乌鲁木齐几天", "乌鲁木齐", "6-10天"),
        ("我是新疆喀什的 多久能到", "喀什", "9-14天"),
        ("寄四川要几天", "四川", "2-4天"),
        ("從石家莊到武漢要多久", "武汉", "2-4天"),
        ("嘉兴发到拉萨多久", "拉萨", "6-10天"),
        ("给新疆的朋友发顺丰几天到", "新疆", "3-5天"),
    ],
)
def test_who_names_a_place_hears_of_that_place_alone(line: str, place: str, days: str) -> None:
    key, text = asked(line, "delivery_time")
    assert (key, place in text, days in text) == ("delivery_time.to_place", True, True)
    assert not any(other in text for other in {"新疆", "西藏", "台湾", "海南"} - {place})


def test_another_place_takes_the_place_of_the_first() -> None:
    one = talk()
    assert "2-4天" in text_of(one.say("到杭州几天", "delivery_time"))
    assert "6-10天" in text_of(one.say("那到西藏呢 几天", "delivery_time"))
    assert "西藏" in text_of(one.say("发什么快递", "courier"))


def test_where_no_region_differs_nothing_is_asked() -> None:
    assert asked("几天能到", "delivery_time", delivery={"regions": ()})[0] == "delivery_time.general"


def test_days_that_nobody_has_set_are_for_a_person() -> None:
    result = passes(talk(delivery={"days": None, "regions": ()}).say("几天能到", "delivery_time"))
    assert reason(result) == "delivery_time: days on the way are not set in [shop.delivery]"
    assert not any(char.isdigit() for char in text_of(result))


def test_a_region_that_is_not_served_is_told_before_anyone_pays() -> None:
    for line, intent in (
        ("台北几天能到", "delivery_time"),
        ("能寄台湾吗", "courier"),
        ("台湾运费多少", "free_shipping"),
    ):
        key, text = asked(line, intent)
        assert (key, "抱歉" in text) == ("courier.not_served", True)


@pytest.mark.parametrize(
    "line", ["后天能到厦门吗", "周五前能收到吗 我在厦门", "国庆前能到不 厦门的", "20号之前到得了吗 厦门"]
)
def test_a_day_that_is_wished_for_is_never_promised(line: str) -> None:
    key, text = asked(line, "delivery_time")
    assert (key, "2-4天" in text) == ("delivery_time.by_date", True)
    assert not any(word in text for word in ("可以到", "能到", "没问题", "赶得上"))


@pytest.mark.parametrize("line", ["明天能到新疆吗", "三天内能送到拉萨不", "周六前到得了乌鲁木齐吗"])
def test_what_cannot_be_is_told_as_it_is(line: str) -> None:
    assert asked(line, "delivery_time")[0] == "delivery_time.too_late"


def test_courier_and_days_asked_in_one_line_are_both_answered() -> None:
    line = "新疆发什么快递，要几天"
    for intent in ("courier", "delivery_time"):
        key, text = asked(line, intent)
        assert (key, "中通" in text, "6-10天" in text) == ("courier.to_place_days", True, True)
    one = talk()
    text = text_of(passes(one.say(line, "courier", "delivery_time")))
    assert ("中通" in text, text.count("6-10天")) == (True, 1)


def test_courier_and_days_with_no_place_named() -> None:
    one = talk()
    result = passes(one.say("发啥快递 几天到", "courier"))
    assert (result.behaviour, "中通" in text_of(result), "哪" in text_of(result)) == (Behaviour.ASK, True, True)
    assert "2-4天" in text_of(passes(one.say("苏州")))


def test_a_parcel_under_way_is_told_by_its_own_dates() -> None:
    sent = order(state="shipped", shipped_at="2026-03-10 18:00", courier="中通", province="浙江省", city="杭州市")
    one = with_orders(sent)
    result = passes(one.say("什么时候能到", "delivery_time"))
    assert (key_of(one, result), "3月10日" in text_of(result)) == ("delivery_time.sent", True)


def test_a_parcel_that_takes_too_long_is_for_a_person() -> None:
    one = with_orders(order("775511", "shipped", shipped_at="2026-03-01 18:00", courier="中通", province="浙江省"))
    result = passes(one.say("什么时候能到", "delivery_time"))
    assert reason(result) == "order 775511 was sent on 2026-03-01 and should take 2-4 days: ask 中通"


def test_the_address_of_the_order_spares_the_question() -> None:
    one = with_orders(order(province="新疆维吾尔自治区", city="喀什地区"))
    assert "6-10天" in text_of(passes(one.say("几天能到", "delivery_time")))
    before = with_orders(order(province="浙江省", city="杭州市"))
    assert passes(before.say("现在买几天能到", "delivery_time")).behaviour is Behaviour.ASK


def test_records_that_do_not_answer_leave_the_general_answer() -> None:
    assert passes(with_orders(down=True).say("几天能到", "delivery_time")).behaviour is Behaviour.ASK


# With which courier ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("发什么快递", "default"),
        ("走哪家物流呀", "default"),
        ("给我发中通吧", "ours"),
        ("可不可以发圆通", "ours"),
        ("圆通 申通都行", "ours"),
        ("能发顺丰吗", "on_request"),
        ("韵达行不行", "unavailable"),
        ("别发中通", "other"),
        ("能不发圆通吗", "other"),
        ("邮政不要 太慢了", "other"),
        ("能不能发圆通", "ours"),
        ("不要圆通 发中通", "ours"),
        ("不要圆通发中通吧", "ours"),
        ("别发圆通和申通", "other"),
        ("送到楼上吗", "to_door"),
        ("西藏能寄么", "to_place"),
    ],
)
def test_each_way_of_asking_for_couriers(line: str, key: str) -> None:
    assert asked(line, "courier")[0] == f"courier.{key}"


def test_a_courier_that_is_not_wanted_is_not_offered() -> None:
    assert "中通" not in asked("别给我发中通", "courier")[1]


def test_a_courier_that_does_not_go_there_is_not_named() -> None:
    _, text = asked("拉萨发什么快递", "courier")
    assert ("中通" in text, "圆通" in text) == (True, False)
    assert asked("圆通能送到西藏吗", "courier")[0] == "courier.not_there"


def test_who_asks_whether_it_reaches_them_is_asked_where_that_is() -> None:
    one = talk()
    assert passes(one.say("我们这边能送到吗", "courier")).behaviour is Behaviour.ASK
    assert "9-14天" in text_of(passes(one.say("喀什")))
    plain = talk(delivery={"regions": ()})
    assert key_of(plain, passes(plain.say("我们这边能送到吗", "courier"))) == "courier.page_says"


@pytest.mark.parametrize("line", ["拍好了 给我发圆通", "忘了备注 别发中通", "备注了发顺丰"])
def test_of_an_order_that_is_placed_a_person_sees_to_the_courier(line: str) -> None:
    one = talk()
    result = passes(one.say(line, "courier"))
    assert (key_of(one, result), line.split()[-1] in reason(result)) == ("courier.noted", True)


def test_an_order_in_the_records_is_placed_too() -> None:
    one = with_orders(order())
    assert key_of(one, passes(one.say("给我发圆通", "courier"))) == "courier.noted"


@pytest.mark.parametrize("line", ["怎么给我发的邮政", "说好的顺丰 结果是中通", "我是让你发圆通"])
def test_the_wrong_courier_is_for_a_person(line: str) -> None:
    one = talk()
    assert key_of(one, passes(one.say(line, "courier"))) == "courier.by_person"


def test_where_no_courier_of_ours_reaches_a_person_sees_what_can_be_done() -> None:
    one = talk()
    result = passes(one.say("发韵达吧 别的快递到不了我们村", "courier"))
    assert (key_of(one, result), "only 韵达 reaches the buyer" in reason(result)) == ("courier.by_person", True)


def test_pickup_is_what_the_shop_says_of_it_or_a_persons_word() -> None:
    one = talk()
    result = passes(one.say("可以自提吗", "courier"))
    assert key_of(one, result) == "courier.pickup_by_person"
    handlers = handlers_with(delivery={"pickup": "在下单页选择到店自提，备好货后凭取货码到店领取"})
    two = Talk(make_brain(handlers=handlers))
    assert "凭取货码到店领取" in text_of(passes(two.say("能自己来取吗", "courier")))


def test_a_shop_that_named_no_courier_names_none() -> None:
    result = passes(talk(couriers={"default": []}).say("发什么快递", "courier"))
    assert reason(result) == "courier: no couriers are set in [shop.couriers]"


# Postage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("包邮吗", "general", "39元"),
        ("包郵嗎", "general", "海南"),
        ("满99包邮吗", "general", "39元"),
        ("不是免邮费的么", "general", "39元"),
        ("两件包邮吗", "general", "39元"),
        ("哪些地方不包邮", "general", "内蒙古"),
        ("怎么还要运费啊", "why", "截图"),
        ("提交的时候显示要10元运费 为什么", "why", "39元"),
        ("杭州包邮吗", "place_over", "6元"),
        ("拉萨邮费多少", "place_fee", "15元"),
        ("内蒙古包邮吗", "place_excluded", "内蒙古"),
        ("发到海南包邮不", "place_over", "99元"),
        ("我买28.5元还差多少包邮", "missing", "10.5元"),
        ("39元包邮吗 我拍了39块的", "reached", "39元"),
        ("到三亚买60元的包邮吗", "missing", "39元"),
        ("能把运费免了吗", "no_exception", "39元"),
        ("邮费帮我改一下", "no_exception", "39元"),
        ("老顾客了包个邮呗", "no_exception", "39元"),
        ("西藏的 运费能少点吗", "no_exception", "统一"),
    ],
)
def test_each_way_of_asking_for_postage(line: str, key: str, words: str) -> None:
    found, text = asked(line, "free_shipping")
    assert (found, words in text) == (f"free_shipping.{key}", True), text


def test_who_names_a_place_does_not_hear_of_all_the_others() -> None:
    for line in ("杭州包邮吗", "拉萨邮费多少", "到三亚买60元的包邮吗"):
        text = asked(line, "free_shipping")[1]
        assert not ("西藏" in text and "新疆" in text), text


def test_what_is_missing_is_computed_once_the_amount_is_known() -> None:
    one = talk()
    assert passes(one.say("还差多少可以包邮", "free_shipping")).behaviour is Behaviour.ASK
    result = passes(one.say("21.5"))
    assert (key_of(one, result), "17.5元" in text_of(result)) == ("free_shipping.missing", True)


def test_postage_on_an_order_that_has_enough_is_looked_into() -> None:
    assert asked("买了45元怎么还要运费", "free_shipping")[0] == "free_shipping.why"
    result = passes(talk().say("寄杭州 买了45元怎么还要运费", "free_shipping"))
    assert reason(result) == "postage is charged on 45 yuan to 杭州, free from 39: check the freight template"


def test_the_postage_that_was_charged_is_no_amount_of_goods() -> None:
    assert asked("怎么要45元运费", "free_shipping")[0] == "free_shipping.why"
    assert asked("运费怎么是50块", "free_shipping")[0] == "free_shipping.why"


def test_asked_five_times_there_is_still_no_exception() -> None:
    one = talk()
    for line in (
        "免邮呗 免个运费",
        "运费帮忙减掉",
        "上次都给我包邮了 改下运费",
        "不改运费我就不买了",
        "邮费去掉马上付",
    ):
        result = passes(one.say(line, "free_shipping"))
        assert (key_of(one, result), result.behaviour) == ("free_shipping.no_exception", Behaviour.ANSWER)


def test_where_all_is_free_the_regions_left_out_are_named_all_the_same() -> None:
    _, text = asked("包邮吗", "free_shipping", freight={"free_over": 0})
    assert ("包邮" in text, "西藏" in text) == (True, True)
    assert asked("杭州包邮吗", "free_shipping", freight={"free_over": 0})[0] == "free_shipping.place_always"
    assert asked("拉萨包邮吗", "free_shipping", freight={"free_over": 0})[0] == "free_shipping.place_fee"


def test_postage_paid_twice_and_postage_not_set_are_for_a_person() -> None:
    assert "about postage that was paid" in reason(passes(talk().say("收了我两次邮费", "free_shipping")))
    result = passes(talk(freight={"free_over": None}).say("包邮吗", "free_shipping"))
    assert reason(result) == "free_shipping: free_over is not set in [shop.freight]"


def test_a_dearer_courier_is_not_free() -> None:
    assert asked("发顺丰包邮吗", "free_shipping")[0] == "courier.on_request"


# From where --------------------------------------------------------------------------------------------------------


def test_the_place_goods_come_from() -> None:
    assert "浙江嘉兴" in asked("从哪里发货呀", "ship_from")[1]
    result = passes(talk(shipping={"ship_from": None}).say("从哪里发货呀", "ship_from"))
    assert reason(result) == "ship_from is not set in [shop.shipping]"


def test_a_shop_to_go_to_is_another_matter() -> None:
    one = talk()
    assert key_of(one, passes(one.say("有线下门店没 想去看看", "ship_from"))) == "ship_from.shop"


def test_asked_for_all_at_once() -> None:
    one = talk()
    result = passes(
        one.say("哪里发货 发什么快递 到西安几天 包邮吗", "ship_from", "courier", "delivery_time", "free_shipping")
    )
    text = text_of(result)
    assert all(words in text for words in ("浙江嘉兴", "中通", "2-4天", "39元"))
