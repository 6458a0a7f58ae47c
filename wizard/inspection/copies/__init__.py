"""What COPY and ADD bring: where it stands in the image, and how far down it may move."""
