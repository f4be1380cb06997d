"""The way of the data, one module per step: ingest, standardise, integrate, derive, return_flow, release."""
