"""``python -m truckkit.cli`` is the command too."""

from truckkit.cli import app

app()
