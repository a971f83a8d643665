"""Folds a text so that disguised spellings meet the words of the rulebooks, and maps places back to what was written.

Each character is folded by itself: NFKC, lower case, traditional to simplified, look-alikes and homophones to one
canonical character; spaces, zero-width characters, emoji, brackets and other decoration vanish, because they are put
inside words to hide them. Only line breaks and sentence punctuation stay, as clause borders. Words of rulebooks pass
through the same folding, so it need not be good Chinese, only the same on both sides.
"""

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

BREAKS = frozenset(",;。!?\n")
"""Folded characters that end a clause."""
STOPS = frozenset("。!?\n")
"""Folded characters that end a sentence."""

_KEPT = frozenset(",;。!?\n、%:¥$")

# RULES section 3: homophones, look-alikes and the variants seen in seller texts, each to its canonical character.
_ALIKE = {
    "微": "薇溦威葳媺嶶濻",
    "信": "伈杺芯訫伩軐",
    "不": "鈈钚吥卟罘唔钸芣",
    "有": "囿洧侑囩姷酭",
    "得": "嘚锝",
    "你": "妳伱祢沵迩袮",
    "您": "恁",
    "我": "莪硪",
    "的": "菂嘅旳",
    "在": "茬洅喺",
    "做": "莋",
    "到": "菿",
    "好": "恏",
    "开": "閞幵锎闿",
    "给": "畀俾",
    "们": "哋",
    "他": "佢",
    "宝": "寳珤宲",
    "扣": "筘敂叩",
    "账": "帐",
    "钱": "銭",
    "款": "欵窾",
    "现": "睍哯岘",
    "返": "仮畈辺",
    "评": "坪枰抨泙胓蓱岼",
    "群": "羣",
    "退": "煺蹆",
    "v": "νѵѴυ∨√",
    "x": "χхХ×✕❌",
    "q": "ԛԚ",
    "o": "оοОΟ",
    "a": "аАΑα",
    "e": "еЕΕ",
    "i": "іΙ",
    "p": "рРρΡ",
    "c": "сС",
    "1": "❶➊⓵壹",
    "2": "❷➋⓶贰",
    "3": "❸➌⓷叁",
    "4": "❹➍⓸肆",
    "5": "❺➎⓹伍",
    "6": "❻➏⓺陆",
    "7": "❼➐⓻柒",
    "8": "❽➑⓼捌",
    "9": "❾➒⓽玖",
    "0": "⓪⓿〇○",
    "加": "➕珈泇枷",
    "企鹅": "🐧",
    "发": "彂発髪",
    "票": "嘌彯徱慓旚瞟篻翲薸螵醥顠魒僄嫖",
    "点": "奌嚸",
    "税": "裞帨涚祱",
    "费": "廃镄昲",
    "用": "砽苚",
    "卡": "咔佧胩鉲",
    "包": "佨枹笣孢勹",
    "邮": "沋逌铀鲉",
    "运": "妘抎伝沄",
    "换": "奂愌",
    "支": "衼汥疷",
    "付": "苻咐坿柎",
    "转": "啭転竱",
    "收": "収荍",
    "红": "荭葒仜",
    "改": "妀攺",
    "真": "嫃禛稹瑱",
    "正": "眐姃",
    "验": "験騐",
    "码": "犸杩溤",
    "密": "宻宓",
    "保": "葆堢媬",
    "肯": "掯肎",
    "定": "腚碇啶椗萣掟",
    "最": "蕞嶵樶",
    "第": "苐娣",
    "顶": "顁",
    "肥": "淝",
    "假": "叚徦",
    "存": "侟",
    "剩": "剰",
    "没": "殁冇",
    "关": "関",
    "闭": "閇閟",
    "单": "単",
    "明": "眀朙",
    "天": "兲靔",
    "必": "苾铋怭",
    "全": "佺荃",
    "国": "囯圀囶",
    "打": "咑",
    "线": "缐",
    "图": "図圕",
    "满": "満",
    "券": "劵",
    "号": "呺",
    "滚": "衮磙",
    "蠢": "惷",
    "星": "煋",
    "对": "対",
    "卖": "売",
    "价": "価",
}
_FOLDED = {alike: canonical for canonical, group in _ALIKE.items() for alike in group}
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_HEART = re.compile("(?<=[vVｖＶⅤ薇微威])[❤♥💗💓🧡💛💚💙]")
_FIVE_STARS = re.compile("[☆★⭐🌟]{5}")
_STAR = re.compile("(?<=[5５⑤五伍全满])[☆★⭐🌟]")
_CODE = re.compile(
    r"[\[［](?:微笑|撇嘴|色|发呆|得意|流泪|大哭|害羞|闭嘴|睡|尴尬|发怒|调皮|呲牙|龇牙|惊讶|难过|酷|冷汗|抓狂|吐|偷笑|可爱|愉快|白眼"
    r"|傲慢|饥饿|困|惊恐|流汗|憨笑|悠闲|大兵|奋斗|咒骂|疑问|嘘|晕|折磨|衰|骷髅|敲打|再见|擦汗|抠鼻|鼓掌|糗大了|坏笑|哈欠|鄙视"
    r"|委屈|快哭了|阴险|亲亲|吓|可怜|笑脸|笑哭|破涕为笑|大笑|哭|哭泣|泪奔|玫瑰|玫瑰花|鲜花|送花|花|凋谢|爱心|心|心碎|比心|飞吻|吻"
    r"|拥抱|抱抱|抱拳|强|弱|赞|点赞|握手|胜利|耶|ok|OK|加油|捂脸|奸笑|机智|皱眉|嘿哈|爱你|害怕|生气|失望|尬笑|呆无辜|灵机一动"
    r"|感谢|鞠躬|磕头|跪了|太阳|月亮|蛋糕|撒花|庆祝|爱慕|天使|小鬼|吐舌|捂嘴|星星眼|汗|黑线|哼|思考|疑惑|无语|石化)[\]］]"
)
"""Codes that the platforms' clients show as emoticons."""


