"""Whether the libraries that an image's programs need are in it: read from its files, nothing of it is run."""
