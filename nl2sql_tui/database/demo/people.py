"""Founds the demo bank: branches, customers, accounts, cards, merchants and loans, before any money moves.

Beside each row stands what the tables do not say and the plans need: home, first and last day, opening balance.
"""

import unicodedata
from typing import Final, NamedTuple

from nl2sql_tui.database.demo.days import FIRST_DAY, LAST_DAY, add_months, iso, ordinal
from nl2sql_tui.database.demo.dice import Dice
from nl2sql_tui.database.demo.tables import Account, Branch, Card, Customer, Loan, Merchant
from nl2sql_tui.database.demo.words import (
    FIRST_NAMES,
    LAST_NAMES,
    MAIL_DOMAINS,
    NEW_BRANCH,
    PLACES,
    SHOPS,
    TENTHS_OF_A_EURO,
    Place,
)

_CUSTOMERS: Final = 140
_FIRST_ACCOUNT_ID: Final = 1001
_RETIRED_IF_BORN_BEFORE: Final = "1958"
_PLAIN_LETTERS: Final = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ı": "i", "'": None})
"""What an e-mail address has for those letters of the names that are not a plain letter with an accent."""


class Person(NamedTuple):
    """A customer, and where home is."""

    row: Customer
    place: Place


class Holding(NamedTuple):
    """An account, and the days on which money moves through it, if it does at all."""

    row: Account
    place: Place
    first_day: int
    last_day: int
    opening_cents: int
    """On the account when the three years begin; nothing on accounts opened later."""
    income_cents: int
    """Salary or pension of a month; nothing on accounts that are not somebody's main account."""
    retired: bool

    @property
    def used_throughout(self) -> bool:
        """Open on every day of the three years: safe to send money to."""
        return self.first_day == FIRST_DAY and self.last_day == LAST_DAY


class HeldCard(NamedTuple):
    """A card, and the days on which it can pay."""

    row: Card
    first_day: int
    last_day: int


class Debt(NamedTuple):
    """A loan and how it is paid back: a fixed part every month, and interest on what is left."""

    row: Loan
    account: Account
    cents: int
    months: int
    basis_points: int
    start_day: int
    last_paid_day: int
    """Later instalments are not honoured."""


class Bank(NamedTuple):
    """Everything that is there before the first transaction."""

    branches: list[Branch]
    people: list[Person]
    holdings: list[Holding]
    cards: list[HeldCard]
    merchants: list[Merchant]
    debts: list[Debt]


def found_bank(dice: Dice) -> Bank:
    """The whole bank, by chance."""
    branches = _branches(dice)
    people = _people(dice, branches)
    holdings = _holdings(dice, people)
    return Bank(
        branches,
        people,
        holdings,
        _cards(dice, holdings),
        [Merchant(number, *shop) for number, shop in enumerate(SHOPS, start=1)],
        _debts(dice, holdings),
    )


def local(cents: int, currency: str) -> int:
    """An amount in euros, or in their cents, as what daily life takes in another currency."""
    return cents * TENTHS_OF_A_EURO[currency] // 10


def _branches(dice: Dice) -> list[Branch]:
    rows = [
        (name, place.city, place.country, iso(dice.between(ordinal("1978-01-01"), ordinal("2014-12-31"))))
        for place in PLACES
        for name in place.branches
    ]
    return [Branch(number, *row) for number, row in enumerate([*rows, NEW_BRANCH], start=1)]


def _people(dice: Dice, branches: list[Branch]) -> list[Person]:
    weights = [place.weight for place in PLACES]
    since = ordinal("2015-01-01")
    joined = sorted(dice.between(since, LAST_DAY - 60) for _ in range(_CUSTOMERS))
    people: list[Person] = []
    taken: set[str] = set()
    for number, day in enumerate(joined, start=1):
        place = dice.weighted(PLACES, weights)
        first, last = _unused_name(dice, place, taken)
        near = [branch.branch_id for branch in branches if branch.city == place.city]
        customer = Customer(
            customer_id=number,
            first_name=first,
            last_name=last,
            email=None if dice.chance(0.11) else _email(dice, first, last),
            birth_date=iso(dice.between(ordinal("1944-01-01"), ordinal("1996-12-31"))),
            city=place.town_nearby if dice.chance(0.15) else place.city,
            country=place.country,
            branch_id=dice.pick(near),
            joined_date=iso(day),
        )
        people.append(Person(customer, place))
    return people


def _unused_name(dice: Dice, place: Place, taken: set[str]) -> tuple[str, str]:
    while True:
        first, last = dice.pick(FIRST_NAMES[place.country]), dice.pick(LAST_NAMES[place.country])
        # Names that differ only in accents would share an e-mail address.
        key = _plain(f"{first}.{last}")
        if key not in taken:
            taken.add(key)
            return first, last


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.translate(_PLAIN_LETTERS))
    return "".join(letter for letter in decomposed if letter.isascii()).lower()


def _email(dice: Dice, first: str, last: str) -> str:
    return f"{_plain(first)}.{_plain(last)}@{dice.pick(MAIL_DOMAINS)}"


