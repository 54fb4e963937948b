"""Names and questions fall into words that meet."""

import pytest

from nl2sql_tui.language.words import likeness, stem, words_in, words_of


def test_words_of_names_and_questions_meet() -> None:
    assert words_of("CustomerOrders") == words_of("customer_order") == words_of("the customers' orders")
    assert words_of("HTTPStatus2 of 3") == {"http", "status"}
    assert words_in("order_date_of_the_order") == ["order", "date", "order"]
    assert words_of("Élèves") == words_of("eleve")
    assert words_of("注文") == {"注文"}


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("companies", "company"),
        ("courses", "course"),
        ("nurses", "nurse"),
        ("houses", "house"),
        ("classes", "class"),
        ("boxes", "box"),
        ("matches", "match"),
        ("templates", "template"),
        ("singers", "singer"),
    ],
)
def test_plurals_and_singulars_have_one_stem(plural: str, singular: str) -> None:
    assert stem(plural) == stem(singular)


def test_words_that_only_look_like_plurals_stay() -> None:
    assert [stem(word) for word in ("bus", "status", "analysis", "class")] == ["bus", "status", "analysis", "class"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [("flight", "flightno"), ("language", "countrylanguage"), ("enrolled", "enrolment"), ("department", "dept")],
)
def test_words_of_one_family_are_alike(asked: str, named: str) -> None:
    assert 0 < likeness(stem(asked), stem(named)) < likeness(asked, asked) == 1


@pytest.mark.parametrize(("asked", "named"), [("name", "country"), ("average", "age"), ("city", "cat"), ("", "x")])
def test_other_words_are_not(asked: str, named: str) -> None:
    assert likeness(asked, named) == 0
