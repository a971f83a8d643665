"""Whose order is it? Buyer ids are compared codepoint by codepoint; look-alikes are told apart and reported."""

import unicodedata
from dataclasses import dataclass

_ALIKE = {
    "1": "li|!ıІіⅼ",
    "0": "oоο〇○",
    "a": "а",
    "e": "е",
    "c": "с",
    "p": "р",
    "x": "х",
    "y": "у",
    "5": "s",
    "2": "z",
    "8": "b",
    "-": "—_–",
}
_LOOKALIKES = {alike: canonical for canonical, group in _ALIKE.items() for alike in group}
_DOUBLES = (("rn", "m"), ("vv", "w"), ("cl", "d"))


@dataclass(frozen=True, slots=True)
class Identity:
    """The outcome of a comparison; true only for the very same id. ``lookalike``: different, but made to look alike."""

    same: bool
    lookalike: bool = False

    def __bool__(self) -> bool:
        return self.same


def compare(conversation_buyer_id: str, order_buyer_id: str) -> Identity:
    """Compare two buyer ids. Two empty ids are not the same: nobody is known by an empty id."""
    if conversation_buyer_id == order_buyer_id:
        return Identity(bool(conversation_buyer_id))
    alike = _skeleton(conversation_buyer_id) == _skeleton(order_buyer_id) != ""
    return Identity(False, alike)


def _skeleton(name: str) -> str:
    """What an id looks like: without marks and invisible characters, look-alikes folded together."""
    plain = unicodedata.normalize("NFKD", name).lower()
    for pair, single in _DOUBLES:
        plain = plain.replace(pair, single)
    return "".join(_LOOKALIKES.get(c, c) for c in plain if unicodedata.category(c)[0] not in "CMZ")
