"""Who builds the Dockerfile or runs its image."""