_SIMPLIFIED = OpenCC("t2s")
_JAPANESE = OpenCC("jp2t")


def _plain_chinese(char: str) -> str:
    """The simplified form of a traditional, variant or Japanese character."""
    simple = _SIMPLIFIED.convert(char)
    if simple == char and not _is_common(char):
        simple = _SIMPLIFIED.convert(_JAPANESE.convert(char))
    return simple if len(simple) == 1 else char


def _is_common(char: str) -> bool:
    """Whether GB 2312 has it, so that its Japanese reading (芸 for 艺) is not meant."""
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


class _Fold(dict[int, str]):
    """What each character, by code point, folds to: a table for ``str.translate``, worked out when first met."""

    def __init__(self) -> None:
        super().__init__()
        self.emoji: set[str] = set()

    def __missing__(self, point: int) -> str:
        folded = self[point] = self._fold(chr(point))
        return folded

    def _fold(self, char: str) -> str:
        if char in _FOLDED:
            return _FOLDED[char]
        if char in "\r\n\u2028\u2029\x85":
            return "\n"
        out = ""
        for c in unicodedata.normalize("NFKC", char).lower():
            c = _plain_chinese(c)
            c = _FOLDED.get(c, c)
            if c in _KEPT or c in _FOLDED or (c not in _INVISIBLE and unicodedata.category(c)[0] in "LN"):
                out += c
        if not out and (unicodedata.category(char) == "So" or "\U0001f000" <= char <= "\U0001faff"):
            self.emoji.add(char)
        return out


_fold = _Fold()


class Folded:
    """A folded text. ``text`` holds what is matched, ``written`` what was written.

    ``source`` is the text as written, with emoticon codes turned into emoji of the same length.
    """

    __slots__ = ("_origin", "source", "text", "written")

    def __init__(self, written: str, source: str) -> None:
        self.written = written
        self.source = source
        self.text = source.translate(_fold)
        self._origin: list[int] | None = None

    @property
    def origin(self) -> list[int]:
        """For each folded character the index of the written one; one more entry for the end."""
        if self._origin is None:
            self._origin = [i for i, c in enumerate(self.source) for _ in _fold[ord(c)]]
            self._origin.append(len(self.written))
        return self._origin

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The written span of the folded span ``[start, end)``; decoration inside belongs to it."""
        return self.origin[start], self.origin[end - 1] + 1 if end > start else self.origin[start]

    @property
    def emoji(self) -> list[int]:
        """Indices of the emoji in the text as written; one built of several characters counts once."""
        if len(self.text) == len(self.source) or _fold.emoji.isdisjoint(self.source):
            return []
        found = [i for i, c in enumerate(self.source) if c in _fold.emoji and c not in _MODIFIERS]
        return [i for i in found if not (i and self.source[i - 1] == "\u200d")]


_COMBINED = re.compile(r"[\[［❤♥💗💓🧡💛💚💙☆★⭐🌟]")
"""What stands for something else together with its neighbours."""
_MODIFIERS = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0f")


def fold(written: str) -> Folded:
    """Fold a text; takes linear time and never raises."""
    source = written
    if _COMBINED.search(source):
        source = _CODE.sub(lambda m: "😶".ljust(len(m[0]), "\u200b"), source)
        source = _HEART.sub("信", source)
        source = _FIVE_STARS.sub("五星\u200b\u200b\u200b", source)
        source = _STAR.sub("星", source)
    return Folded(written, source)


@lru_cache(maxsize=65536)
def fold_word(word: str) -> str:
    """A rulebook's word as it appears in folded texts."""
    return word.translate(_fold)
