"""Follow-ups whose words allow more than one change: only what is surely meant is done, all else is left alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.language.followup.understand import follow_up
from tests.databases import make_database

SCRIPT = """
CREATE TABLE airport (code TEXT PRIMARY KEY, city TEXT, country TEXT);
CREATE TABLE flight (no INTEGER PRIMARY KEY, origin TEXT REFERENCES airport(code),
    destination TEXT REFERENCES airport(code), price REAL, status TEXT);
CREATE TABLE stop (no INTEGER PRIMARY KEY, end_port TEXT REFERENCES airport(code));
CREATE TABLE plan (id INTEGER PRIMARY KEY, year_begin DATE, cost INT);
INSERT INTO airport VALUES ('OSL', 'Oslo', 'Norway'), ('FCO', 'Rome', 'Italy'), ('CDG', 'Paris', 'France');
INSERT INTO flight VALUES (4, 'OSL', 'CDG', 40, 'first');
INSERT INTO flight VALUES (1, 'OSL', 'FCO', 10, 'late'), (2, 'FCO', 'CDG', 20, 'landed'), (3, 'CDG', 'OSL', 30, NULL);
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT, town TEXT);
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, job TEXT, pay REAL, hired_on DATE, left_year INTEGER,
    team_id INTEGER REFERENCES team(id), boss_id INTEGER REFERENCES person(id));
