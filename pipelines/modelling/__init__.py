"""What models are written with: the decorators, and words for steps that every database's models share."""

from pipelines.modelling.model import (
    Alike,
    AppearancesOf,
    ClaimsOf,
    Computed,
    Finding,
    Model,
    Returned,
    Route,
    finding,
    model,
)
from pipelines.modelling.tables import DELIVERED, latest

__all__ = [
    "DELIVERED",
    "Alike",
    "AppearancesOf",
    "ClaimsOf",
    "Computed",
    "Finding",
    "Model",
    "Returned",
    "Route",
    "finding",
    "latest",
    "model",
]
