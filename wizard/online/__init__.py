"""The network's side of a plan: finds the answers to what rules ask, where the person wants that (`--online`)."""
