"""Detection: what trucks did, from their samples alone.

>>> import pyarrow as pa
>>> from truckkit.detection import Observed, detect
>>> nothing = pa.table({"truck": [], "at": [], "x_m": [], "y_m": []})
>>> detect(Observed(nothing)).states.num_rows
0
"""

from truckkit.detection.fleet import VERSION, Detected, Observed, detect

__all__ = ["VERSION", "Detected", "Observed", "detect"]
