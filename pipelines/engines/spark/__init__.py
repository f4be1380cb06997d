"""The engine for many machines: its session, its failures in words, and what its workers read by themselves."""
