"""Programs: what a function computes, recorded as flat arrays, and run at machine speed."""
