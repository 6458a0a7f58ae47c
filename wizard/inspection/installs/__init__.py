"""What the install steps of package managers read, and where they fetch from."""
