"""How likely an answer is said to be right, and when the user is asked about it instead."""

import math

import pytest

from nl2sql_tui.answers import Answer, Doubt
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.confidence import CALIBRATIONS, COMPARISON, Calibration, evidence, weighed
from nl2sql_tui.conversation import Conversation
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Candidate
from nl2sql_tui.language.coverage import Coverage
from nl2sql_tui.settings import Settings
from tests.calibrated_engine import CalibratedEngine
from tests.fake_engine import ScriptedEngine

_NAMES = "SELECT Name FROM singer"
_FRENCH = "SELECT Name FROM singer WHERE Country = 'France'"
_FROM_FRANCE = "Which singers come from france?"
"""Without a capital, which would have the value added to SQL that leaves it out."""


def _answer(
    database: Database,
    engine: ScriptedEngine,
    question: str = "What are the names of the singers?",
    settings: Settings | None = None,
) -> Answer:
    *_, last = Assistant(database, engine, settings or Settings()).answer(question, Cancel())
    assert isinstance(last, Answer)
    return last


def _confidence(database: Database, sql: str, question: str, probability: float = 0.9) -> float:
    confidence = _answer(database, CalibratedEngine(sql, probability=probability), question).confidence
    assert confidence is not None
    return confidence


def test_the_likelier_its_text_the_likelier_an_answer_is_right(concerts: Database) -> None:
    levels = [_confidence(concerts, _FRENCH, _FROM_FRANCE, probability) for probability in (1e-9, 0.01, 0.5, 1.0)]
    assert levels == sorted(levels)
    assert levels[0] < 0.1
    assert levels[-1] > 0.8


@pytest.mark.parametrize(
    ("better", "worse", "question"),
    [
        (_FRENCH, _NAMES, _FROM_FRANCE),  # the value that the question names
        ("SELECT Name FROM singer WHERE Age > 30", "SELECT Name FROM singer WHERE Age > 40", "singers older than 30"),
        ("SELECT Age FROM singer", "SELECT Name FROM singer", "the ages of the singers"),  # what it asks for
        (
            _NAMES,
            "SELECT Name FROM singer JOIN singer_in_concert USING (Singer_ID)",
            "What are the names of the singers?",
        ),
    ],
)
def test_what_fits_the_question_is_likelier(concerts: Database, better: str, worse: str, question: str) -> None:
    # A longer text of the same probability has more for each letter; that is not what is compared here.
    likely, unlikely = (_confidence(concerts, sql, question, probability=1.0) for sql in (better, worse))
    assert likely > unlikely


def test_words_that_nothing_accounts_for_make_it_less_likely(concerts: Database) -> None:
    plain, strange = (
        _confidence(concerts, _NAMES, f"the names of the {words}") for words in ("singers", "fjord trolls")
    )
    assert strange < plain


def test_numbers_are_compared_by_what_they_say(concerts: Database) -> None:
    def missing(question: str, sql: str) -> float:
        return evidence(_answer(concerts, CalibratedEngine(sql), question), Coverage())["numbers not used"]

    assert missing("singers with an age over 1,000", "SELECT Name FROM singer WHERE Age > 1000") == 0
    assert missing("the 3 oldest singers of 2014", "SELECT Name FROM singer ORDER BY Age DESC LIMIT 3.0") == 1


def test_there_is_no_figure_where_none_was_measured(concerts: Database) -> None:
    assert _answer(concerts, ScriptedEngine([_NAMES])).confidence is None
    other = CalibratedEngine(_NAMES)
    other.adapter = "of the user's own"
    assert _answer(concerts, other).confidence is None
    other = CalibratedEngine(_NAMES)
    other.template = "article instruction"
    assert _answer(concerts, other).confidence is None
    silent = CalibratedEngine(_NAMES)
    silent.log_probability = None
    assert _answer(concerts, silent).confidence is None
    broken = _answer(concerts, CalibratedEngine("SELECT Nil FROM singer"))
    assert (broken.verdict.valid, broken.confidence, broken.doubt) == (False, None, None)


