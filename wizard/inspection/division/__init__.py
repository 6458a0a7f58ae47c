"""How a one-stage image divides into stages, and what its last one needs."""
