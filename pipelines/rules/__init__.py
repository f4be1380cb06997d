"""Which rows break which rules, counted twice, and the gate that judges batches by it."""
