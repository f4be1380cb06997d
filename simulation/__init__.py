"""Agency files with planted defects, and the truth about them; an oracle that shares nothing with the pipelines."""

from simulation.run import simulate

__all__ = ["simulate"]
