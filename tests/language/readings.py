"""Statements on two small schemas, and the sentences that say what they do."""

BANK = """
CREATE TABLE branch (id INTEGER PRIMARY KEY, city TEXT, opened DATE);
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER, branch_id INTEGER REFERENCES branch);
CREATE TABLE account (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), balance REAL);
CREATE TABLE trans (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES account(id), day DATE, amount REAL,
    "group" TEXT);
"""
AIR = """
CREATE TABLE airports (code TEXT PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE flights (no TEXT, source TEXT REFERENCES airports(code), target TEXT REFERENCES airports(code),
    miles INTEGER);
CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT, boss INTEGER REFERENCES staff(id), pay REAL);
"""
BANK_READINGS = [
    (
        (
            "SELECT branch_id, COUNT(*) AS n FROM customer WHERE city = 'Prague' GROUP BY branch_id ORDER BY n "
            "DESC LIMIT 3"
        ),
        "Counts the rows of customer whose city is 'Prague', for each branch_id; the most first; the first 3.",
    ),
    (
        "SELECT * FROM customer",
        "Lists all columns of the rows of customer.",
    ),
    (
        "SELECT name FROM customer WHERE city = 'Prague' OR age > 30 AND branch_id IS NULL",
        (
            "Lists name of the rows of customer whose city is 'Prague' or (age is more than 30 and branch_id is "
            "missing)."
        ),
    ),
    (
        "SELECT name FROM customer WHERE (city = 'Prague' OR city = 'Brno') AND NOT age BETWEEN 20 AND 30",
        (
            "Lists name of the rows of customer whose (city is 'Prague' or city is 'Brno') and age is not between "
            "20 and 30."
        ),
    ),
    (
        (
            "SELECT name FROM customer WHERE city IN ('Prague', 'Brno', 'Plzeň') AND name LIKE 'A%' AND name NOT "
            "LIKE '%ová'"
        ),
        (
            "Lists name of the rows of customer whose city is one of 'Prague', 'Brno' and 'Plzeň' and name begins "
            "with 'A' and name does not end with 'ová'."
        ),
    ),
    (
        "SELECT name FROM customer WHERE name LIKE '_a%' AND city LIKE 'prague'",
        (
            "Lists name of the rows of customer whose name matches the pattern '_a%' and city is 'prague' in upper "
            "or lower case."
        ),
    ),
    (
        "SELECT COUNT(DISTINCT city), MAX(age), SUM(DISTINCT age) FROM customer",
        (
            "Gives the number of different values of city, the largest age and the sum of the different values of "
            "age over the rows of customer."
        ),
    ),
    (
        "SELECT COUNT(branch_id) FROM customer",
        "Counts the branch_id values in the rows of customer.",
    ),
    (
        "SELECT DISTINCT city FROM customer ORDER BY city",
        "Lists the different values of city in the rows of customer; by city from A to Z.",
    ),
    (
        "SELECT DISTINCT city, age FROM customer ORDER BY 2 DESC, 1",
        (
            "Lists the different combinations of city and age in the rows of customer; the largest age first, then "
            "by city from A to Z."
        ),
    ),
    (
        "SELECT * FROM trans JOIN account ON trans.account_id = account.id",
        "Lists all columns of the rows of trans, each with its account.",
    ),
    (
        (
            "SELECT b.city, SUM(t.amount) FROM trans t JOIN account a ON t.account_id = a.id JOIN customer c ON "
            "a.customer_id = c.id JOIN branch b ON c.branch_id = b.id WHERE t.day >= '2024-01-01' GROUP BY b.city "
            "HAVING SUM(t.amount) > 1000"
        ),
        (
            "Gives the sum of trans.amount over the rows of trans, each with its account, the customer of that "
            "account and the branch of that customer, where trans.day is on or after '2024-01-01', for each "
            "branch.city, only where the sum of trans.amount is more than 1000."
        ),
    ),
    (
        (
            "SELECT c.name, COUNT(a.id) FROM customer c LEFT JOIN account a ON a.customer_id = c.id AND a.balance "
            "> 0 GROUP BY c.id"
        ),
        (
            "Gives customer.name and the number of account.id values over the rows of customer, each with every "
            "account that belongs to it, if any (only where account.balance is more than 0), for each customer.id "
            "(customer.id itself is not shown)."
        ),
    ),
    (
        "SELECT name FROM customer c WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.customer_id = c.id)",
        (
            "Lists name of the rows of customer where there are no rows of account whose customer_id is the outer "
            "row's id."
        ),
    ),
    (
        "SELECT name FROM customer WHERE age > (SELECT AVG(age) FROM customer)",
        "Lists name of the rows of customer whose age is more than the average of age over the rows of customer.",
    ),
    (
        "SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM account WHERE balance < 0)",
        (
            "Lists name of the rows of customer whose id is not among (the customer_id of the rows of account "
            "whose balance is less than 0)."
        ),
    ),
    (
        "SELECT balance FROM account WHERE customer_id = (SELECT id FROM customer WHERE name = 'Eva')",
        (
            "Lists balance of the rows of account whose customer_id is (the id of the first row of customer whose "
            "name is 'Eva')."
        ),
    ),
    (
        "SELECT name, CASE WHEN age >= 65 THEN 'old' WHEN age < 18 THEN 'young' ELSE 'grown' END FROM customer",
        (
            "Lists name and ('old' if age is at least 65, 'young' if age is less than 18, otherwise 'grown') of "
            "the rows of customer."
        ),
    ),
    (
        (
            "WITH rich AS (SELECT customer_id, SUM(balance) AS total FROM account GROUP BY customer_id) SELECT "
            "name, total FROM rich JOIN customer ON customer.id = rich.customer_id WHERE total > 100"
        ),
        (
            "Lists customer.name and rich.total of the rows of rich, each with every customer where customer.id is "
            "rich.customer_id, where rich.total is more than 100; here rich gives the sum of balance over the rows "
            "of account, for each customer_id."
        ),
    ),
    (
        "SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM account GROUP BY customer_id)",
        (
            "Gives the average of n over the rows of the subquery (which counts the rows of account, for each "
            "customer_id)."
        ),
    ),
    (
        "SELECT strftime('%Y', day), SUM(amount) FROM trans GROUP BY 1 ORDER BY 1",
        "Gives the sum of amount over the rows of trans, for each year of day; by the year of day, smallest first.",
    ),
    (
        "SELECT city FROM branch UNION SELECT city FROM customer ORDER BY city LIMIT 5",
        (
            "Lists what these give together, each once: (1) lists city of the rows of branch; (2) lists city of "
            "the rows of customer; of all these, by city from A to Z, the first 5."
        ),
    ),
    (
        "SELECT city FROM branch EXCEPT SELECT city FROM customer",
        (
            "Lists what the first of these gives and the second does not: (1) lists city of the rows of branch; "
            "(2) lists city of the rows of customer."
        ),
    ),
    (
        "SELECT city FROM branch UNION ALL SELECT city FROM customer UNION ALL SELECT name FROM customer",
        (
            "Lists what these give together, repeats kept: (1) lists city of the rows of branch; (2) lists city of "
            "the rows of customer; (3) lists name of the rows of customer."
        ),
    ),
    (
        (
            "SELECT customer.name, account.balance FROM customer, account WHERE customer.id = account.customer_id "
            "AND balance > 5"
        ),
        (
            "Lists customer.name and account.balance of the rows of account, each with its customer, where "
            "account.balance is more than 5."
        ),
    ),
    (
        "SELECT COUNT(*) FROM customer, branch",
        "Counts the rows of customer, each with every branch.",
    ),
    (
        "SELECT name, RANK() OVER (ORDER BY age) FROM customer",
        "Lists name and RANK() OVER (ORDER BY age) of the rows of customer.",
    ),
    (
        'SELECT amount * 2 + 1, ROUND(amount, 1), UPPER("group") FROM trans LIMIT 10 OFFSET 20',
        (
            "Lists amount * 2 + 1, amount rounded to 1 decimals and group in upper case of the rows of trans; the "
            "next 10 after the first 20."
        ),
    ),
    (
        "SELECT city, COUNT(*) FROM customer GROUP BY city, age",
        "Counts the rows of customer, for each combination of city and age (age itself is not shown).",
    ),
    (
        "SELECT 1 + 1",
        "Gives 1 + 1.",
    ),
    (
        'SELECT COUNT(*) FROM customer WHERE city = "Prague" AND age <> 3 AND name = NULL',
        (
            "Counts the rows of customer whose city is 'Prague' and age is not 3 and name is compared with NULL, "
            "which is never true."
        ),
    ),
    (
        "SELECT name FROM customer WHERE NULL = age OR NOT NULL <> city",
        (
            "Lists name of the rows of customer where age is compared with NULL, which is never true or city is "
            "compared with NULL, which is never true."
        ),
    ),
    (
        "SELECT IFNULL(city, 'unknown'), CAST(age AS TEXT) FROM customer",
        "Lists (city, or 'unknown' where that is missing) and age as TEXT of the rows of customer.",
    ),
    (
        "SELECT city, COUNT(*) FROM customer GROUP BY city ORDER BY COUNT(*) ASC, AVG(age) DESC",
        "Counts the rows of customer, for each city; the fewest first, then by the average of age, largest first.",
    ),
    (
        "SELECT CAST(SUM(balance) AS REAL) / COUNT(*) FROM account",
        "Gives (the sum of balance as REAL) / (the number of rows) over the rows of account.",
    ),
    (
        "SELECT name FROM customer ORDER BY age DESC LIMIT 1",
        "Lists name of the rows of customer; the largest age first; only the first.",
    ),
    (
        "SELECT name FROM customer WHERE LENGTH(name) > 5",
        "Lists name of the rows of customer where the length of name is more than 5.",
    ),
    (
        "SELECT name FROM customer WHERE age IN (SELECT MAX(age) FROM customer GROUP BY city)",
        (
            "Lists name of the rows of customer whose age is among (the largest age over the rows of customer, for "
            "each city)."
        ),
    ),
    (
        "SELECT name FROM customer WHERE id IN (SELECT id FROM customer ORDER BY age LIMIT 2)",
        (
            "Lists name of the rows of customer whose id is among (the id of the rows of customer; the smallest "
            "age first; the first 2)."
        ),
    ),
    (
        "SELECT name FROM customer NATURAL JOIN branch",
        "Lists customer.name of the rows of customer NATURAL JOIN branch.",
    ),
    (
        "SELECT c.name FROM customer AS c JOIN branch AS b USING (city)",
        "Lists customer.name of the rows of customer, each with every branch where branch.city is customer.city.",
    ),
    (
        "SELECT name FROM nowhere WHERE x = 1",
        "Lists name of the rows of nowhere where x is 1.",
    ),
    (
        "SELECT name, (SELECT COUNT(*) FROM account WHERE customer_id = customer.id) AS accounts FROM customer",
        (
            "Lists name and (the number of the rows of account whose customer_id is the outer row's id) of the "
            "rows of customer."
        ),
    ),
]

