"""What steps do with apt, and through what they depend on each other."""
