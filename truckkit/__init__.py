"""truckkit: Jupyter-native analytics for mining haul trucks."""
