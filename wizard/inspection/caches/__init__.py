"""Folders that package managers keep downloads in."""
