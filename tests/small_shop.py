"""A shop of four intents, on disk, all others switched off: its matcher is trained in a second."""

from pathlib import Path

from autoreply.shipped import shipped
from autoreply.tomlfile import read

INTENTS = {
    "invoice": """slug = "invoice"
name = "发票"
examples = [  # what the bookkeeper needs
  "公司报账要票据能开具吗",
  "给我来张电子票",
  "单位抬头可以写进发票么",
  "税号发错啦要重开发票",
  "发票哪天寄给我呀",
  "专票开得了不",
  "要张发票好报销",
  "发票内容能写办公用品吗",
]
templates = ["<can>(给|帮)(我|单位|公司)开<goods>的发票<ma>", "(要|得有)(张|一张)发票(才|好)(报销|报账)"]
keywords = ["开发票"]

[answers]
default = ["可以开发票。"]
""",
    "courier": """slug = "courier"
name = "快递"
examples = [
  "走的哪家物流公司",
  "可不可以指定顺丰送",
  "镇上圆通送得到吗",
  "能换成邮政寄么",
  "默认用哪个快递",
  "山里快递派送不派送",
  "别发中通行不行",
  "快递可以自己挑吗",
]
templates = ["<can>(发|走|寄)<courier><ma>", "<goods>(发|走)(什么|哪家|哪个)快递"]
""",
    "urge_shipping": """slug = "urge_shipping"
name = "催发货"
examples = [
  "都好几天了货还躺仓库",
  "急着用赶紧发走",
  "付款一周了毫无动静",
  "催一催仓库快点出库",
  "怎么拖这么久不发出",
  "再不发货我等不了",
  "快安排发货别磨蹭",
  "说好昨天发的呢",
]
templates = ["(快点|赶紧|抓紧|马上)给(我|咱)<ship>(吧|啊|)", "都(三|四|五)天了还(没|不)<ship>"]
""",
    "none": """slug = "none"
name = "无意图"
examples = [
  "我先问问家里人",
  "昨晚看的那个",
  "孩子刚睡着",
  "一共六只",
  "在地铁上",
  "等老公回来",
  "西门那边",
  "买过两三回",
]
""",
}


def write_small_shop(folder: Path) -> Path:
    """Write the shop into ``folder`` and give its settings file."""
    intents = folder / "intents"
    intents.mkdir(parents=True)
    for path in sorted(shipped("intents").glob("*.toml")):
        slug = read(path).data.get("slug")
        if slug and slug not in INTENTS:
            (intents / f"{slug}.toml").write_text(f'slug = "{slug}"\nextends = true\nenabled = false\n', "utf-8")
    for slug, text in INTENTS.items():
        (intents / f"{slug}.toml").write_text(text, "utf-8", newline="\n")
    config = folder / "config.toml"
    config.write_text('[shop]\nname = "小铺"\n', "utf-8")
    return config
