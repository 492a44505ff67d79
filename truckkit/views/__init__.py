"""What an analyst looks at: Panel Viewers that take a ``Site`` and draw what it answers.

``truckkit.views.replay.Replay`` drives the trucks over the map on one clock;
``truckkit.views.timeline.Timeline`` lays out their states side by side. The same class serves a
notebook cell and a dashboard.
"""
