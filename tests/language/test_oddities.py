"""What hardly any right answer has is found; what right answers have is not."""

import pytest

from nl2sql_tui.language.oddities import oddities
from nl2sql_tui.schema import Column, ForeignKey, Schema, Table


@pytest.mark.parametrize(
    ("question", "sql", "odd"),
    [
        ("names and themes", "SELECT theme, theme FROM concert", "shows theme twice"),
        ("names and themes", "SELECT a FROM t UNION SELECT b AS x, b AS y FROM t", "shows b twice"),
        ("both", "SELECT name FROM a INTERSECT SELECT name FROM a", "combines a query with itself"),
        (
            "the average weight of cars each year",
            "SELECT year, AVG(weight) FROM car",
            "shows year of any one row beside AVG(weight)",
        ),
        ("lowest and highest", "SELECT name, MIN(a), MAX(a) FROM t", "shows name of any one row beside MIN(a)"),
        ("who has friends?", "SELECT id FROM f GROUP BY id HAVING COUNT(*) >= 3", "compares with 3, which is not in"),
        ("who is older than 30?", "SELECT name FROM p", "leaves out 30"),
        ("who sold over 1,250.50?", "SELECT name FROM p WHERE sold > 12", "leaves out 1250.5"),
        ("flights", "SELECT a.x FROM a JOIN b ON b.id = b.id WHERE b.y = 'k'", "joins b with every row"),
        ("What is the largest city?", "SELECT name FROM city", "has nothing for 'largest'"),
        ("How many people live in Asia?", "SELECT name FROM country", "counts nothing"),
        ("Which ships did not sink?", "SELECT name FROM ship WHERE lost = 'sunk'", "has nothing for 'not'"),
        (
            "which airline is UAL?",
            "SELECT code FROM airline WHERE code = 'UAL' AND x > 0",
            "shows code, which is 'UAL' in",
        ),
        ("orders of 2024", "SELECT id FROM o WHERE currency = 'USD'", "asks for 'USD', which is not in"),
        ("singers from France", "SELECT a FROM s WHERE c = 'France' AND d LIKE '%rock%'", "asks for '%rock%'"),
        ("Ships that didn't sink?", "SELECT name FROM ship", 'has nothing for "n\'t"'),
        ("stadiums of 2014", "SELECT id FROM s WHERE year = 2015 AND x = 2014", "compares with 2015, which is not in"),
        ("cities of over a million", "SELECT name FROM city WHERE population > 150000", "compares with 150000"),
        ("expectancy per continent", "SELECT c, AVG(x) FROM t GROUP BY c LIMIT 1", "gives only 1 of the rows"),
        ("artists of albums", "SELECT a FROM t WHERE title LIKE '%%'", "has title LIKE '%%', which leaves nothing out"),
        ("customers by year", "SELECT joined, COUNT(*) FROM c GROUP BY joined", "has nothing for 'by year'"),
        ("sales each month", "SELECT SUM(total) FROM invoice", "has nothing for 'each month'"),
    ],
)
def test_what_is_odd_is_named(question: str, sql: str, odd: str) -> None:
    assert any(found.startswith(odd) for found in oddities(sql, question)), oddities(sql, question)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("names and themes", "SELECT name, theme FROM concert"),
        ("a name and its theme twice", "SELECT a.name, b.name FROM p AS a JOIN p AS b ON a.id = b.boss"),
        ("the heaviest and its weight", "SELECT name, MAX(weight) FROM car"),
        ("the town and code of UAL", "SELECT code, town FROM airline WHERE code = 'UAL'"),
        ("towns with UAL", "SELECT town FROM a WHERE code IN (SELECT code FROM airline WHERE code = 'UAL')"),
        ("tracks of Rock", "SELECT track.name FROM track JOIN genre ON genre.id = track.g WHERE genre.name = 'Rock'"),
        ("how many women?", "SELECT COUNT(*) FROM p WHERE sex = 'Woman'"),
        ("how many male ones?", "SELECT COUNT(*) FROM p WHERE sex = 'M' AND active = 'yes'"),
        ("invoices from the US", "SELECT id FROM i WHERE country = 'USA'"),
        ("flights from LA", "SELECT id FROM f WHERE city = 'Los Angeles'"),
        ("colleges in North Dakota", "SELECT id FROM c WHERE state = 'ND'"),
        ("Polish singers", "SELECT a FROM s WHERE c = 'poland'"),
        ("orders of May 2024", "SELECT id FROM o WHERE day LIKE '2024-05%'"),
        ("the average per year", "SELECT year, AVG(weight) FROM car GROUP BY year"),
        ("share of cars", "SELECT COUNT(*), AVG(weight) FROM car"),
        ("who has at least 2 friends?", "SELECT id FROM f GROUP BY id HAVING COUNT(*) > 1"),
        ("who won twice?", "SELECT id FROM w GROUP BY id HAVING COUNT(*) = 2"),
        ("both days", "SELECT id FROM w GROUP BY id HAVING COUNT(*) = 2"),
        ("cities of over a million", "SELECT name FROM city WHERE population > 1000000"),
        ("films of at least 2 hours", "SELECT name FROM film WHERE minutes >= 120"),
        ("days from 2024-01-02 to 2024-01-31", "SELECT id FROM d WHERE day < '2024-02-01'"),
        ("the 3 heaviest", "SELECT name FROM car ORDER BY weight DESC LIMIT 3"),
        ("a car", "SELECT name FROM car LIMIT 1"),
        ("who is called Ann?", "SELECT name FROM p WHERE name = 'Ann'"),
        ("How many stars has it?", "SELECT stars FROM review"),
        ("customers by year", "SELECT STRFTIME('%Y', joined), COUNT(*) FROM c GROUP BY 1"),
        ("expectancy per year", "SELECT year, AVG(x) FROM t GROUP BY year"),
        ("names without an M", "SELECT name FROM p WHERE NOT name LIKE '%M%'"),
        ("who has at least two friends?", "SELECT id FROM f GROUP BY id HAVING COUNT(*) >= 2"),
        ("who has friends?", "SELECT id FROM f GROUP BY id HAVING COUNT(*) > 0"),
        ("the 5 oldest", "SELECT name FROM p ORDER BY age DESC LIMIT 5"),
        ("what happened in 2014", "SELECT name FROM e WHERE day LIKE '2014%'"),
        ("those under 3,500", "SELECT name FROM e WHERE price < 3500"),
        ("at least two courses, at most five", "SELECT a FROM t GROUP BY a HAVING COUNT(*) BETWEEN 2 AND 5"),
        ("List the best finishes", "SELECT best_finish FROM player"),
        ("days with a maximum dew point below 70", "SELECT day FROM weather WHERE max_dew_point < 70"),
        ("How many staff has the museum?", "SELECT num_of_staff FROM museum"),
        ("How many are there?", "SELECT COUNT(*) FROM museum"),
        ("those not higher than 4", "SELECT a FROM t WHERE level <= 4"),
        ("dogs that are not abandoned", "SELECT a FROM dog WHERE abandoned_yn = '0'"),
        ("dogs that are not abandoned", "SELECT a FROM dog WHERE abandoned = 0"),
        ("students without a cat", "SELECT a FROM s WHERE NOT id IN (SELECT s_id FROM has)"),
        ("not only cats", "SELECT a FROM pets"),
        ("What?", "this is no SQL"),
    ],
)
def test_what_right_answers_have_is_not_odd(question: str, sql: str) -> None:
    assert oddities(sql, question) == ()


