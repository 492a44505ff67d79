"""A page of a replay, as browser tests drive and ask it."""

from __future__ import annotations

HALF_AN_HOUR = 30 * 60 * 1000  # ms: by then every truck of the sample was heard


def opened(page, url):
    """Opens a replay and waits until it is drawn."""
    page.goto(url)
    page.locator(".replay[data-ready=true]").wait_for()
    return page


def begun(page, url):
    """Opens a replay of the sample where every truck was heard."""
    opened(page, url)
    seek(page, HALF_AN_HOUR)
    return page


def seek(page, ms):
    """Goes to a moment and waits until the picture is that moment's."""
    page.locator(".replay").evaluate(f"(root) => root.replay.playhead.seek({ms})")
    page.locator(f".replay[data-ready=true][data-now='{ms}']").wait_for()
    until(page, "r.reads.every((one) => one.status === 1) && r.does.every(({ state }) => state)")


def told(page, wanted):
    """What an expression over ``r`` says of the replay."""
    return page.locator(".replay").evaluate(
        "(root, wanted) => new Function('r', `return ${wanted}`)(root.replay)", wanted
    )


def until(page, condition):
    """Waits until a condition over ``r`` holds, looked at with every frame."""
    page.wait_for_function(
        # A newer generation gets a new replay in the same place.
        "([host, wanted]) => new Function('r', `return ${wanted}`)(host.querySelector('.replay').replay)",
        arg=[page.locator(".host").first.element_handle(), condition],
    )


def settled(page):
    """Waits for two frames: by then everything that was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
