"""Training: `fit`, the step that it compiles, optimisers, learning rates, and the checks of its data."""
