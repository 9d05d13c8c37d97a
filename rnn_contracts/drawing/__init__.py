"""What is tried: the cases that are drawn, and the wrong calls."""
