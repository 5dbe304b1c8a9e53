"""An autograder for an exercise on backpropagation: what students get, a solution, and the tests that grade."""
