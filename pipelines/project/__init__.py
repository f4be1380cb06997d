"""A project opened: declarations, models and checks read together once, and the lake that they shape."""
