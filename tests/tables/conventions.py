"""The library's functions as the rows of the table of conventions call them."""

from types import SimpleNamespace

import autograd
from autograd import Gaussian

OURS = SimpleNamespace(**{name: getattr(autograd, name) for name in dir(autograd)}, gaussian=Gaussian)
