"""A few examples over two schemas, as preparation would make them."""

from nl2sql_tui.training.prepare import Example

SINGERS = "singer(id int pk, name text, country text)\nconcert(id int pk, singer_id int)\nconcert.singer_id = singer.id"
SHOPS = 'shop(id int pk, city text)\n"order"(id int pk, shop_id int, total real)\n"order".shop_id = shop.id'


def examples() -> list[Example]:
    return [
        Example("a.sqlite", SINGERS, "How many singers are there?", "SELECT COUNT(*) FROM singer", "test"),
        Example("a.sqlite", SINGERS, "Names by country?", "SELECT name, country FROM singer ORDER BY country", "test"),
        Example(
            "a.sqlite",
            SINGERS,
            "Who never sang?\nsinger.name = 'Joe'",
            "SELECT name FROM singer WHERE NOT id IN (SELECT singer_id FROM concert)",
            "test",
        ),
        Example("b.sqlite", SHOPS, "Total of all orders?", 'SELECT SUM(total) FROM "order"', "test"),
        Example("b.sqlite", SHOPS, "Which cities?", "SELECT DISTINCT city FROM shop", "test"),
    ]
