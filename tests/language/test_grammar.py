"""The grammar from a schema, held against llguidance itself: what it lets through and what it does not."""

import random
import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import pytest

from nl2sql_tui.language.answer_form import as_sql, tables_first
from nl2sql_tui.language.grammar import schema_grammar
from nl2sql_tui.quoting import identifier, quoted
from nl2sql_tui.schema import CellValue, Column, ForeignKey, Schema, Table

Form = Literal["sql", "tables first"]
FORMS: tuple[Form, ...] = ("sql", "tables first")
END = 256


class Bytes:
    """A vocabulary of the 256 bytes and an end."""

    eos_token_id = END
    bos_token_id = None
    special_token_ids = (END,)
    tokens = (*(bytes([value]) for value in range(256)), b"<end>")

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text.encode() if isinstance(text, str) else text)


@cache
def tokenizer() -> Any:
    from llguidance import LLTokenizer, TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(Bytes()))


@cache
def matcher(schema: Schema, form: Form, values: tuple[CellValue, ...] = ()) -> Any:
    """A matcher at the beginning of the schema's grammar."""
    from llguidance import LLMatcher

    made = LLMatcher(tokenizer(), schema_grammar(schema, values, form), log_level=0)
    assert not made.is_error(), made.get_error()
    return made


def accepts(schema: Schema, text: str, form: Form = "tables first", values: tuple[CellValue, ...] = ()) -> bool:
    """Whether `text` as a whole is an answer."""
    at = matcher(schema, form, values).deep_copy()
    tokens = list(text.encode())
    return bool(at.validate_tokens(tokens) == len(tokens) and at.consume_tokens(tokens) and at.is_accepting())


def table(name: str, columns: str, *keys: tuple[str, str, str], primary: Sequence[str] = ()) -> Table:
    """A table whose columns are given with commas between them, all numbers."""
    names = [column.strip() for column in columns.split(",")]
    return Table(
        name,
        tuple(Column(column, "INT", [*primary].index(column) + 1 if column in primary else 0) for column in names),
        tuple(ForeignKey(*key) for key in keys),
    )


CONCERTS = Schema(
    (
        table("singer", "Singer_ID, Name, Country, Age", primary=["Singer_ID"]),
        table("concert", "concert_ID, Title, Year", primary=["concert_ID"]),
        table(
            "singer_in_concert",
            "concert_ID, Singer_ID",
            ("concert_ID", "concert", "concert_ID"),
            ("Singer_ID", "singer", "Singer_ID"),
            primary=["concert_ID", "Singer_ID"],
        ),
    )
)
FLIGHTS = Schema(
    (
        table("airports", "Code, City", primary=["Code"]),
        table("flights", "No, Source, Dest", ("Source", "airports", "Code"), ("Dest", "airports", "Code")),
    )
)
RESERVED = Schema(
    (
        table("order", "id, group, unit price", primary=["id"]),
        table("line item", "order_id, to", ("order_id", "order", "id")),
    )
)
EDITIONS = Schema(
    (
        table("edition", "year, no, title", primary=["year", "no"]),
        table("page", "year, no, text", ("year", "edition", "year"), ("no", "edition", "no")),
    )
)
LONELY = Schema((table("weather", "day, rain"), table("sales", "amount, shop")))
SIXTY = Schema(
    tuple(
        table(
            f"t{n}", f"id, value{n}, t{n - 1}_id", *([(f"t{n - 1}_id", f"t{n - 1}", "id")] if n else []), primary=["id"]
        )
        for n in range(60)
    )
)

