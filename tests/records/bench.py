"""How long a product takes to be found: ``python -m tests.records.bench [PRODUCTS]``, 10,000 if left out."""

import random
import sys
import time

from autoreply.records import Product, find_products
from autoreply.records.find import prepare
from autoreply.understanding.normalise import normalise
from autoreply.understanding.segment import segmenter

LOOKS = (
    "加绒 连帽 圆领 纯棉 宽松 修身 复古 纯色 条纹 格子 印花 刺绣 防水 加厚 短款 长款 高腰 阔腿 弹力 针织 羊毛 灯芯绒"
)
THINGS = (
    "卫衣 衬衫 外套 连衣裙 半身裙 牛仔裤 休闲裤 羽绒服 毛衣 风衣 马甲 短袖 睡衣 袜子 围巾 帽子 手套 帆布鞋 运动鞋 凉鞋"
)
TEXTS = (
    *("连帽加绒卫衣有货吗", "羽绒服多少钱", "那条灯芯绒阔腿裤还有没有别的颜色", "几号能给我发走呢", "连冒外掏有黑色吗"),
    "我想问一下之前拍的那双帆布鞋可不可以换成大一码的，我穿着有一点挤脚，鞋子还没有穿出去过",
)


def product(n: int, dice: random.Random) -> Product:
    looks, thing = dice.sample(LOOKS.split(), 4), dice.choice(THINGS.split())
    words = (looks[0] + thing, f"{dice.choice(looks)}{thing}{n % 50}号")
    return Product(product_id=str(600_000_000_000 + n), name=f"2026新款{''.join(looks)}{thing}官方正品", keywords=words)


def main() -> None:
    dice = random.Random(7)  # the same products at each run
    products = tuple(product(n, dice) for n in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
    cut = segmenter([])
    started = time.perf_counter()
    prepare(products)
    print(f"{len(products)} products, index {1000 * (time.perf_counter() - started):.0f} ms")
    for text in TEXTS:
        clean = normalise(text).clean
        tokens = cut(clean)
        times = []
        for _ in range(20):
            started = time.perf_counter()
            found = find_products(products, clean, tokens, text=text)
            times.append(time.perf_counter() - started)
        print(f"{1000 * sorted(times)[10]:6.2f} ms  {len(found):2} found  {text[:20]}")


if __name__ == "__main__":
    main()
