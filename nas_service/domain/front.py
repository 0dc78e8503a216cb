"""Which candidates are non-dominated, and how much they dominate. Pure functions over tuples of numbers.

Points are tuples in objective order with a matching tuple of `maximize` flags: no sign is ever flipped by a caller.
"""

from collections.abc import Sequence

Point = tuple[float, ...]


def _as_losses(points: Sequence[Point], maximize: Sequence[bool]) -> list[Point]:
    return [tuple(-v if up else v for v, up in zip(p, maximize, strict=True)) for p in points]


def dominates(a: Point, b: Point) -> bool:
    """Whether `a` is no worse than `b` everywhere and better somewhere (smaller is better)."""
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


def non_dominated(points: Sequence[Point], maximize: Sequence[bool]) -> list[int]:
    """Indices of the non-dominated points, in input order. Equal points are all kept."""
    losses = _as_losses(points, maximize)
    front: list[int] = []
    # In lexicographic order a point can only be dominated by an earlier one.
    for i in sorted(range(len(losses)), key=losses.__getitem__):
        if not any(dominates(losses[j], losses[i]) for j in front):
            front.append(i)
    return sorted(front)


def hypervolume(points: Sequence[Point], reference: Point, maximize: Sequence[bool]) -> float:
    """The volume dominated by `points` and bounded by `reference` (product of the objectives' units).

    Exact, by slicing along the last objective (Zitzler 1999); meant for fronts of up to a few hundred points.
    """
    losses = _as_losses(points, maximize)
    bound = _as_losses([reference], maximize)[0]
    return _volume([p for p in losses if all(x < r for x, r in zip(p, bound, strict=True))], bound)


def _volume(points: list[Point], bound: Point) -> float:
    if not points:
        return 0.0
    if len(bound) == 1:
        return bound[0] - min(p[0] for p in points)
    levels = sorted({p[-1] for p in points})
    total = 0.0
    for level, above in zip(levels, [*levels[1:], bound[-1]], strict=True):
        slab = [p[:-1] for p in points if p[-1] <= level]
        total += _volume(slab, bound[:-1]) * (above - level)
    return total


def reference_point(points: Sequence[Point], maximize: Sequence[bool]) -> Point:
    """The worst value of each objective among `points`, widened by a tenth of its range so that extremes count."""
    columns = list(zip(*points, strict=True))
    return tuple(
        min(c) - 0.1 * (max(c) - min(c)) if up else max(c) + 0.1 * (max(c) - min(c))
        for c, up in zip(columns, maximize, strict=True)
    )


def spread(points: Sequence[Point], count: int) -> list[int]:
    """At most `count` indices spread over the front: the extremes of the first objective, then even ranks between."""
    order = sorted(range(len(points)), key=points.__getitem__)
    if count >= len(order):
        return sorted(order)
    if count == 1:
        return [order[-1]]
    return sorted({order[round(i * (len(order) - 1) / (count - 1))] for i in range(count)})
