"""One pass over a text: which patterns of which rules match where."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from autoreply.compliance.normalise import BREAKS, Folded, fold_word
from autoreply.compliance.pattern import CLAUSE, Found, Hit, Pattern, Place, Ways, find, parse, words_of
from autoreply.compliance.schema import Exempt

NEGATION = "neg"
"""The word class whose words negate, in the files' own classes."""
NO_NEGATION = "not-neg"
"""The word class of words that hold a negation but do not negate, such as 不好意思."""

# Characters written as their parts; a word that holds one is looked for in both spellings.
_SPLIT = {
    **{"信": "亻言", "好": "女子", "转": "车专", "现": "王见", "账": "贝长", "钱": "钅戋"},
    **{"评": "讠平", "加": "力口", "群": "君羊", "打": "扌丁", "你": "亻尔"},
}


Scope = Callable[[Found], Hit]
"""The part of a text that an exemption is looked for in, given a match."""
_LONGEST_WORD = 12


@dataclass(frozen=True, slots=True)
class Exemptions:
    """Compiled exemptions: see ``schema.Exempt``."""

    overlap: tuple[Pattern, ...] = ()
    clause: tuple[Pattern, ...] = ()
    sentence: tuple[Pattern, ...] = ()
    text: tuple[Pattern, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.overlap or self.clause or self.sentence or self.text)

    def __add__(self, other: "Exemptions") -> "Exemptions":
        return Exemptions(
            self.overlap + other.overlap,
            self.clause + other.clause,
            self.sentence + other.sentence,
            self.text + other.text,
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """What the scanner looks for on behalf of one rule: patterns that share negation and exemptions."""

    owner: int
    """The caller's number for whom this is."""
    patterns: tuple[Pattern, ...]
    exempt: Exemptions = Exemptions()
    negation: int = 0


class Vocabulary:
    """Collects words and classes while rules are compiled; frozen by building a ``Scanner``."""

    def __init__(
        self,
        classes: Mapping[str, Sequence[str]],
        spellings: Mapping[str, Sequence[str]],
        known: dict[str, Ways] | None = None,
    ) -> None:
        """``known``: patterns read before with the same classes, so that none is read twice."""
        self.classes = classes
        self._known = {} if known is None else known
        self._spellings = {fold_word(k): [fold_word(w) for w in v] for k, v in spellings.items()}
        self._numbers: dict[frozenset[str], int] = {}
        self._by_first: dict[str, list[tuple[str, list[str]]]] = {}
        for plain, disguised in self._spellings.items():
            self._by_first.setdefault(plain[:1], []).append((plain, disguised))

    def compile(self, sources: Iterable[str]) -> tuple[Pattern, ...]:
        """Compile patterns.

        Raises:
            ValueError: the first malformed pattern, quoted.
        """
        compiled: list[Pattern] = []
        for source in sources:
            try:
                compiled += parse(source, self._class, self.classes, self._known)
            except ValueError as e:
                raise ValueError(f"invalid pattern {source!r}: {e}") from None
        return tuple(compiled)

    def exemptions(self, exempt: Exempt) -> Exemptions:
        """Compile the exemptions of a rule or group."""
        return Exemptions(*map(self.compile, (exempt.overlap, exempt.clause, exempt.sentence, exempt.text)))

    def number(self, name: str) -> int:
        """Class number of a named class; of an empty class if the files have none of that name."""
        return self._class(words_of(name, self.classes) if name in self.classes else frozenset())

    @property
    def size(self) -> int:
        """How many classes there are."""
        return len(self._numbers)

    def _class(self, words: frozenset[str]) -> int:
        return self._numbers.setdefault(words, len(self._numbers))

    def words(self) -> dict[str, tuple[int, ...]]:
        """Every word to be looked for, disguised spellings too, with the classes that it belongs to."""
        belongs: dict[str, tuple[int, ...]] = {}
        spelled: dict[str, set[str]] = {}
        joined: dict[tuple[int, ...], tuple[int, ...]] = {}  # one object for equal tuples
        for words, number in self._numbers.items():
            alone = (number,)
            for word in words:
                if (spellings := spelled.get(word)) is None:
                    spellings = spelled[word] = self.variants(word)
                for spelling in spellings:
                    there = belongs.get(spelling, ())
                    if not there:
                        belongs[spelling] = alone
                    elif there[-1] != number:
                        belongs[spelling] = joined.setdefault(numbers := (*there, number), numbers)
        return belongs

    def variants(self, word: str) -> set[str]:
        """A word, folded, and its disguised spellings."""
        word = fold_word(word)
        found = {word}
        several = len(word) > 1
        for char in word:
            for plain, disguised in self._by_first.get(char, ()):
                if plain in word:
                    found.update([word.replace(plain, d) for d in disguised])
            if several and char in _SPLIT:
                found.add(word.replace(char, _SPLIT[char]))
        return found


class Scanner:
    """Matches all watches in one pass over a folded text; time grows linearly with the text.

    Every pattern has a bit. A word knows the patterns whose rarest class holds it, those whose second rarest does, and
    those whose third does. Candidates are the patterns that are named in each way in one clause; of those that may
    leave a clause, the ones that are named in the first two ways anywhere.
    """

    def __init__(self, vocabulary: Vocabulary, watches: Sequence[Watch]) -> None:
        self._negation = vocabulary.number(NEGATION)
        self._no_negation = vocabulary.number(NO_NEGATION)
        words = vocabulary.words()
        self._automaton = AhoCorasick(list(words) or ["\0"])
        self.words_of: list[set[int]] = [set() for _ in range(vocabulary.size)]
        for word, classes in enumerate(words.values()):
            for number in classes:
                self.words_of[number].add(word)
        across = {n for word, numbers in words.items() if not BREAKS.isdisjoint(word) for n in numbers}
        filed = _filed(watches, _commonness(words), across)
        self._patterns = [(f.pattern, f.watch) for f in filed]
        self._anywhere = reduce(or_, (1 << i for i, f in enumerate(filed) if f.anywhere), 0)
        rarest = _bits([f.rarest for f in filed])
        second = _bits([f.second for f in filed])
        third = _bits([f.third for f in filed])
        united = {n: (_united(rarest, n), _united(second, n), _united(third, n)) for n in set(words.values())}
        self._bits_of = [united[numbers] for numbers in words.values()]

    def scan(self, folded: Folded) -> "Scan":
        """Find every word, and with them the candidates; which of these match is worked out when asked for."""
        place = Place.of(folded.text)
        places: dict[int, list[Hit]] = {}
        bits_of = self._bits_of
        there = rarest = second = third = any_rarest = any_second = 0
        borders = iter((*place.breaks, len(folded.text)))
        border = next(borders)
        for word, start, end in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):  # by end
            if end > border:
                there |= rarest & second & third
                any_rarest |= rarest
                any_second |= second
                rarest = second = third = 0
                while end > border:
                    border = next(borders)
            if word in places:
                places[word].append((start, end))
            else:
                places[word] = [(start, end)]
            its_rarest, its_second, its_third = bits_of[word]
            if its_rarest:
                rarest |= its_rarest
            if its_second:
                second |= its_second
            if its_third:
                third |= its_third
        there |= rarest & second & third | (any_rarest | rarest) & (any_second | second) & self._anywhere
        return Scan(self, folded, place, Hits(self.words_of, places), there)

    def patterns(self, bits: int) -> Iterable[tuple[Pattern, Watch]]:
        """The patterns of these bits."""
        while bits:
            last = bits.bit_length() - 1
            yield self._patterns[last]
            bits ^= 1 << last

    @property
    def negators(self) -> tuple[int, int]:
        """Class numbers of negations and of what only looks like one."""
        return self._negation, self._no_negation


