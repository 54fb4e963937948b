"""`ask`: one question, its SQL streamed to the terminal, run only if told to."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, Doubt, Linked
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.background import from_thread
from nl2sql_tui.commands.rows import code_of, limits_for, print_rows, stopping_on_interrupt
from nl2sql_tui.database.execute import Ending, ResultSet, collected
from nl2sql_tui.database.export import json_value
from nl2sql_tui.database.file import Database
from nl2sql_tui.database.formats import Format
from nl2sql_tui.doctor import SECONDS, Diagnosis, ResultFacts, examine
from nl2sql_tui.engine.events import Engine, ModelMemory, Token
from nl2sql_tui.errors import ExitCode, SqlError, Stopped, UserError
from nl2sql_tui.history.accepted import (
    AcceptedPair,
    History,
    can_be_accepted,
    default_history_file,
    now,
    schema_fingerprint,
)
from nl2sql_tui.language.answer_form import draft_of_sql
from nl2sql_tui.language.reading import read
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import Draft, say, showing_load
from nl2sql_tui.text import visible, visible_lines

_NOT_RUN = "nl2sql-tui: the answer is in doubt, so it was not run; --sure runs it all the same."


@dataclass(frozen=True, slots=True)
class Output:
    """What the user wants to see."""

    form: Format
    limit: int | None
    as_json: bool
    run_it: bool
    even_unsure: bool = False
    """Run also an answer that is in doubt."""

    def runs(self, answer: Answer) -> bool:
        """Whether the answer is to be run, if it is valid."""
        return self.run_it and (answer.doubt is None or self.even_unsure)


def ask(database: Database, engine: Engine, settings: Settings, question: str, output: Output) -> int:
    """Answer `question`, print what `output` says; return the exit code. Raises UserError."""
    database.require_tables()
    engine.start()
    cancel = Cancel()
    try:
        with stopping_on_interrupt(cancel):
            streamed, last = _listen(Assistant(database, engine, settings), question, cancel, engine, output)
        memory = engine.memory()
    finally:
        engine.close()
    if isinstance(last, AnswerStopped) or cancel.requested:
        raise Stopped
    if isinstance(last, AnswerFailed):
        if output.as_json:
            _print_json(_failed_as_json(question, last, engine))
        say(f"nl2sql-tui: {last.problem}")
        return last.exit_code
    if output.as_json:
        return _print_as_json(database, last, engine, memory, output, settings)
    _print_sql(last, streamed, output)
    if not last.verdict.valid:
        say(f"nl2sql-tui: not valid: {last.verdict.problem}")
        _say_doubt(last.doubt)
        return ExitCode.SQL
    if words := _in_words(database, last):
        say(f"reads as: {visible(words)}")
    _say_doubt(last.doubt)
    if output.runs(last):
        ending = print_rows(database, last.sql, output.form, output.limit, settings)
        diagnosis = _diagnosis(database, last, ending)
        _say_findings(diagnosis)
        _remember(database, last, ending, diagnosis, output, settings)
        return code_of(ending)
    if output.run_it:
        say(_NOT_RUN)
        return ExitCode.UNSURE
    return ExitCode.OK


def _say_doubt(doubt: Doubt | None) -> None:
    """Say why the answer is in doubt, if it is, and how likely it is to be right where that is known."""
    if doubt is not None:
        likely = "" if doubt.confidence is None else f"likely {doubt.confidence:.0%}. "
        say(f"unsure: {likely}{doubt.text}")


def _listen(
    assistant: Assistant, question: str, cancel: Cancel, engine: Engine, output: Output
) -> tuple[str, Answer | AnswerStopped | AnswerFailed]:
    """Follow the answer to its end, streaming it where a person watches; give what was streamed and the end.

    The SQL is the result, and so belongs on standard output, unless rows or JSON take its place there.
    """
    stream = sys.stderr if output.run_it or output.as_json else sys.stdout
    draft = Draft(stream) if stream.isatty() else None
    written = ""
    with showing_load(engine):
        events = assistant.answer(question, cancel)
        first = next(events)
    last: Any = first
    while True:
        match last:
            case Linked():
                _say_linked(last)
            case Token() if draft is not None:
                written += last.text
                draft.show(draft_of_sql(written))
            case Answer() | AnswerStopped() | AnswerFailed():
                if draft is not None and written:
                    draft.end()
                return draft_of_sql(written), last
        last = next(events)


def _say_linked(linked: Linked) -> None:
    if linked.left_out:
        shown = len(linked.tables)
        say(
            f"The schema is larger than the model reads at once: {shown} of {shown + len(linked.left_out)} tables "
            f"were chosen for this question: {', '.join(linked.tables)}"
        )
    if linked.columns_left_out:
        say(f"{linked.columns_left_out} columns of these tables were left out for the same reason.")


def _print_sql(answer: Answer, streamed: str, output: Output) -> None:
    """Print the SQL where it has not been streamed as it is, and say what was repaired."""
    out = sys.stderr if output.run_it else sys.stdout
    for repair in answer.repairs:
        say(f"repaired: {repair}")
    for other in answer.interpretations[1:]:
        say(f"the model also wrote, with {other.share:.0%} of the weight: {visible(other.best.sql)}")
    if streamed.strip() != answer.sql:
        print(visible_lines(answer.sql), file=out, flush=True)


def _in_words(database: Database, answer: Answer) -> str:
    """What the answer's SQL does in plain words, not yet safe to show; empty if it cannot be told."""
    reading = read(answer.sql, database.schema()) if answer.verdict.valid else None
    return reading.text if reading is not None else ""