GOOD: list[tuple[Schema, str]] = [
    (CONCERTS, "SELECT COUNT(*) FROM singer"),
    (CONCERTS, "SELECT * FROM singer"),
    (CONCERTS, "SELECT DISTINCT Country FROM singer WHERE Age > 20 AND Age < 30 OR Age IS NULL"),
    (CONCERTS, "SELECT Name, Age FROM singer WHERE Name LIKE '%o''B%' ORDER BY Age DESC, Name LIMIT 3 OFFSET 1"),
    (CONCERTS, "SELECT singer.* FROM singer JOIN singer_in_concert ON singer.Singer_ID = singer_in_concert.Singer_ID"),
    (CONCERTS, "SELECT AVG(Age), COUNT(DISTINCT Country), MAX(Age) - MIN(Age) FROM singer"),
    (
        CONCERTS,
        "SELECT Country, COUNT(*) FROM singer GROUP BY Country HAVING COUNT(*) > 1 ORDER BY COUNT(*) DESC LIMIT 1",
    ),
    (CONCERTS, "SELECT Name FROM singer WHERE NOT Singer_ID IN (SELECT Singer_ID FROM singer_in_concert)"),
    (CONCERTS, "SELECT Name FROM singer WHERE Age = (SELECT MAX(Age) FROM singer)"),
    (CONCERTS, "SELECT Name FROM singer WHERE Country IN ('France', 'Peru') AND Age BETWEEN 20 AND 30"),
    (
        CONCERTS,
        "SELECT Title FROM concert WHERE Year = 2014 UNION SELECT Name FROM singer WHERE (Age > 30 OR Age < 20)",
    ),
    (CONCERTS, "SELECT Name, Age FROM singer INTERSECT SELECT Title, Year FROM concert"),
    (CONCERTS, "SELECT ROUND(CAST(SUM(Age) AS REAL) / COUNT(*), 2) FROM singer"),
    (CONCERTS, "SELECT SUM(CASE WHEN Age > 30 THEN 1 ELSE 0 END) FROM singer"),
    (CONCERTS, "SELECT STRFTIME('%Y', Year), SUBSTR(Title, 1, 4), COALESCE(Year, 0) FROM concert"),
    (CONCERTS, "SELECT COUNT(*) FROM (SELECT Name FROM singer EXCEPT SELECT Title FROM concert)"),
    (
        CONCERTS,
        "SELECT concert.Title, singer.Name FROM singer_in_concert JOIN singer ON singer_in_concert.Singer_ID = "
        "singer.Singer_ID JOIN concert ON concert.concert_ID = singer_in_concert.concert_ID WHERE concert.Year > 2000",
    ),
    (
        CONCERTS,
        "SELECT singer.Name FROM singer LEFT JOIN singer_in_concert ON singer_in_concert.Singer_ID = singer.Singer_ID",
    ),
    (
        FLIGHTS,
        "SELECT flights.No FROM flights JOIN airports ON flights.Dest = airports.Code WHERE airports.City = 'Oslo'",
    ),
    (FLIGHTS, "SELECT flights.No FROM flights JOIN airports ON flights.Source = airports.Code"),
    (RESERVED, 'SELECT "group", "unit price" FROM "order" WHERE "order".id = 1'),
    (RESERVED, 'SELECT "line item"."to" FROM "order" JOIN "line item" ON "order".id = "line item".order_id'),
    (EDITIONS, "SELECT page.text FROM page JOIN edition ON page.year = edition.year AND page.no = edition.no"),
    (LONELY, "SELECT rain FROM weather WHERE day = 'Monday'"),
    (SIXTY, "SELECT t17.value17 FROM t17 JOIN t18 ON t18.t17_id = t17.id JOIN t19 ON t19.t18_id = t18.id"),
    (SIXTY, "SELECT value59 FROM t59"),
]

ONLY_TABLES_FIRST: list[tuple[Schema, str]] = [
    (
        FLIGHTS,
        "SELECT COUNT(*) FROM flights AS T1 JOIN airports AS T2 ON T1.Dest = T2.Code JOIN airports AS T3 ON "
        "T1.Source = T3.Code WHERE T2.City = 'Oslo' AND T3.City = 'Rome'",
    ),
    (
        CONCERTS,
        "SELECT Name FROM singer WHERE EXISTS(SELECT * FROM singer_in_concert WHERE singer_in_concert.Singer_ID = "
        "singer.Singer_ID)",
    ),
]

