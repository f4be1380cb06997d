"""What models are written with: the decorators, and words for steps that every database's models share."""

from pipelines.modelling.model import AppearancesOf, ClaimsOf, Finding, Model, Returned, finding, model
from pipelines.modelling.tables import latest

__all__ = [
    "AppearancesOf",
    "ClaimsOf",
    "Finding",
    "Model",
    "Returned",
    "finding",
    "latest",
    "model",
]
