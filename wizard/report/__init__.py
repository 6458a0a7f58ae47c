"""What was measured, for people (`markdown`, `rows`, `units`) and for programs (`json`)."""
