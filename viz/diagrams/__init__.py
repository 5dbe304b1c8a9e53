"""From nodes, calls of functions and programs to a `Diagram`: the graph as plain records."""
