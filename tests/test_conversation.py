"""A conversation: what a question can lean on, what is remembered, and what a model is shown of it."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from nl2sql_tui.answers import Answer, AnswerFailed
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.conversation import Conversation
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.language.recall import Remembered
from nl2sql_tui.settings import Settings
from tests.fake_engine import ScriptedEngine

_NAMES = "SELECT Name FROM singer WHERE Country = 'France'"
_COUNT = "SELECT COUNT(*) FROM singer WHERE Country = 'France'"


class _Talk:
    """A conversation with a scripted model, in which every valid answer counts as shown."""

    def __init__(self, database: Database, *replies: str, remembered: Sequence[Remembered] = ()) -> None:
        self.engine = ScriptedEngine(replies or ["SELECT 1"])
        self.assistant = Assistant(database, self.engine, Settings())
        self.conversation = Conversation(lambda: remembered)

    def ask(self, question: str, *, ask_model: bool = False) -> Answer:
        last = self._last(question, ask_model=ask_model)
        assert isinstance(last, Answer), last
        self.conversation.note(last)
        return last

    def failure(self, question: str) -> AnswerFailed:
        last = self._last(question)
        assert isinstance(last, AnswerFailed), last
        return last

    def _last(self, question: str, *, ask_model: bool = False) -> object:
        events = list(self.assistant.answer(question, Cancel(), self.conversation, ask_model=ask_model))
        return events[-1]


def test_a_follow_up_changes_the_last_sql_without_the_model(concerts: Database) -> None:
    talk = _Talk(concerts, _NAMES)
    assert talk.ask("Which singers come from France?").origin == "model"
    answer = talk.ask("how many are there?")
    assert (answer.sql, answer.origin, answer.repairs) == (_COUNT, "follow-up", ("counts the rows",))
    assert answer.verdict.valid
    assert len(talk.engine.prompts) == 1
    assert talk.ask("what about Netherlands?").sql == _COUNT.replace("France", "Netherlands")


def test_undo_goes_back_one_by_one_and_says_when_it_cannot(concerts: Database) -> None:
    talk = _Talk(concerts, _NAMES)
    assert talk.failure("undo").exit_code == ExitCode.INPUT
    talk.ask("Which singers come from France?")
    talk.ask("how many are there?")
    talk.ask("what about Netherlands?")
    assert (talk.ask("undo").sql, talk.conversation.last_sql) == (_COUNT, _COUNT)
    assert talk.ask("back").sql == _NAMES
    assert "nothing to go back to" in talk.failure("undo").message


def test_a_question_of_its_own_goes_to_the_model(concerts: Database) -> None:
    talk = _Talk(concerts, _NAMES, "SELECT COUNT(*) FROM concert")
    talk.ask("Which singers come from France?")
    assert talk.ask("How many concerts are there?").origin == "model"


def test_a_follow_up_that_cannot_be_applied_is_refused_and_not_put_to_a_model_that_sees_nothing_of_what_it_is_about(
    concerts: Database,
) -> None:
    talk = _Talk(concerts, _NAMES, "SELECT 2", "SELECT 3")
    talk.ask("Which singers come from France?")
    failed = talk.failure("and their names")
    assert failed.message == ("“and their names” cannot be applied to the answer before: it shows singer.Name already.")
    assert "Type the whole question; or /new" in failed.hint
    assert "cannot be applied" in talk.failure("and the other way round").message
    assert len(talk.engine.prompts) == 1
    assert talk.conversation.last_sql == _NAMES
    assert talk.ask("and their names", ask_model=True).sql == "SELECT 2"
    talk.engine.history_tokens = 200
    assert talk.ask("and the other way round").sql == "SELECT 3"


def test_a_second_why_asks_of_the_same_rows_as_the_first(concerts: Database) -> None:
    talk = _Talk(concerts, _NAMES)
    talk.ask("Which singers come from France?")
    first = talk.ask("why is Joe Sharp missing?")
    second = talk.ask("why is Zoë O'Brien missing?")
    third = talk.ask("why is Joe Sharp missing?")
    assert first.sql == "SELECT Name, Country, Country = 'France' AS \"Country = 'France'\" FROM singer WHERE " + (
        "Name = 'Joe Sharp'"
    )
    assert second.sql == first.sql.replace("Joe Sharp", "Zoë O''Brien")
    assert third.sql == first.sql


def test_an_answer_that_is_not_valid_is_nothing_to_go_on_from(concerts: Database) -> None:
    talk = _Talk(concerts, _NAMES, "SELECT nothing")
    talk.ask("Which singers come from France?")
    talk.ask("And what else?")
    assert talk.conversation.last_sql == _NAMES


def test_without_a_conversation_every_question_stands_alone(concerts: Database) -> None:
    engine = ScriptedEngine(["SELECT 1"])
    assistant = Assistant(concerts, engine, Settings())
    for _ in range(2):
        last = list(assistant.answer("how many are there?", Cancel()))[-1]
        assert isinstance(last, Answer)
        assert last.origin == "model"


def test_beginning_anew_leaves_nothing_to_lean_on(concerts: Database) -> None:
    talk = _Talk(concerts, _NAMES, "SELECT 1")
    talk.ask("Which singers come from France?")
    talk.conversation.begin_anew()
    assert talk.ask("how many are there?").origin == "model"
    assert len(talk.conversation.turns) == 1


def test_sql_by_hand_can_be_followed_up(concerts: Database) -> None:
    talk = _Talk(concerts)
    talk.conversation.note_sql(_NAMES)
    assert talk.ask("how many are there?").sql == _COUNT


def test_an_accepted_answer_is_given_again_with_where_it_comes_from(concerts: Database) -> None:
    pair = Remembered("Which singers come from France?", _NAMES, datetime(2026, 11, 3, 12, tzinfo=UTC))
    talk = _Talk(concerts, "SELECT 1", remembered=[pair])
    answer = talk.ask("which singers come from france")
    assert (answer.sql, answer.origin, answer.provenance) == (_NAMES, "memory", "as you ran it on 3 Nov 2026")
    other = talk.ask("Which singers come from Netherlands?")
    assert other.sql == _NAMES.replace("France", "Netherlands")
    assert other.repairs == ("'Netherlands' instead of 'France'",)
    assert other.provenance == "as you ran it on 3 Nov 2026 for: Which singers come from France?"
    assert talk.engine.prompts == []
    assert talk.ask("which singers come from france", ask_model=True).origin == "model"


@pytest.mark.parametrize(("likely", "is_doubted"), [(0.11, True), (0.6, False), (None, False)])
def test_what_was_unlikely_is_doubted_again_when_it_is_remembered(
    concerts: Database, likely: float | None, is_doubted: bool
) -> None:
    day = datetime(2026, 11, 3, 12, tzinfo=UTC)
    talk = _Talk(concerts, remembered=[Remembered("Which singers come from France?", _NAMES, day, likely)])
    same = talk.ask("Which singers come from France?")
    assert (same.confidence, same.doubt is not None) == (likely, is_doubted)
    other = talk.ask("Which singers come from Netherlands?")
    assert (other.origin, other.confidence, other.doubt is not None) == ("memory", None, is_doubted)


def test_what_can_be_said_of_the_last_sql_is_not_looked_for_in_memory(concerts: Database) -> None:
    pair = Remembered("How many are there?", "SELECT COUNT(*) FROM concert", datetime(2026, 11, 3, tzinfo=UTC))
    talk = _Talk(concerts, _NAMES, remembered=[pair])
    assert talk.ask("how many are there?").origin == "memory"
    talk.ask("Which singers come from France?")
    answer = talk.ask("how many are there?")
    assert (answer.sql, answer.origin) == (_COUNT, "follow-up")


def test_a_remembered_answer_that_no_longer_compiles_is_passed_over(concerts: Database) -> None:
    pair = Remembered("Who sings?", "SELECT Gone FROM singer", datetime(2026, 11, 3, tzinfo=UTC))
    assert _Talk(concerts, "SELECT 1", remembered=[pair]).ask("Who sings?").origin == "model"


def _words(text: str) -> int:
    return len(text.split())


def test_the_model_is_shown_the_newest_turns_that_fit(concerts: Database) -> None:
    talk = _Talk(concerts, *(f"SELECT {number}" for number in range(9)))
    shown: list[tuple[str, ...]] = []
    for number in range(9):
        talk.ask(f"question number {number}")
        messages = talk.conversation.messages(20, _words)
        assert sum(_words(message.text) for message in messages) <= 20
        assert [message.role for message in messages] == ["user", "assistant"] * (len(messages) // 2)
        assert messages[-1].text == f"SELECT {number}"
        shown.append(tuple(message.text for message in messages))
    grown = [later[: len(earlier)] == earlier for earlier, later in itertools.pairwise(shown)]
    assert grown.count(False) == 2


def test_values_stand_in_the_history_as_the_model_saw_them(concerts: Database) -> None:
    talk = _Talk(concerts, _NAMES)
    talk.ask("Which singers come from france?")
    question, reply = talk.conversation.messages(100, _words)
    assert question.text == "Which singers come from france?\nsinger.Country = 'France'"
    assert reply.text == _NAMES
