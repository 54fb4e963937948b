"""A large schema is cut to what the question is about, within the budget, with the tables its joins need."""

from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.language.pruning import prune, words_of
from nl2sql_tui.schema import CellValue, Column, ForeignKey, Schema, Table


def _count(text: str) -> int:
    return len(text.split())


def _table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = ()) -> Table:
    return Table(name, tuple(Column(column, "text") for column in columns), keys)


_FILLER = tuple(_table(f"log_{number}", "stamp", "level", "payload", "origin") for number in range(300))
_STUDENT = _table("Student", "StudentID", "FullName")
_COURSE = _table("Course", "CourseID", "CourseTitle", "Credits")
_ENROLMENT = _table(
    "Enrolment",
    "StudentID",
    "CourseID",
    keys=(ForeignKey("StudentID", "Student", "StudentID"), ForeignKey("CourseID", "Course", "CourseID")),
)
_LARGE = Schema((*_FILLER[:150], _STUDENT, *_FILLER[150:], _COURSE, _ENROLMENT))


def _names(schema: Schema) -> list[str]:
    return [table.name for table in schema.tables]


def test_a_schema_that_fits_is_left_as_it_is() -> None:
    small = Schema((_STUDENT, _COURSE))
    assert prune(small, "anything", (), 100, _count) is small


def test_the_tables_of_the_question_and_the_one_between_them_are_kept() -> None:
    kept = _names(prune(_LARGE, "Which students take the course Biology?", (), 60, _count))
    assert set(kept) == {"Student", "Course", "Enrolment"}


def test_the_budget_is_kept_and_the_order_of_the_schema_too() -> None:
    kept = prune(_LARGE, "students", (), 80, _count)
    assert _count(schema_text(kept)) <= 80
    order = _names(_LARGE)
    assert _names(kept) == sorted(_names(kept), key=order.index)


def test_with_nothing_in_common_the_first_tables_are_kept() -> None:
    assert _names(prune(_LARGE, "Quo vadis?", (), 60, _count))[0] == "log_0"


def test_a_named_cell_value_brings_its_table() -> None:
    value = CellValue("log_222", "origin", "Mars")
    assert "log_222" in _names(prune(_LARGE, "what came from Mars?", (value,), 60, _count))


def test_a_foreign_key_to_a_table_that_is_not_there_is_passed_over() -> None:
    lost = _table("Award", "StudentID", keys=(ForeignKey("StudentID", "Vanished", "StudentID"),))
    assert "Award" in _names(prune(Schema((*_LARGE.tables, lost)), "awards", (), 60, _count))


def test_one_table_remains_even_if_it_alone_is_too_large() -> None:
    wide = Schema((_table("wide", *(f"c{number}" for number in range(500))),))
    assert _names(prune(wide, "c7", (), 50, _count)) == ["wide"]


def test_words_of_names_and_questions_meet() -> None:
    assert words_of("CustomerOrders") == words_of("customer_order") == words_of("the customers' orders")
    assert words_of("HTTPStatus2") == {"http", "statu"} or words_of("HTTPStatus2") == {"http", "status"}
    assert words_of("companies") == words_of("company")
