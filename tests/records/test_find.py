"""Which product a buyer means, and which size fits."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.records import Product, advise_size, find_products
from autoreply.records.find import MOST
from autoreply.understanding.normalise import normalise
from autoreply.understanding.segment import segmenter

PRODUCTS = tuple(
    Product.model_validate(product)
    for product in (
        {"product_id": "600100200301", "name": "2026秋冬新款加绒加厚连帽卫衣女宽松", "keywords": ["卫衣", "连帽卫衣"]},
        {"product_id": "600100200302", "name": "2026新款圆领卫衣男纯棉", "keywords": ["卫衣", "圆领卫衣"]},
        {"product_id": "600100200303", "name": "防水加厚雪地靴女短筒", "attributes": {"材质": "牛皮"}},
        {"product_id": "600100200304", "name": "保温杯大容量316不锈钢", "keywords": ["焖烧杯", "保温水壶"]},
        {"product_id": "A2", "name": "每日坚果礼盒", "url": "https://www.shop.example/goods/nuts.html"},
        {"product_id": "600100200305", "name": "S-88 升级款", "keywords": ["筋膜枪按摩器"]},
        {"product_id": "600100200306", "name": "茉莉花茶罐装", "attributes": {"品类": "花茶", "口味": "茉莉"}},
    )
)


@pytest.fixture(scope="module")
def cut() -> Callable[[str], list[str]]:
    return segmenter([])


@pytest.fixture(scope="module")
def named(cut: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """The names of what a text names, as the framework asks for them."""

    def find(text: str, products: Sequence[Product] = PRODUCTS) -> list[str]:
        clean = normalise(text).clean
        return [product.name for product in find_products(products, clean, cut(clean), text=text)]

    return find


Named = Callable[[str], list[str]]
HOODED, ROUND, BOOTS, CUP, NUTS, GUN, TEA = (product.name for product in PRODUCTS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("连帽卫衣还有黑色的吗", [HOODED]),
        ("圆领的卫衣起球吗", [ROUND]),
        ("卫衣有几个颜色", [HOODED, ROUND]),
        ("雪地靴掉毛么", [BOOTS]),
        ("防水的雪地靴", [BOOTS]),
        ("你们家焖烧杯能放多久", [CUP]),
        ("坚果是什么时候生产的", [NUTS]),
        ("保溫杯有蓋子嗎", [CUP]),
        ("茉莉花茶苦不苦", [TEA]),
    ],
)
def test_a_product_is_named_by_its_words(named: Named, text: str, found: list[str]) -> None:
    assert named(text) == found


@pytest.mark.parametrize("text", ["京膜枪充电多久", "想要那个筋膜抢"])
def test_a_word_of_the_shops_may_be_misspelt(named: Named, text: str) -> None:
    assert named(text) == []  # of three signs one is too much
    assert named(text.replace("膜枪", "膜枪按摩器").replace("膜抢", "膜抢按摩器")) == [GUN]


@pytest.mark.parametrize(
    "text",
    [
        *("在吗", "什么时候发货", "新款有优惠吗", "2026年生产的吗", "3件多少钱", "", "！！！"),
        *("防水吗", "加厚的还有吗", "是纯棉的吗", "牛皮的吗", "宽松不"),  # asked of what was spoken of before
    ],
)
def test_what_is_said_of_anything_names_nothing(named: Named, text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://item.example/detail.htm?spm=a1z10&id=600100200304 这个有货吗",
        "[商品编号：600100200304]",
        "600100200304",
        "咨询商品id: 600100200304 卫衣",
    ],
)
def test_an_id_counts_before_all_words(named: Named, text: str) -> None:
    assert named(text) == [CUP]


def test_a_link_or_a_short_id_that_is_called_so(named: Named) -> None:
    assert named("http://shop.example/goods/nuts.html#comments") == [NUTS]
    assert named("货号A2有货吗") == [NUTS]
    assert named("a2牛奶粉有吗") == []


def test_a_word_in_most_names_tells_nothing_apart(cut: Callable[[str], list[str]]) -> None:
    many = tuple(Product(product_id=f"p{n}", name=f"山野牌坚果{'礼盒' if n == 7 else '散装'}") for n in range(40))
    assert find_products(many, "坚果", cut("坚果")) == []
    assert find_products(many, "坚果礼盒", cut("坚果礼盒")) == [many[7]]


def test_a_long_list_is_cut(cut: Callable[[str], list[str]]) -> None:
    shirts = [Product(product_id=f"p{n}", name=f"衬衫{n}", keywords=("衬衫",)) for n in range(50)]
    assert find_products(shirts, "衬衫", cut("衬衫")) == shirts[:MOST]


def test_a_list_that_was_changed_is_seen_as_it_is(cut: Callable[[str], list[str]]) -> None:
    products = [PRODUCTS[0]]
    assert find_products(products, "雪地靴", cut("雪地靴")) == []
    products.append(PRODUCTS[2])
    assert find_products(products, "雪地靴", cut("雪地靴")) == [PRODUCTS[2]]


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=6), max_size=6))
def test_any_text_is_answered(text: str, tokens: list[str]) -> None:
    found = find_products(PRODUCTS, text, tokens, text=text)
    assert all(product in PRODUCTS for product in found)
    assert find_products((), text, tokens) == []


# Sizes -------------------------------------------------------------------------------------------------------------

SHIRT = Product.model_validate(
    {
        "product_id": "C301",
        "name": "卫衣",
        "sizes": [
            {"size": "M", "height": (158, 165), "weight": (45, 55)},
            {"size": "L", "height": (163, 170), "weight": (55, 65)},
            {"size": "XL", "height": (168, 178), "weight": (65, 77.5)},
            {"size": "均码"},
        ],
    }
)


@pytest.mark.parametrize(
    ("height", "weight", "sizes"),
    [
        (160, 50, ["M"]),
        (164, 55, ["M", "L"]),
        (165.4, 50, ["M"]),
        (None, 60, ["L"]),
        (175, None, ["XL"]),
        (160, 70, []),  # the height of one row, the weight of another
        (190, 90, []),
        (None, None, []),
    ],
)
def test_rows_that_hold_all_that_is_known(height: float | None, weight: float | None, sizes: list[str]) -> None:
    assert [row.size for row in advise_size(SHIRT, height, weight)] == sizes
    assert advise_size(PRODUCTS[0], height, weight) == []
