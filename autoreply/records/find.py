"""Which product a buyer means, and which size fits.

Ids and links count first, then the shop's own words for a product, then the words of its name. A word that stands in
many names tells little. What is misspelt is looked for only where nothing was found as written.
"""

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from autoreply.records.model import Product, SizeRow
from autoreply.understanding.normalise import normalise

NEAR = 0.75
"""A product is named where it scores at least this share of the best one's score."""
ALIKE = 75.0
"""Least partial ratio (0..100) of a misspelt word to one that the records know: one sign of four may differ."""
MOST = 20
"""Products given at most: a longer list is no answer."""
_COMMON = 0.3
"""A word in more than this share of all names (of ten at least) tells products apart no more."""
_OWN_WORD = 2.0
"""A word that the shop itself has given to a product, against one that happens to stand in its name."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SAID_ANYWAY = _set("""
    什么 怎么 哪个 哪款 这个 那个 这款 那款 多少 价格 便宜 优惠 活动 包邮 发货 现货 有货 库存 正品
    新款 官方 旗舰 旗舰店 专柜 尺码 尺寸 大小 颜色 大码 小码 均码 加大 质量 材质 材料 可以 能不能
    有没有 推荐 赠品 礼品 送礼 快递 退货 换货 运费 图片 链接 商品 宝贝 产品 东西 衣服 适合 喜欢
    今天 明天 现在 同款 一样 区别 哪种 使用 安装 保修 售后 发票 用法 没有
""")
"""What buyers say of every product, and what sellers put into every name: names none."""

_QUALITIES = _set("""
    保暖 防水 透气 加厚 加绒 纯棉 弹力 防滑 防晒 防风 防臭 防摔 吸汗 速干 抗菌 除菌 静音 轻便 便携
    耐用 耐磨 环保 无糖 低糖 低脂 原味 有机 新鲜 真皮 真丝 羊毛 羊绒 宽松 修身 显瘦 百搭 高腰 长款
    短款 厚款 薄款 大号 小号 中号 男款 女款 男士 女士 男生 女生 儿童 宝宝 孕妇 老人 学生 成人 情侣
    黑色 白色 红色 蓝色 绿色 灰色 粉色 黄色 紫色 棕色 米色 春季 夏季 秋季 冬季 夏天 冬天 春秋 秋冬
    进口 国产 手工 智能 无线 充电 快充 家用 车载 户外 办公 运动 休闲
