"""Errors a user can cause or meet, each with one clear line and an exit code; everything else is a bug."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns; documented in the README."""

    OK = 0
    BUG = 1
    """Something this program did not foresee."""
    USAGE = 2
    """The command line itself was wrong (click's own code)."""
    DATABASE = 3
    """The database file could not be opened or read."""
    SQL = 4
    """The SQL was refused, does not compile, or failed while it ran."""
    MODEL = 5
    """The model could not be fetched, loaded or run."""
    INPUT = 6
    """A question or an input file could not be used."""
    UNSURE = 7
    """The answer is in doubt, and so was not run."""
    STOPPED = 130
    """Stopped by the user."""


class UserError(Exception):
    """An error with a line for the person who reads it.

    `message` says what happened, in one line and without a trailing full stop being required.
    `hint` says what is safe and what to do next; it may be empty.
    """

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class DatabaseError(UserError):
    """The database file cannot be opened, read or understood."""

    exit_code = ExitCode.DATABASE


class SqlError(UserError):
    """A statement was refused, does not compile, or failed while it ran."""

    exit_code = ExitCode.SQL


class ModelError(UserError):
    """A model cannot be fetched, loaded or run."""

    exit_code = ExitCode.MODEL


class InputError(UserError):
    """A question, a settings file or a questions file cannot be used."""

    exit_code = ExitCode.INPUT


class OutputError(UserError):
    """What a command has to say cannot be written on standard output."""


class Stopped(UserError):
    """The user asked to stop; what was there so far has been kept."""

    exit_code = ExitCode.STOPPED

    def __init__(self, message: str = "Stopped.", hint: str = "") -> None:
        super().__init__(message, hint)
