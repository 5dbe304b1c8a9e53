"""Models as data: descriptions that name registered classes, and weights in files."""