def _holdings(dice: Dice, people: list[Person]) -> list[Holding]:
    found: list[tuple[int, Person, str, str]] = []
    for person in people:
        if dice.chance(0.04):
            continue  # joined, and never opened an account
        joined = ordinal(person.row.joined_date)
        wanted = [("checking", person.place.currency)]
        if dice.chance(0.45):
            wanted.append(("savings", person.place.currency))
        if dice.chance(0.09):
            wanted.append(("business", person.place.currency))
        if dice.chance(0.10):
            wanted.append(("checking", "USD" if person.place.currency == "EUR" else "EUR"))
        for place_in_list, (kind, currency) in enumerate(wanted):
            wait = dice.between(0, 20) if place_in_list == 0 else dice.between(10, 900)
            found.append((min(joined + wait, LAST_DAY - 30), person, kind, currency))
    found.sort(key=lambda item: item[0])
    return [
        _holding(dice, _FIRST_ACCOUNT_ID + number, person, kind, currency, opened)
        for number, (opened, person, kind, currency) in enumerate(found)
    ]


def _holding(dice: Dice, account_id: int, person: Person, kind: str, currency: str, opened: int) -> Holding:
    old = opened < ordinal("2022-01-01")
    status, first_day, last_day = "active", max(opened, FIRST_DAY), LAST_DAY
    if old and dice.chance(0.11):
        # Half of the dormant accounts were last used in 2023, the others not even then.
        status, last_day = "dormant", FIRST_DAY + (dice.between(30, 300) if dice.chance(0.5) else -1)
    elif old and dice.chance(0.07):
        status, last_day = "closed", FIRST_DAY + dice.between(100, 1000)
    median = {"checking": 180_000, "savings": 650_000, "business": 1_400_000}[kind]
    opening = local(dice.skewed(median, 1.9), currency) if opened < FIRST_DAY else 0
    row = Account(account_id, person.row.customer_id, kind, currency, 0.0, status, iso(opened))
    earns = kind == "checking" and currency == person.place.currency and status != "dormant" and dice.chance(0.62)
    income = local(dice.skewed(178_000, 1.25), currency) // 100 * 100 if earns else 0
    retired = person.row.birth_date < _RETIRED_IF_BORN_BEFORE
    return Holding(row, person.place, first_day, last_day, opening, income, retired)


def _cards(dice: Dice, holdings: list[Holding]) -> list[HeldCard]:
    cards: list[HeldCard] = []

    def issue(holding: Holding, kind: str, first: int, expiry: int) -> None:
        status, last = ("expired" if expiry <= LAST_DAY else "active"), min(expiry, holding.last_day)
        if status == "active" and (holding.row.status == "closed" or dice.chance(0.05)):
            status = "blocked"
            last = min(last, dice.between(first, LAST_DAY))
        limit = local(dice.pick((1000, 1500, 2000, 2500, 3000, 5000, 10000)), holding.row.currency)
        row = Card(
            card_id=len(cards) + 1,
            account_id=holding.row.account_id,
            card_type=kind,
            credit_limit=float(limit // 100 * 100) if kind == "credit" else None,
            expiry_date=iso(expiry),
            status=status,
        )
        cards.append(HeldCard(row, first, last))

    for holding in holdings:
        if holding.row.account_type == "savings" or dice.chance(0.06):
            continue
        expiry = dice.between(holding.first_day + 100, LAST_DAY + 1200)
        issue(holding, "debit", holding.first_day, expiry)
        if expiry < holding.last_day:
            issue(holding, "debit", expiry + 1, add_months(expiry, 48))
        if dice.chance(0.3):
            issue(holding, "credit", holding.first_day, add_months(LAST_DAY, dice.between(3, 50)))
    return cards


_LOAN_TYPES: Final = {
    # kind: (weight, tenths of a month's income from, to, months to choose from, basis points from, to)
    "mortgage": (4, 500, 900, (240, 300, 360), 140, 410),
    "car": (8, 40, 90, (36, 48, 60), 290, 690),
    "personal": (9, 10, 40, (12, 24, 36, 48), 490, 1190),
    "student": (4, 30, 60, (60, 96, 120), 90, 350),
}


def _debts(dice: Dice, holdings: list[Holding]) -> list[Debt]:
    # Only those who bank here throughout borrow: the money must arrive and the instalments must leave.
    borrowers = [item for item in holdings if item.income_cents and item.used_throughout]
    plans: list[tuple[int, Holding]] = []
    for holding in borrowers:
        for chance in (0.75, 0.25):
            if dice.chance(chance):
                opened = ordinal(holding.row.opened_date)
                plans.append((dice.between(opened + 30, LAST_DAY - 40), holding))
    plans.sort(key=lambda plan: plan[0])
    return [_debt(dice, number, start, holding) for number, (start, holding) in enumerate(plans, start=1)]


def _debt(dice: Dice, loan_id: int, start: int, holding: Holding) -> Debt:
    kind = dice.weighted(list(_LOAN_TYPES), [details[0] for details in _LOAN_TYPES.values()])
    if kind == "student" and holding.retired:
        kind = "personal"
    _, fewest, most, terms, lowest, highest = _LOAN_TYPES[kind]
    months = dice.pick(terms)
    # Lent in whole hundreds.
    cents = holding.income_cents * dice.between(fewest, most) // 10 // 10_000 * 10_000
    basis_points = dice.between(lowest // 5, highest // 5) * 5
    stops = dice.between(FIRST_DAY + 300, LAST_DAY - 45) if dice.chance(0.2) else LAST_DAY
    row = Loan(
        loan_id=loan_id,
        customer_id=holding.row.customer_id,
        loan_type=kind,
        amount=cents / 100,
        remaining_amount=cents / 100,
        currency=holding.row.currency,
        interest_rate=basis_points / 100,
        start_date=iso(start),
        end_date=iso(add_months(start, months)),
        status="active",
    )
    return Debt(row, holding.row, cents, months, basis_points, start, stops)
