"""Who and what exists before anybody has records of it: people, organisations, places, names, days.

The next kinds of things (plots, buildings) belong here too, each drawn as columns for a whole block at once.
"""
