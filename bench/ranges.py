"""`Range`: the range of a figure over several runs, because single figures vary on a busy machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class Range(NamedTuple):
    """The minimum and the maximum of some figures."""

    low: float
    high: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> Self:
        """Returns the range of one or more figures."""
        listed = list(figures)
        return cls(min(listed), max(listed))

    @classmethod
    def of_ratios(cls, ones: Iterable[float], others: Iterable[float]) -> Self:
        """Returns the range of the ratios of figures of the same round."""
        return cls.of(one / other for one, other in zip(ones, others, strict=True))

    def text(self, digits: int = 2) -> str:
        """Formats both ends, such as `2.6 to 3.1`; one figure if they are the same with so many digits."""
        low, high = f"{self.low:,.{digits}f}", f"{self.high:,.{digits}f}"
        return low if low == high else f"{low} to {high}"
