"""The gate: every text that is to leave is judged here, and only here can a text become ``Released``."""

import re
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, NoReturn, final

from autoreply.compliance import identity
from autoreply.compliance.backing import BACKERS, Standing
from autoreply.compliance.builtin import BUILTINS
from autoreply.compliance.findings import Findings, Owner, Raw, each_once, mended, of_severity, rewritten
from autoreply.compliance.net import Net
from autoreply.compliance.normalise import fold, fold_word
from autoreply.compliance.pattern import Found
from autoreply.compliance.rulebook import Rulebook
from autoreply.compliance.scanner import Scan, Scanner, Vocabulary, Watch
from autoreply.compliance.schema import DutyRule, Group, Rule
from autoreply.facts import Platform, Shop
from autoreply.model import Action, ConversationKey, Finding, Severity, Verdict

GATE_ERROR = "gate-error"
"""Rule id of the finding that blocks a text when the gate itself fails."""
_REWRITES = 3
"""How often a text is rewritten before the gate gives up and blocks it."""

_CONTEXT = 250
"""Characters on either side of a claim that are looked at for what backs it: a gift may be described at length."""

_REMEMBERED = 2048
"""Texts whose judgement is kept at hand."""

_RECURS = 300
"""Characters above which a text is not likely to come again word for word."""

_BY_SUBJECT: Final[frozenset[str | None]] = frozenset(
    {"card", "cod", "courier", "freight", "gift", "goods", "instalment", "promotion", "returns", "warranty"}
)
"""Backings that judge a whole clause; the others judge the figure or the words that a pattern matched."""

_TELLING = 5
"""Characters from which a text says enough for the second net to suspect it."""

_QUOTED = re.compile("《[^《》]{1,60}》|“[^“”]{1,60}”|「[^「」]{1,60}」|『[^『』]{1,60}』")
"""Words that are not the shop's own: a title, or what a buyer wants written."""

LEARNED = "compliant wordings that it is like"
"""The backing of what a doubted pattern found, where the second net is sure that nothing is wrong."""

TOPIC = "topic"
"""The backing of a phrase that only names what a question is about; honoured in the framework's own texts alone."""