class _Filed(NamedTuple):
    """A pattern with the three rarest of its classes (the last again if there are fewer)."""

    pattern: Pattern
    watch: Watch
    rarest: int
    second: int
    third: int
    anywhere: bool
    """It may leave a clause."""


def _filed(watches: Iterable[Watch], commonness: Mapping[int, float], across: Set[int]) -> list[_Filed]:
    """All patterns, those that are met often first. ``across``: classes with a word that holds a border."""
    filed = []
    for watch in watches:
        for pattern in watch.patterns:
            classes = sorted({e.words for e in pattern.elements if e.words >= 0}, key=commonness.__getitem__)
            anywhere = any(e.within != CLAUSE for e in pattern.elements) or not across.isdisjoint(classes)
            rarest, second, third = (classes[min(i, len(classes) - 1)] for i in range(3))
            filed.append(_Filed(pattern, watch, rarest, second, third, anywhere))
    return sorted(filed, key=lambda f: -commonness[f.rarest])


def _bits(classes: Sequence[int]) -> dict[int, int]:
    """For each class the bits ``i`` for which ``classes[i]`` is it."""
    bits: dict[int, int] = {}
    for i, number in enumerate(classes):
        bits[number] = bits.get(number, 0) | 1 << i
    return bits


def _united(bits: Mapping[int, int], classes: Iterable[int]) -> int:
    return reduce(or_, [bits.get(number, 0) for number in classes])


class Hits(dict[int, list[Hit]]):
    """Places of the words of a class, sorted; worked out when a class is first asked for."""

    __slots__ = ("_places", "_there", "_words_of")

    def __init__(self, words_of: Sequence[Set[int]], places: Mapping[int, list[Hit]]) -> None:
        super().__init__()
        self._words_of = words_of
        self._places = places
        self._there = set(places)

    def __missing__(self, number: int) -> list[Hit]:
        words = self._there & self._words_of[number]
        if not words:
            found = []
        elif len(words) == 1:
            found = self._places[words.pop()]
        else:
            found = sorted([hit for word in words for hit in self._places[word]])
        self[number] = found
        return found


