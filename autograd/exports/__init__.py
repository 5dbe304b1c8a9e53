"""Functions and programs in the languages and forms of other tools."""
