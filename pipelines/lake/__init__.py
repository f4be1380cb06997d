"""Layers, paths, versions and watermarks of the Delta tables; who may write them."""