class Scan:
    """The hits of one text, and the questions that can be asked about them."""

    def __init__(self, scanner: Scanner, folded: Folded, place: Place, hits: Hits, candidates: int) -> None:
        self._scanner = scanner
        self._candidates = candidates
        self.folded = folded
        self.place = place
        self.hits = hits

    def matches(self) -> list[tuple[Watch, Pattern, Found]]:
        """Matches of all watches after negation and exemptions."""
        found: list[tuple[Watch, Pattern, Found]] = []
        for pattern, watch in self._scanner.patterns(self._candidates):
            matched = find(pattern, self.hits, self.place)
            if matched and watch.negation:
                matched = [f for f in matched if not self._negated(f, watch.negation)]
            if matched and watch.exempt:
                matched = self._not_exempt(matched, watch.exempt)
            found += [(watch, pattern, f) for f in matched]
        return found

    def any(self, patterns: Iterable[Pattern]) -> bool:
        """Whether one of the patterns matches anywhere."""
        return any(find(p, self.hits, self.place) for p in patterns)

    def _negated(self, found: Found, reach: int) -> bool:
        """A negation in the clause before the match, or inside it and not part of its own words.

        One inside says nothing of the match if its own clause ends before the next of the words that were looked for.
        """
        negation, lookalike = self._scanner.negators
        negations = self.hits[negation]
        if not negations:
            return False
        low = max(self.place.clause(found.start, found.start)[0], found.start - reach)
        for i in range(bisect_left(negations, (low, 0)), len(negations)):
            start, end = negations[i]
            if start >= found.end:
                return False
            inside = any(start < e and s < end for s, e in found.parts)
            if end > found.end or inside or _covered(start, end, self.hits[lookalike]):
                continue
            after = next((s for s, _ in found.parts if s >= end), end)
            if self.place.clause(end, end)[1] >= after:
                return True
        return False

    def _not_exempt(self, matched: list[Found], exempt: Exemptions) -> list[Found]:
        if exempt.text and self.any(exempt.text):
            return []
        matched = self._outside(matched, exempt.overlap, lambda f: (f.start, f.end))
        matched = self._outside(matched, exempt.clause, lambda f: self.place.clause(f.start, f.end))
        return self._outside(matched, exempt.sentence, lambda f: self.place.sentence(f.start, f.end))

    def _outside(self, matched: list[Found], patterns: tuple[Pattern, ...], scope: Scope) -> list[Found]:
        """The matches in whose scope none of the patterns lies."""
        if not matched or not patterns:
            return matched
        lifting = [f for p in patterns for f in find(p, self.hits, self.place)]
        if not lifting:
            return matched
        lifting.sort(key=lambda f: f.start)
        starts = [f.start for f in lifting]
        reach = list(accumulate((f.end for f in lifting), max))
        kept = []
        for match in matched:
            low, high = scope(match)
            before = bisect_left(starts, high)
            if not before or reach[before - 1] <= low:
                kept.append(match)
        return kept


def _covered(start: int, end: int, words: Sequence[Hit]) -> bool:
    """Whether one of the words, sorted by start, holds ``[start, end)``."""
    for i in range(bisect_left(words, (start - _LONGEST_WORD, 0)), len(words)):
        if words[i][0] > start:
            return False
        if words[i][1] >= end:
            return True
    return False


_FREQUENT_OF_1 = (
    "的哦亲您是呢下一不了这好我有以可发给拍个没在款到包看要单会收就时帮都后能那退等请出用店还点大上前也来多号过话件只里开回再"
    "付"
)
_FREQUENT_OF_2 = (
    "可以我们快递好的给您一下没有帮您发货这个已经拍下订单活动您好地址现在都是不好联系明天优惠价格这款发出稍等今天仓库您的抱歉"
    "退款收货的话收到备注就是麻烦您看申请的是可能不是一样时候什么尽快好了小时一个下单时间需要包邮到货不了付款运费使用如果左右"
    "之前店铺退回那边不能不会商品目前补发保证物流其他直接一起一般提交一点赠品购买看看客服这边页面发票开票照片核实专员为您请您"
    "实际处理"
)
_FREQUENT_OF_3 = "我为您您可以就可以我这边您这边可以开给您发都可以"
_FREQUENT = frozenset(
    words[i : i + size]
    for size, words in ((1, _FREQUENT_OF_1), (2, _FREQUENT_OF_2), (3, _FREQUENT_OF_3))
    for i in range(0, len(words), size)
)
"""Words that ordinary answers are full of."""


_CHANCES = tuple(0.2 / 20**size for size in range(5))


def _commonness(words: Mapping[str, tuple[int, ...]]) -> dict[int, float]:
    """How often a class may be expected to be hit: frequent words weigh most, then short ones."""
    weight: dict[int, float] = {}
    for word, numbers in words.items():
        chance = 0.8 / 5 ** len(word) if word in _FREQUENT else _CHANCES[min(len(word), 4)]
        for number in numbers:
            weight[number] = weight.get(number, 0.0) + chance
    return weight
