"""What identifies a person is hidden, what an operator needs to read is not, and nothing is made longer."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.privacy import mask, masked

MOBILE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
WORDS = st.text(st.sampled_from("亲麻烦您把包裹放在门口吧，。！? abc\n"), max_size=12)


def digits(text: str) -> str:
    """All digits that a reader could still put together, in whatever form they are written."""
    back = str.maketrans("零一二三四五六七八九〇幺", "012345678901")
    return "".join(str(unicodedata.digit(c)) for c in text.translate(back) if unicodedata.digit(c, None) is not None)


# Numbers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("打13900001111给我", "打139****1111给我"),
        ("138 1234 5678", "138******5678"),
        ("138-1234-5678", "138******5678"),
        ("138.1234.5678", "138******5678"),
        ("+86 13812345678", "+86 138****5678"),
        ("8613812345678", "86138****5678"),
        ("１３８１２３４５６７８", "１３８****５６７８"),
        ("一三八零零一三八零零零", "一三八****八零零零"),
        ("幺三八零零1三八零00", "幺三八****八零00"),
        ("1 3 8 1 2 3 4 5 6 7 8", "1 3 8*********5 6 7 8"),
        ("0571-88886666", "0571-****6666"),
    ],
)
def test_phone_numbers_keep_their_ends(written: str, shown: str) -> None:
    assert mask(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("订单2026139000011112222到哪了", "订单***************2222到哪了"),
        ("单号SF1234567890123", "单号SF*********0123"),
        ("身份证11010119900307123X", "身份证**************123X"),
        ("110101 19900307 1234", "****************1234"),
        ("6222021234567890123", "***************0123"),
        ("6222 0212 3456 7890", "***************7890"),
        ("发到zhangsan@example.com", "发到z*******@example.com"),
        ("a＠example．com", "*＠example．com"),
        ("加微信abc12345聊", "加微信a*******聊"),
    ],
)
def test_other_numbers_and_accounts(written: str, shown: str) -> None:
    assert mask(written) == shown


@given(WORDS, MOBILE, WORDS, st.sampled_from(["plain", "full width", "chinese", "spaced", "groups", "hyphens"]))
def test_no_mobile_number_survives(before: str, number: str, after: str, how: str) -> None:
    written = {
        "plain": number,
        "full width": number.translate(FULL_WIDTH),
        "chinese": number.translate(CHINESE),
        "spaced": " ".join(number),
        "groups": f"{number[:3]}\u3000{number[3:7]}\u200b{number[7:]}",
        "hyphens": f"{number[:3]}—{number[3:7]}－{number[7:]}",
    }[how]
    shown = mask(before + written + after)
    assert number not in digits(shown)
    assert digits(shown).count(number[3:7]) <= digits(before + number[:3] + number[7:] + after).count(number[3:7])


# Names and addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("收货人：张三丰，", "收货人：张**，"),
        ("收件人李小明 手机13812345678", "收件人李** 手机138****5678"),
        ("名字：古丽·阿依努尔", "名字：古******"),
        ("王伟 +86 13812345678", "王* +86 138****5678"),
        ("13812345678，欧阳修收", "138****5678，欧阳*收"),
        ("我叫陈大文", "我叫陈**"),
    ],
)
def test_names_beside_a_label_or_a_number(written: str, shown: str) -> None:
    assert mask(written) == shown


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("浙江省杭州市西湖区文三路123号4幢501室", "浙江省杭州市西湖区"),
        ("上海市浦东新区张江镇祖冲之路88弄2号", "上海市浦东新区"),
        ("阳光花园小区5栋2单元301", ""),
        ("寄到北京市朝阳区望京街道阜通东大街", "寄到北京市朝阳区"),
        ("地址：广东省深圳市南山区科技园南路１８号", "地址：广东省深圳市南山区"),
    ],
)
def test_addresses_end_at_the_district(written: str, left: str) -> None:
    assert mask(written).rstrip("*") == left


# What stays ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "能开发票吗",
        "满99减10，买3件打8折",
        "2026-11-22 10:00:05",
        "139.224.10.112",
        "150,200,30000元",
        "尺码 36 37 38 39 40 41 42",
        "0.1234567890",
        "快递在路上9号能到吗",
        "家里3楼没电梯送吗",
        "地址写错了改一下",
        "联系人方便接电话吗",
        "身高170 体重65kg穿什么码",
        "http/main/c-1024",
    ],
)
def test_ordinary_words_and_numbers_stay(text: str) -> None:
    assert mask(text) == text


HARD = st.text(
    st.sampled_from("0123456789一三八零 -.@xX+路号区市省收货人地址张王微信qq，：\u200b１*abc\n"), max_size=60
)


@given(st.text(max_size=80) | HARD)
def test_any_text_keeps_its_length_and_is_masked_once(text: str) -> None:
    shown = mask(text)
    assert len(shown) == len(text)
    assert mask(shown) == shown
    assert all(new == old or new == "*" for new, old in zip(shown, text, strict=True))


@given(HARD)
def test_no_long_row_of_digits_is_left(text: str) -> None:
    assert not re.search(r"(?<![\d.])\d{9}", mask(text))


def test_data_is_masked_all_through() -> None:
    data = {"text": "打13900001111", "slots": {"order": 2026139000011112222, "n": 3}, "13900001111": [("a", None, 0.5)]}
    assert masked(data) == {
        "text": "打139****1111",
        "slots": {"order": "***************2222", "n": 3},
        "139****1111": [["a", None, 0.5]],
    }
