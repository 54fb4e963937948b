"""Questions to try on the demo database; their answers are the tests' business."""

from typing import Final

TRANSACTION_QUESTIONS: Final = (
    "Show the id, amount and date of all transactions.",
    "Find all transactions of type transfer with status pending.",
    "What is the total transaction fee for each currency?",
    "Show the id, amount and description of the ten largest transactions.",
    "List the id, amount and date of the transactions from source account 1045 between 2024-01-01 and 2024-03-31.",
)
"""Of the kind that the article on this `transaction` table asks: one table, its columns in plain words."""

SAMPLE_QUESTIONS: Final = (
    *TRANSACTION_QUESTIONS,
    "How many customers have no email?",
    "List the first name and last name of the customers who live in São Paulo.",
    "Which branch has no customers?",
    "What is the name of the merchant with the most card payments?",
    "Show the first name, last name and loan amount of the customers with an overdue loan.",
)
"""What `--demo` offers: the five above, then missing values, accents and joins over the other tables."""
