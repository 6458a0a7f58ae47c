"""dockwiz's engine: reads, plans, builds, measures. Knows nothing of terminals."""

__version__ = "0.1.0"
