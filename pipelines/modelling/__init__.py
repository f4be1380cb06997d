"""What models are written with: the decorators, and words for steps that every database's models share."""

from pipelines.modelling.identifiers import is_id_number
from pipelines.modelling.model import (
    Alike,
    ClaimsOf,
    CodesOf,
    Computed,
    Finding,
    FormsOf,
    Graded,
    Model,
    Period,
    Returned,
    Route,
    finding,
    model,
)
from pipelines.modelling.tables import DELIVERED, latest, valid_on

__all__ = [
    "DELIVERED",
    "Alike",
    "ClaimsOf",
    "CodesOf",
    "Computed",
    "Finding",
    "FormsOf",
    "Graded",
    "Model",
    "Period",
    "Returned",
    "Route",
    "finding",
    "is_id_number",
    "latest",
    "model",
    "valid_on",
]
