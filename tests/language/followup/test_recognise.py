"""Which texts lean on the question before them, told by their words alone."""

import pytest

from nl2sql_tui.language.followup.edits import (
    Aggregate,
    CountRows,
    Distinct,
    Edit,
    Explain,
    Group,
    Instead,
    Keep,
    LeaveOut,
    Limit,
    NoLimit,
    NumberInstead,
    Reverse,
    Show,
    ShowRows,
    Sort,
    Unfilter,
)
from nl2sql_tui.language.followup.recognise import is_undo, leans_on_the_last, readings


@pytest.mark.parametrize(
    "question",
    [
        "How many branches are there?",
        "Which customer has the most accounts?",
        "What is the average balance of all accounts?",
        "Show all products.",
        "List the customers from Prague",
        "Show the names of the singers who performed in 2019",
        "And which customers live in Vienna?",
        "And the names of the stadiums in Rome?",
        "Who owns them?",
        "Now list all stadiums in Rome",
        "What are the names of all branches?",
        "Count the number of payments for each currency",
        "Is there a customer from Vienna?",
        "Show me the customers who were born before 1980",
        "How many customers live in Vienna and have an open account?",
        "Top 5 customers by balance",
        "the total balance of every branch in the country and the number of its customers in each of the cities",
        "hello",
        "",
        "?",
        "and",
    ],
)
def test_a_complete_question_is_its_own(question: str) -> None:
    """A single bare word may be a value; whether it is one, the database says."""
    assert all(isinstance(edit, Instead) and not edit.may_add for edits in readings(question) for edit in edits)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("only for 2023", Keep("for 2023")),
        ("Show me only those from Prague, please.", Keep("from Prague")),
        ("only 2023", Keep("2023")),
        ("I only want those from Prague", Keep("from Prague")),
        ("and per month", Group("month")),
        ("by year", Group("year", counts_rows=False)),
        ("Can you break it down by month?", Group("month", counts_rows=True)),
        ("monthly", Group("month")),
        ("per genre instead", Group("genre", instead=True)),
        ("the other way round", Reverse()),
        ("Now the other way around!", Reverse()),
        ("reverse the order", Reverse()),
        ("top 5", Limit(5, "top")),
        ("just the first three", Limit(3, "first")),
        ("only 10", Limit(10, "first")),
        ("show 5 instead", Limit(5, "first")),
        ("top 5 by balance", Limit(5, "top", "balance")),
        ("bottom 3", Limit(3, "bottom")),
        ("make it 20", NumberInstead(20)),
        ("remove the limit", NoLimit()),
        ("sorted by name", Sort("name")),
        ("sort them by age, descending", Sort("age", descending=True)),
        ("order by price, cheapest first", Sort("price", adjective="cheap")),
        ("most expensive first", Sort("", adjective="expensive")),
        ("in descending order", Sort("", descending=True)),
        ("alphabetically", Sort("", adjective="alphabetical")),
        ("how many are there?", CountRows()),
        ("And how many of them?", CountRows()),
        ("which ones?", ShowRows()),
        ("list them", ShowRows()),
        ("their names too", Show("names")),
        ("also show the city", Show("the city")),
        ("the city as well", Show("the city")),
        ("what are their names?", Show("names")),
        ("without duplicates", Distinct()),
        ("what about France?", Instead("France", may_add=True, rather=True)),
        ("how about in March?", Instead("in March", may_add=True, rather=True)),
        ("and for March?", Instead("for March", may_add=True)),
        ("in Vienna?", Instead("in Vienna", may_add=True)),
        ("Vienna", Instead("Vienna", may_add=False)),
        ("over 500 instead", Instead("over 500", may_add=False, insists=True)),
        ("not Prague", LeaveOut("Prague")),
        ("except those from France", LeaveOut("from France")),
        ("and the average instead", Aggregate("AVG", instead=True, connected=True)),
        ("sum instead of count", Aggregate("SUM", instead=True)),
        ("and their average age?", Aggregate("AVG", "age", connected=True)),
        ("remove the filter", Unfilter()),
        ("for all years", Unfilter("years")),
        ("regardless of the city", Unfilter("city")),
        ("why is Ana Torres missing?", Explain("Ana Torres")),
        ("Why isn't Ana Torres in the list?", Explain("Ana Torres")),
    ],
)
def test_a_fragment_says_what_is_to_be_done(text: str, first: Edit) -> None:
    found = readings(text)
    assert found, text
    assert found[0] == (first,)


def test_a_long_text_is_a_question_of_its_own() -> None:
    longest = "only those from Prague with an open account and a balance that is high"
    assert len(longest.split()) == 14
    assert readings(longest) == readings(f"and {longest}") != ()
    assert readings(f"{longest} enough") == readings(f"and {longest} enough") == ()


@pytest.mark.parametrize(("words", "is_short"), [("old town of New York", True), ("old town in New York City", False)])
def test_a_fragment_without_a_connective_is_short(words: str, is_short: bool) -> None:
    assert bool(readings(words)) == bool(readings(f"per {words}")) == is_short
    assert readings(f"and {words}")


def test_two_requests_in_one_are_both_done() -> None:
    assert (Keep("from Prague"), Sort("name")) in readings("only those from Prague, sorted by name")
    assert (Keep("for 2023"), Group("month")) in readings("only for 2023 and per month")


@pytest.mark.parametrize("text", ["undo", "Undo that.", "back", "go back", "never mind", "please undo"])
def test_undo_is_known(text: str) -> None:
    assert is_undo(text)


@pytest.mark.parametrize("text", ["", "back from Prague", "customers who went back", "undo the filter on city", "and"])
def test_other_words_are_no_undo(text: str) -> None:
    assert not is_undo(text)


@pytest.mark.parametrize(
    "text",
    [
        "and which customers are from Prague?",
        "But who has none?",
        "what about Vienna?",
        "How many of them are older than 30?",
        "which ones are the cheapest?",
        "Show their names",
        "Those from Prague",
        "Who has the most of these?",
        "Is it the largest?",
        "how many are there?",
        "per month",
    ],
)
def test_what_says_nothing_alone_leans_on_the_last(text: str) -> None:
    assert leans_on_the_last(text)


@pytest.mark.parametrize(
    "text",
    [
        "Which singers come from France?",
        "List the customers and their cities",
        "Show only customers from Prague",
        "How many employees are there in the IT department?",
        "List IT employees",
        "total balance per branch",
        "Which stadium has the most concerts and what is its capacity?",
        "Find the names of all the other branches",
    ],
)
def test_a_whole_question_leans_on_nothing(text: str) -> None:
    assert not leans_on_the_last(text)
