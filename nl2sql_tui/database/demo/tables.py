"""The demo bank's tables, as SQL and as the tuples that become their rows; which rows, others decide.

Amounts of money are REAL in units of their currency, dates are ISO texts, so that both compare as they look.
What NULL means in a column stands beside it in the SQL. The tables that are asked about most come first.
"""

from typing import Final, NamedTuple

CREATE_TABLES: Final = """
CREATE TABLE customer (
    customer_id INTEGER PRIMARY KEY,
    first_name  TEXT NOT NULL,
    last_name   TEXT NOT NULL,
    email       TEXT UNIQUE, -- NULL: the customer has none
    birth_date  DATE NOT NULL,
    city        TEXT NOT NULL,
    country     TEXT NOT NULL,
    branch_id   INTEGER NOT NULL REFERENCES branch (branch_id),
    joined_date DATE NOT NULL CHECK (joined_date > birth_date)
);

CREATE TABLE account (
    account_id   INTEGER PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customer (customer_id),
    account_type TEXT NOT NULL CHECK (account_type IN ('checking', 'savings', 'business')),
    currency     TEXT NOT NULL CHECK (length(currency) = 3),
    balance      REAL NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('active', 'dormant', 'closed')),
    opened_date  DATE NOT NULL
);

CREATE TABLE "transaction" (
    transaction_id                  INTEGER PRIMARY KEY,
    transaction_amount              REAL NOT NULL CHECK (transaction_amount > 0),
    transaction_date                DATE NOT NULL,
    transaction_type                TEXT NOT NULL CHECK (transaction_type IN (
        'deposit', 'withdrawal', 'transfer', 'card payment', 'direct debit', 'salary', 'interest',
        'loan payment')),
    transaction_status              TEXT NOT NULL CHECK (transaction_status IN (
        'completed', 'pending', 'failed', 'reversed')),
    transaction_description         TEXT, -- NULL: nothing was written
    transaction_source_account      INTEGER REFERENCES account (account_id), -- NULL: money from outside
    transaction_destination_account INTEGER REFERENCES account (account_id), -- NULL: money to the outside
    transaction_currency            TEXT NOT NULL CHECK (length(transaction_currency) = 3),
    transaction_fee                 REAL NOT NULL DEFAULT 0 CHECK (transaction_fee >= 0), -- the source pays it
    CHECK (coalesce(transaction_source_account, transaction_destination_account) IS NOT NULL),
    CHECK (transaction_source_account IS NOT transaction_destination_account)
);

CREATE TABLE card (
    card_id      INTEGER PRIMARY KEY,
    account_id   INTEGER NOT NULL REFERENCES account (account_id),
    card_type    TEXT NOT NULL CHECK (card_type IN ('debit', 'credit')),
    credit_limit REAL CHECK (credit_limit > 0), -- NULL: a debit card
    expiry_date  DATE NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('active', 'blocked', 'expired')),
    CHECK ((card_type = 'credit') = (credit_limit IS NOT NULL))
);

CREATE TABLE merchant (
    merchant_id INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    category    TEXT NOT NULL,
    city        TEXT, -- NULL: sells online only
    country     TEXT NOT NULL
);

CREATE TABLE card_payment (
    transaction_id INTEGER PRIMARY KEY REFERENCES "transaction" (transaction_id),
    card_id        INTEGER NOT NULL REFERENCES card (card_id),
    merchant_id    INTEGER NOT NULL REFERENCES merchant (merchant_id)
);

CREATE TABLE loan (
    loan_id          INTEGER PRIMARY KEY,
    customer_id      INTEGER NOT NULL REFERENCES customer (customer_id),
    loan_type        TEXT NOT NULL CHECK (loan_type IN ('mortgage', 'car', 'personal', 'student')),
    amount           REAL NOT NULL CHECK (amount > 0),
    remaining_amount REAL NOT NULL CHECK (remaining_amount BETWEEN 0 AND amount),
    currency         TEXT NOT NULL CHECK (length(currency) = 3),
    interest_rate    REAL NOT NULL CHECK (interest_rate >= 0), -- percent a year
    start_date       DATE NOT NULL,
    end_date         DATE NOT NULL CHECK (end_date > start_date),
    status           TEXT NOT NULL CHECK (status IN ('active', 'overdue', 'paid'))
);

CREATE TABLE branch (
    branch_id   INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    city        TEXT NOT NULL,
    country     TEXT NOT NULL,
    opened_date DATE NOT NULL
);
"""

CREATE_INDEXES: Final = """
CREATE INDEX customer_branch ON customer (branch_id);
CREATE INDEX account_customer ON account (customer_id);
CREATE INDEX card_account ON card (account_id);
CREATE INDEX loan_customer ON loan (customer_id);
CREATE INDEX transaction_by_date ON "transaction" (transaction_date);
CREATE INDEX transaction_source ON "transaction" (transaction_source_account);
CREATE INDEX transaction_destination ON "transaction" (transaction_destination_account);
CREATE INDEX card_payment_card ON card_payment (card_id);
CREATE INDEX card_payment_merchant ON card_payment (merchant_id);
"""


class Branch(NamedTuple):
    """A row of `branch`, in the order of its columns; so are the others below."""

    branch_id: int
    name: str
    city: str
    country: str
    opened_date: str


class Customer(NamedTuple):
    customer_id: int
    first_name: str
    last_name: str
    email: str | None
    birth_date: str
    city: str
    country: str
    branch_id: int
    joined_date: str


class Account(NamedTuple):
    account_id: int
    customer_id: int
    account_type: str
    currency: str
    balance: float
    status: str
    opened_date: str


class Merchant(NamedTuple):
    merchant_id: int
    name: str
    category: str
    city: str | None
    country: str


class Card(NamedTuple):
    card_id: int
    account_id: int
    card_type: str
    credit_limit: float | None
    expiry_date: str
    status: str


class Loan(NamedTuple):
    loan_id: int
    customer_id: int
    loan_type: str
    amount: float
    remaining_amount: float
    currency: str
    interest_rate: float
    start_date: str
    end_date: str
    status: str


class Transaction(NamedTuple):
    transaction_id: int
    transaction_amount: float
    transaction_date: str
    transaction_type: str
    transaction_status: str
    transaction_description: str | None
    transaction_source_account: int | None
    transaction_destination_account: int | None
    transaction_currency: str
    transaction_fee: float


class CardPayment(NamedTuple):
    transaction_id: int
    card_id: int
    merchant_id: int
