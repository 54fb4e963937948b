"""Names, places, shops and phrases of the demo bank, all invented; who gets which, others decide."""

from typing import Final, NamedTuple


class Place(NamedTuple):
    """A city with branches of the bank, and what goes with living there."""

    city: str
    country: str
    currency: str
    branches: tuple[str, ...]
    town_nearby: str
    weight: int
    """How many of the bank's customers live there, relative to the other places."""


class Shop(NamedTuple):
    """A business that takes cards; no city means that it sells online only."""

    name: str
    category: str
    city: str | None
    country: str


PLACES: Final = (
    Place("Berlin", "Germany", "EUR", ("Berlin Mitte", "Berlin Kreuzberg"), "Potsdam", 16),
    Place("München", "Germany", "EUR", ("München Schwabing",), "Dachau", 11),
    Place("Köln", "Germany", "EUR", ("Köln Altstadt",), "Brühl", 7),
    Place("Lyon", "France", "EUR", ("Lyon Presqu'île",), "Vénissieux", 9),
    Place("Málaga", "Spain", "EUR", ("Málaga Centro",), "Nerja", 6),
    Place("Dublin", "Ireland", "EUR", ("Dublin Docklands",), "Dún Laoghaire", 8),
    Place("Bari", "Italy", "EUR", ("Bari Murat",), "Monopoli", 6),
    Place("Boston", "United States", "USD", ("Boston Back Bay", "Boston Harbor"), "Cambridge", 14),
    Place("San José", "United States", "USD", ("San José Downtown",), "Santa Clara", 9),
    Place("London", "United Kingdom", "GBP", ("London Southbank",), "Croydon", 8),
    Place("Zürich", "Switzerland", "CHF", ("Zürich Seefeld",), "Küsnacht", 5),
    Place("Kraków", "Poland", "PLN", ("Kraków Kazimierz",), "Wieliczka", 6),
    Place("São Paulo", "Brazil", "BRL", ("São Paulo Pinheiros",), "Osasco", 6),
)

NEW_BRANCH: Final = ("Łódź Bałuty", "Łódź", "Poland", "2025-11-17")
"""Name, city, country and first day of a branch so new that nobody banks there yet."""

TENTHS_OF_A_EURO: Final = {"EUR": 10, "USD": 11, "GBP": 9, "CHF": 14, "PLN": 40, "BRL": 52}
"""What ten euros' worth of daily life costs in each currency: keeps its amounts plausible."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES: Final = {
    "Germany": _words("Anke Björn Friederike Henning Jörg Jürgen Käthe Meike Nele Saskia Sönke Ulrike Zoë"),
    "France": _words("Amélie Benoît Chloé Élodie Fabrice Gaëlle Hélène Léa Maëlle Noémie Rémi Thibault"),
    "Spain": _words("Begoña Concepción Íñigo Jesús Lucía María Nuria Ramón Rocío Sofía Ximena"),
    "Ireland": _words("Aoife Bríd Conall Fionnuala Gráinne Maeve Niamh Róisín Ruairí Seán Siobhán"),
    "Italy": _words("Chiara Davide Federica Gennaro Ilaria Loredana Nicolò Ornella Rocco Silvia Vito"),
    "United States": _words("Abigail Brandon Chloe Darnell Emily Jasmine Kayla Marcus Renée Tyler Wei Zoë"),
    "United Kingdom": _words("Alistair Beatrice Duncan Gemma Imogen Kwame Nigel Priya Rhys Siân Tariq"),
    "Switzerland": _words("Annelies Flurina Gian Jürg Luzia Reto Regula Sandro Ursina Vreni"),
    "Poland": _words("Agnieszka Bożena Elżbieta Grażyna Jarosław Łukasz Małgorzata Paweł Róża Sławomir"),
    "Brazil": _words("André Beatriz Cauã Conceição Débora Flávio Gonçalo Inês João Márcia Simão Thaís"),
}

LAST_NAMES: Final = {
    "Germany": _words("Böhmer Dörfler Großmann Hübner Köhler Lüders Müller Oertel Rößler Vogt Yıldız Zöllner"),
    "France": _words("Bélanger Chéreau D'Aubigny Garçon Lefèvre L'Hôte Mercier N'Diaye Périer Rousselet"),
    "Spain": _words("Benítez Castaño Fuentes Ibáñez Muñoz Peñalver Quiñones Vázquez Zúñiga"),
    "Ireland": _words("Byrne Gilhooly Kinsella MacDermott O'Brien O'Connor O'Donoghue O'Shea Tuohy"),
    "Italy": _words("Bellomo Colonna D'Angelo Dell'Acqua D'Onofrio Fanelli Lorusso Nicolì Palumbo Schirò"),
    "United States": _words("Abrams Chen D'Angelo Fitzgerald Gutiérrez Nguyen O'Brien Peña Rivera Walsh"),
    "United Kingdom": _words("Ashworth Baptiste D'Souza Forsyth Hughes Mensah O'Rourke Patel Treloar Wren"),
    "Switzerland": _words("Aebischer Bünzli Gähwiler Hürlimann Käser Lüthi Müller Rüegg Schärer Stöckli"),
    "Poland": _words("Błaszczyk Grześkowiak Jaźwiec Kołodziej Łuczak Pająk Różycki Śliwa Żuraw"),
    "Brazil": _words("Araújo Assunção Falcão Guimarães Leitão Magalhães Nóbrega Sant'Anna Simões"),
}

MAIL_DOMAINS: Final = ("example.com", "example.org", "example.net")
"""Reserved for examples: nobody's address."""