CREATE TABLE task (person_id INTEGER REFERENCES person(id), hours INTEGER, role TEXT);
INSERT INTO team VALUES (1, 'Sales', 'Bonn'), (2, 'Research', 'Cork');
INSERT INTO person VALUES (1, 'Ada', 'clerk', 10, '2020-01-02', NULL, 1, NULL);
INSERT INTO person VALUES (2, 'Ben', 'smith', 20, '2022-03-04', 2023, 2, 1);
INSERT INTO person VALUES (3, 'Cay', 'cook', 30, NULL, NULL, NULL, 1);
INSERT INTO task VALUES (1, 7, 'lead'), (2, 9, 'aide');
"""
FROM_ROME = "SELECT no FROM flight JOIN airport ON flight.origin = airport.code WHERE airport.city = 'Rome'"
TO_ROME = "SELECT no FROM airport JOIN flight ON airport.code = flight.destination WHERE airport.city = 'Rome'"
HOURS = "SELECT person.name, SUM(hours) FROM task JOIN person ON task.person_id = person.id GROUP BY person.name"
BY_TEAM = (
    "SELECT team.name, SUM(task.hours) FROM task JOIN person ON task.person_id = person.id "
    "LEFT JOIN team ON person.team_id = team.id GROUP BY team.id"
)
JOBS = "SELECT job, COUNT(*) AS n FROM person GROUP BY job"
BY_NAME = "SELECT name, COUNT(*) AS n FROM person GROUP BY name"
SINCE = "SELECT name FROM person WHERE hired_on >= '2020-01-01'"
BETWEEN = f"{SINCE} AND hired_on < '2023-01-01'"
BOSSES = "SELECT p.name FROM person AS p, person AS b WHERE p.boss_id = b.id AND p.job = 'cook'"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return Database(make_database(Path(tmp_path_factory.mktemp("narrow")) / "narrow.sqlite", SCRIPT))


def _sql(database: Database, sql: str, text: str) -> str | None:
    check = database.check
    assert check(sql).valid
    found = follow_up(text, sql, database.schema(), database.values(Cancel()), lambda made: check(made).valid)
    return found.sql if found else None


@pytest.mark.parametrize(
    ("sql", "text", "made"),
    [
        # Where something comes from is not where it goes.
        (FROM_ROME, "and from Oslo?", FROM_ROME.replace("Rome", "Oslo")),
        (FROM_ROME, "Oslo", FROM_ROME.replace("Rome", "Oslo")),
        (TO_ROME, "and to Oslo?", TO_ROME.replace("Rome", "Oslo")),
        (
            "SELECT no FROM flight WHERE destination = 'FCO'",
            "to CDG",
            "SELECT no FROM flight WHERE destination = 'CDG'",
        ),
        (
            "SELECT no FROM stop",
            "only to Rome",
            "SELECT stop.no FROM stop JOIN airport ON stop.end_port = airport.code WHERE airport.city = 'Rome'",
        ),
        # Another grouping keeps an order by the number that is shown.
        (f"{HOURS} ORDER BY 2 DESC LIMIT 3", "by team instead", f"{BY_TEAM} ORDER BY SUM(task.hours) DESC LIMIT 3"),
        (f"{JOBS} ORDER BY n LIMIT 3", "by name instead", f"{BY_NAME} ORDER BY n LIMIT 3"),
        (f"{JOBS} ORDER BY job", "by name instead", BY_NAME),
        (f"{JOBS} HAVING n > 2", "by name instead", f"{BY_NAME} HAVING n > 2"),
        # A further column does not become what a number in ORDER BY stands for.
        (
            f"{JOBS} ORDER BY 2 DESC",
            "and per name",
            "SELECT job, name, COUNT(*) AS n FROM person GROUP BY job, name ORDER BY COUNT(*) DESC",
        ),
        (
            "SELECT id, job, SUM(pay) FROM person GROUP BY 1, 2 ORDER BY 3",
            "without the job",
            "SELECT id, SUM(pay) FROM person GROUP BY id ORDER BY SUM(pay)",
        ),
        (
            "SELECT name, SUM(pay) FROM person GROUP BY name ORDER BY 2",
            "their job too",
            "SELECT name, job, SUM(pay) FROM person GROUP BY name, job ORDER BY SUM(pay)",
        ),
        (
            "SELECT name, job, pay FROM person ORDER BY 3",
            "without the name",
            "SELECT job, pay FROM person ORDER BY pay",
        ),
        (
            "SELECT flight.*, name FROM flight, person ORDER BY 2",
            "without the name",
            "SELECT flight.* FROM flight CROSS JOIN person ORDER BY 2",
        ),
        # An order by a result stays one when a table with a column of that name is joined.
        (
            "SELECT job, SUM(pay) AS pay FROM person GROUP BY job ORDER BY pay",
            "and per team",
            "SELECT person.job, team.name, SUM(person.pay) AS pay FROM person "
            "LEFT JOIN team ON person.team_id = team.id GROUP BY person.job, team.id ORDER BY pay",
        ),
        # One end of a range stands beside the other only if that is said.
        (SINCE, "only before 2023", f"{SINCE} AND hired_on < '2023-01-01'"),
        (SINCE, "before 2023 instead", "SELECT name FROM person WHERE hired_on < '2023-01-01'"),
        (SINCE, "since 2021", SINCE.replace("2020", "2021")),
        (BETWEEN, "only before 2022", f"{BETWEEN} AND hired_on < '2022-01-01'"),
        (BETWEEN, "only since 2021", f"{BETWEEN} AND hired_on >= '2021-01-01'"),
        (BETWEEN, "since 2019", SINCE.replace("2020", "2019")),
        (BETWEEN, "only since 2025", SINCE.replace("2020", "2025")),
        (BETWEEN, "before 2024", "SELECT name FROM person WHERE hired_on < '2024-01-01'"),
        (BETWEEN, "only before 2019", "SELECT name FROM person WHERE hired_on < '2019-01-01'"),
        (BETWEEN, "in 2021", "SELECT name FROM person WHERE STRFTIME('%Y', hired_on) = '2021'"),
        (SINCE, "before 2019", "SELECT name FROM person WHERE hired_on < '2019-01-01'"),
        (SINCE, "in 2021", "SELECT name FROM person WHERE STRFTIME('%Y', hired_on) = '2021'"),
        (
            "SELECT name FROM person WHERE hired_on < '2020-01-01'",
            "since 2021",
            "SELECT name FROM person WHERE hired_on >= '2021-01-01'",
        ),
        (
            "SELECT name FROM person WHERE pay > 10",
            "only under 20",
            "SELECT name FROM person WHERE pay > 10 AND pay < 20",
        ),
        ("SELECT name FROM person WHERE pay > 10", "under 20 instead", "SELECT name FROM person WHERE pay < 20"),
        ("SELECT name FROM person WHERE pay > 10", "under 10", "SELECT name FROM person WHERE pay < 10"),
        ("SELECT name FROM person WHERE pay < 20", "over 30", "SELECT name FROM person WHERE pay > 30"),
        (
            "SELECT name FROM person WHERE pay > 10 AND pay < 20",
            "and pay over 15",
            "SELECT name FROM person WHERE pay > 15 AND pay < 20",
        ),
        (
            "SELECT name FROM person WHERE pay BETWEEN 10 AND 20",
            "over 15",
            "SELECT name FROM person WHERE pay > 15",
        ),
        # Numbers by their names, by what is shown, and by comparatives.
        (
            "SELECT name FROM person WHERE id > 1",
            "and pay over 15",
            "SELECT name FROM person WHERE id > 1 AND pay > 15",
        ),
        ("SELECT no FROM flight", "only cheaper than 20", "SELECT no FROM flight WHERE price < 20"),
        ("SELECT no FROM flight", "only more expensive than 20", "SELECT no FROM flight WHERE price > 20"),
        (
            "SELECT name FROM person WHERE team_id > 1",
            "only in Sales",
            "SELECT person.name FROM person JOIN team ON person.team_id = team.id "
            "WHERE person.team_id > 1 AND team.name = 'Sales'",
        ),
        ("SELECT name FROM person WHERE pay > 10", "make it 15", "SELECT name FROM person WHERE pay > 15"),
        ("SELECT name FROM person WHERE pay >= 10", "the other way round", "SELECT name FROM person WHERE pay <= 10"),
        ("SELECT SUM(pay) FROM person", "count instead", "SELECT COUNT(*) FROM person"),
        (
            "SELECT name FROM person",
            "without lead",
            "SELECT name FROM person WHERE NOT id IN (SELECT task.person_id FROM task WHERE task.role = 'lead')",
        ),
        # Spans of time.
        (
            "SELECT hired_on FROM person",
            "between 2020 and 2022",
            "SELECT hired_on FROM person WHERE hired_on >= '2020-01-01' AND hired_on < '2023-01-01'",
        ),
        (
            "SELECT hired_on FROM person",
            "only from March to May 2021",
            "SELECT hired_on FROM person WHERE hired_on >= '2021-03-01' AND hired_on < '2021-06-01'",
        ),
        (
            "SELECT hired_on FROM person",
            "only from December 2020 to December 2021",
            "SELECT hired_on FROM person WHERE hired_on >= '2020-12-01' AND hired_on < '2022-01-01'",
        ),
        (
            "SELECT cost FROM plan, person",
            "in 2022",
            "SELECT cost FROM plan CROSS JOIN person WHERE STRFTIME('%Y', plan.year_begin) = '2022'",
        ),
        (HOURS, "only with pay over 15", HOURS.replace(" GROUP", " WHERE person.pay > 15 GROUP")),
        (
            "SELECT pay FROM person WHERE job = 'cook' OR name = 'Ada'",
            "only those with the job clerk",
            "SELECT pay FROM person WHERE (job = 'cook' OR name = 'Ada') AND job = 'clerk'",
        ),
        # Orders, with missing values where SQLite has them.
        ("SELECT name FROM person ORDER BY pay", "the other way round", "SELECT name FROM person ORDER BY pay DESC"),
        ("SELECT name FROM person ORDER BY pay DESC", "ascending", "SELECT name FROM person ORDER BY pay ASC"),
        ("SELECT name, pay FROM person", "lowest first", "SELECT name, pay FROM person ORDER BY pay ASC"),
        ("SELECT name, pay FROM person", "highest first", "SELECT name, pay FROM person ORDER BY pay DESC"),
        ("SELECT name, pay FROM person", "first 3", "SELECT name, pay FROM person LIMIT 3"),
        ("SELECT name, pay FROM person", "top 3", "SELECT name, pay FROM person ORDER BY pay DESC LIMIT 3"),
        ("SELECT name FROM person", "top 2 by pay", "SELECT name FROM person ORDER BY pay DESC LIMIT 2"),
        ("SELECT name FROM person", "bottom 2 by pay", "SELECT name FROM person ORDER BY pay ASC LIMIT 2"),
        # Years that are numbers, and days that are called after years.
        ("SELECT left_year FROM person", "before 2023", "SELECT left_year FROM person WHERE left_year < 2023"),
        ("SELECT left_year FROM person", "since 2023", "SELECT left_year FROM person WHERE left_year >= 2023"),
        ("SELECT id FROM plan", "in 2022", "SELECT id FROM plan WHERE STRFTIME('%Y', year_begin) = '2022'"),
        (
            "SELECT SUM(cost) FROM plan",
            "per year",
            "SELECT STRFTIME('%Y', year_begin), SUM(cost) FROM plan GROUP BY STRFTIME('%Y', year_begin)",
        ),
        ("SELECT name FROM person", "per job", "SELECT job, COUNT(*) FROM person GROUP BY job"),
        (
            "SELECT no FROM flight WHERE status <> 'late' OR status <> 'landed'",
            "only those with status late",
            "SELECT no FROM flight WHERE (status <> 'late' OR status <> 'landed') AND status = 'late'",
        ),
        # A value of what is limited already is meant, whatever else the word may say.
        ("SELECT no FROM flight WHERE status = 'late'", "and first?", "SELECT no FROM flight WHERE status = 'first'"),
        ("SELECT no FROM flight WHERE status = 'late'", "first", "SELECT no FROM flight WHERE status = 'first'"),
        ("SELECT no FROM flight", "first", "SELECT no FROM flight LIMIT 1"),
        ("SELECT no FROM flight WHERE origin = 'OSL'", "first", "SELECT no FROM flight WHERE origin = 'OSL' LIMIT 1"),
        # All months of every year, or all years.
        (
            "SELECT name FROM person WHERE STRFTIME('%m', hired_on) = '03' AND id > 1",
            "all months",
            "SELECT name FROM person WHERE id > 1",
        ),
        (
            "SELECT name FROM person WHERE STRFTIME('%Y', hired_on) = '2022' AND id > 1",
            "all years",
            "SELECT name FROM person WHERE id > 1",
        ),
        (f"{SINCE} AND hired_on < '2022-01-01'", "all years", "SELECT name FROM person"),
        (
            "SELECT name FROM person WHERE STRFTIME('%Y-%m', hired_on) = '2022-03'",
            "for all dates",
            "SELECT name FROM person",
        ),
        ("SELECT name FROM person WHERE left_year = 2023", "for all years", "SELECT name FROM person"),
        ("SELECT name FROM person WHERE job = 'cook'", "remove the job", "SELECT name FROM person"),
        # What is left out already stays so.
        (
            "SELECT no FROM flight WHERE status <> 'late'",
            "without landed",
            "SELECT no FROM flight WHERE NOT status IN ('late', 'landed')",
        ),
        (
            "SELECT no FROM flight WHERE status <> 'late' AND no > 1",
            "only landed",
            "SELECT no FROM flight WHERE status = 'landed' AND no > 1",
        ),
        (
            "SELECT no FROM flight WHERE status IS NULL",
            "with a status",
            "SELECT no FROM flight WHERE NOT status IS NULL",
        ),
        # The first rows begin with the first.
        (
            "SELECT name FROM person ORDER BY pay LIMIT 1 OFFSET 4",
            "top 3",
            "SELECT name FROM person ORDER BY pay LIMIT 3",
        ),
        (
            "SELECT name FROM person ORDER BY pay LIMIT 1 OFFSET 4",
            "make it 3",
            "SELECT name FROM person ORDER BY pay LIMIT 3 OFFSET 4",
        ),
        # What ties two sources together is no filter.
        (
            BOSSES,
            "remove the filter",
            "SELECT p.name FROM person AS p CROSS JOIN person AS b WHERE p.boss_id = b.id",
        ),
        (
            "SELECT person.name FROM person WHERE job = 'cook'",
            "what about clerk?",
            "SELECT person.name FROM person WHERE job = 'clerk'",
        ),
        (
            "SELECT name FROM person",
            "and clerk?",
            "SELECT name FROM person WHERE job = 'clerk'",
        ),
        (
            "SELECT COUNT(*) FROM person GROUP BY job",
            "which ones?",
            "SELECT * FROM person",
        ),
    ],
)
def test_what_is_surely_meant_is_done(database: Database, sql: str, text: str, made: str) -> None:
    assert _sql(database, sql, text) == made


@pytest.mark.parametrize(
    ("sql", "texts"),
    [
        (FROM_ROME, ["to Oslo", "and to Oslo?", "to Oslo instead", "what about the flights to Oslo?"]),
        (TO_ROME, ["from Oslo", "and from Oslo?", "only from Oslo"]),
        ("SELECT no FROM flight WHERE origin = 'OSL'", ["to CDG", "and to CDG?"]),
        ("SELECT no FROM stop", ["only from Rome"]),
        # The first rows of all are not the first ones of each group.
        (f"{JOBS} ORDER BY job LIMIT 3", ["by name instead"]),
        (f"{JOBS} ORDER BY n LIMIT 3", ["and per name", "list them", "which ones?"]),
        (f"{JOBS} HAVING job <> 'cook'", ["by name instead"]),
        (f"{JOBS} HAVING n > 1", ["list them"]),
        ("SELECT name FROM person ORDER BY pay LIMIT 3", ["per job"]),
        ("SELECT MAX(pay) FROM person", ["which ones?", "list them"]),
        ("SELECT name FROM person", ["top 3"]),
        # Of a row, or of a group?
        (HOURS, ["at least 8 hours", "only those with hours over 8"]),
        # It may be meant beside what stands, or in its place.
        (SINCE, ["and before 2023", "before 2023"]),
        ("SELECT name FROM person WHERE hired_on LIKE '%-03-%'", ["in 2022", "only 2022", "and in May"]),
        ("SELECT COUNT(*) FROM person", ["without duplicates"]),
        (BETWEEN, ["before 2022", "and since 2021"]),
        ("SELECT name FROM person WHERE hired_on < '2023-01-01'", ["since 2021"]),
        ("SELECT name FROM person WHERE pay > 10", ["and under 20", "under 20", "pay at most 20"]),
        ("SELECT name FROM person WHERE pay < 20", ["and over 10"]),
        ("SELECT name FROM person WHERE pay > 10 AND pay < 20", ["and pay exactly 15"]),
        ("SELECT name, pay FROM person WHERE NOT pay > 10", ["over 20", "and over 20"]),
        ("SELECT name FROM person WHERE STRFTIME('%Y', hired_on) <> '2022'", ["and in 2021", "and in 2022"]),
        ("SELECT no FROM flight WHERE NOT status IN ('late', 'landed')", ["and landed?"]),
        ("SELECT code FROM airport WHERE city = 'Rome'", ["what about Norway?"]),
        ("SELECT name FROM person WHERE team_id = 2", ["and in Sales?", "in Sales instead", "only in Sales"]),
        ("SELECT name FROM person WHERE STRFTIME('%Y-%m', hired_on) = '2022-03'", ["all months", "all years"]),
        ("SELECT name FROM person WHERE STRFTIME('%Y', hired_on) = '2022'", ["all months"]),
        ("SELECT name FROM person WHERE hired_on = '2022-03-04'", ["all months", "all years"]),
        ("SELECT name FROM person WHERE NOT boss_id IS NULL", ["without a boss", "excluding the boss"]),
        ("SELECT name FROM person", ["over 15", "by job"]),
        ("SELECT left_year FROM person WHERE left_year = 2022", ["and 2022-03-04", "and in March", "since March 2022"]),
        ("SELECT name FROM person ORDER BY pay DESC", ["descending"]),
        ("SELECT name FROM person ORDER BY name", ["ascending"]),
        (JOBS, ["sorted by pay", "sorted by hired on"]),
        # All that was asked for, or nothing.
        ("SELECT hired_on FROM person WHERE job = 'clerk'", ["cook in 2022 instead"]),
        (
            "SELECT no FROM flight WHERE status = 'late' "
            "AND origin IN (SELECT origin FROM flight WHERE status = 'first')",
            ["what about landed?"],
        ),
        # Nothing is there that could make way.
        ("SELECT name FROM person", ["clerk instead", "in 2022 instead", "over 10 instead"]),
        ("SELECT p.name FROM person AS p, person AS b WHERE p.boss_id = b.id", ["remove the filter"]),
    ],
)
def test_what_may_be_meant_otherwise_is_left_alone(database: Database, sql: str, texts: Sequence[str]) -> None:
    assert [text for text in texts if _sql(database, sql, text) is not None] == []


def test_a_period_may_be_added_beside_another_condition(database: Database) -> None:
    assert _sql(database, "SELECT hired_on FROM person WHERE job = 'cook'", "in 2022") == (
        "SELECT hired_on FROM person WHERE job = 'cook' AND STRFTIME('%Y', hired_on) = '2022'"
    )
