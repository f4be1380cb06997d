"""One module per file format: a delivered file as a stream of Arrow batches, every cell a string, as it was sent."""

from pipelines.readers.delivery import Delivery, Problem, UnreadableFile
from pipelines.readers.naming import shown_name
from pipelines.readers.opening import open_delivery
from pipelines.readers.temporary import looks_temporary

__all__ = ["Delivery", "Problem", "UnreadableFile", "looks_temporary", "open_delivery", "shown_name"]
