"""The build context: what is in it, why, and what of it can stay at home."""
