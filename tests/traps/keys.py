"""Traps in how tables belong together: two keys to one table, none declared, a table joined to itself."""

from typing import Final

from tests.traps.trap import Trap

_FROM_OSLO: Final = "SELECT COUNT(*) FROM flight JOIN airport ON flight.{} = airport.code WHERE airport.city = 'Oslo'"

KEYS: Final = (
    Trap(
        "two keys to one table: the wrong one",
        "flights",
        "How many flights have their origin in Oslo?",
        _FROM_OSLO.format("destination"),
        "kept",
        right=_FROM_OSLO.format("origin"),
        rows=((2,),),
        gives=((1,),),
        is_writable=True,
    ),
    Trap(
        "two keys to one table: none used, the question says which",
        "flights",
        "How many flights have their destination in Rome?",
        "SELECT COUNT(*) FROM flight WHERE city = 'Rome'",
        "mended",
        says="JOIN airport ON flight.destination = airport.code",
        right=_FROM_OSLO.format("destination").replace("Oslo", "Rome"),
        rows=((2,),),
    ),
    Trap(
        "two keys to one table: none used, the question does not say which",
        "flights",
        "How many flights belong to Lisbon?",
        "SELECT COUNT(*) FROM flight WHERE city = 'Lisbon'",
        "refused",
        says="There is no column city. city is a column of airport.",
    ),
    Trap(
        "two keys to one table: both at once",
        "flights",
        "How many seats has the flight from Oslo to Rome?",
        "SELECT seats FROM flight JOIN airport ON flight.origin = airport.code "
        "JOIN airport ON flight.destination = airport.code WHERE airport.city = 'Oslo' AND airport.city = 'Rome'",
        "refused",
        says="ambiguous",
        right="SELECT T1.seats FROM flight AS T1 JOIN airport AS T2 ON T1.origin = T2.code "
        "JOIN airport AS T3 ON T1.destination = T3.code WHERE T2.city = 'Oslo' AND T3.city = 'Rome'",
        rows=((180,),),
        right_forms=("tables first",),
    ),
    Trap(
        "undeclared keys: a column of the other table",
        "undeclared",
        "What is the sum of the totals of invoices of customers in Oslo?",
        "SELECT SUM(total) FROM invoices WHERE city = 'Oslo'",
        "mended",
        says="customers.customer_id",
        right="SELECT SUM(invoices.total) FROM invoices JOIN customers ON invoices.customer_id = "
        "customers.customer_id WHERE customers.city = 'Oslo'",
        rows=((30.0,),),
    ),
    Trap(
        "undeclared keys: joined on a column that is not there",
        "undeclared",
        "List the name of the customer and the total of each invoice.",
        "SELECT customers.name, invoices.total FROM customers JOIN invoices ON customers.id = invoices.customer",
        "mended",
        says="joined by the keys",
        right="SELECT customers.name, invoices.total FROM customers JOIN invoices ON customers.customer_id = "
        "invoices.customer_id",
        rows=(("Ann", 10.0), ("Ann", 20.0), ("Bo", 5.0)),
    ),
    Trap(
        "undeclared keys: not joined at all",
        "undeclared",
        "How many invoices does each customer have?",
        "SELECT nam, COUNT(*) FROM customers, invoices GROUP BY nam",
        "mended",
        says="joined by the keys",
        right="SELECT customers.name, COUNT(*) FROM customers JOIN invoices ON customers.customer_id = "
        "invoices.customer_id GROUP BY customers.name",
        rows=(("Ann", 2), ("Bo", 1)),
    ),
    Trap(
        "the same column in five tables: not said which",
        "five",
        "List the name of each member with the name of the team.",
        "SELECT name, name FROM member JOIN team ON member.team_id = team.id",
        "refused",
        says="name is in more than one of the tables",
        right="SELECT member.name, team.name FROM member JOIN team ON member.team_id = team.id",
        rows=(("Ann", "Red"), ("Bo", "Red"), ("Cy", "Blue")),
    ),
    Trap(
        "the same column in five tables: of one that is not read",
        "five",
        "How many members are ill?",
        "SELECT COUNT(*) FROM member WHERE laptop.status = 'ill'",
        "mended",
        says="laptop.status → member.status",
        right="SELECT COUNT(*) FROM member WHERE status = 'ill'",
        rows=((1,),),
    ),
    Trap(
        "the same column in five tables: five tables apart",
        "five",
        "Which laptop names belong to the city Oslo?",
        "SELECT laptop.name FROM laptop WHERE city.name = 'Oslo'",
        "mended",
        says="city.name",
        right="SELECT laptop.name FROM laptop JOIN member ON laptop.member_id = member.id JOIN team ON "
        "member.team_id = team.id JOIN office ON team.office_id = office.id JOIN city ON office.city_id = city.id "
        "WHERE city.name = 'Oslo'",
        rows=(("Ada",), ("Bit",)),
    ),
    Trap(
        "a table joined to itself: nothing says so",
        "staff",
        "List the name of each employee with the name of the manager.",
        "SELECT employee.name, manager.name FROM employee JOIN manager ON employee.manager_id = manager.id",
        "refused",
        says="There is no table manager",
        right="SELECT T1.name, T2.name FROM employee AS T1 JOIN employee AS T2 ON T1.manager_id = T2.id",
        rows=(("Jon", "Ida"), ("Kim", "Ida"), ("Lea", "Jon")),
        right_forms=("tables first",),
    ),
    Trap(
        "a table joined to itself under one name",
        "staff",
        "What are the names of the employees who earn more than their manager?",
        "SELECT name FROM employee JOIN employee ON manager_id = id WHERE salary > salary",
        "refused",
        says="more than one of the tables",
        right="SELECT T1.name FROM employee AS T1 JOIN employee AS T2 ON T1.manager_id = T2.id "
        "WHERE T1.salary > T2.salary",
        rows=(("Lea",),),
        right_forms=("tables first",),
    ),
    Trap(
        "a table that refers to itself, asked alone",
        "staff",
        "How many employees have no manager?",
        "SELECT COUNT(*) FROM employee WHERE manager IS NULL",
        "mended",
        says="manager_id",
        right="SELECT COUNT(*) FROM employee WHERE manager_id IS NULL",
        rows=((1,),),
    ),
    Trap(
        "many to many: the table between left out",
        "school",
        "What are the names of the students who take Algebra?",
        "SELECT student.name FROM student JOIN course ON student.student_id = course.course_id "
        "WHERE course.title = 'Algebra' AND course.room = 1",
        "refused",
        says="There is no column course.room",
        right="SELECT student.name FROM student JOIN enrolment ON student.student_id = enrolment.student_id "
        "JOIN course ON enrolment.course_id = course.course_id WHERE course.title = 'Algebra'",
        rows=(("Ann",), ("Bo",)),
    ),
    Trap(
        "many to many: joined on a column that one side lacks",
        "school",
        "List the titles of the courses of Ann.",
        "SELECT course.title FROM course JOIN student ON course.student_id = student.student_id "
        "WHERE student.name = 'ann'",
        "mended",
        says="enrolment",
        right="SELECT course.title FROM course JOIN enrolment ON course.course_id = enrolment.course_id "
        "JOIN student ON enrolment.student_id = student.student_id WHERE student.name = 'Ann'",
        rows=(("Algebra",), ("Botany",)),
    ),
    Trap(
        "many to many: those without any",
        "school",
        "What are the names of the students without an enrolment?",
        "SELECT name FROM student WHERE student_id NOT IN (SELECT student FROM enrolment)",
        "mended",
        says="student_id",
        right="SELECT name FROM student WHERE student_id NOT IN (SELECT student_id FROM enrolment)",
        rows=(("Cy",),),
    ),
    Trap(
        "a composite key: the other table left out",
        "composite",
        "What is the door of flats in houses with 9 floors?",
        "SELECT door FROM flat WHERE floors = 9",
        "mended",
        says="flat.street = house.street AND flat.number = house.number",
        right="SELECT flat.door FROM flat JOIN house ON flat.street = house.street AND flat.number = house.number "
        "WHERE house.floors = 9",
        rows=(("c",), ("d",)),
    ),
    Trap(
        "a composite key: half of it",
        "composite",
        "What is the highest rent in houses with 5 floors?",
        "SELECT MAX(flat.rent) FROM flat JOIN house ON flat.number = house.number WHERE house.floors = 5",
        "kept",
        right="SELECT MAX(flat.rent) FROM flat JOIN house ON flat.street = house.street AND flat.number = house.number "
        "WHERE house.floors = 5",
        rows=((800,),),
        is_writable=True,
    ),
    Trap(
        "one table among a hundred",
        "many",
        "What is the height of the volcano Fuji?",
        "SELECT height FROM log_07 WHERE name = 'fuji'",
        "refused",
        says="There is no column height. height is a column of volcano.",
        right="SELECT height FROM volcano WHERE name = 'Fuji'",
        rows=((3776,),),
    ),
)
