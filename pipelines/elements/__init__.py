"""One module per kind of value: how it is normalised, checked and masked, as Ibis expressions."""

from pipelines.elements.masking import mask
from pipelines.elements.registry import alias, derived, has_form, match_key, normalise, sent_value
from pipelines.elements.sent import sent

__all__ = ["alias", "derived", "has_form", "mask", "match_key", "normalise", "sent", "sent_value"]