def test_what_is_made_of_an_answer_in_doubt_is_in_doubt_until_that_was_run(concerts: Database) -> None:
    conversation = Conversation()
    assistant = Assistant(concerts, CalibratedEngine(_NAMES, probability=1e-9), Settings())
    *_, first = assistant.answer("What are the names of the singers?", Cancel(), conversation)
    assert isinstance(first, Answer)
    conversation.note(first)
    *_, second = assistant.answer("how many are there?", Cancel(), conversation)
    assert isinstance(second, Answer)
    assert first.doubt is not None
    assert (second.origin, second.confidence, second.doubt) == ("follow-up", None, first.doubt)
    conversation.note(second)
    *_, back = assistant.answer("undo", Cancel(), conversation)
    assert isinstance(back, Answer)
    assert (back.sql, back.doubt) == (first.sql, first.doubt)
    conversation.note(back)
    conversation.note_run(back.sql)
    *_, sure = assistant.answer("how many are there?", Cancel(), conversation)
    assert isinstance(sure, Answer)
    assert (sure.sql, sure.doubt) == (second.sql, None)


def test_below_the_threshold_the_user_is_asked_and_told_which_words_name_nothing(concerts: Database) -> None:
    engine = CalibratedEngine("SELECT Age FROM singer", probability=1e-4)
    answer = _answer(concerts, engine, "the salary of the singers")
    assert answer.doubt is not None
    assert answer.doubt.confidence == answer.confidence
    assert answer.doubt.text == "Nothing here is called “salary”; the SQL takes Age."
    assert _answer(concerts, CalibratedEngine("SELECT Age FROM singer", probability=0.9), "singers' age").doubt is None


def test_the_nearest_names_are_offered_before_what_the_sql_takes(concerts: Database) -> None:
    doubt = _answer(
        concerts, CalibratedEngine("SELECT Age FROM singer", probability=1e-6), "the ages, fees, feez"
    ).doubt
    assert doubt is not None
    assert doubt.text == "Nothing here is called “feez”; nearest: Fee."


def test_where_every_word_is_known_the_figure_itself_is_told(concerts: Database) -> None:
    doubt = _answer(concerts, CalibratedEngine(_NAMES, probability=1e-9)).doubt
    assert doubt is not None
    assert doubt.text.startswith("Of answers like this one, ")
    assert doubt.text.endswith("% are right.")


@pytest.mark.parametrize(("ask_below", "is_asked"), [(0.0, False), (0.2, False), (0.99, True), (1.0, True)])
def test_the_setting_says_from_where_on(concerts: Database, ask_below: float, is_asked: bool) -> None:
    answer = _answer(concerts, CalibratedEngine(_NAMES), settings=Settings(ask_below=ask_below))
    assert (answer.doubt is not None) == is_asked
    assert answer.confidence is not None


@pytest.mark.parametrize("engine", [ScriptedEngine([_NAMES]), CalibratedEngine(_NAMES, probability=1.0)])
def test_a_question_on_something_else_is_asked_about_whatever_the_model_says(
    concerts: Database, engine: ScriptedEngine
) -> None:
    answer = _answer(concerts, engine, "What is the weather in Paris tomorrow?")
    assert answer.confidence is None, "what was measured were questions that could be answered"
    assert answer.doubt is not None
    assert answer.doubt.text == (
        "This database seems to have nothing on “weather”, “Paris”: its tables are singer, concert, singer_in_concert."
    )
    assert (
        _answer(concerts, engine, "What is the weather in Paris tomorrow?", settings=Settings(ask_below=0.0)).doubt
        is None
    )


def test_it_is_said_as_well_where_the_sql_cannot_run(concerts: Database) -> None:
    answer = _answer(concerts, ScriptedEngine(["SELECT * FROM weather"]), "What is the weather in Paris tomorrow?")
    assert not answer.verdict.valid
    assert answer.doubt is not None
    assert "nothing on “weather”" in answer.doubt.text


