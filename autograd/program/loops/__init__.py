"""Loops that stay loops in programs: how users write them, how bodies are recorded, run and differentiated."""
