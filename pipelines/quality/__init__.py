"""Rules, the gate that judges batches, findings, scores and the report."""
