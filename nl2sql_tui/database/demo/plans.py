"""Plans what customers of the demo bank want to do with their money; whether it works, the ledger finds out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from nl2sql_tui.database.demo.days import (
    FIRST_DAY,
    LAST_DAY,
    add_months,
    iso,
    month_name,
    monthly,
    quarter_ends,
    shopping_day,
)
from nl2sql_tui.database.demo.dice import Dice
from nl2sql_tui.database.demo.people import Bank, Debt, HeldCard, Holding, local
from nl2sql_tui.database.demo.shopping import Shopping
from nl2sql_tui.database.demo.tables import Account
from nl2sql_tui.database.demo.words import BILLS, CASH_SOURCES, GIFTS_AND_DEBTS, WINDFALLS

_FIRST_YEAR: Final = date.fromordinal(FIRST_DAY).year
_DAYS_A_MONTH: Final = 30
_LANDLORDS: Final = 3
"""So many accounts of a currency receive all its rents."""


@dataclass(slots=True)
class Plan:
    """One payment that somebody intends."""

    day: int
    kind: str
    """What becomes `transaction_type`."""
    currency: str
    cents: int | None
    """None where only the ledger can tell: interest, an instalment, the rest of a closed account."""
    source: int | None = None
    destination: int | None = None
    description: str | None = None
    fee: int = 0
    card_id: int | None = None
    merchant_id: int | None = None
    debt: Debt | None = None
    instalment: int = 0
    """Which one of the loan's, from 1."""


