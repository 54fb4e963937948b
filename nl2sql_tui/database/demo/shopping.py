"""What the demo bank's customers buy, where, and for how much; by which card, the plans decide."""

from typing import Final

from nl2sql_tui.database.demo.days import month_of
from nl2sql_tui.database.demo.dice import Dice
from nl2sql_tui.database.demo.tables import Merchant
from nl2sql_tui.database.demo.words import CATEGORIES, SHOP_WITHOUT_CUSTOMERS, Place

_BUSY_MONTH: Final = 3


class Shopping:
    """Chooses purchases: near home or online mostly, by season."""

    def __init__(self, dice: Dice, merchants: list[Merchant]) -> None:
        self._dice = dice
        self._merchants = [item for item in merchants if item.name != SHOP_WITHOUT_CUSTOMERS]
        self._weights: dict[tuple[str, int], list[int]] = {}

    def purchase(self, home: Place, day: int) -> tuple[Merchant, int]:
        """A merchant, and an amount in euro cents."""
        month = month_of(day)
        weights = self._weights.setdefault((home.city, month), [])
        if not weights:
            weights.extend(self._weight(merchant, home, month) for merchant in self._merchants)
        merchant = self._dice.weighted(self._merchants, weights)
        category = CATEGORIES[merchant.category]
        return merchant, self._dice.skewed(category.median_cents, category.spread)

    @staticmethod
    def _weight(merchant: Merchant, home: Place, month: int) -> int:
        category = CATEGORIES[merchant.category]
        if merchant.city == home.city:
            nearness = 40
        elif merchant.city is None:
            nearness = 8
        elif merchant.country == home.country:
            nearness = 4
        else:
            nearness = 1
        return category.weight * nearness * (_BUSY_MONTH if month in category.busy_months else 1)