AIR_READINGS = [
    (
        "SELECT f.no FROM flights f JOIN airports a ON f.source = a.code WHERE a.country = 'France'",
        (
            "Lists flights.no of the rows of flights, each with its row of airports by source, where "
            "airports.country is 'France'."
        ),
    ),
    (
        (
            "SELECT f.no, a.name, b.name FROM flights AS f JOIN airports AS a ON f.source = a.code JOIN airports "
            "AS b ON f.target = b.code"
        ),
        (
            "Lists flights.no, a.name and b.name of the rows of flights, each with its row of airports (a) by "
            "source and its row of airports (b) by target."
        ),
    ),
    (
        "SELECT s.name, b.name FROM staff s JOIN staff b ON s.boss = b.id WHERE s.pay > b.pay",
        "Lists s.name and b.name of the rows of staff (s), each with its staff (b), where s.pay is more than b.pay.",
    ),
    (
        "SELECT country, COUNT(*) FROM airports GROUP BY country HAVING COUNT(*) >= 2 ORDER BY country DESC",
        (
            "Counts the rows of airports, for each country, only where the number of rows is at least 2; by "
            "country from Z to A."
        ),
    ),
    (
        "SELECT name FROM staff AS s WHERE pay = (SELECT MAX(pay) FROM staff WHERE boss = s.boss)",
        (
            "Lists name of the rows of staff whose pay is (the largest pay over the rows of staff whose boss is "
            "the outer row's boss)."
        ),
    ),
    (
        "SELECT no FROM flights WHERE miles > 100 INTERSECT SELECT no FROM flights WHERE source = 'CDG'",
        (
            "Lists what both of these give: (1) lists no of the rows of flights whose miles is more than 100; (2) "
            "lists no of the rows of flights whose source is 'CDG'."
        ),
    ),
    (
        "SELECT a.name, f.no FROM airports a LEFT JOIN flights f ON f.source = a.code",
        (
            "Lists airports.name and flights.no of the rows of airports, each with every row of flights that "
            "belongs to it by source, if any."
        ),
    ),
    (
        "SELECT name FROM staff WHERE NOT (pay > 10 OR boss IS NOT NULL)",
        "Lists name of the rows of staff where it is not so that (pay is more than 10 or boss is not missing).",
    ),
    (
        (
            "WITH RECURSIVE chain(id) AS (SELECT id FROM staff WHERE boss IS NULL UNION ALL SELECT staff.id FROM "
            "staff JOIN chain ON staff.boss = chain.id) SELECT COUNT(*) FROM chain"
        ),
        (
            "Counts the rows of chain; here chain lists what these give together, repeats kept: (1) lists id of "
            "the rows of staff whose boss is missing; (2) lists staff.id of the rows of staff, each with every row "
            "of chain where chain.id is staff.boss."
        ),
    ),
    (
        "SELECT name FROM staff WINDOW w AS (ORDER BY pay)",
        "Lists name of the rows of staff; also: windows.",
    ),
    (
        "SELECT GROUP_CONCAT(name, ', ') FROM staff",
        "Gives GROUP_CONCAT(name, ', ') over the rows of staff.",
    ),
    (
        "SELECT airports.* FROM flights JOIN airports ON flights.target = airports.code ORDER BY miles NULLS LAST",
        (
            "Lists all columns of airports of the rows of flights, each with its row of airports by target; the "
            "smallest flights.miles first, missing values last."
        ),
    ),
]
