"""Finds in a question the cell values that it names; knows no database, only a lookup of stored texts."""

from typing import Final

from nl2sql_tui.language.dates import is_about_a_span, stored_dates
from nl2sql_tui.language.near_values import NearValues
from nl2sql_tui.language.phrases import free_phrases, words_of_question
from nl2sql_tui.language.ranking import words_of_schema
from nl2sql_tui.schema import CellValue, Schema, ValueLookup

_MOST_VALUES: Final = 3
"""Links given to the model; the default adapter was trained with at most this many."""
_PLACES_PER_PHRASE: Final = 2
"""A value that stands in several columns is linked to the first ones of the schema."""
_SHORTEST: Final = 2


def link_values(question: str, values: ValueLookup, schema: Schema | None = None) -> tuple[CellValue, ...]:
    """The stored values that `question` names, at most three, the longest phrases first.

    A phrase is one to six words as they stand in the question, without the punctuation around each; it is
    compared whole and without regard to case. A word belongs to one phrase at most.

    Where `schema` is given, the words that name nothing to the letter are looked up once more, as dates written in
    other ways and as `near_values` says: a schema's own words are no misspelt values.
    """
    words = words_of_question(question)
    taken: set[int] = set()
    found: list[CellValue] = []
    for phrase in free_phrases(words, taken):
        if phrase.is_common or len(phrase.text) < _SHORTEST:
            continue
        if matches := values.find(phrase.text):
            found += matches[:_PLACES_PER_PHRASE]
            taken.update(phrase.places)
            if len(found) >= _MOST_VALUES:
                return tuple(found[:_MOST_VALUES])
    if schema is None:
        return tuple(found)
    if not is_about_a_span(question):
        found += [cell for cell in stored_dates(question, values) if cell not in found]
    near = NearValues(values, words_of_schema(schema))
    for phrase in free_phrases(words, taken):
        if len(found) >= _MOST_VALUES:
            break
        if matches := near.find(phrase, words):
            found += matches[:_PLACES_PER_PHRASE]
            taken.update(phrase.places)
    return tuple(found[:_MOST_VALUES])