SHOPS: Final = (
    Shop("Kornblume Markt", "grocery", "Berlin", "Germany"),
    Shop("Café Zoë", "restaurant", "Berlin", "Germany"),
    Shop("Kino Mondlicht", "entertainment", "Berlin", "Germany"),
    Shop("Tankpunkt Nord", "fuel", "Berlin", "Germany"),
    Shop("Frischehof Isar", "grocery", "München", "Germany"),
    Shop("Gasthaus Löwenzahn", "restaurant", "München", "Germany"),
    Shop("Zwirn & Faden", "clothing", "München", "Germany"),
    Shop("Zum Grünen Korb", "grocery", "Köln", "Germany"),
    Shop("Apotheke am Brückentor", "pharmacy", "Köln", "Germany"),
    Shop("L'Épicerie du Pont", "grocery", "Lyon", "France"),
    Shop("Bistro de l'Étourneau", "restaurant", "Lyon", "France"),
    Shop("Librairie L'Encrier Bleu", "books", "Lyon", "France"),
    Shop("Fleuriste Chloé", "garden", "Vénissieux", "France"),
    Shop("La Cesta Blanca", "grocery", "Málaga", "Spain"),
    Shop("Taberna El Nogal Viejo", "restaurant", "Málaga", "Spain"),
    Shop("Farmacia Peñablanca", "pharmacy", "Málaga", "Spain"),
    Shop("O'Malley's Pantry", "grocery", "Dublin", "Ireland"),
    Shop("The Salty Heron", "restaurant", "Dublin", "Ireland"),
    Shop("Paper Fox Books", "books", "Dublin", "Ireland"),
    Shop("Mercato Sant'Elmo", "grocery", "Bari", "Italy"),
    Shop("Trattoria D'Angelo", "restaurant", "Bari", "Italy"),
    Shop("Bayside Pantry", "grocery", "Boston", "United States"),
    Shop("Harbor & Thyme", "restaurant", "Boston", "United States"),
    Shop("Lantern Street Pharmacy", "pharmacy", "Boston", "United States"),
    Shop("Mason's Gas & Go", "fuel", "Boston", "United States"),
    Shop("Almond Valley Foods", "grocery", "San José", "United States"),
    Shop("Taquería Luna Añil", "restaurant", "San José", "United States"),
    Shop("Redwood Bend Gas", "fuel", "San José", "United States"),
    Shop("Thameslight Foods", "grocery", "London", "United Kingdom"),
    Shop("The Crooked Ladle", "restaurant", "London", "United Kingdom"),
    Shop("Thread & Thistle", "clothing", "London", "United Kingdom"),
    Shop("Seefeld Lädeli", "grocery", "Zürich", "Switzerland"),
    Shop("Hotel Drei Eulen", "travel", "Zürich", "Switzerland"),
    Shop("Sklepik Pod Lipą", "grocery", "Kraków", "Poland"),
    Shop("Pierogarnia Babci Zosi", "restaurant", "Kraków", "Poland"),
    Shop("Stacja Złoty Kot", "fuel", "Kraków", "Poland"),
    Shop("Empório Ipê Roxo", "grocery", "São Paulo", "Brazil"),
    Shop("Cantina do João", "restaurant", "São Paulo", "Brazil"),
    Shop("Farmácia Boa Manhã", "pharmacy", "São Paulo", "Brazil"),
    Shop("Fernweh & Söhne", "travel", None, "Germany"),
    Shop("Blue Kite Journeys", "travel", None, "United States"),
    Shop("Kabelgarten", "electronics", None, "Germany"),
    Shop("Circuit Otter", "electronics", None, "United States"),
    Shop("Maison Aurélie", "clothing", None, "France"),
    Shop("Nordwald Möbel", "furniture", None, "Germany"),
    Shop("Streamhollow", "entertainment", None, "Ireland"),
)

