"""Books the demo bank's plans day by day: what succeeds, what fails for want of money, what is left.

So balances, what is owed on loans and the transactions agree with each other.
"""

from typing import Final, NamedTuple

from nl2sql_tui.database.demo.days import FIRST_DAY, LAST_DAY, add_months, iso
from nl2sql_tui.database.demo.dice import Dice
from nl2sql_tui.database.demo.people import Bank, Debt, local
from nl2sql_tui.database.demo.plans import Plan
from nl2sql_tui.database.demo.tables import Account, CardPayment, Loan, Transaction

_OVERDRAFT: Final = {"checking": 80_000, "savings": 0, "business": 500_000}
_INTEREST_BASIS_POINTS: Final = 175
_SETTLING_DAYS: Final = 12
"""Of payments in the last days many are not through yet."""
_REVIEW_DAYS: Final = 90
_REVIEWED_FROM: Final = 2_000_000
"""Euro cents: larger payments wait longer, for somebody to look at them."""


class Books(NamedTuple):
    """The rows that only exist once all plans are booked."""

    transactions: list[Transaction]
    card_payments: list[CardPayment]
    accounts: list[Account]
    loans: list[Loan]


class Ledger:
    """Balances and debts in cents, while the three years go by."""

    def __init__(self, dice: Dice, bank: Bank) -> None:
        self._dice = dice
        self._bank = bank
        self._balance = {item.row.account_id: item.opening_cents for item in bank.holdings}
        self._limit = {
            item.row.account_id: -local(_OVERDRAFT[item.row.account_type], item.row.currency) for item in bank.holdings
        }
        self._owed = {debt.row.loan_id: _owed_at_first(debt) for debt in bank.debts}
        self._behind = dict.fromkeys(self._owed, False)
        self._transactions: list[Transaction] = []
        self._card_payments: list[CardPayment] = []

    def book(self, plans: list[Plan]) -> Books:
        """All plans, which must be in the order of their days."""
        for plan in plans:
            cents = self._amount(plan)
            if cents > 0:
                self._enter(plan, cents, self._status(plan, cents))
        accounts = [item.row._replace(balance=self._balance[item.row.account_id] / 100) for item in self._bank.holdings]
        return Books(self._transactions, self._card_payments, accounts, [self._loan(debt) for debt in self._bank.debts])

    def _amount(self, plan: Plan) -> int:
        if plan.cents is not None:
            return plan.cents
        if plan.debt is not None:
            return self._instalment(plan.debt, plan.instalment)
        if plan.kind == "interest":
            assert plan.destination is not None
            return max(0, self._balance[plan.destination]) * _INTEREST_BASIS_POINTS // 40_000
        return self._rest_of_closed(plan)

    def _instalment(self, debt: Debt, number: int) -> int:
        """What brings the debt down to the schedule, missed instalments included, and interest."""
        owed = self._owed[debt.row.loan_id]
        return owed - _scheduled(debt, number) + owed * debt.basis_points // 120_000

    def _rest_of_closed(self, plan: Plan) -> int:
        """What must be taken out of an account, or put in, so that nothing is left."""
        assert plan.source is not None
        balance = self._balance[plan.source]
        if balance < 0:
            plan.kind, plan.source, plan.destination = "deposit", None, plan.source
        return abs(balance)

    def _status(self, plan: Plan, cents: int) -> str:
        dice = self._dice
        settling = plan.day > LAST_DAY - _SETTLING_DAYS
        if plan.cents is None and plan.debt is None:
            return "completed"  # interest, and what is left on a closed account
        if plan.source is None:
            return "pending" if settling and plan.kind == "deposit" and dice.chance(0.5) else "completed"
        if self._balance[plan.source] - cents < self._limit[plan.source]:
            return "failed"
        if plan.debt is not None and plan.day > plan.debt.last_paid_day:
            return "failed"
        reviewed = cents > local(_REVIEWED_FROM, plan.currency) and plan.day > LAST_DAY - _REVIEW_DAYS
        if reviewed or (settling and dice.chance(0.7)):
            return "pending"
        if plan.debt is None and dice.chance(0.013):
            return "failed"
        if plan.card_id is not None and dice.chance(0.014):
            return "reversed"
        return "completed"

    def _enter(self, plan: Plan, cents: int, status: str) -> None:
        fee = 0 if status == "failed" else plan.fee
        number = len(self._transactions) + 1
        self._transactions.append(
            Transaction(
                number,
                cents / 100,
                iso(plan.day),
                plan.kind,
                status,
                plan.description,
                plan.source,
                plan.destination,
                plan.currency,
                fee / 100,
            )
        )
        if plan.card_id is not None and plan.merchant_id is not None:
            self._card_payments.append(CardPayment(number, plan.card_id, plan.merchant_id))
        if plan.debt is not None:
            self._count_instalment(plan.debt, plan.instalment, status)
        if status == "completed":
            if plan.source is not None:
                self._balance[plan.source] -= cents + fee
            if plan.destination is not None:
                self._balance[plan.destination] += cents

    def _count_instalment(self, debt: Debt, number: int, status: str) -> None:
        self._behind[debt.row.loan_id] = status == "failed"
        if status == "completed":
            self._owed[debt.row.loan_id] = _scheduled(debt, number)

    def _loan(self, debt: Debt) -> Loan:
        owed = self._owed[debt.row.loan_id]
        if owed == 0:
            status = "paid"
        elif self._behind[debt.row.loan_id]:
            status = "overdue"
        else:
            status = "active"
        return debt.row._replace(remaining_amount=owed / 100, status=status)


def _scheduled(debt: Debt, instalments: int) -> int:
    """What is still owed after so many instalments, if all were paid; nothing after the last."""
    return 0 if instalments >= debt.months else debt.cents - debt.cents // debt.months * instalments


def _owed_at_first(debt: Debt) -> int:
    """What is owed when the three years begin: every instalment before them was paid."""
    paid = sum(add_months(debt.start_day, month) < FIRST_DAY for month in range(1, debt.months + 1))
    return _scheduled(debt, paid)