class Planner:
    """Plans for one bank, out of one stream of chance."""

    def __init__(self, dice: Dice, bank: Bank) -> None:
        self._dice = dice
        self._bank = bank
        self._shopping = Shopping(dice, bank.merchants)
        self._cards: dict[int, list[HeldCard]] = {}
        for card in bank.cards:
            self._cards.setdefault(card.row.account_id, []).append(card)
        self._savings = {
            holding.row.customer_id: holding
            for holding in bank.holdings
            if holding.row.account_type == "savings" and holding.row.status == "active"
        }
        self._homeowners = [debt.account.account_id for debt in bank.debts if debt.row.loan_type == "mortgage"]
        self._payees: dict[str, list[Account]] = {}
        for holding in bank.holdings:
            if holding.used_throughout and holding.row.account_type != "savings":
                self._payees.setdefault(holding.row.currency, []).append(holding.row)

    def plans(self) -> list[Plan]:
        """Everything that is intended in the three years, in the order of the days."""
        plans: list[Plan] = []
        for holding in self._bank.holdings:
            plans.extend(self._of_account(holding))
        for debt in self._bank.debts:
            plans.extend(self._of_loan(debt))
        plans.extend(self._windfalls())
        # Money that comes in is booked before money that goes out, and an account is closed last.
        plans.sort(key=lambda plan: (plan.day, plan.source is not None, plan.cents is None))
        return plans

    def _of_account(self, holding: Holding) -> Iterator[Plan]:
        account = holding.row
        last = holding.last_day - (account.status == "closed")
        if holding.first_day > last:
            return
        if holding.opening_cents == 0:
            median = {"checking": 25_000, "savings": 90_000, "business": 900_000}[account.account_type]
            cents = _rounded(self._amount(median, 1.5, account), 1000)
            yield _incoming(account, holding.first_day, "deposit", cents, "First deposit")
        if account.account_type == "savings":
            yield from self._saver(holding, last)
        elif account.account_type == "business":
            yield from self._trader(holding, last)
        elif holding.income_cents:
            yield from self._earner(holding, last)
        else:
            yield from self._occasional(holding, last)
        if account.status == "closed":
            yield _outgoing(account, holding.last_day, "withdrawal", None, "Account closed")

    def _earner(self, holding: Holding, last: int) -> Iterator[Plan]:
        """Somebody whose salary or pension comes in here, and whose life is paid from it."""
        dice, account, income = self._dice, holding.row, holding.income_cents
        yield from self._income(holding, last)
        if account.account_id not in self._homeowners and dice.chance(0.85):
            yield from self._rent(holding, last, income * dice.between(32, 52) // 100)
        yield from self._bills(holding, last)
        yield from self._cards_used(holding, last, dice.skewed(190, 1.4) / 100)
        yield from self._cash(holding, last, 0.4)
        yield from self._friends(holding, last, 0.25)
        savings = self._savings.get(account.customer_id)
        if savings is not None and dice.chance(0.8):
            cents = _rounded(income * dice.between(12, 32) // 100, 5000)
            start = max(holding.first_day, savings.first_day + 1)
            for day in monthly(2, start, last):
                yield self._transfer(account, day, cents, savings.row, "Savings plan")

    def _income(self, holding: Holding, last: int) -> Iterator[Plan]:
        """What comes in every month, three percent more each year; some get half as much again in December."""
        bonus = self._dice.chance(0.3)
        for day in monthly(self._dice.between(25, 28), holding.first_day, last):
            booked = date.fromordinal(day)
            cents = holding.income_cents * (100 + 3 * (booked.year - _FIRST_YEAR)) // 100
            if holding.retired:
                yield _incoming(holding.row, day, "deposit", cents, "Pension")
            else:
                yield _incoming(holding.row, day, "salary", cents, f"Salary {month_name(day)}")
                if bonus and booked.month == 12:
                    yield _incoming(holding.row, day, "salary", cents // 2, f"Bonus {booked.year}")

    def _occasional(self, holding: Holding, last: int) -> Iterator[Plan]:
        """Somebody who has the main account elsewhere."""
        dice, account = self._dice, holding.row
        for day in self._now_and_then(holding, last, 0.3):
            cents = _rounded(self._amount(32_000, 1.6, account), 1000)
            words = None if dice.chance(0.3) else dice.pick(CASH_SOURCES)
            yield _incoming(account, day, "deposit", cents, words)
        yield from self._cards_used(holding, last, 0.7)
        yield from self._cash(holding, last, 0.15)
        yield from self._friends(holding, last, 0.15)

    def _trader(self, holding: Holding, last: int) -> Iterator[Plan]:
        """A small business: invoices paid by clients, suppliers paid by transfer."""
        account = holding.row
        for number, day in enumerate(sorted(self._now_and_then(holding, last, 1.6)), start=1):
            cents = self._amount(210_000, 1.7, account)
            yield _incoming(account, day, "deposit", cents, f"Invoice {iso(day)[:4]}-{number:03}")
        for day in self._now_and_then(holding, last, 0.9):
            supplier = self._payee(account)
            if supplier is not None:
                words = f"Order {self._dice.between(10_000, 99_999)}"
                yield self._transfer(account, day, self._amount(190_000, 1.7, account), supplier, words)
        yield from self._bills(holding, last)
        yield from self._cards_used(holding, last, 0.8)

    def _saver(self, holding: Holding, last: int) -> Iterator[Plan]:
        for day in quarter_ends(holding.first_day, last):
            yield _incoming(holding.row, day, "interest", None, None)
        for day in self._now_and_then(holding, last, 0.08):
            yield self._withdrawal(holding, day, _rounded(self._amount(60_000, 1.6, holding.row), 5000))

    def _rent(self, holding: Holding, last: int, cents: int) -> Iterator[Plan]:
        """The same landlord on the same day of the month, two percent more each year."""
        landlord = self._payee(holding.row, among_first=_LANDLORDS)
        due = self._dice.between(1, 4)
        if landlord is None:
            return
        for day in monthly(due, holding.first_day, last):
            years = date.fromordinal(day).year - _FIRST_YEAR
            raised = _rounded(cents * (100 + 2 * years) // 100, 500)
            yield self._transfer(holding.row, day, raised, landlord, f"Rent {month_name(day)}")

    def _bills(self, holding: Holding, last: int) -> Iterator[Plan]:
        for words, median in BILLS:
            if self._dice.chance(0.16):
                cents = self._amount(median, 1.25, holding.row)
                for day in monthly(self._dice.between(3, 20), holding.first_day, last):
                    yield _outgoing(holding.row, day, "direct debit", cents, words)

    def _cards_used(self, holding: Holding, last: int, times_a_month: float) -> Iterator[Plan]:
        dice, account = self._dice, holding.row
        cards = self._cards.get(account.account_id, [])
        for day in self._now_and_then(holding, last, times_a_month, shopping=True):
            usable = [card for card in cards if card.first_day <= day <= card.last_day]
            if not usable:
                continue
            merchant, euro_cents = self._shopping.purchase(holding.place, day)
            cents = local(euro_cents, account.currency)
            abroad = merchant.country != holding.place.country
            words = None if dice.chance(0.06) else merchant.name
            plan = _outgoing(account, day, "card payment", cents, words, _fee(cents * 15 // 1000) if abroad else 0)
            plan.card_id, plan.merchant_id = dice.pick(usable).row.card_id, merchant.merchant_id
            yield plan

    def _cash(self, holding: Holding, last: int, times_a_month: float) -> Iterator[Plan]:
        for day in self._now_and_then(holding, last, times_a_month, shopping=True):
            yield self._withdrawal(holding, day, _rounded(self._amount(24_000, 1.4, holding.row), 1000))

    def _friends(self, holding: Holding, last: int, times_a_month: float) -> Iterator[Plan]:
        for day in self._now_and_then(holding, last, times_a_month):
            friend = self._payee(holding.row)
            if friend is not None:
                cents = _rounded(self._amount(4_500, 1.7, holding.row), 50)
                words = None if self._dice.chance(0.35) else self._dice.pick(GIFTS_AND_DEBTS)
                yield self._transfer(holding.row, day, cents, friend, words)

    def _of_loan(self, debt: Debt) -> Iterator[Plan]:
        number = debt.row.loan_id
        if debt.start_day >= FIRST_DAY:
            yield _incoming(debt.account, debt.start_day, "deposit", debt.cents, f"Loan {number} paid out")
            purpose = {"mortgage": "Purchase of a flat", "car": "Purchase of a car"}.get(debt.row.loan_type)
            if purpose is not None:
                yield from self._spent_soon(debt.account, debt.start_day, debt.cents * 96 // 100, purpose)
        for month in range(1, debt.months + 1):
            day = add_months(debt.start_day, month)
            if FIRST_DAY <= day <= LAST_DAY:
                words = f"Loan {number}, instalment {month} of {debt.months}"
                plan = _outgoing(debt.account, day, "loan payment", None, words)
                plan.debt, plan.instalment = debt, month
                yield plan

    def _windfalls(self) -> Iterator[Plan]:
        """A few amounts that dwarf all others."""
        for currency, words in WINDFALLS:
            account = self._dice.pick(self._payees[currency])
            day = self._dice.between(FIRST_DAY + 60, LAST_DAY - 20)
            cents = _rounded(self._dice.between(45_000_000, 160_000_000), 100_000)
            yield _incoming(account, day, "deposit", cents, words)
            yield from self._spent_soon(account, day, cents * 7 // 10, "Purchase of a flat")

    def _spent_soon(self, account: Account, day: int, cents: int, purpose: str) -> Iterator[Plan]:
        """Much money leaves again some days after it has come in."""
        paid, seller = day + self._dice.between(2, 15), self._payee(account)
        if seller is not None and paid <= LAST_DAY:
            yield self._transfer(account, paid, cents, seller, purpose)

    def _now_and_then(
        self, holding: Holding, last: int, times_a_month: float, *, shopping: bool = False
    ) -> Iterator[int]:
        """Days by chance, about so many a month; with `shopping` rather on busy days."""
        expected = times_a_month * (last - holding.first_day + 1) / _DAYS_A_MONTH
        for _ in range(int(expected + self._dice.below(100) / 100)):
            if shopping:
                yield shopping_day(self._dice, holding.first_day, last)
            else:
                yield self._dice.between(holding.first_day, last)

    def _amount(self, median_in_euro_cents: int, spread: float, account: Account) -> int:
        return local(self._dice.skewed(median_in_euro_cents, spread), account.currency)

    def _withdrawal(self, holding: Holding, day: int, cents: int) -> Plan:
        fee = _fee(local(200, holding.row.currency)) if self._dice.chance(0.3) else 0
        words = f"Cash machine {holding.place.city}" if self._dice.chance(0.4) else None
        return _outgoing(holding.row, day, "withdrawal", cents, words, fee)

    def _transfer(self, account: Account, day: int, cents: int, payee: Account, words: str | None) -> Plan:
        """With a tenth of a percent on large amounts, up to 50; now and then the price of instant arrival."""
        fee = 0
        if cents >= local(1_000_000, account.currency):
            fee = _fee(min(cents // 1000, local(5_000, account.currency)))
        elif self._dice.chance(0.1):
            fee = _fee(local(100, account.currency))
        plan = _outgoing(account, day, "transfer", cents, words, fee)
        plan.destination = payee.account_id
        return plan

    def _payee(self, account: Account, among_first: int | None = None) -> Account | None:
        """Another account in the same currency that is open throughout; None if there is none."""
        payees = self._payees.get(account.currency, [])[:among_first]
        others = [payee for payee in payees if payee.account_id != account.account_id]
        return self._dice.pick(others) if others else None


def _incoming(account: Account, day: int, kind: str, cents: int | None, words: str | None) -> Plan:
    return Plan(day, kind, account.currency, cents, destination=account.account_id, description=words)


def _outgoing(account: Account, day: int, kind: str, cents: int | None, words: str | None, fee: int = 0) -> Plan:
    return Plan(day, kind, account.currency, cents, source=account.account_id, description=words, fee=fee)


def _rounded(cents: int, step: int) -> int:
    """Down to a multiple of `step`, but not to nothing."""
    return max(step, cents // step * step)


def _fee(cents: int) -> int:
    """In quarters of the unit: such amounts have no rounding error, so totals of fees look as they should."""
    return _rounded(cents, 25)
