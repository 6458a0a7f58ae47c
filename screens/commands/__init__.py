"""The headless commands, one file each: `run(options) -> int` gives the exit code. Loaded only when asked for."""
