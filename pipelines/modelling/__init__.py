"""What models are written with: the decorators, and words for steps that every database's models share."""

from pipelines.modelling.identifiers import is_id_number
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
from pipelines.modelling.tables import latest

__all__ = [
    "Alike",
    "AppearancesOf",
    "ClaimsOf",
    "Computed",
    "Finding",
    "Model",
    "Returned",
    "Route",
    "finding",
    "is_id_number",
    "latest",
    "model",
]
