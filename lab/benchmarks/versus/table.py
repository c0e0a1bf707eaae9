"""The lines of a comparison."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One kind of work in both revisions, with one goal or none.

    `most` and `least` limit the ratio of new to old, `limit` and `floor` the new figure itself.
    """

    work: str
    old: float
    new: float
    most: float | None = None
    least: float | None = None
    limit: float | None = None
    floor: float | None = None

    @property
    def ratio(self) -> float:
        return self.new / self.old if self.old else float("inf")

    @property
    def is_met(self) -> bool:
        return (
            (self.most is None or self.ratio <= self.most)
            and (self.least is None or self.ratio >= self.least)
            and (self.limit is None or self.new <= self.limit)
            and (self.floor is None or self.new >= self.floor)
        )

    @property
    def target(self) -> str:
        goals = {
            "ratio <=": self.most, "ratio >=": self.least, "<=": self.limit, ">=": self.floor,
        }  # fmt: skip
        return " ".join(f"{sign} {goal:g}" for sign, goal in goals.items() if goal is not None)

    def __str__(self) -> str:
        figures = (f"{self.old:.2f}", f"{self.new:.2f}", f"{self.ratio:.2f}")
        met = "" if not self.target else "yes" if self.is_met else "NO"
        return (
            f"{self.work:52} {' '.join(f'{each:>9}' for each in figures)}  {self.target:13} {met}"
        )


HEADER = f"{'work':52} {'old':>9} {'new':>9} {'ratio':>9}  {'target':13} met"