_MUSEUM = Schema(
    (
        Table("visitor", (Column("id", "int", 1), Column("name", "text"))),
        Table("visit", (Column("visitor_id", "int", 1), Column("museum_id", "int", 2))),
    )
)


@pytest.mark.parametrize(
    ("sql", "is_odd"),
    [
        ("SELECT name FROM visitor GROUP BY id HAVING COUNT(*) > 1", True),
        ("SELECT name FROM visitor GROUP BY visitor.ID, name ORDER BY COUNT(*) DESC LIMIT 1", True),
        ("SELECT name FROM visitor GROUP BY name HAVING COUNT(*) > 1", False),
        ("SELECT visitor_id FROM visit GROUP BY visitor_id HAVING COUNT(*) > 1", False),
        ("SELECT name FROM visitor GROUP BY id", False),
        ("SELECT name FROM visitor JOIN visit ON id = visitor_id GROUP BY id HAVING COUNT(*) > 1", False),
    ],
)
def test_groups_of_one_row_are_odd(sql: str, is_odd: bool) -> None:
    found = oddities(sql, "who visited more than 1 museum?", _MUSEUM)
    assert [odd for odd in found if "one by one" in odd] == ["counts the rows of visitor one by one"] * is_odd


_ORDERS = Table(
    "orders",
    (
        Column("id", "INTEGER", primary_key=1),
        Column("shipper_id", "INT"),
        Column("placed", "DATE"),
        Column("title", "TEXT"),
        Column("total", "REAL"),
    ),
    (ForeignKey("shipper_id", "shipper", "id"),),
)


@pytest.mark.parametrize(
    ("sql", "odd"),
    [
        ("SELECT SUM(placed) FROM orders", "adds up placed, which is no amount"),
        ("SELECT AVG(shipper_id) FROM orders", "adds up shipper_id, which is no amount"),
        ("SELECT id FROM orders WHERE shipper_id = '1997'", "compares shipper_id, which is a key, with a year"),
        ("SELECT id FROM orders WHERE title > 10", "compares the texts of title with a number"),
        ("SELECT SUM(total) FROM orders", ""),
        ("SELECT AVG(placed) FROM orders", ""),
        ("SELECT id FROM orders WHERE id = 7", ""),
        ("SELECT id FROM orders WHERE title > 'k'", ""),
    ],
)
def test_what_only_the_schema_can_tell_is_odd(sql: str, odd: str) -> None:
    found = oddities(sql, "orders of 1997, 10 and 7", Schema((_ORDERS,)))
    assert (odd in found) if odd else not any("no amount" in one or "a key" in one or "texts" in one for one in found)
