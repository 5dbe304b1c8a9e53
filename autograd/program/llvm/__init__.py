"""Machine code: programs as LLVM IR, compiled by llvmlite and kept on disk."""
