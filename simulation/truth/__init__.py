"""What every table must hold once all files are in, worked out from what the records mean, and written as files.

It shares no code with the pipelines: that both come to the same is what a simulation is for.
"""