BAD: list[tuple[Schema, str]] = [
    (CONCERTS, "SELECT Fame FROM singer"),
    (CONCERTS, "SELECT Name FROM stadium"),
    (CONCERTS, "SELECT Title FROM singer"),
    (CONCERTS, "SELECT concert.Title FROM singer"),
    (CONCERTS, "SELECT Name FROM singer WHERE Year = 2014"),
    (CONCERTS, "SELECT Name FROM singer WHERE Age = (SELECT MAX(singer.Age) FROM concert)"),
    (CONCERTS, "SELECT singer.Name FROM singer JOIN concert ON singer.Singer_ID = concert.concert_ID"),
    (CONCERTS, "SELECT Name FROM singer WHERE COUNT(*) > 1"),
    (CONCERTS, "SELECT Name, Age FROM singer UNION SELECT Title FROM concert"),
    (CONCERTS, "SELECT Name FROM singer WHERE Age IN (SELECT Year, Title FROM concert)"),
    (CONCERTS, "SELECT Name FROM singer ORDER BY 7"),
    (CONCERTS, "SELECT Name FROM singer; DROP TABLE singer"),
    (CONCERTS, "SELECT Name FROM singer;"),
    (CONCERTS, "SELECT Name FROM singer -- all"),
    (CONCERTS, "SELECT Name FROM singer /* all */"),
    (CONCERTS, "SELECT load_extension('x') FROM singer"),
    (CONCERTS, "SELECT Name FROM sqlite_master"),
    (CONCERTS, "DELETE FROM singer"),
    (CONCERTS, "UPDATE singer SET Age = 1"),
    (CONCERTS, "PRAGMA user_version"),
    (CONCERTS, "ATTACH 'x' AS y"),
    (CONCERTS, ""),
    (RESERVED, "SELECT group FROM order"),
    (RESERVED, 'SELECT unit price FROM "order"'),
    (LONELY, "SELECT weather.rain FROM weather JOIN sales ON weather.day = sales.shop"),
]


def made(schema: Schema) -> sqlite3.Connection:
    """An empty database with the tables of `schema`."""
    connection = sqlite3.connect(":memory:")
    for one in schema.tables:
        columns = ", ".join(quoted(column.name) for column in one.columns)
        connection.execute(f"CREATE TABLE {quoted(one.name)} ({columns})")
    return connection


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("schema", "sql"), GOOD, ids=[sql for _, sql in GOOD])
def test_a_good_answer_is_accepted(schema: Schema, sql: str, form: Form) -> None:
    made(schema).execute(f"EXPLAIN {sql}")
    assert accepts(schema, sql if form == "sql" else tables_first(sql), form)


@pytest.mark.parametrize(("schema", "sql"), ONLY_TABLES_FIRST, ids=[sql for _, sql in ONLY_TABLES_FIRST])
def test_aliases_and_correlated_tests_can_be_written_tables_first(schema: Schema, sql: str) -> None:
    made(schema).execute(f"EXPLAIN {sql}")
    assert accepts(schema, tables_first(sql))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("schema", "sql"), BAD, ids=[sql or "nothing" for _, sql in BAD])
def test_a_bad_answer_is_refused(schema: Schema, sql: str, form: Form) -> None:
    assert not accepts(schema, sql if form == "sql" else tables_first(sql), form)


@pytest.mark.parametrize(("before", "behind"), [("ABS(", ")"), ("(", ")"), ("-", ""), ("SUBSTR(", ", 1)")])
def test_functions_and_parentheses_nest_four_deep_and_no_deeper(before: str, behind: str) -> None:
    def nested(depth: int) -> str:
        return f"FROM singer SELECT Name WHERE {before * depth}Singer_ID{behind * depth} > 3"

    assert accepts(CONCERTS, nested(4))
    assert not accepts(CONCERTS, nested(5))


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_are_not_mixed(form: Form) -> None:
    sql = "SELECT Name FROM singer"
    assert not accepts(CONCERTS, tables_first(sql) if form == "sql" else sql, form)


@pytest.mark.parametrize("form", FORMS)
def test_a_linked_value_is_written_as_it_is_stored(form: Form) -> None:
    values = (CellValue("singer", "Country", "Côte d'Ivoire"), CellValue("concert", "Title", "a/b\\c"))

    def written(literal: str) -> bool:
        sql = f"SELECT Name FROM singer WHERE Country = {literal}"
        return accepts(CONCERTS, sql if form == "sql" else tables_first(sql), form, values)

    assert written("'Côte d''Ivoire'")
    assert written("'a/b\\c'")
    assert not written("'côte d''ivoire'")
    assert not written("'A/B\\C'")
    assert written("'Peru'")
    assert written("'côte'")


