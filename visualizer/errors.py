"""The errors a person may read. Each message says what was wrong, with the value, and what to do."""

from __future__ import annotations


class VisualizerError(Exception):
    """Root of the family; the message is written for the person who will read it."""


UNEXPECTED = "Something went wrong; the app's log says more."
"""What a visitor reads of an error that nobody wrote a sentence for; the error itself stands in the log."""


class SettingsError(VisualizerError):
    """A knob or the prompt is out of range or of the wrong type."""


class CheckpointError(VisualizerError):
    """A checkpoint is missing, incomplete, corrupt or of another model type."""


class MachineError(VisualizerError):
    """This machine has too little memory or disk for a checkpoint, or no processor that could run it."""


class FetchError(VisualizerError):
    """A checkpoint cannot be had from the hub: unknown, out of reach, cut off, damaged, or there is no place for it."""


class PromptFileError(VisualizerError):
    """A demo prompt's file cannot be read."""


class EngineError(VisualizerError):
    """The process that runs the model failed; the next run starts a fresh one."""


class NotFiniteError(EngineError):
    """A step gave no finite numbers: the number format does not hold the model's, or its weights are damaged."""


class TraceError(VisualizerError):
    """A recorded run's file cannot be read: it is damaged, too large, of another format, or no recording at all."""


class ExportError(VisualizerError):
    """A run cannot be exported as asked: the file cannot be written, the promise not kept, or the format not made."""
