"""Where Ibis expressions are computed and Delta tables are written: the only room with raw SQL."""
