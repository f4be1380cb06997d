"""Which source columns each column of each table comes from, read off the definitions themselves."""
