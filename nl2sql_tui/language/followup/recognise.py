"""Recognises follow-ups by their words alone: what may be asked to be done to the last query; resolves no name.

A complete question is never recognised. A follow-up is a fragment ("per month", "top 5"), begins with a connective
("and in 2023?", "only those from Prague"), or refers back with a pronoun ("how many of them", "their names too"); and
it is as short as such things are. A text may be read in several ways: the first that fits the database counts.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Final, Literal

from nl2sql_tui.language.followup.edits import (
    Aggregate,
    CountRows,
    Distinct,
    Edit,
    Explain,
    Function,
    Group,
    Hide,
    Instead,
    Keep,
    LeaveOut,
    Limit,
    NoLimit,
    NumberInstead,
    Reverse,
    Show,
    ShowRows,
    Sort,
    Unfilter,
)
from nl2sql_tui.language.followup.leads import asked_about, refers_back, without_lead
from nl2sql_tui.language.followup.words import NUMBERS, number_of, positive

_MOST_WORDS: Final = 14
"""A longer text says enough to be a question of its own."""
_MOST_BARE_WORDS: Final = 5
"""A fragment without any connective."""
_MOST_READINGS: Final = 3
"""Of each of two requests that are made together."""

_AND: Final = re.compile(r",? and (?:also )?(?:then )?|, (?:then )?", re.IGNORECASE)
_BEGINS_A_QUESTION: Final = re.compile(
    r"(?:what|which|who|whom|whose|how|where|when|why|list|show|give|find|count|display|tell|is|are|do|does|did|get|"
    r"name|names of|select|calculate|compute|return|the (?:names?|number|list|total|average|sum)\b.* of)\b",
    re.IGNORECASE,
)
_SHOWN: Final = re.compile(r"(?:show|list|give|display|include|add)(?: me)?(?: also)? (?P<p>.+)", re.IGNORECASE)
_MORE_THAN_COLUMNS: Final = re.compile(r"\b(?:all|every|each|from|in|with|who|that|which|where|whose)\b", re.IGNORECASE)
_UNDO: Final = re.compile(
    r"undo(?: (?:that|it|this|the last (?:one|change|step)))?|(?:go )?back|take (?:that|it) back|"
    r"(?:go )?back to the (?:previous|last)(?: (?:one|query|result|question))?|never ?mind|revert(?: that| it)?",
    re.IGNORECASE,
)

_NUMBER: Final = rf"(?P<n>\d[\d,]*|{'|'.join(NUMBERS)})"
_ROWS: Final = r"(?: (?:rows?|results?|ones?|of (?:them|these|those)|entries|records))?"
PREPOSITION: Final = r"(?:from|in|between|for|with|at|of|on|during|since|after|before|until)"
_FUNCTIONS: Final[dict[str, Function]] = {
    "average": "AVG",
    "mean": "AVG",
    "avg": "AVG",
    "sum": "SUM",
    "total": "SUM",
    "maximum": "MAX",
    "max": "MAX",
    "highest": "MAX",
    "largest": "MAX",
    "minimum": "MIN",
    "min": "MIN",
    "lowest": "MIN",
    "smallest": "MIN",
    "count": "COUNT",
    "number": "COUNT",
}
_FUNCTION: Final = rf"(?P<f>{'|'.join(_FUNCTIONS)})"
_PERIODICALLY: Final = {
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
    "daily": "day",
    "weekly": "week",
}
_ENDS: Final[dict[str, Literal["first", "top", "last", "bottom"]]] = {
    "first": "first",
    "top": "top",
    "best": "top",
    "last": "last",
    "bottom": "bottom",
}
_LIKE_A_YEAR: Final = re.compile(r"(?:only|just) (?:18|19|20)\d\d")
_DESCENDING: Final = re.compile(r",?(?: in)? (?P<d>asc|desc|ascending|descending)(?: order)?$", re.IGNORECASE)
_SUPERLATIVE_FIRST: Final = re.compile(
    r"(?P<before>.*?),? ?\b(?:the )?(?P<a>(?:(?:most|least) )?\w+) (?:ones? )?(?:first|to (?:the )?\w+)$", re.IGNORECASE
)

_Made = Iterator[Edit]
_Rule = tuple[re.Pattern[str], Callable[[re.Match[str], bool], _Made]]


def is_undo(text: str) -> bool:
    """Whether `text` asks for the state before the last answer."""
    return _UNDO.fullmatch(without_lead(text)[1]) is not None


def leans_on_the_last(text: str) -> bool:
    """Whether `text`, whoever answers it, says something only behind the question before it.

    It begins with a connective ("and in 2023?") or a pronoun ("how many of them …", "those from Prague"), or is one of
    the fixed phrases of follow-ups ("per month", "how many are there?"). What only narrows rows down may stand alone.
    """
    connected, body = without_lead(text)
    if connected or asked_about(body) is not None or refers_back(body):
        return True
    return any(not isinstance(edit, Keep) for edit in _by_rules(body, connected))


def asks_why(text: str) -> bool:
    """Whether `text` asks why something is not among the rows."""
    return any(isinstance(edit, Explain) for edits in readings(text) for edit in edits)


def begins_a_question(body: str) -> bool:
    """Whether it begins as whole questions and requests do."""
    return _BEGINS_A_QUESTION.match(body) is not None


def readings(text: str) -> tuple[tuple[Edit, ...], ...]:
    """What `text` may ask to be done, the most particular reading first; empty if it is a question of its own.

    A reading is one edit, or several to be done in order.
    """
    connected, body = without_lead(text)
    if not body or len(body.split()) > _MOST_WORDS:
        return ()
    about = asked_about(body)
    if about is not None:
        connected, body = True, about
    found = _by_rules(body, connected)
    several = list(_in_two_parts(body, connected))
    if not found and not several:
        found = list(_open_readings(body, connected, about=about is not None))
    return (*((edit,) for edit in found), *several)


def bare_words(text: str) -> str:
    """What a text says behind a connective and "what about": it may be a value and nothing else."""
    body = without_lead(text)[1]
    return asked_about(body) or body


def _by_rules(body: str, connected: bool) -> list[Edit]:
    found: list[Edit] = []
    for pattern, make in _RULES:
        match = pattern.fullmatch(body)
        if match is not None:
            found += make(match, connected)
    return found


def _in_two_parts(body: str, connected: bool) -> Iterator[tuple[Edit, ...]]:
    """Two requests in one: "only from Prague, sorted by name"."""
    for between in _AND.finditer(body):
        first, second = _by_rules(body[: between.start()], connected), _by_rules(body[between.end() :], connected)
        yield from itertools.product(first[:_MOST_READINGS], second[:_MOST_READINGS])


def _open_readings(body: str, connected: bool, *, about: bool) -> _Made:
    """What a text may mean that fits no rule: "and in Vienna", "what about the blue ones", "Vienna"."""
    shown = _SHOWN.fullmatch(body)
    if connected and shown is not None and not _MORE_THAN_COLUMNS.search(shown.group("p")):
        yield Show(shown.group("p"))
    if begins_a_question(body):
        return
    has_preposition = re.match(rf"{PREPOSITION}\b", body, re.IGNORECASE) is not None
    bare = len(body.split()) <= _MOST_BARE_WORDS
    if about or connected or (has_preposition and bare):
        yield Instead(body, may_add=connected or has_preposition, rather=about)
        if not has_preposition:
            yield Show(body)
    elif bare:
        yield Instead(body, may_add=False)


def _limit(match: re.Match[str], _connected: bool) -> _Made:
    groups = match.groupdict()
    count = number_of(groups.get("n") or "1")
    if count and _LIKE_A_YEAR.fullmatch(match.group()):
        yield Keep(str(count))
    elif count:
        yield Limit(count, _ENDS[(groups.get("end") or "first").lower()], groups.get("p") or "")


def _number_instead(match: re.Match[str], _connected: bool) -> _Made:
    number = number_of(match.group("n"))
    if number is not None:
        yield NumberInstead(number)


def _sort(match: re.Match[str], _connected: bool) -> _Made:
    phrase = match.group("p")
    if ends := _DESCENDING.search(phrase):
        yield Sort(phrase[: ends.start()], descending=ends.group("d").lower().startswith("desc"))
    elif (ends := _SUPERLATIVE_FIRST.fullmatch(phrase)) and (adjective := positive(ends.group("a"))):
        yield Sort(re.sub(r",? from$", "", ends.group("before")), adjective=adjective)
    yield Sort(phrase)


def _superlative_first(match: re.Match[str], _connected: bool) -> _Made:
    if adjective := positive(match.group("a")):
        yield Sort("", adjective=adjective)


def _direction(match: re.Match[str], _connected: bool) -> _Made:
    yield Sort("", descending=match.group("d").lower().startswith("desc"))


def _aggregate(match: re.Match[str], connected: bool) -> _Made:
    groups = match.groupdict()
    phrase, instead = groups.get("p") or "", bool(groups.get("instead"))
    refers_back = bool(groups.get("their"))
    if phrase and not (connected or instead or refers_back):
        return
    yield Aggregate(_FUNCTIONS[match.group("f").lower()], phrase, instead=instead, connected=connected)


def _group(match: re.Match[str], _connected: bool) -> _Made:
    word = match.group("by").lower()
    phrase = re.sub(r",? (?:too|as well|also)$", "", match.group("p"))
    instead = bool(match.group("instead"))
    if len(phrase.split()) <= _MOST_BARE_WORDS:
        yield Group(phrase, instead=instead, counts_rows=word not in ("by", "in each"))


def _periodically(match: re.Match[str], _connected: bool) -> _Made:
    yield Group(_PERIODICALLY[match.group("p").lower()])


def _without(match: re.Match[str], _connected: bool) -> _Made:
    """Leave out a value, hide a column, or lift a condition: whichever its words name."""
    phrase = match.group("p")
    yield LeaveOut(phrase)
    yield Hide(phrase)
    if match.group("v").lower() in ("drop", "remove", "leave out", "omit", "skip"):
        yield Unfilter(phrase)


def _made(kind: type[Keep | LeaveOut | Unfilter | Show | Explain]) -> Callable[[re.Match[str], bool], _Made]:
    def make(match: re.Match[str], _connected: bool) -> _Made:
        yield kind(match.group("p"))

    return make


def _simple(edit: Edit) -> Callable[[re.Match[str], bool], _Made]:
    def make(_match: re.Match[str], _connected: bool) -> _Made:
        yield edit

    return make


def _unfilter(match: re.Match[str], _connected: bool) -> _Made:
    yield Unfilter(match.groupdict().get("p") or "")


def _replaced(match: re.Match[str], _connected: bool) -> _Made:
    yield Instead(match.group("p"), may_add=False, insists=True)


def _same_but(match: re.Match[str], _connected: bool) -> _Made:
    yield Instead(match.group("p"), may_add=True)


def _rule(pattern: str, make: Callable[[re.Match[str], bool], _Made]) -> _Rule:
    return re.compile(pattern, re.IGNORECASE), make


_SHOW: Final = r"(?:show|list|give|display|include|add|see|get|want)(?: me)?"
_SORT: Final = r"(?:sort|order|rank|arrange)(?:ed)?(?: (?:it|them|these|those|the (?:rows|results|list)))?"
_BREAK: Final = r"(?:(?:group|break|split)(?:ed)?(?: (?:it|that|them|this))?(?: (?:down|up))? |broken down )"
_DUPLICATES: Final = r"(?:duplicates?|repeats|repetitions|repeated (?:ones|rows|values))"
_CONDITION: Final = r"(?:filters?|conditions?|restrictions?)"
_RULES: Final[tuple[_Rule, ...]] = (
    _rule(
        r"(?:in )?(?:the )?(?:(?:other|opposite) way a?round|reversed?(?: order)?|opposite(?: order)?|backwards)|"
        r"(?:reverse|flip|invert|turn around) (?:it|that|them|the (?:order|sorting|list))",
        _simple(Reverse()),
    ),
    _rule(
        rf"(?:{_SHOW} )?(?:only |just )?(?:the )?(?P<end>top|first|best|last|bottom)(?: {_NUMBER})?{_ROWS}"
        r"(?: by (?P<p>.+))?",
        _limit,
    ),
    _rule(
        rf"(?:(?:{_SHOW} )?(?:only|just|no more than|limit(?: (?:it|them))?(?: to)?)|{_SHOW}) "
        rf"{_NUMBER}{_ROWS}(?: instead)?",
        _limit,
    ),
    _rule(rf"(?:make|let) (?:it|that)(?: be)? {_NUMBER}(?: instead)?", _number_instead),
    _rule(
        r"(?:remove|drop|no|without)(?: the| any| a)? limit|(?:show |list |give me )?(?:all of (?:them|these|those)|"
        r"(?:them|these|those) all|all(?: the)? (?:rows|results))",
        _simple(NoLimit()),
    ),
    _rule(rf"{_SORT} (?:by|on|according to) (?P<p>.+)", _sort),
    _rule(rf"(?:{_SORT} )?(?:alphabetically|in alphabetical order)", _simple(Sort("", adjective="alphabetical"))),
    _rule(rf"(?:{_SORT} )?(?:alphabetically|in alphabetical order) by (?P<p>.+)", _sort),
    _rule(rf"(?:{_SORT} )?(?:in )?(?P<d>ascending|descending)(?: order)?", _direction),
    _rule(rf"(?:{_SORT} )?(?:with )?(?:the )?(?P<a>(?:(?:most|least) )?\w+) (?:ones? )?first", _superlative_first),
    _rule(rf"(?:{_SORT} )?from (?:the )?(?P<a>\w+) to (?:the )?\w+", _superlative_first),
    _rule(
        r"how many(?: (?:rows|results|of (?:them|these|those)|ones))?"
        r"(?: (?:are (?:there|they|these|those)|is (?:it|that)|do we have))?(?: (?:in total|altogether|in all))?|"
        r"count (?:them|these|those|it|the rows)|"
        r"(?:the|what is the|what's the|their) (?:number|count)(?: of (?:them|rows))?",
        _simple(CountRows()),
    ),
    _rule(
        r"(?:show|list|give|display|name)(?: me)? (?:them|these|those|the rows)(?: all)?|"
        r"which (?:ones|are (?:they|those|these))(?: are (?:they|those|these))?|who are (?:they|those|these)",
        _simple(ShowRows()),
    ),
    _rule(
        rf"(?:(?:show|only|just|keep|{_SHOW}) )?(?:without|no|remove|drop|skip)(?: the| any)? {_DUPLICATES}|"
        r"(?:only |just )?(?:the )?(?:distinct|unique|different)(?: ones| values| rows)?(?: only)?|"
        rf"(?:each|every)(?: one| row)? only once|(?:make (?:it|them) )?(?:unique|distinct)",
        _simple(Distinct()),
    ),
    _rule(
        rf"(?:(?:what is|what's|show|give me) )?(?:(?P<their>their|its)|the|an?|as (?:an? )?)? ?{_FUNCTION}"
        rf"(?: (?:of )?(?P<p>(?!instead|rather)\S+(?: (?!instead|rather)\S+){{0,4}}))?"
        rf"(?P<instead> instead| rather)?(?: (?:of|than) (?:the |an? )?(?:{'|'.join(_FUNCTIONS)}))?",
        _aggregate,
    ),
    _rule(
        rf"(?P<by>by|per|for each|for every|in each|grouped by|{_BREAK}by) (?:the )?(?P<p>.+?)"
        r"(?P<instead> instead| rather)?",
        _group,
    ),
    _rule(rf"(?P<p>{'|'.join(_PERIODICALLY)})", _periodically),
    _rule(
        rf"(?:remove|drop|clear|lift|without|no)(?: the| any| all(?: the)?)? {_CONDITION}|unfiltered",
        _unfilter,
    ),
    _rule(rf"(?:remove|drop|clear|lift|without|no)(?: the)? (?P<p>.+) {_CONDITION}", _unfilter),
    _rule(rf"(?:{PREPOSITION} )?(?:all|any|every)(?: of)?(?: the)? (?P<p>\w+(?: \w+)?)", _unfilter),
    _rule(
        r"(?:regardless of|no matter (?:the|which|what|in which)|whatever|ignore|ignoring)(?: the)? (?P<p>.+)",
        _unfilter,
    ),
    _rule(rf"not (?:only|just)(?: {PREPOSITION})? (?P<p>.+)", _unfilter),
    _rule(
        r"why (?:is|are|was|were)(?: there)?(?: no)? (?P<p>.+?) (?:missing|left out|excluded|absent|gone)",
        _made(Explain),
    ),
    _rule(
        r"why (?:is|are|was|were) (?P<p>.+?) not (?:there|listed|included|shown|among (?:them|these|those)|"
        r"in (?:there|it|the (?:list|results?)))",
        _made(Explain),
    ),
    _rule(
        r"why (?:isn't|aren't|wasn't|weren't) (?P<p>.+?) (?:there|listed|included|shown|among (?:them|these|those)|"
        r"in (?:there|it|the (?:list|results?)))",
        _made(Explain),
    ),
    _rule(
        r"(?P<v>not|except(?: for)?|excluding|exclude|without|apart from|other than|leave out|omit|hide|drop|remove|"
        r"skip|minus|everything (?:but|except)|all (?:but|except))"
        r"(?: (?:those|the ones|ones))? (?P<p>.+)",
        _without,
    ),
    _rule(
        rf"(?:(?:{_SHOW}|keep) )?(?:only|just)(?: show| list| keep)?(?: me)?"
        r"(?: (?:those|the ones|ones|these))? (?P<p>.+)",
        _made(Keep),
    ),
    _rule(
        r"(?:keep|restrict (?:it |them |this )?to|limit (?:it |them |this )?to|narrow (?:it |them )?(?:down )?to|"
        r"filter (?:it |them )?(?:by|on|for|to))(?: (?:only|just|those|the ones))* (?P<p>.+)",
        _made(Keep),
    ),
    _rule(
        rf"(?P<p>(?:those|the ones|ones) (?:{PREPOSITION}|who|that|which|with|having|over|under|above|below) .+)",
        _made(Keep),
    ),
    _rule(r"(?P<p>.+) only", _made(Keep)),
    _rule(r"(?P<p>(?:with|having) .+)", _made(Keep)),
    _rule(
        rf"(?:{_SHOW} |with |what (?:are|is) )?(?:their|its|his|her) (?P<p>.+?)(?: too| also| as well)?", _made(Show)
    ),
    _rule(rf"(?:also )?(?:{_SHOW} |with )?(?P<p>.+?) (?:too|also|as well)", _made(Show)),
    _rule(r"(?:add|include|with)(?: also)?(?: (?:a|the) columns?(?: for| with)?)? (?P<p>.+)", _made(Show)),
    _rule(r"(?P<p>.+) instead", _replaced),
    _rule(
        rf"(?:the )?same(?: (?:thing|query|question|list))?(?: but)? (?P<p>{PREPOSITION} .+)",
        _same_but,
    ),
)
