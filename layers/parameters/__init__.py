"""The numbers that layers learn: arrays of Variables, their first values, and rows of them taken by number."""
