"""A small shop catalogue, read from disk as a shop's is, and what training makes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autoreply.tomlfile import TomlFile, read
from autoreply.understanding import Catalogue, Understander, Weights, load_catalogue, train

SMALL = {
    "_classes.toml": """
[classes]
when = ["什么时候", "几时", "啥时候", "哪天"]
ship = ["发货", "寄出", "发出", "出库"]
courier = ["顺丰", "圆通", "中通"]
goods = ["面膜", "拖鞋", "猫粮", "台灯"]
""",
    "shipping_time.toml": """
slug = "shipping_time"
name = "发货时间"
examples = [
  "现在付款几时能寄",
  "下午拍的今晚寄走不",
  "想知道哪一天出库",
  "周日仓库发不发",
  "付完钱多久给寄",
  "今日下单今日走吗",
]
templates = ["(我的|)<goods><when><ship>(啊|呢|)", "(请问|)<when>能<ship>"]
keywords = ["发货时间"]
[answers]
default = ["{{ shop.name }}会尽快安排", "亲，请稍候"]
""",
    "courier.toml": """
slug = "courier"
name = "快递"
examples = [
  "走哪个物流公司",
  "用的哪一家快递",
  "可以指定顺丰不",
  "乡下圆通送得到吗",
  "别用中通寄",
  "你家合作的快递是谁",
]
templates = ["(能不能|可以)(发|走|用)<courier>(吗|)", "<goods>(发|走)(什么|哪个)快递"]
keywords = ["什么快递"]
""",
    "invoice.toml": """
slug = "invoice"
name = "发票"
examples = [
  "报销要用票据能给开不",
  "增值税票开得了吗",
  "抬头填单位名字",
  "票几时寄给我",
  "税号填错了要重开",
  "给个电子票吧",
]
templates = ["(<goods>|)(能|可以|)开(发票|专票|电子票)(吗|不|)"]
keywords = ["发票"]
[answers]
default = ["可以的"]
[policy]
then = "handoff"
priority = "high"
""",
    "haggling.toml": """
slug = "haggling"
name = "议价"
examples = [
  "抹个零头呗",
  "再让几块",
  "两个一起买少点行不",
  "老顾客给个实惠价",
  "太贵了降一降",
  "多拿几件便宜些吧",
]
templates = ["<goods>(便宜点|少点|打个折)(吧|吗|呗)"]
""",
    "thanks.toml": """
slug = "thanks"
name = "感谢"
examples = [
  "谢谢",
  "多谢啦",
  "太感谢了",
  "谢谢老板",
  "感谢您",
  "谢啦",
]
""",
    "none.toml": """
slug = "none"
name = "无"
examples = [
  "我先看看",
  "昨天那个",
  "孩子在睡觉",
  "等我老公回来",
  "买过两回了",
  "就是这样的",
  "在路上开车",
  "是呀",
]
""",
}

Write = Callable[[str, str], TomlFile]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a catalogue file and read it back: ``write("shop/invoice.toml", text)``."""

    def write_file(name: str, text: str) -> TomlFile:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return read(path)

    return write_file


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> list[TomlFile]:
    folder = tmp_path_factory.mktemp("intents")
    for name, text in SMALL.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [read(path) for path in sorted(folder.glob("*.toml"))]


@pytest.fixture(scope="session")
def small(small_files: list[TomlFile]) -> Catalogue:
    return load_catalogue(small_files)


@pytest.fixture(scope="session")
def weights(small: Catalogue) -> Weights:
    return train(small)


@pytest.fixture(scope="session")
def understander(small: Catalogue, weights: Weights) -> Understander:
    return Understander(small, weights=weights)
