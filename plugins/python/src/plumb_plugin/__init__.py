"""Plugins for Plumb: a class with annotated options, and main.

Importing this first, in a process that Plumb started, moves standard output out of harm's way and
starts the front: a small process that speaks with Plumb, so that nothing this one imports or computes
makes it late for a heartbeat.
"""

from . import table
from ._worker import begin, main
from .call import Error, busy, device, dtype, progress, warn
from .component import (
    Component, Encoder, Fault, FitRequest, FitSet, Loss, PrecomputeRequest, Rater, Reward, Sampler, TuneLoss, TuneReference, TuneRequest, TuneSet,
)
from .input_size import InputSize
from .options import Hub, Mistake, Obtain, Range, When

begin()

__version__ = "0.1.0"
__all__ = [
    "Component", "Encoder", "Error", "Fault", "FitRequest", "FitSet", "Hub", "InputSize", "Loss", "Mistake", "Obtain", "PrecomputeRequest", "Range",
    "Rater", "Reward", "Sampler", "TuneLoss", "TuneReference", "TuneRequest", "TuneSet", "When",
    "busy", "device", "dtype", "main", "progress", "table", "warn",
]
