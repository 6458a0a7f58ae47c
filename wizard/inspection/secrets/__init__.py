"""Secrets that a build leaves behind: where they stand, who reads them, who hands them over."""
