"""From DOT text to places: the layout engine, then labels moved and texts fitted."""
