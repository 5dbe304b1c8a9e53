"""What is recorded, and when a recording may be used again: arguments, surroundings, limits."""
