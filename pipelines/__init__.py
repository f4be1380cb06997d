"""HOW: the steps from landing to returns, and what they stand on. Knows no table by name."""
