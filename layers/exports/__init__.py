"""Layers and their parameters in other tools' forms: ONNX, PyTorch."""
