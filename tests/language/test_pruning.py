"""A large schema is cut to what the question is about, within the budget, with the tables its joins need."""

from dataclasses import replace
from itertools import pairwise

from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.language.pruning import prune
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


def test_four_fifths_of_the_budget_are_kept_and_the_order_of_the_schema_too() -> None:
    kept = prune(_LARGE, "students", (), 80, _count)
    assert _count(schema_text(kept)) <= 0.8 * 80
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


def test_a_very_wide_table_is_shown_in_part() -> None:
    keyed = replace(
        _table("wide", *(f"c{number}" for number in range(500)), keys=(ForeignKey("c300", "Student", "StudentID"),)),
    )
    kept = prune(Schema((keyed, _STUDENT)), "the c77 of wide", (), 60, _count).table("wide")
    assert kept is not None
    names = [column.name for column in kept.columns]
    assert {"c0", "c77", "c300"} <= set(names)
    assert len(names) < 12
    assert names == sorted(names, key=lambda name: int(name[1:]))
    assert [key.column for key in kept.foreign_keys] == ["c300"]


def test_a_column_that_holds_a_named_value_is_shown() -> None:
    wide = _table("wide", *(f"c{number}" for number in range(500)))
    kept = prune(Schema((wide,)), "from Mars?", (CellValue("wide", "c444", "Mars"),), 60, _count)
    assert kept.tables[0].column("c444")


def test_one_table_remains_even_if_its_keys_alone_are_too_large() -> None:
    columns = tuple(Column(f"c{number}", "text", primary_key=number + 1) for number in range(500))
    kept = prune(Schema((Table("wide", columns),)), "c7", (), 50, _count)
    assert [len(table.columns) for table in kept.tables] == [500]


def _chain(length: int) -> list[Table]:
    """Tables that each refer to the next; only the ends have telling names."""
    names = ["Painter", *(f"x{number}" for number in range(length)), "Sculpture"]
    return [
        _table(name, f"{name}_id", "next_id", keys=(ForeignKey("next_id", after, f"{after}_id"),))
        for name, after in pairwise(names)
    ] + [_table(names[-1], f"{names[-1]}_id")]


def test_the_way_between_two_tables_is_shown_over_up_to_three_others() -> None:
    for length in (1, 2, 3):
        kept = _names(prune(Schema((*_FILLER, *_chain(length))), "painters of a sculpture", (), 60, _count))
        assert {f"x{number}" for number in range(length)} <= set(kept), length
    kept = _names(prune(Schema((*_FILLER, *_chain(6))), "painters of a sculpture", (), 60, _count))
    assert not {"x2", "x3"} & set(kept)


def test_a_word_that_many_tables_share_says_less_than_a_rare_one() -> None:
    orders = [_table(f"order_{number}", "order_id", "remark") for number in range(200)]
    kept = _names(prune(Schema((*orders, _table("refund", "amount"))), "order refunds", (), 30, _count))
    assert "refund" in kept


def test_a_comment_in_the_schema_says_what_a_short_name_means() -> None:
    spoken = replace(_table("tbl_x7", "v1"), comment="Vessels that call at the harbour")
    with_column = Table("tbl_y8", (Column("q", "text", comment="tonnage of the freight"),))
    schema = Schema((*_FILLER, spoken, with_column))
    assert _names(prune(schema, "Which vessels were there?", (), 40, _count)) == ["tbl_x7"]
    assert _names(prune(schema, "How much tonnage?", (), 40, _count)) == ["tbl_y8"]


def test_words_that_are_put_together_shortened_or_inflected_are_met() -> None:
    for name, question in [
        ("flightno", "which flights"),
        ("dept", "the departments"),
        ("emp", "every employee"),
        ("enrolment", "who is enrolled?"),
        ("coureur", "Coureurs"),
        ("élève", "eleves"),
    ]:
        kept = _names(prune(Schema((*_FILLER, _table(name, "zz"))), question, (), 40, _count))
        assert kept == [name], question


def test_a_table_is_counted_once_for_all_questions() -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return _count(text)

    prune(_LARGE, "students", (), 80, count)
    first = len(counted)
    prune(Schema(_LARGE.tables), "Which students take courses?", (), 80, count)
    assert len(counted) - first < first / 4
    assert len(set(counted) - {schema_text(_LARGE)}) >= len(counted) - 6


def test_a_schema_that_changed_is_read_anew() -> None:
    before = Schema((*_FILLER, _STUDENT))
    after = Schema((*_FILLER, _table("Student", "StudentID", "Nickname")))
    prune(before, "students", (), 60, _count)
    shown = prune(after, "students", (), 60, _count).table("Student")
    assert shown is not None
    assert shown.column("Nickname")


def test_what_takes_more_together_than_one_by_one_is_cut_to_the_budget() -> None:
    def count(text: str) -> int:
        return _count(text) + text.strip().count("\n")

    kept = prune(Schema(_FILLER), "the level of each log", (), 60, count)
    assert len(kept.tables) > 1
    assert count(schema_text(kept)) <= 0.8 * 60
