"""StateZero for trainers: budgets of rollouts, and success probabilities of prompts, from a coordinator."""

from .client import (
    Client,
    DeadlineExceeded,
    Groups,
    Plan,
    Report,
    RequestError,
    StateZeroError,
    Unavailable,
    expand,
    uniform_budgets,
)

__all__ = [
    "Client",
    "DeadlineExceeded",
    "Groups",
    "Plan",
    "Report",
    "RequestError",
    "StateZeroError",
    "Unavailable",
    "expand",
    "uniform_budgets",
]