Origin = Literal["plugin", "canned", "host", "agent", "generated"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is to leave. ``override`` is an agent's recorded reason to send it in spite of a block."""

    key: ConversationKey
    text: str
    backed: Mapping[str, str]
    origin: Origin
    duties: frozenset[str] = frozenset()
    override: str | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """What an incoming message obliges the shop to do. ``start:end`` is the span in the message as written."""

    rule: str
    duty: str
    start: int
    end: int
    matched: str

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


class _Token:
    """Held by this module alone."""


_TOKEN: Final = _Token()


@final
class Released:
    """A text that may leave. Only the gate makes one; it cannot be built, changed, copied or unpickled elsewhere."""

    __slots__ = ("_key", "_rulebook_version", "_text", "_verdict")

    def __init__(self, token: _Token, key: ConversationKey, text: str, verdict: Verdict, rulebook_version: str) -> None:
        if token is not _TOKEN:
            raise TypeError("only Gate.release makes a Released")
        for name, value in (
            ("_key", key),
            ("_text", text),
            ("_verdict", verdict),
            ("_rulebook_version", rulebook_version),
        ):
            object.__setattr__(self, name, value)

    @property
    def key(self) -> ConversationKey:
        return self._key  # type: ignore[attr-defined, no-any-return]

    @property
    def text(self) -> str:
        return self._text  # type: ignore[attr-defined, no-any-return]

    @property
    def verdict(self) -> Verdict:
        return self._verdict  # type: ignore[attr-defined, no-any-return]

    @property
    def rulebook_version(self) -> str:
        return self._rulebook_version  # type: ignore[attr-defined, no-any-return]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError("a Released cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError("a Released cannot be changed")

    def __copy__(self) -> NoReturn:
        raise TypeError("a Released cannot be copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a Released cannot be copied")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Released cannot be pickled")

    def __repr__(self) -> str:
        return f"Released({self.key}, {self.text!r})"


class Gate:
    """Judges texts by a rulebook, the facts of one shop and the platforms it sells on. Threads may share it."""

    def __init__(self, rulebook: Rulebook, shop: Shop, *, platforms: Collection[Platform] | None = None) -> None:
        self.rulebook = rulebook
        self.shop = shop
        self.platforms = frozenset(platforms if platforms is not None else (shop.platform,))
        self._owners: list[Owner] = []
        vocabulary = Vocabulary(rulebook.classes, rulebook.spellings, rulebook.ways)
        watches = [w for r in rulebook.rules if self._applies(r.platforms) for w in self._watches(r, vocabulary)]
        whole = self._whole_rules(vocabulary)
        self._builtins = [o for o in whole if o.rule.builtin]
        self._net = rulebook.net
        self._learned = {o.rule.id: o for o in whole if o.rule.learned}
        self._duties = [d for d in rulebook.duties if self._applies(d.platforms)]
        self._answers = {d.duty: vocabulary.compile(d.answer) for d in self._duties if d.answer}
        self._scanner = Scanner(vocabulary, watches)
        incoming = Vocabulary(rulebook.classes, rulebook.spellings, rulebook.ways)
        self._incoming = Scanner(incoming, [_duty_watch(i, d, incoming) for i, d in enumerate(self._duties)])
        self._remember()

    def for_shop(self, shop: Shop) -> "Gate":
        """The same rules and platforms with the facts of ``shop``; shares what was compiled."""
        other = copy(self)
        other.shop = shop
        other._remember()
        return other

    def _remember(self) -> None:
        """Answers recur, and so do questions: what was judged once is not judged again."""
        self._judged = lru_cache(_REMEMBERED)(self._check)
        self._obliged = lru_cache(_REMEMBERED)(self._owed)

    def _applies(self, platforms: tuple[Platform, ...]) -> bool:
        return not platforms or not self.platforms.isdisjoint(platforms)

    def _watches(self, rule: Rule, vocabulary: Vocabulary) -> Iterable[Watch]:
        shared = vocabulary.exemptions(rule.exempt)
        groups = [Group(patterns=rule.patterns, backing=rule.backing)] if rule.patterns else []
        for group in (*groups, *rule.also):
            if self._applies(group.platforms):
                negation = rule.negation if group.negation is None else group.negation
                exempt = shared + vocabulary.exemptions(group.exempt)
                yield Watch(len(self._owners), vocabulary.compile(group.patterns), exempt, negation)
                self._owners.append(self._owner(rule, group, vocabulary))

    def _whole_rules(self, vocabulary: Vocabulary) -> list[Owner]:
        any_group = Group(patterns=("-",))
        return [self._owner(r, any_group, vocabulary) for r in self.rulebook.rules if self._applies(r.platforms)]

    def _owner(self, rule: Rule, group: Group, vocabulary: Vocabulary) -> Owner:
        figures = tuple(s.figure() for s in rule.at_stake if self._applies(s.platforms))
        edits = {spelled: safe for word, safe in rule.replace.items() for spelled in vocabulary.variants(word)}
        return Owner(rule, group, group.severity or rule.severity, figures, edits)

    def check(
        self,
        text: str,
        *,
        backed: Mapping[str, str] | None = None,
        generated: bool = False,
        duties: Collection[str] = (),
        by_agent: bool = False,
    ) -> Verdict:
        """Judge a text. Pure, and never raises: if the gate itself fails, the verdict blocks with ``gate-error``.

        Args:
            text: what is to leave, as written.
            backed: phrases of the text and the setting or record that backs each.
            generated: a model wrote the text, so that it must carry a label.
            duties: duties of the turn (``duties()``), to be verified in the answer where they can be.
            by_agent: a person typed the text: what only the second net finds warns and does not block, and rules for
                programs alone are not asked.
        """
        try:
            check = self._judged if len(text) <= _RECURS else self._check
            backing = tuple(backed.items()) if backed else ()
            return check(text, backing, generated, frozenset(duties), by_agent)
        except Exception as e:  # whatever fails here, nothing leaves
            finding = Finding(GATE_ERROR, Severity.BLOCK, 0, len(text), "", suggestion=f"{type(e).__name__}: {e}")
            return Verdict(Action.BLOCK, "", (finding,))

    def _check(
        self,
        text: str,
        backing: tuple[tuple[str, str], ...],
        generated: bool,
        duties: frozenset[str],
        by_agent: bool,
    ) -> Verdict:
        backed = dict(backing)
        first = now = self._look(text, backed, generated, duties, by_agent)
        passed = first.backed
        for _ in range(_REWRITES):
            gravest = {r.finding.severity for r in now.found}
            if Severity.BLOCK in gravest:
                break
            if Severity.REWRITE not in gravest:
                findings = tuple(r.finding for r in first.found)
                action = Action.REWRITE if now is not first else Action.WARN if findings else Action.PASS
                return Verdict(action, text, findings, tuple(passed))
            text = rewritten(text, now.found)
            now = self._look(text, backed, generated, duties, by_agent, suspect=False)
            passed = [*passed, *(f for f in now.backed if f.backing == LEARNED)]
        all_found = first.found if now is first else [*first.found, *of_severity(now.found, Severity.BLOCK)]
        findings = tuple(r.finding for r in all_found)
        if not any(f.severity is Severity.BLOCK for f in findings):
            findings = tuple(replace(f, severity=Severity.BLOCK) for f in findings)
        return Verdict(Action.BLOCK, "", findings, tuple(passed))

    def _look(
        self,
        text: str,
        backed: Mapping[str, str],
        generated: bool,
        duties: Collection[str],
        by_agent: bool,
        *,
        suspect: bool = True,
    ) -> Findings:
        """``suspect``: ask the second net for what no pattern found, too."""
        folded = fold(text)
        scan = self._scanner.scan(folded)
        result = Findings()
        hosts = {fold_word(k): v for k, v in backed.items()} if backed else {}
        for watch, pattern, found in scan.matches():
            owner = self._owners[watch.owner]
            if owner.rule.agents or not by_agent:
                self._judge(owner, found, scan, hosts, result, pattern.source)
        for owner in self._builtins:
            check = owner.rule.builtin
            if check and (check != "label" or generated):
                for start, end in BUILTINS[check](scan):
                    self._judge(owner, Found(start, end, ()), scan, hosts, result, "")
        for duty in duties:
            self._verify(duty, scan, result)
        if self._net and (suspect or any(r.doubted for r in result.found)):
            self._hear(self._net, scan, hosts, by_agent, result, suspect=suspect)
        result.found = each_once(result.found)
        return result

    def _judge(
        self, owner: Owner, found: Found, scan: Scan, hosts: Mapping[str, str], result: Findings, pattern: str
    ) -> None:
        """Turn a match into a finding, unless a setting backs it."""
        folded, severity = scan.folded, owner.severity
        start, end = folded.span(found.start, found.end)
        if not owner.rule.quoted and any(q.start() < start and end < q.end() for q in _QUOTED.finditer(folded.written)):
            return
        words, rule = folded.written[start:end], owner.rule
        finding = Finding(rule.id, severity, start, end, words, owner.figures, rule.suggestion, pattern=pattern)
        doubted = bool(
            self._net
            and rule.learned
            and rule.severity is severity is Severity.BLOCK
            and (rule.id, pattern) in self._net.doubted
        )
        if owner.group.backing:
            low, high = scan.place.sentence(found.start, found.end)
            low, high = max(low, found.start - _CONTEXT), min(high, found.end + _CONTEXT)
            setting = _covering(hosts, folded.text, found)
            standing = BACKERS[owner.group.backing](
                self.shop, folded.text[found.start : found.end], folded.text[low:high]
            )
            if setting or standing.standing is Standing.BACKED:
                result.backed.append(replace(finding, severity=Severity.WARN, backing=setting or standing.setting))
                result.cleared.append(finding.span)
                return
            if standing.standing is Standing.UNKNOWN and owner.group.unknown == "pass":
                result.cleared.append(finding.span)
                return
            if standing.standing is Standing.DIFFERS:
                finding, doubted = replace(finding, severity=Severity.BLOCK), False
        raw = Raw(finding, doubted=scan.place.clause(found.start, found.end) if doubted else None)
        if finding.severity is Severity.REWRITE:
            raw = mended(raw, owner, found, folded)
        result.found.append(raw)

    def _hear(
        self, net: Net, scan: Scan, hosts: Mapping[str, str], by_agent: bool, result: Findings, *, suspect: bool
    ) -> None:
        """Drop what doubted patterns found where the net is sure that nothing is wrong; then ask it for more."""
        text = scan.folded.text
        odds = net.odds(text)
        # The clause is asked too: among innocent ones a text sounds innocent, whatever one of them says.
        clauses = {r.doubted for r in result.found if r.doubted} if net.clears(odds) else set()
        clear = {clause for clause in clauses if net.clears(net.odds(text[slice(*clause)]))}
        if clear:
            cleared = [r.finding for r in result.found if r.doubted in clear]
            result.backed += [replace(f, severity=Severity.WARN, backing=LEARNED) for f in cleared]
            result.found = [r for r in result.found if r.doubted not in clear]
        if suspect and len(text) >= _TELLING:
            for rule_id in net.suspected(odds):
                if raw := self._suspicion(net, rule_id, scan, hosts, by_agent, result):
                    result.found.append(raw)

    def _suspicion(
        self, net: Net, rule_id: str, scan: Scan, hosts: Mapping[str, str], by_agent: bool, result: Findings
    ) -> Raw | None:
        """The finding for a rule that the text sounds like breaking, if none of its patterns matched.

        None too where a setting backs it. It blocks; what a person typed is only warned of.
        """
        folded, owner = scan.folded, self._learned.get(rule_id)
        if owner is None or (by_agent and not owner.rule.agents):
            return None
        if any(f.rule == rule_id for f in (*(r.finding for r in result.found), *result.backed)):
            return None
        clause, rule = Found(*net.clause(folded.text, rule_id), ()), owner.rule
        start, end = folded.span(clause.start, clause.end)
        if self._backs(rule, clause, scan, hosts) or any(low < end and start < high for low, high in result.cleared):
            return None
        severity = Severity.WARN if by_agent or rule.severity is Severity.WARN else Severity.BLOCK
        words = folded.written[start:end]
        return Raw(Finding(rule_id, severity, start, end, words, owner.figures, rule.suggestion, learned=True))

    def _backs(self, rule: Rule, clause: Found, scan: Scan, hosts: Mapping[str, str]) -> bool:
        """Whether a setting or record backs what a clause says under a rule."""
        if _covering(hosts, scan.folded.text, clause):
            return True
        said = scan.folded.text[clause.start : clause.end]
        low, high = scan.place.sentence(clause.start, clause.end)
        names = {rule.backing, *(group.backing for group in rule.also)} & _BY_SUBJECT
        sentence = scan.folded.text[low:high]
        return any(BACKERS[name](self.shop, said, sentence).standing is Standing.BACKED for name in names if name)

    def _verify(self, duty: str, scan: Scan, result: Findings) -> None:
        patterns = self._answers.get(duty)
        if patterns is None or scan.any(patterns):
            return
        entry = next(d for d in self._duties if d.duty == duty)
        rule = self.rulebook.rule(entry.rule)
        figures = tuple(s.figure() for s in rule.at_stake if self._applies(s.platforms)) if rule else ()
        written = scan.folded.written
        suggestion = entry.suggestion or (rule.suggestion if rule else "")
        finding = Finding(entry.rule, Severity.BLOCK, 0, len(written), written, figures, suggestion)
        result.found.append(Raw(finding))

    def release(self, draft: Draft) -> "Released | Verdict":
        """Release a draft, rewritten if need be, or give the verdict that blocks it.

        An agent's own text passes as typed, blocked or to be rewritten, when the draft carries the agent's reason as
        ``override``; the reason is kept in ``Released.verdict``. A failure of the gate itself can not be overridden.
        """
        try:
            generated = draft.origin == "generated"
            text = _without_topics(draft) if draft.origin == "host" else draft.text
            verdict = self.check(
                text,
                backed=draft.backed,
                generated=generated,
                duties=draft.duties,
                by_agent=draft.origin == "agent",
            )
            if text != draft.text and verdict.text == text:
                verdict = replace(verdict, text=draft.text)
            reason = (draft.override or "").strip() if draft.origin == "agent" else ""
            if reason and verdict.action in {Action.BLOCK, Action.REWRITE} and GATE_ERROR not in verdict.rules:
                verdict = replace(verdict, text=draft.text, override=reason)
            elif verdict.action is Action.BLOCK:
                return verdict
            return Released(_TOKEN, draft.key, verdict.text, verdict, self.rulebook.version)
        except Exception as e:  # whatever fails here, nothing leaves
            finding = Finding(GATE_ERROR, Severity.BLOCK, 0, 0, "", suggestion=f"{type(e).__name__}: {e}")
            return Verdict(Action.BLOCK, "", (finding,))

    def duties(self, text: str) -> tuple[Duty, ...]:
        """What an incoming message obliges the shop to do, in order of appearance, each duty once."""
        return self._obliged(text) if len(text) <= _RECURS else self._owed(text)

    def _owed(self, text: str) -> tuple[Duty, ...]:
        scan = self._incoming.scan(fold(text))
        found: dict[str, Duty] = {}
        for watch, _, match in sorted(scan.matches(), key=lambda m: (m[2].start, -m[2].end)):
            rule = self._duties[watch.owner]
            start, end = scan.folded.span(match.start, match.end)
            found.setdefault(rule.duty, Duty(rule.rule, rule.duty, start, end, text[start:end]))
        return tuple(found.values())

    def identity(self, conversation_buyer_id: str, order_buyer_id: str) -> identity.Identity:
        """Whether order data may be shown in this conversation: only to the very account that bought."""
        return identity.compare(conversation_buyer_id, order_buyer_id)


def _without_topics(draft: Draft) -> str:
    """The framework's own question with the topics that it names taken out: "is it about 货到付款?" claims nothing."""
    text = draft.text
    for phrase, source in draft.backed.items():
        if source == TOPIC:
            text = text.replace(phrase, "此项")
    return text


def _duty_watch(owner: int, duty: DutyRule, vocabulary: Vocabulary) -> Watch:
    return Watch(owner, vocabulary.compile(duty.patterns), vocabulary.exemptions(duty.exempt), duty.negation)


def _covering(hosts: Mapping[str, str], text: str, found: Found) -> str:
    """The setting behind a phrase that overlaps the match, or an empty string."""
    for phrase, setting in hosts.items():
        if not phrase:
            continue
        at = text.find(phrase, max(0, found.start - len(phrase) + 1), found.end + len(phrase) - 1)
        if at >= 0 and at < found.end and at + len(phrase) > found.start:
            return setting
    return ""