SHOP_WITHOUT_CUSTOMERS: Final = "Fleuriste Chloé"
"""A merchant that takes cards, and has had no card payment yet."""


class Category(NamedTuple):
    """How people shop for one kind of thing."""

    weight: int
    median_cents: int
    spread: float
    busy_months: tuple[int, ...]
    """Three times as many payments in these months."""


CATEGORIES: Final = {
    "grocery": Category(30, 3400, 1.5, ()),
    "restaurant": Category(17, 2900, 1.5, ()),
    "fuel": Category(9, 5600, 1.25, ()),
    "pharmacy": Category(6, 1700, 1.5, (1, 2)),
    "clothing": Category(7, 6200, 1.5, (11, 12)),
    "electronics": Category(5, 16500, 1.7, (11, 12)),
    "travel": Category(4, 33000, 1.7, (6, 7, 8)),
    "entertainment": Category(8, 1500, 1.3, ()),
    "books": Category(5, 2100, 1.4, (12,)),
    "furniture": Category(3, 21000, 1.7, (9,)),
    "garden": Category(1, 2500, 1.4, (4, 5)),
}

BILLS: Final = (
    ("Electricity", 6800),
    ("Gas and water", 5400),
    ("Phone and internet", 3900),
    ("Health insurance", 11800),
    ("Car insurance", 6100),
    ("Gym membership", 2990),
    ("Tenants' association", 1200),
)
"""What is debited every month, and about how many cents."""

GIFTS_AND_DEBTS: Final = (
    "Dinner last Friday",
    "Birthday present for Zoë",
    "Concert tickets",
    "Holiday in Málaga",
    "Thanks for the sofa",
    "It's for the kids' school trip",
    "Shared taxi",
    "Café crème & croissants",
    "Weekend in Kraków",
    "What I owed you",
)
"""What people write when they send each other money."""

WINDFALLS: Final = (
    ("EUR", "Sale of a house"),
    ("USD", "Inheritance"),
    ("EUR", "Lottery prize"),
    ("GBP", "Sale of a company"),
    ("EUR", "Inheritance"),
)
"""The currencies and origins of the largest amounts."""

CASH_SOURCES: Final = ("Cash at the counter", "Flea market", "Sold bicycle", "Cheque")
"""What people say when they bring money."""
