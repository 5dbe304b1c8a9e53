"""The sweep step by step: a page, an animation, a film."""
