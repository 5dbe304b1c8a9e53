"""From DOT text to places: the layout engine, and what is moved and fitted after it."""
