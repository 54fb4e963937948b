"""Questions to try on the demo database; how they are answered is not known here."""

from typing import Final

TRANSACTION_QUESTIONS: Final = (
    "Show the transaction id, transaction amount and transaction date of all transactions.",
    "Show the transaction id and transaction amount of all transactions of type transfer with status pending.",
    "What is the total transaction fee for each transaction currency?",
    "Show the transaction id, transaction amount and transaction description of the 10 transactions "
    "with the largest transaction amount.",
    "Show the transaction id, transaction amount and transaction date of the transactions "
    "from source account 1045 between 2024-01-01 and 2024-03-31.",
)
"""Five of the kind that the article on this `transaction` table asks: one table, its columns in plain words."""

SAMPLE_QUESTIONS: Final = (
    *TRANSACTION_QUESTIONS,
    "How many customers have no email?",
    "Show the first name and last name of customers living in São Paulo.",
    "Show the names of branches that have no customers.",
    "What is the name of the merchant with the most card payments?",
    "Show the first name and last name of customers with an overdue loan.",
)
"""What `--demo` offers: the five above, then missing values, accents and joins over the other tables."""
