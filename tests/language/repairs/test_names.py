"""Which name another one is taken for: its own spelling or a part of it, never its opposite or another thing."""

import pytest

from nl2sql_tui.language.repairs.names import asked_name, like_name, name_words, only, said_words, same_name


@pytest.mark.parametrize(
    ("name", "candidate", "table"),
    [
        ("pet_type", "PetType", ""),
        ("pettypes", "pet_type", ""),
        ("Visitor_ID", "ID", "visitor"),
        ("ID", "Visitor_ID", "visitor"),
        ("visitor", "visitor_name", "visitor"),
        ("name_visitor", "name", "visitors"),
    ],
)
def test_one_name_in_two_spellings(name: str, candidate: str, table: str) -> None:
    assert same_name(name, [candidate, "other"], table) == candidate


@pytest.mark.parametrize(
    ("name", "candidates", "table"),
    [
        ("pet_type", ["PetType", "pettypes"], ""),
        ("class", ["clas"], ""),
        ("gas", ["ga"], ""),
        ("visitor", ["visitor_id"], "visitor"),
        ("order_id", ["id"], ""),
    ],
)
def test_two_names_or_another_one_are_not_the_same(name: str, candidates: list[str], table: str) -> None:
    assert same_name(name, candidates, table) is None


@pytest.mark.parametrize(
    ("name", "candidate", "table"),
    [
        ("date", "transaction_date", ""),
        ("capital", "capitol", ""),
        ("employe", "employee", ""),
        ("hypertensoin", "hypertension", ""),
        ("mcaro_nutrient", "macro_nutrient", ""),
        ("document_details", "other_details", "document"),
        ("name", "first_name", ""),
        ("SSHIPMENTID", "ShipmentID", "Shipment"),
        ("custmerid", "customer_id", ""),
    ],
)
def test_a_part_of_a_name_or_a_slip_is_that_name(name: str, candidate: str, table: str) -> None:
    found = like_name(name, [candidate, "unlike"], table, frozenset(("first",)))
    assert found == candidate


@pytest.mark.parametrize(
    ("name", "candidate", "table", "question"),
    [
        ("is_inactive", "is_active", "user", "How many users are active?"),
        ("inactive", "active", "user", "How many are inactive?"),
        ("male", "female", "town", "males per town"),
        ("male_population", "female_population", "town", "How many men?"),
        ("unpaid_amount", "paid_amount", "bill", "How much has not been paid?"),
        ("unpaid", "paid", "bill", ""),
        ("export_value", "import_value", "trade", "import value"),
        ("exports", "imports", "trade", ""),
        ("max_age", "age", "person", "What age?"),
        ("age", "max_age", "person", "What age?"),
        ("age", "min_age", "person", "How old?"),
        ("birth_date", "hire_date", "employee", "What is the date of birth?"),
        ("end_date", "start_date", "trip", "When does it end?"),
        ("end", "start", "trip", ""),
        ("order_date", "ship_date", "order", "When was it ordered?"),
        ("customer_id", "country_id", "customer", "Which customers?"),
        ("order_id", "line_id", "order_line", ""),
        ("order_id", "id", "order_line", ""),
        ("payer_name", "payee_name", "deal", ""),
        ("consignor", "consignee", "cargo", ""),
        ("macro_nutrient", "micro_nutrient", "food", ""),
        ("hypertension", "hypotension", "patient", ""),
        ("micro_nutrient", "macro_nutrient", "food", ""),
        ("quality", "quantity", "item", "What quality?"),
        ("cost", "lost", "game", ""),
        ("price_of", "of", "item", ""),
    ],
)
def test_an_opposite_or_another_thing_is_not_taken(name: str, candidate: str, table: str, question: str) -> None:
    said = said_words(question)
    for like in (same_name, like_name, asked_name):
        assert like(name, [candidate, "comment"], table, said) is None


def test_what_would_be_another_thing_is_taken_if_the_question_says_so() -> None:
    assert like_name("age", ["max_age"], "", said_words("the maximum age")) is None
    assert like_name("age", ["max_age"], "", said_words("the max age")) == "max_age"
    assert like_name("qualety", ["quality"], "", said_words("what quality")) == "quality"
    assert like_name("contact", ["contract"], "", said_words("contact or contract")) == "contract"


def test_two_that_are_alike_are_not_chosen_between() -> None:
    assert like_name("date", ["ship_date", "order_date"], "", frozenset()) is None
    # What tells more of a name comes before what misspells it.
    assert like_name("height", ["hieght", "height_cm"], "", frozenset()) == "height_cm"
    assert like_name("heigth", ["height", "weight"], "", frozenset()) == "height"
    assert like_name("prices", ["prize", "pride"], "", frozenset()) is None


@pytest.mark.parametrize(
    ("name", "candidates", "question", "taken"),
    [
        ("home_score", ["away_score"], "What is the away score?", "away_score"),
        ("home_score", ["away_score"], "What is the score?", None),
        ("home_score", ["away_score"], "the home and the away score", None),
        ("home_score", ["away_score", "half_score"], "the away score", None),
        ("home_team", ["away_score"], "the away score", None),
        ("of_the", ["away_of"], "away of", None),
    ],
)
def test_a_name_that_the_question_says(name: str, candidates: list[str], question: str, taken: str | None) -> None:
    assert asked_name(name, candidates, "match", said_words(question)) == taken


def test_the_table_need_not_be_said() -> None:
    assert asked_name("home_score", ["match_score"], "match", said_words("the score")) == "match_score"


def test_words_of_names() -> None:
    assert name_words("Year_of_FoundedHTML2s") == ("year", "of", "founded", "html", "2", "s")
    assert name_words("passes cats gas") == ("passe", "cat", "gas")
    assert only(["a", "a"]) == "a"
    assert only(["a", "b"]) is None
    assert only([]) is None
