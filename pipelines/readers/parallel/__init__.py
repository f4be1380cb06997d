"""Large delivered files read by all workers at once, with the cells that the one-machine readers give."""
