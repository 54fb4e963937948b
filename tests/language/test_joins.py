"""The columns on which tables can be joined."""

from nl2sql_tui.language.joins import JoinEdge, join_edges
from nl2sql_tui.schema import Column, ForeignKey, Schema, Table


def table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = ()) -> Table:
    """A table from columns like "id INT pk"."""
    made = []
    for column in columns:
        words = column.split()
        made.append(Column(words[0], words[1] if len(words) > 1 else "", int("pk" in words)))
    return Table(name, tuple(made), keys)


def guessed(*tables: Table) -> set[tuple[str, str, str, str]]:
    """The edges that names alone suggest, as table, column, other table, other column."""
    return {
        (edge.table, edge.columns[0][0], edge.other, edge.columns[0][1])
        for edge in join_edges(Schema(tables))
        if edge.origin == "names"
    }


def test_a_declared_key_is_an_edge_in_the_schemas_spelling() -> None:
    singer = table("Singer", "ID INT pk", "Name TEXT")
    song = table("song", "Title TEXT", "Singer INT", keys=(ForeignKey("singer", "SINGER", "id"),))
    assert join_edges(Schema((singer, song))) == (JoinEdge("song", "Singer", (("Singer", "ID"),), "declared"),)


def test_a_composite_key_is_one_edge_and_two_keys_to_one_table_are_two() -> None:
    parts = (ForeignKey("year", "edition", "year"), ForeignKey("no", "edition", "no"))
    edition = table("edition", "year INT pk", "no INT pk")
    page = table("page", "year INT", "no INT", keys=parts)
    team = table("team", "id INT pk")
    game = table(
        "game", "home INT", "away INT", keys=(ForeignKey("home", "team", "id"), ForeignKey("away", "team", "id"))
    )
    edges = join_edges(Schema((edition, page, team, game)))
    assert [edge.columns for edge in edges if edge.table == "page"] == [(("year", "year"), ("no", "no"))]
    assert [edge.columns for edge in edges if edge.table == "game"] == [(("home", "id"),), (("away", "id"),)]


def test_a_key_to_a_column_that_is_not_there_is_none() -> None:
    broken = table("location", "restaurant_id INT", keys=(ForeignKey("restaurant_id", "restaurant", "restaurant_id"),))
    restaurant = table("restaurant", "id INT pk", "name TEXT")
    assert guessed(restaurant, broken) == {("location", "restaurant_id", "restaurant", "id")}
    assert all(edge.origin != "declared" for edge in join_edges(Schema((restaurant, broken))))


def test_names_suggest_the_table_that_a_column_is_called_after() -> None:
    customers = table("customers", "id INT pk", "name TEXT")
    airlines = table("airlines", "uid INT pk", "Airline TEXT")
    assert ("orders", "customer_id", "customers", "id") in guessed(customers, table("orders", "customer_id INT"))
    assert ("orders", "CustomerID", "customers", "id") in guessed(customers, table("orders", "CustomerID INT"))
    assert ("orders", "billing_customer_id", "customers", "id") in guessed(
        customers, table("orders", "billing_customer_id INT")
    )
    assert ("flights", "Airline", "airlines", "uid") in guessed(airlines, table("flights", "Airline INT"))


def test_types_that_cannot_be_equal_and_general_names_suggest_nothing() -> None:
    customers = table("customers", "id INT pk", "name TEXT")
    assert not guessed(customers, table("orders", "customer TEXT"))
    assert not guessed(customers, table("suppliers", "id INT pk", "name TEXT"))


def test_without_any_declared_key_equal_identifying_names_are_joined() -> None:
    student, pet = table("Student", "StuID INT", "Age INT"), table("Has_Pet", "StuID INT", "PetID INT", "Age INT")
    assert guessed(student, pet) == {("Has_Pet", "StuID", "Student", "StuID")}


def test_two_tables_that_refer_to_the_same_key_by_the_same_name_can_be_joined() -> None:
    country = table("country", "Code TEXT pk")
    key = (ForeignKey("CountryCode", "country", "Code"),)
    city, language = table("city", "CountryCode TEXT", keys=key), table("language", "CountryCode TEXT", keys=key)
    shared = [edge for edge in join_edges(Schema((country, city, language))) if edge.origin == "shared"]
    assert shared == [JoinEdge("language", "city", (("CountryCode", "CountryCode"),), "shared")]


def test_tables_that_a_key_joins_are_not_joined_past_it_too() -> None:
    country = table("country", "Code TEXT pk")
    key = ForeignKey("CountryCode", "country", "Code")
    city = table("city", "id INT pk", "CountryCode TEXT", keys=(key,))
    mayor = table("mayor", "city_id INT", "CountryCode TEXT", keys=(key, ForeignKey("city_id", "city", "id")))
    assert not [edge for edge in join_edges(Schema((country, city, mayor))) if edge.origin == "shared"]


def test_the_edges_of_a_schema_are_found_once() -> None:
    key = ForeignKey("singer_id", "singer", "id")
    schema = Schema((Table("singer", (Column("id", "INT"),)), Table("song", (Column("singer_id", "INT"),), (key,))))
    assert len(join_edges(schema)) == 1
    assert join_edges(schema) is join_edges(Schema(schema.tables))
