"""What people read of a lake: the report's pages, its numbers, and the score against a simulation's truth."""
