"""Components whose browser half a browser takes as it is written."""

from __future__ import annotations

import hashlib
from typing import Any

from panel.custom import JSComponent


class PlainComponent(JSComponent):
    """A component in JavaScript, without TypeScript or JSX in it."""

    __abstract = True

    def _get_properties(self, doc: Any) -> dict[str, Any]:
        # Panel's page translates what is not said to be bundled, word by word, whenever it opens: of a replay
        # that is 250 kB on the main thread, before anything is drawn.
        properties = super()._get_properties(doc)
        return properties | {"bundle": hashlib.sha256(properties["esm"].encode()).hexdigest()}
