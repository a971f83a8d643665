"""How long the gate takes for one text: ``python benchmarks/bench_gate.py``.

Times texts of about 60 characters with every shipped rulebook on, and beside them a yardstick whose cost depends on
the machine alone: a SHA-256 of one kilobyte in pure hashlib. The ratio can be compared between machines.
"""

import hashlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date

from autoreply.compliance import Gate, load_rulebook, shipped_rulebooks
from autoreply.facts import Shop
from autoreply.tomlfile import read

ORDINARY = (
    "您好，这款目前有现货，尺码表在详情页第三张图，您可以对照平时穿的衣服量一下，拿不准的话把身高体重告诉我，我帮您看看。",
    "订单已经收到了，正常情况下会按商品页标注的时间发出，发出后可以在订单页看到物流，有任何问题随时在这里联系我们就好。",
    "非常抱歉让您久等了，您反馈的问题已经登记，我为您转给售后专员核实，请您把外包装和面单的照片发到这里，方便我们处理。",
    "可以开发票的，个人抬头和公司抬头都支持，电子发票会在确认收货之后发到您的邮箱，抬头和税号您在订单里填写就可以了。",
)
FORBIDDEN = (
    "您加一下我的微信吧，这里回复慢，图片我在那边发给您，满意的话给个五星好评，截图过来我再返您五块钱，今天拍今天必发。",
    "这个价是亏本卖给您的，全网最低，明天就涨价了，特价商品不退不换，也不开发票，您自己选吧，详情页都写得很清楚了哦。",
)
ROUNDS = 400
_MARKS = {ord("0"): "·", ord("1"): "…"}


def variants(text: str) -> Iterator[str]:
    """The text with another row of marks each time, which folding drops: the gate has judged none of them before."""
    return (text + format(n, "010b").translate(_MARKS) for n in range(1024))


def p50(work: Callable[[], object]) -> float:
    """Median time of one call in microseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1000


def main() -> int:
    book = load_rulebook([read(p) for p in shipped_rulebooks()], today=date.today())
    gate = Gate(book, Shop(), platforms=("taobao", "tmall", "pdd", "douyin", "jd"))
    kilobyte = b"x" * 1024
    yardstick = p50(lambda: [hashlib.sha256(kilobyte).digest() for _ in range(10)]) / 10
    print(f"yardstick (SHA-256 of 1 KiB): {yardstick:.2f} µs")
    for name, texts in (("ordinary", ORDINARY), ("forbidden", FORBIDDEN)):
        fresh = [variants(text) for text in texts]
        times = [p50(lambda new=new: gate.check(next(new))) for new in fresh]  # type: ignore[misc]
        took = statistics.median(times)
        length = sum(map(len, texts)) / len(texts)
        print(f"{name}: p50 {took:.1f} µs per text of {length:.0f} characters = {took / yardstick:.0f} yardsticks")
    long = "".join(ORDINARY) * 90
    start = time.perf_counter()
    gate.check(long[:20_000])
    once = time.perf_counter() - start
    start = time.perf_counter()
    gate.check(long[:10_000])
    half = time.perf_counter() - start
    print(f"20,000 characters: {once * 1000:.0f} ms, {once / half:.2f} times 10,000 characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
