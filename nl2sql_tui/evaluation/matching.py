"""Perfect matchings in bipartite graphs: whether each item on the left can have one of its own on the right."""

from collections.abc import Sequence


def has_matching_of_all(choices: Sequence[Sequence[int]]) -> bool:
    """Whether every left item can be given one of its `choices` (numbers of right items) that no other item has.

    Augmenting paths, breadth first: exact, at most items times choices steps.
    """
    owner: dict[int, int] = {}
    """The left item that a right item is given to."""
    given: dict[int, int] = {}
    """The other way round."""
    return all(_augment(start, choices, owner, given) for start in range(len(choices)))


def _augment(start: int, choices: Sequence[Sequence[int]], owner: dict[int, int], given: dict[int, int]) -> bool:
    """Give `start` an item, moving others where that helps; False if there is no way."""
    reached_from: dict[int, int] = {}
    """The left item from which a right item was first reached."""
    waiting = [start]
    for left in waiting:
        for right in choices[left]:
            if right in reached_from:
                continue
            reached_from[right] = left
            if right not in owner:
                _hand_over(right, reached_from, owner, given)
                return True
            waiting.append(owner[right])
    return False


def _hand_over(free: int, reached_from: dict[int, int], owner: dict[int, int], given: dict[int, int]) -> None:
    """Walk the path back from a free right item; each left item takes the right one that it reached."""
    right: int | None = free
    while right is not None:
        left = reached_from[right]
        before = given.get(left)
        owner[right], given[left] = left, right
        right = before