""")
"""What a buyer asks about as often as names a product by: counts beside a word for the thing itself, never alone."""

_TELL_QUALITIES = _set("材质 材料 面料 颜色 风格 季节 适用季节 功能 口味 版型 图案 厚薄 工艺 适用人群 产地")
"""Attributes whose values are such words too. 品类 is none of them: it holds what the thing is."""

_RUN = re.compile(r"(?![0-9]{1,5}(?![0-9A-Za-z_-]))[0-9A-Za-z_-]{4,}")
"""What may be an id by its looks: no year, price or time."""
_MARKED = re.compile(r"(?:id|编号|编码|货号|款号)\s*[=:：]?\s*([0-9A-Za-z_-]+)", re.IGNORECASE)
_PART = re.compile(r"[^\W_]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]{2,}")


@lru_cache(maxsize=65_536)
def _folded(words: str) -> str:
    return normalise(words).clean


@dataclass(frozen=True, slots=True)
class _Index:
    """All names in one text, each on a line of its own: a plain search in it is quicker than any list of words."""

    products: Sequence[Product]
    by_id: dict[str, int]
    by_url: dict[str, int]
    by_word: dict[str, list[int]]
    longest: int
    text: str
    starts: list[int]
    qualities: frozenset[str]

    @classmethod
    def of(cls, products: Sequence[Product]) -> "_Index":
        by_word: dict[str, list[int]] = {}
        starts, names, at = [], [], 0
        qualities = set(_QUALITIES)
        for n, product in enumerate(products):
            told = [words for name, words in product.attributes.items() if name in _TELL_QUALITIES]
            qualities.update(part.casefold() for words in told for part in _PART.findall(words))
            for word in product.keywords:
                if len(key := _folded(word)) > 1:
                    by_word.setdefault(key, []).append(n)
            names.append(_folded(product.name).replace("\n", " "))
            starts.append(at)
            at += len(names[-1]) + 1
        return cls(
            products,
            {product.product_id.casefold(): n for n, product in enumerate(products)},
            {_plain_url(product.url): n for n, product in enumerate(products) if product.url},
            by_word,
            max(map(len, by_word), default=0),
            "\n".join(names),
            starts,
            frozenset(qualities),
        )

    def holding(self, word: str) -> set[int] | None:
        """The products whose names hold a word; None where these are too many to tell any of them apart."""
        most = max(10, int(len(self.products) * _COMMON))
        found: set[int] = set()
        at = self.text.find(word)
        while at >= 0:
            found.add(bisect_right(self.starts, at) - 1)
            if len(found) > most:
                return None
            at = self.text.find(word, at + len(word))
        return found


Scores = defaultdict[int, float]
"""By the place of a product."""

_made: list[_Index] = []
"""Indexes of the last few tuples of products: sources give the same one as long as nothing has changed."""


def prepare(products: Sequence[Product]) -> None:
    """Make the index of a tuple of products, which takes 0.4 s for 10,000; may run in a thread."""
    _index(products)


def _index(products: Sequence[Product]) -> _Index:
    for index in tuple(_made):
        if index.products is products:
            return index
    index = _Index.of(products)
    if isinstance(products, tuple):  # what can be changed may have changed
        _made.append(index)
        del _made[:-4]
    return index


def find_products(products: Sequence[Product], clean: str, tokens: Sequence[str], *, text: str = "") -> list[Product]:
    """The products that a buyer names, best first; several that are named equally well, all; at most ``MOST``.

    Args:
        products: all of the shop's; the same tuple at each call saves making the index.
        clean: what the buyer wrote, as ``Understanding.clean``.
        tokens: its words, as ``Understanding.tokens``.
        text: what the buyer wrote as written, and the cards sent: ``clean`` holds neither links nor long numbers.
    """
    index = _index(products)
    found = _by_id(index, text or clean)
    if not found:
        found = _best(_scores(index, clean, tokens)) or _best(_misspelt(index, clean))
    return [products[n] for n in found[:MOST]]


def _best(scores: Scores) -> list[int]:
    ranked = sorted(scores.items(), key=lambda kept: (-kept[1], kept[0]))
    return [n for n, score in ranked if score >= NEAR * ranked[0][1]]


# As written --------------------------------------------------------------------------------------------------------


def _by_id(index: _Index, text: str) -> list[int]:
    """Products whose id or link stands in the text. A short number is an id only where it is called so."""
    links = map(_plain_url, re.findall(r"[a-zA-Z0-9.-]+\.\w+/[!-~]+", text))
    words = map(str.casefold, (*_MARKED.findall(text), *_RUN.findall(text)))
    found = [index.by_url.get(link) for link in links] + [index.by_id.get(word) for word in words]
    return list(dict.fromkeys(n for n in found if n is not None))


def _plain_url(url: str) -> str:
    """What of a link names the page: without scheme, ``www.`` and fragment."""
    return re.sub(r"^(?:\w+://)?(?:www\.)?|#.*$|/$", "", url.strip().casefold())


def _scores(index: _Index, clean: str, tokens: Sequence[str]) -> Scores:
    """How well each product is named by its keywords, the longest at each place, and by the words of its name."""
    scores: Scores = defaultdict(float)
    for word in _longest(index, clean):
        named = index.by_word[word]
        for n in named:
            scores[n] += _OWN_WORD * _telling(word, len(named), index)
    # A word for the thing comes first; a quality alone may be asked of the product that was spoken of before.
    for word in sorted(_words(tokens), key=index.qualities.__contains__):
        if held := index.holding(word):
            for n in held if word not in index.qualities else held & scores.keys():
                scores[n] += _telling(word, len(held), index)
    return scores


def _telling(word: str, held: int, index: _Index) -> float:
    """How much a word tells: more the longer it is and the fewer products have it."""
    return len(word) * math.log2(1 + len(index.products) / held)


def _longest(index: _Index, clean: str) -> Iterable[str]:
    at = 0
    while at < len(clean):
        sizes = range(min(index.longest, len(clean) - at), 1, -1)
        size = next((k for k in sizes if clean[at : at + k] in index.by_word), 0)
        if size:
            yield clean[at : at + size]
        at += size or 1


def _words(tokens: Iterable[str]) -> list[str]:
    """The words that may stand in a product's name."""
    return [t for t in dict.fromkeys(tokens) if len(t) > 1 and t not in _SAID_ANYWAY and re.search(r"[^\W\d_]", t)]


# Misspelt ----------------------------------------------------------------------------------------------------------


def _misspelt(index: _Index, clean: str) -> Scores:
    """Products by words of three signs and more that nearly stand in the text."""
    scores: Scores = defaultdict(float)
    said = re.sub("|".join(map(re.escape, sorted(_SAID_ANYWAY, key=len, reverse=True))), " ", clean)
    said = " ".join(_HAN.findall(said))[:60]
    if not said:
        return scores
    pairs = {said[i : i + 2] for i in range(len(said) - 1) if " " not in said[i : i + 2]}
    near = [word for word in index.by_word if len(word) > 2 and any(p in word for p in pairs)]
    for word, ratio, _ in process.extract(said, near, scorer=fuzz.partial_ratio, score_cutoff=ALIKE, limit=MOST):
        for n in index.by_word[word]:
            scores[n] = max(scores[n], ratio)
    return scores


# Sizes -------------------------------------------------------------------------------------------------------------


def advise_size(product: Product, height_cm: float | None, weight_kg: float | None) -> list[SizeRow]:
    """The rows of the size chart that hold all that is known of the buyer; none where they disagree.

    A chart that says nothing on what is known advises nothing. Two rows are given for who stands on their border.
    """
    fitting = []
    for row in product.sizes:
        asked = [
            (value, limits)
            for value, limits in ((_whole(height_cm), row.height), (weight_kg, row.weight))
            if value is not None and limits is not None
        ]
        if asked and all(limits[0] <= value <= limits[1] for value, limits in asked):
            fitting.append(row)
    return fitting


def _whole(height: float | None) -> int | None:
    return None if height is None else round(height)
