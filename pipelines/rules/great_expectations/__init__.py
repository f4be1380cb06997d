"""Great Expectations as the second counter: the gate's rules as a suite, on either engine, and its Data Docs.

Importing this package is cheap. Great Expectations itself takes seconds to import: that happens at the first
`validate`, or ahead of it in the background by `warm_up`.
"""

from pipelines.rules.great_expectations.docs import Documented, build_docs, page_of
from pipelines.rules.great_expectations.validation import (
    NotValidatedError,
    Outcome,
    Validation,
    validate,
    validate_each,
    warm_up,
)

__all__ = [
    "Documented",
    "NotValidatedError",
    "Outcome",
    "Validation",
    "build_docs",
    "page_of",
    "validate",
    "validate_each",
    "warm_up",
]
