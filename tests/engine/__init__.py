"""A private Docker engine and stand-in base images, for machines without an engine or a container registry."""
