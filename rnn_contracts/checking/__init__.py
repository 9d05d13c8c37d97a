"""How it is tried: calling layers, and holding what they give against the rules."""
