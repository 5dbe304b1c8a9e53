"""The tiers that compiled functions are tested in."""

import autograd

# Machine code calls the compiled engine.
TIERS = ["vm", "llvm"] if autograd.compiled else ["vm"]
