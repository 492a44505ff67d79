"""Which truckkit this is, as stores and services name it."""

VERSION = "0.1.0"
