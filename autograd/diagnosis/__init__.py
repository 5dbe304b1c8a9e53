"""Diagnosis of a recorded graph: the causes of wrong values and gradients, and the accuracy of right ones.

`explain` says why a gradient is 0, infinite or nan; `kinks` finds operations at a kink; `rounding` bounds the error of
a value and names the operations that cost digits; `paths` lists the ways through the graph that a gradient is the sum
over; `replay` computes the graph in exact arithmetic.
"""
