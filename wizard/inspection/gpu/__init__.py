"""Signs of a GPU, and how PyTorch comes into an image."""
