"""Tells training pairs that the evaluation also asks, so that nothing is judged on what was learnt by heart."""

import re
from collections.abc import Iterable

from nl2sql_tui.quoting import tokens
from nl2sql_tui.schema import Schema
from nl2sql_tui.training.rows import TrainingRow


def question_key(question: str) -> str:
    """A question without case, punctuation and white space that differ."""
    return " ".join(re.findall(r"\w+", question.casefold()))


def skeleton(sql: str, schema: Schema) -> str:
    """A statement's shape on its schema: words and names without case, values and white space left out."""
    pieces = (
        "?" if piece.kind in ("string", "number", "blob") else piece.text.strip('"`[]').casefold()
        for piece in tokens(sql)
        if not piece.is_blank
    )
    tables = sorted(table.name.casefold() for table in schema.tables)
    return f"{' '.join(pieces)} | {' '.join(tables)}"


class Overlap:
    """What the evaluation asks."""

    def __init__(self, questions: Iterable[str], skeletons: Iterable[str]) -> None:
        self._questions = {question_key(question) for question in questions}
        self._skeletons = set(skeletons)

    def why(self, row: TrainingRow, sql: str, schema: Schema) -> str:
        """What of the row the evaluation also has; empty if nothing. `sql` is the row's normalised SQL."""
        if question_key(row.question) in self._questions:
            return "the question is asked in the evaluation"
        if skeleton(sql, schema) in self._skeletons:
            return "the evaluation has this SQL on this schema"
        return ""
