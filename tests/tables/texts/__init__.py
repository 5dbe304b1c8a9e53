"""Every item of five teaching texts on layers and networks, typed as a reader of the text would: right, or refused.

A refusal is an error whose message has our word for the thing. `tools/try_texts.py` prints the table.
"""
