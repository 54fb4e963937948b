"""How likely an answer is to be right, by what is known of it without the right one; and when to ask instead of offer.

A logistic regression (Cox, 1958) on a few plain numbers. Its coefficients were fitted on questions about databases
that the default adapter was not taught, by `python -m benchmarks.calibrate`; they hold for that adapter alone, since
a probability that another one gives its own text says something else.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from nl2sql_tui.answers import Answer, Doubt
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.engine.events import PACKAGED, Engine
from nl2sql_tui.language.coverage import Coverage, nearest_names, not_asked_for, not_taken_up
from nl2sql_tui.language.followup.words import numbers_in
from nl2sql_tui.language.words import words_in
from nl2sql_tui.quoting import tokens
from nl2sql_tui.schema import Schema
from nl2sql_tui.spelling import folded

COMPARISON: Final = "share of the comparison"
"""The evidence that only answers have which were compared with others; 0 for the rest."""
_MOST: Final = 3.0
"""Of what is counted, more tells nothing more."""
_LEAST_LOG_PROBABILITY: Final = -12.0
_MOST_ODDS: Final = 4.0
"""By their logarithm: nothing that was measured allows to be surer than 98 %, be it of right or of wrong."""
_GUESSES_NAMED: Final = 2
_ODDITIES_NAMED: Final = 2


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted model: the logarithm of the odds is `intercept` + the sum of weight × evidence."""

    intercept: float
    weights: Mapping[str, float]
    """By the names that `evidence` gives."""

    def probability(self, known: Mapping[str, float]) -> float:
        """From 0 to 1, of an answer of which so much is `known`."""
        odds = self.intercept + sum(weight * known[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-_MOST_ODDS, min(_MOST_ODDS, odds))))


CALIBRATIONS: Final[Mapping[tuple[str, str], Calibration]] = MappingProxyType(
    {
        ("default", PACKAGED): Calibration(
            2.165,
            {
                "log-probability": 0.087,
                "log-probability a letter": 41.427,
                COMPARISON: 0.326,
                "words unplaced": -0.271,
                "words not taken up": -0.886,
                "values used": 0.783,
                "numbers not used": -4.403,
                "tables joined": -1.188,
            },
        )
    }
)
"""By the names of the model and of its adapter. Fitted by

    python -m benchmarks.calibrate fit DATA RECORDED --candidates 6

on 756 questions about six databases that were kept out of the default adapter's training, 151 of them once more with
six further answers, with an earlier adapter, and before answers to half of the schema were compared with them;
`benchmarks/RESULTS.md` has the curve on others, and how well they hold for a later adapter. None of these
schemas was cut for the model, so that nothing is known of how that counts.
"""


def calibration_of(engine: Engine) -> Calibration | None:
    """What is known of the answers that `engine` gives now; None for what was not measured.

    That is every other model and adapter, and every other way to lay a question out for them.
    """
    return CALIBRATIONS.get((engine.name, engine.adapter)) if engine.template == "schema first" else None


def weighed(
    answer: Answer, words: Coverage, schema: Schema, calibration: Calibration | None, ask_below: float
) -> Answer:
    """`answer` with its confidence, and with a doubt where that is less than `ask_below`.

    `words` tells what of its question the database with this `schema` accounts for. A question of which the database
    seems to have nothing is doubted whatever the model thinks of its answer; where `ask_below` is 0, nothing is. SQL
    that cannot run has no confidence, nor has any without a `calibration` or a log-probability, nor any answer to such
    a question: those that were measured could all be answered.
    """
    confidence = None
    is_measured = answer.log_probability is not None and answer.verdict.valid and not words.is_elsewhere
    if calibration is not None and is_measured:
        confidence = calibration.probability(evidence(answer, words))
    is_unlikely = confidence is not None and confidence < ask_below
    if not (is_unlikely or (words.is_elsewhere and ask_below > 0)):
        return replace(answer, confidence=confidence, doubt=None)
    doubt = Doubt(
        confidence,
        words.unplaced,
        nearest=nearest_names(words.unplaced, schema),
        taken=_guesses(answer)[:_GUESSES_NAMED],
        odd=tuple(dict.fromkeys(oddities(answer.sql, answer.question, schema)))[:_ODDITIES_NAMED],
        tables=tuple(table.name for table in schema.tables) if words.is_elsewhere else (),
    )
    return replace(answer, confidence=confidence, doubt=doubt)


def evidence(answer: Answer, words: Coverage) -> dict[str, float]:
    """What is known of a valid answer with a log-probability, as numbers by name; a calibration takes some of them."""
    texts = _texts_of(answer.sql)
    used = [value for value in answer.linked.values if folded(value.text) in map(folded, texts)]
    taken = answer.interpretations[0] if answer.interpretations else None
    log_probability = answer.log_probability or 0.0 if taken is None else taken.best.log_probability
    return {
        "log-probability": max(log_probability, _LEAST_LOG_PROBABILITY),
        "log-probability a letter": log_probability / max(1, len(answer.sql)),
        COMPARISON: taken.share if taken is not None else 0.0,
        "repairs": min(_MOST, len(answer.repairs) - answer.written_again),
        "written again": float(answer.written_again),
        "oddities": min(_MOST, len(oddities(answer.sql, answer.question))),
        "words unplaced": min(_MOST, len(words.unplaced)),
        "words not taken up": min(_MOST, len(words_missed(answer.sql, answer.verdict, words))),
        "columns not asked for": min(_MOST, len(_guesses(answer))),
        "values used": min(_MOST, len(used)),
        "values not used": min(_MOST, len(answer.linked.values) - len(used)),
        "texts not in the question": min(_MOST, sum(folded(text) not in folded(answer.question) for text in texts)),
        "numbers not used": min(_MOST, len(numbers_in(answer.question) - numbers_in(answer.sql))),
        "tables joined": min(_MOST, max(0, len(answer.verdict.tables) - 1)),
    }


def words_missed(sql: str, verdict: Verdict, words: Coverage) -> tuple[str, ...]:
    """Words of the question that name something in the database which `sql` neither reads nor holds."""
    return not_taken_up(words.placed, verdict.reads, _texts_of(sql))


def oddities(sql: str, question: str, schema: Schema | None = None) -> tuple[str, ...]:
    """See `language.oddities`."""
    # Imports the parser, which the program does not wait for at its start.
    from nl2sql_tui.language.oddities import oddities as found

    return found(sql, question, schema)


def _guesses(answer: Answer) -> tuple[str, ...]:
    """Columns that the SQL reads and the question does not name; keys, which joins read, left aside."""
    columns = dict.fromkeys(name.rpartition(".")[2] for name in answer.verdict.reads)
    return not_asked_for(answer.question, [name for name in columns if "id" not in words_in(name)])


def _texts_of(sql: str) -> list[str]:
    """The texts that it holds, without their quotes and without wildcards at their ends."""
    return [piece.text[1:-1].replace("''", "'").strip("%") for piece in tokens(sql) if piece.kind == "string"]