def test_agreement_with_other_answers_counts(concerts: Database) -> None:
    def share(other: str) -> float:
        engine = CalibratedEngine(_FRENCH, probability=0.05)
        engine.scripted_candidates = (Candidate(other, 4, math.log(0.05)),)
        answer = _answer(concerts, engine, _FROM_FRANCE, settings=Settings(candidates=4))
        assert answer.confidence is not None
        known = evidence(answer, Coverage())
        assert known["log-probability"] == pytest.approx(math.log(0.05))
        return known[COMPARISON]

    assert 0.5 < share(_NAMES) < 0.9
    assert share("SELECT Name FROM singer WHERE Country LIKE 'France'") == pytest.approx(1.0)


def test_another_reading_is_not_weighed(concerts: Database) -> None:
    engine = CalibratedEngine(_FRENCH, probability=1e-3)
    engine.scripted_candidates = (Candidate(_NAMES, 4, math.log(1e-4)),)
    answer = _answer(concerts, engine, _FROM_FRANCE, settings=Settings(candidates=4, ask_below=1.0))
    assert answer.confidence is not None
    other = answer.read_as(1)
    assert (other.sql, other.confidence, other.doubt) == (_NAMES, None, None)


def test_what_is_told_cannot_drive_a_terminal() -> None:
    hostile = "x\x1b]52;c;aGk=\x07\u202e" * 20
    for doubt in (
        Doubt(0.1, (hostile,), (hostile,)),
        Doubt(None, (hostile,), tables=(hostile,) * 9),
        Doubt(0.1, odd=(hostile,)),
    ):
        assert doubt.text.isprintable()
        assert len(doubt.text) < 500


def test_what_is_odd_about_an_unlikely_answer_is_told(concerts: Database) -> None:
    engine = CalibratedEngine("SELECT Name, Name FROM singer", probability=1e-4)
    answer = _answer(concerts, engine, "Name the singers older than 30", settings=Settings(ask_below=1.0))
    assert answer.doubt is not None
    assert answer.doubt.odd == ("shows Name twice", "leaves out 30")
    assert answer.doubt.text.endswith("are right: it shows Name twice and leaves out 30.")


_OLDER_THAN_40 = "SELECT Name FROM singer WHERE Age > 40"


@pytest.mark.parametrize("engine", [ScriptedEngine([_OLDER_THAN_40]), CalibratedEngine(_OLDER_THAN_40)])
def test_what_is_odd_is_a_doubt_however_likely_it_is_held(concerts: Database, engine: ScriptedEngine) -> None:
    asked = "Name the singers older than 30"
    answer = _answer(concerts, engine, asked)
    assert answer.confidence is None or answer.confidence <= 0.05
    assert answer.doubt is not None
    assert "it compares with 40, which is not in the question" in answer.doubt.text.lower()
    never = Settings(ask_below=0.0)
    assert _answer(concerts, engine, asked, settings=never).doubt is None


def test_what_is_odd_twice_is_told_once(concerts: Database) -> None:
    sql = "SELECT Name FROM singer WHERE Name = 'Zyx' OR Country = 'Zyx'"
    engine = CalibratedEngine(sql, probability=1e-4)
    answer = _answer(concerts, engine, "Name the singers", settings=Settings(ask_below=1.0))
    assert answer.doubt is not None
    assert answer.doubt.odd == ("asks for 'Zyx', which is not in the question",)


def test_a_lone_table_is_told_as_one() -> None:
    assert Doubt(None, ("weather",), tables=("book",)).text.endswith("“weather”: its only table is book.")


def test_a_calibration_takes_the_evidence_that_there_is_and_is_never_quite_sure(concerts: Database) -> None:
    answer = _answer(concerts, CalibratedEngine(_NAMES))
    known = evidence(answer, Coverage())
    for calibration in CALIBRATIONS.values():
        assert calibration.weights.keys() <= known.keys()
    assert Calibration(-1e9, {}).probability(known) == pytest.approx(0.018, abs=0.001)
    assert Calibration(1e9, {}).probability(known) == pytest.approx(0.982, abs=0.001)


def test_weighing_again_takes_a_doubt_away(concerts: Database) -> None:
    answer = _answer(concerts, CalibratedEngine(_NAMES), settings=Settings(ask_below=1.0))
    assert weighed(answer, Coverage(), concerts.schema(), None, 0.2).doubt is None
