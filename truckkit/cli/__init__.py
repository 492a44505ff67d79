"""The command line: ``truckkit VERB STORE …``; each module holds the verbs of one errand."""

from truckkit.cli import admitting, bringing, keeping, looking, serving
from truckkit.cli.speaking import app

__all__ = ["admitting", "app", "bringing", "keeping", "looking", "serving"]
