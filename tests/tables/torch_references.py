"""PyTorch's numbers for each layer, loss and optimiser, as `tools/torch_references.py` wrote them down."""

import json
from pathlib import Path

REFERENCES = json.loads(Path(__file__).with_suffix(".json").read_text())
CASES, TRAJECTORIES = REFERENCES["layers"], REFERENCES["optimizers"]
