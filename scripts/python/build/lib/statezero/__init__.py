"""StateZero for trainers: budgets of rollouts, choices of prompts and success probabilities from a coordinator."""

from . import client
from .client import *  # noqa: F403

__all__ = client.__all__
