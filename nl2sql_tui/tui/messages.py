"""Every message that the panes and widgets send to each other; what they lead to is decided by who handles them."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from nl2sql_tui.answers import Answer
from nl2sql_tui.database.execute import Ending
from nl2sql_tui.doctor import Diagnosis
from nl2sql_tui.engine.events import KnownAdapter
from nl2sql_tui.errors import UserError
from nl2sql_tui.language.reading import Reading


@dataclass
class QuestionSubmitted(Message):
    """The user sent a question."""

    question: str
    """As typed, without the white space around it; never empty."""


@dataclass
class SqlSubmitted(Message):
    """The user sent SQL of their own to be run."""

    sql: str
    """As typed, without the white space around it; never empty."""
    source: int | None = None
    """Number of the turn whose SQL it was before the user edited it, if it was one's."""


@dataclass
class TypedSqlChecked(Message):
    """What looked like SQL in the question box has been held against the database."""

    text: str
    """As typed."""
    is_sql: bool
    """It compiles and only reads; otherwise it is a question."""


@dataclass
class EmptyLineSubmitted(Message):
    """The user pressed Enter in the empty question box: what stands ready is to be run."""


@dataclass
class EditRequested(Message):
    """SQL is to be put into the SQL box; nothing runs."""

    sql: str
    """What the box will hold."""
    turn: int | None = None
    """Number of the turn that it stands in, if it stands in one."""


@dataclass
class RunRequested(Message):
    """The user asked for valid SQL to be run."""

    sql: str
    """One checked statement."""
    turn: int
    """Number of the turn that it stands in, so that the turn can say what came of it."""


@dataclass
class RunEnded(Message):
    """The statement of a turn has ended, for whatever reason."""

    turn: int
    """Number of the turn that asked for it."""
    sql: str
    """The statement; the turn may have been given another one since."""
    ending: Ending
    """How many rows came, in what time, and what was wrong."""


@dataclass
class SqlChecked(Message):
    """The SQL of a turn has been found valid."""

    turn: int
    """Number of the turn."""
    sql: str
    """One statement that only reads."""


@dataclass
class ReadingMade(Message):
    """The SQL of a turn has been put into plain words."""

    turn: int
    """Number of the turn."""
    sql: str
    """What was read; the turn may have been given another statement since."""
    reading: Reading
    """In raw words: who shows them makes them safe."""


@dataclass
class DiagnosisMade(Message):
    """The result of a turn has been examined, or that has been stopped."""

    turn: int
    """Number of the turn."""
    diagnosis: Diagnosis
    """Without findings where nothing is odd."""


@dataclass
class ReadingRequested(Message):
    """The user wants to see all that is said of a statement in plain words."""

    reading: Reading
    """In raw words."""
    changes: tuple[str, ...]
    """What was changed in it before it was shown, in raw words."""


@dataclass
class CopyRequested(Message):
    """A text is to be copied to the clipboard."""

    text: str
    """To the letter, as it stands in the database or the answer."""
    what: str
    """In a few words, for the line that says it was copied: "the SQL"."""


@dataclass
class PromptRequested(Message):
    """The user wants to see what the model was shown."""

    prompt_text: str
    """To the letter."""
    prompt_tokens: int
    """Its length."""
    context_tokens: int
    """The most that prompt and answer may take together."""


@dataclass
class PromptMeasured(Message):
    """A prompt has been made ready for the model."""

    tokens: int
    """Its length."""
    context_tokens: int
    """The most that prompt and answer may take together."""


@dataclass
class AnswerEnded(Message):
    """A question has been answered, stopped or given up."""

    answer: Answer | None
    """The answer, if there is one."""


@dataclass
class ActivityChanged(Message):
    """Something began or ended, or another turn was chosen: which keys are live may have changed."""


@dataclass
class CellOpened(Message):
    """The user wants to see the whole of a cell or of a row."""

    title: str
    """What is shown, for the viewer's title."""
    text: str
    """The whole text, unsafe characters and all; the viewer makes it safe."""
    copied: Callable[[], str]
    """Gives what the viewer's copy key copies; made only then, as it may be large."""


@dataclass
class ColumnsMoved(Message):
    """The cursor of the result is in another column, or other columns fit on the screen."""


@dataclass
class AdaptersListed(Message):
    """The model's adapters, as the user wanted to see them."""

    adapters: tuple[KnownAdapter, ...]
    """In raw words: who shows them makes them safe."""


@dataclass
class AdapterSwitched(Message):
    """Switching to another adapter has ended; the engine says which one answers now."""

    problem: UserError | None
    """What kept the other one from it."""


@dataclass
class Noticed(Message):
    """Something is wrong beside what the user asked for; said in the chat, where it stays."""

    message: str
    """What, in one line."""
    hint: str
    """What to do about it; may be empty."""


@dataclass
class Flashed(Message):
    """A short word to the user about what was just done; shown for a few seconds."""

    text: str
    """One line."""
    warning: bool = False
    """It did not work."""
