"""What a running container of the image needs."""
