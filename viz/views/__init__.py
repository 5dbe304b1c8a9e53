"""From a diagram to a `View`: which of its values and operations are drawn, and which as one."""
