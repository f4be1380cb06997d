"""Programs that measure or try the whole pipeline, to be started by hand; nothing imports them but tests."""