def _diagnosis(database: Database, answer: Answer, ending: Ending) -> Diagnosis:
    """What is odd about the result of the answer's SQL; nothing if it did not come to its end."""
    if ending.error is not None:
        return Diagnosis()
    cancel = Cancel()
    facts = ResultFacts(ending.row_count)
    with stopping_on_interrupt(cancel):
        try:
            return next(from_thread((examine(database, answer.sql, facts, cancel) for _ in range(1)), cancel, SECONDS))
        except (Stopped, SqlError):
            # The rows are there; that their cause could not be found in time is no failure.
            return Diagnosis()


def _say_findings(diagnosis: Diagnosis) -> None:
    for finding in diagnosis.findings:
        say(f"finding: {visible(finding.text)}")
        if finding.suggestion_sql is not None:
            say(f"instead: {visible(finding.suggestion_sql)}")


def _as_json(database: Database, answer: Answer, engine: Engine, memory: ModelMemory | None) -> dict[str, Any]:
    verdict = answer.verdict
    return {
        "question": answer.question,
        "sql": answer.sql,
        "valid": verdict.valid,
        "error": verdict.problem,
        "reading": _in_words(database, answer),
        "tables": verdict.tables,
        "reads": verdict.reads,
        "writes": verdict.writes,
        "full_scans": verdict.full_scans,
        "repairs": answer.repairs,
        "confidence": round(answer.confidence, 4) if answer.confidence is not None else None,
        "doubt": answer.doubt.text if answer.doubt is not None else "",
        "tables_left_out": answer.linked.left_out,
        "seconds_to_first_token": round(answer.seconds_to_first_token, 4),
        "seconds": round(answer.seconds, 4),
        "tokens": answer.tokens,
        "prompt_tokens": answer.prompt_tokens,
        "tokens_per_second": round(answer.tokens_per_second, 2),
        "model": answer.model,
        "adapter": engine.adapter,
        "device": engine.load_state.device,
        "memory": asdict(memory) if memory is not None else None,
        "interpretations": [
            {"sql": one.best.sql, "share": round(one.share, 4), "gives_nothing": one.says_nothing}
            for one in answer.interpretations
        ],
    }


def _failed_as_json(question: str, failed: AnswerFailed, engine: Engine) -> dict[str, Any]:
    return {"question": question, "sql": failed.sql, "valid": False, "error": failed.problem, "model": engine.name}


def _print_as_json(
    database: Database,
    answer: Answer,
    engine: Engine,
    memory: ModelMemory | None,
    output: Output,
    settings: Settings,
) -> ExitCode:
    """Print the answer, with its result where it is to be run; return the exit code."""
    record = _as_json(database, answer, engine, memory)
    code, problem = (ExitCode.OK, "") if answer.verdict.valid else (ExitCode.SQL, record["error"])
    ending: Ending | None = None
    diagnosis = Diagnosis()
    if output.run_it and answer.verdict.valid and not output.runs(answer):
        code, problem = ExitCode.UNSURE, _NOT_RUN.removeprefix("nl2sql-tui: ")
    elif output.run_it and answer.verdict.valid:
        cancel = Cancel()
        with stopping_on_interrupt(cancel):
            limits = limits_for("table", output.limit, settings)
            result = collected(from_thread(database.execute(answer.sql, cancel, limits), cancel, limits.seconds))
        record["result"] = _result_as_json(result)
        ending = result.ending
        if ending.error is not None:
            code, problem = ending.error.exit_code, str(ending.error)
        diagnosis = _diagnosis(database, answer, ending)
        record["findings"] = [{"text": one.text, "suggested_sql": one.suggestion_sql} for one in diagnosis.findings]
    _print_json(record)
    if ending is not None:
        _remember(database, answer, ending, diagnosis, output, settings)
    if problem:
        say(f"nl2sql-tui: {problem}")
    return code


def _remember(
    database: Database, answer: Answer, ending: Ending, diagnosis: Diagnosis, output: Output, settings: Settings
) -> None:
    """Keep the question and its SQL if the SQL ran without an error; where that fails, say so in one line.

    It is not taken for accepted where every answer was to be run: nobody has chosen this one.
    """
    if ending.error is not None or not settings.history:
        return
    try:
        pair = AcceptedPair(
            database=database.path,
            schema_fingerprint=schema_fingerprint(database.schema()),
            question=answer.question,
            sql=answer.sql,
            edited=False,
            model=answer.model,
            row_count=ending.row_count,
            last_run=now(),
            confidence=answer.confidence,
        )
        history = History(default_history_file())
        accepted = not output.even_unsure and can_be_accepted(
            is_unsure=answer.doubt is not None,
            row_count=ending.row_count,
            has_findings=bool(diagnosis.findings),
        )
        (history.accept if accepted else history.log)(pair)
    except UserError as error:
        say(f"nl2sql-tui: not remembered: {error}")


def _result_as_json(result: ResultSet) -> dict[str, Any]:
    return {
        "columns": result.columns,
        "rows": [[json_value(cell) for cell in row] for row in result.rows],
        "cut": bool(result.ending.cut),
        "seconds": round(result.ending.seconds, 4),
        "error": str(result.ending.error or ""),
    }


def _print_json(record: dict[str, Any]) -> None:
    print(json.dumps(record, ensure_ascii=sys.stdout.isatty(), indent=2))  # noqa: T201
