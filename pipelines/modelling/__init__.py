"""What models are written with: the decorators, and words for steps that every database's models share."""

from pipelines.modelling.identifiers import is_id_number
from pipelines.modelling.model import (
    Alike,
    ClaimsOf,
    Computed,
    Finding,
    FormsOf,
    Graded,
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
    "ClaimsOf",
    "Computed",
    "Finding",
    "FormsOf",
    "Graded",
    "Model",
    "Returned",
    "Route",
    "finding",
    "is_id_number",
    "latest",
    "model",
]