HOSTILE = Schema(
    tuple(
        table(name, f"{name}, plain")
        for name in (
            'a"b',
            "slash/\\back",
            "new\nline",
            "tab\tand\x07bell",
            "Zoë ☃ 😀",
            '" | /.*/ | "',
            "x} %if true",
            "# // comment",
            "'",
            "",
            "[square]",
            "T1",
            "COUNT",
            "NULLABLE",
        )
    )
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [one.name for one in HOSTILE.tables])
def test_a_name_may_hold_anything_and_says_nothing_else(name: str, form: Form) -> None:
    column = identifier(name)
    for sql in (f"SELECT {column}, plain FROM {column}", f"SELECT {column}.plain FROM {column} WHERE {column} = 1"):
        made(HOSTILE).execute(f"EXPLAIN {sql}")
        assert accepts(HOSTILE, sql if form == "sql" else tables_first(sql), form)
    assert not accepts(
        HOSTILE, f"SELECT {column} FROM singer" if form == "sql" else f"FROM singer SELECT {column}", form
    )
    assert not accepts(HOSTILE, name, form)


def test_what_no_query_can_name_is_left_out() -> None:
    odd = Schema((Table("broken_view", (), is_view=True), table("fine", "good, nul\0"), table("nul\0", "x")))
    assert accepts(odd, "FROM fine SELECT good")
    assert not accepts(odd, "FROM broken_view SELECT COUNT(*)")
    assert schema_grammar(Schema((Table("broken_view", ()),)), (), "sql") == ""
    assert schema_grammar(Schema(()), (), "tables first") == ""


@pytest.mark.parametrize("form", FORMS)
def test_more_tables_than_bits_are_all_there(form: Form) -> None:
    many = Schema(tuple(table(f"t{n}", f"column{n}, shared") for n in range(130)))
    for number in (0, 64, 129):
        sql = f"SELECT COUNT(*) FROM t{number} WHERE column{number} > (SELECT MAX(column5) FROM t5)"
        assert accepts(many, sql if form == "sql" else tables_first(sql), form)
    assert not accepts(many, "SELECT column1 FROM t2" if form == "sql" else "FROM t2 SELECT column1", form)


WALKED = Schema((*CONCERTS.tables, *FLIGHTS.tables, *RESERVED.tables))


def walk(form: Form, seed: int) -> str | None:
    """An answer written at random within the grammar; None if it does not end soon."""
    chance = random.Random(seed)
    at = matcher(WALKED, form).deep_copy()
    text = bytearray()
    while len(text) < 400:
        mask = at.compute_bitmask()
        allowed = [token for token in range(END + 1) if mask[token >> 3] >> (token & 7) & 1 and not 128 <= token < END]
        assert allowed, text
        if END in allowed and (len(allowed) == 1 or chance.random() < 0.3):
            assert at.is_accepting(), text
            return text.decode()
        allowed = [token for token in allowed if token != END]
        # Strings end soon, and parentheses are rare, or few answers would come to an end.
        calm = [token for token in allowed if token not in b"0123456789(-"] or allowed
        in_string = len(allowed) > 60 and ord("'") in allowed
        text.append(ord("'") if in_string else chance.choice(calm if len(text) > 60 else allowed))
        at.consume_token(text[-1])
    return None


def complaint_about(sql: str, connection: sqlite3.Connection) -> str:
    """What SQLite has against `sql`; empty if it compiles."""
    try:
        connection.execute(f"EXPLAIN {sql}")
    except sqlite3.OperationalError as error:
        return str(error)
    return ""


def test_whatever_is_written_tables_first_compiles() -> None:
    connection = made(WALKED)
    answers = [answer for seed in range(150) if (answer := walk("tables first", seed)) is not None]
    assert len(answers) > 20
    for answer in answers:
        if "SELECT *" not in answer and ".*" not in answer:
            connection.execute(f"EXPLAIN {as_sql(answer)}")


def test_whatever_is_written_select_first_names_only_what_is_in_scope() -> None:
    connection = made(WALKED)
    answers = [answer for seed in range(250) if (answer := walk("sql", seed)) is not None]
    assert len(answers) > 20
    for answer in answers:
        complaint = complaint_about(answer, connection)
        assert "no such" not in complaint, answer
        assert "ambiguous" not in complaint, answer
