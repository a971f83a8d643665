"""One message → the clauses it is made of: cut at punctuation, blanks and connectives."""

import re

_CUT = re.compile(
    r"[,!?~;\n ]+|(?<!\d)\.+|\.+(?!\d)"
    r"|(?<=[^,!?~;\n .])(?:还有就是|还有一个问题|还有个问题|另外|顺便|再问一下|再问下|对了|以及|并且|而且|然后)(?=..)"
)
MAX_CLAUSES = 6


def split_clauses(clean: str) -> list[str]:
    """Clauses of a clean text in order, without their punctuation; at most ``MAX_CLAUSES``, the last ones dropped."""
    return [part for part in _CUT.split(clean) if part][:MAX_CLAUSES]
