"""Tells which texts say nothing without the answer before them, and why one of them cannot be applied to it."""

import re
from typing import TYPE_CHECKING, Final

from nl2sql_tui.language.followup.edits import (
    Aggregate,
    CountRows,
    Distinct,
    Edit,
    Explain,
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
from nl2sql_tui.language.followup.recognise import PREPOSITION, begins_a_question, readings
from nl2sql_tui.schema import Schema
from nl2sql_tui.text import shortened

if TYPE_CHECKING:
    from nl2sql_tui.language.followup.query import Query

_MOST_WORDS: Final = 14
_MOST_WORDS_OF_A_FRAGMENT: Final = 5
"""With more, a text that begins with a connective or a preposition may say all that there is to say."""
_MOST_WORDS_OF_A_PRONOUN: Final = 8
"""In a longer text a pronoun may stand for something that the text itself has named."""
_SHOWN: Final = 40
_FRAGMENT: Final = re.compile(rf"(?:{PREPOSITION}|having|those|these|the ones|ones)\b", re.IGNORECASE)
_ASKS: Final = re.compile(r"\b(?:how|what|which|whose|who|whom|when|where|list|show|count|find|give)\b", re.IGNORECASE)
_TOO: Final = re.compile(r"\b(?:too|also|as well)$", re.IGNORECASE)
_ALL: Final = re.compile(r"(?:all|any|every)\b", re.IGNORECASE)
_SAYS_WHICH: Final = re.compile(
    r"\b(?:those|these) (?!(?:who|that|which|whose|with|without|from|in|on|at|for|of|is|are|was|were|have|has|do|did|"
    r"over|under|above|below|having|ones)\b)\w+ \S+ \S+|\bsame\b.* as\b",
    re.IGNORECASE,
)
"""Words that seem to point back and are followed by what they point to: "those tracks that are longer than …"."""
_ASKS_OF_THEM: Final = re.compile(
    r"(?:who|what|where|when|why|how) \w+ (?:them|they|it|these|those|him|her)", re.IGNORECASE
)


def needs_the_last(text: str) -> bool:
    """Whether `text` can only be about the answer before it; what might be a whole question is none of these."""
    connected, body = without_lead(text)
    words = len(body.split())
    if not words or words > _MOST_WORDS:
        return False
    if asked_about(body) is not None or _ASKS_OF_THEM.fullmatch(body):
        return True
    if words <= _MOST_WORDS_OF_A_PRONOUN and refers_back(body) and not _SAYS_WHICH.search(body):
        return True
    return any(_is_of_the_last(edits[0], body, connected=connected) for edits in readings(text))


def _is_of_the_last(edit: Edit, body: str, *, connected: bool) -> bool:
    """Whether an edit is asked for in words that say nothing by themselves."""
    rest = body.partition(" ")[2]
    is_short = len(body.split()) <= _MOST_WORDS_OF_A_FRAGMENT
    asks_later = _ASKS.search(rest) is not None
    match edit:
        case Keep():
            return (connected or _FRAGMENT.match(edit.phrase) is not None) and not asks_later
        case Instead():
            return edit.insists or (edit.may_add and is_short and not asks_later)
        case Group():
            return (connected or is_short) and not asks_later
        case Show():
            is_request = begins_a_question(body) and not _TOO.search(body)
            return is_short and not asks_later and not is_request
        case Aggregate():
            return not edit.phrase or not begins_a_question(body)
        case Unfilter():
            return connected or _ALL.match(body) is None
        case _:
            return True


def why_not(text: str, last_sql: str, schema: Schema) -> str:
    """What of the last SQL keeps `text` from being applied to it, in a few words."""
    from nl2sql_tui.language.followup.query import Query
    from nl2sql_tui.language.syntax import parsed

    tree = parsed(last_sql)
    query = Query.of(tree, schema) if tree is not None else None
    if query is None:
        return "its SQL is more than one plain SELECT from tables"
    found = readings(text)
    return _reason(found[0][0], query) if found else "its SQL does not tell what the words refer to"


def _reason(edit: Edit, query: "Query") -> str:
    match edit:
        case Group():
            return _not_grouped(edit, query)
        case Show() | Hide():
            return _not_shown(edit.phrase, query)
        case Keep() | LeaveOut() | Instead():
            return f"it is not clear which column {_quoted(edit.phrase)} is about"
        case Unfilter():
            return "it has no such condition"
        case Explain():
            return _not_explained(edit, query)
        case Reverse():
            return "it has no order, no maximum or minimum and no single comparison to turn round"
        case Sort() | Limit():
            return "it is one row" if query.is_one_row else "nothing in it is clear for its rows to be ordered by"
        case NoLimit():
            return "it has no limit"
        case CountRows():
            return "it is one number already"
        case ShowRows():
            return "it neither counts rows nor sums them up"
        case Distinct():
            return "each of its rows is there once"
        case Aggregate() | NumberInstead():
            return "it has no single number that could be meant"


def _not_grouped(edit: Group, query: "Query") -> str:
    limit = query.select.args.get("limit")
    if limit is not None and not query.is_one_row:
        return "it has a limit on its rows, which says nothing of each group; “no limit” lifts it"
    if query.compares_with_a_summary or query.has("distinct"):
        return "its rows depend on all the others"
    return f"it has no column, or no single one, for {_quoted(edit.phrase)}"


def _not_shown(phrase: str, query: "Query") -> str:
    from nl2sql_tui.language.followup.columns import columns_named

    places = columns_named(phrase, query)
    if not places:
        return f"no single column that it can reach is called {_quoted(phrase)}"
    shown = {place for one in query.shown for place in query.places_in(one)}
    here = ", ".join(place.name for place in places)
    return f"it shows {here} already" if shown.issuperset(places) else f"{here} is not one value in each of its rows"


def _not_explained(edit: Explain, query: "Query") -> str:
    if not query.conditions() and len(query.sources) == 1:
        return "it has no condition that leaves a row out"
    return f"no column of the tables that it reads holds {_quoted(edit.phrase)}, or several do"


def _quoted(phrase: str) -> str:
    return f"“{shortened(phrase, _SHOWN)}”"
