// What lies around a view keeps it within the window: boxes that scroll, heads that stay. On paper
// there is nothing to scroll, so they are let go while it is printed, and the page is light.

function printable(root) {
  const media = matchMedia("print");
  let undo = [];
  const set = (node, name, value) => {
    const before = [node.style.getPropertyValue(name), node.style.getPropertyPriority(name)];
    node.style.setProperty(name, value, "important");
    undo.push(() => node.style.setProperty(name, ...before));
  };
  const open = () => {
    if (undo.length) return;
    const sheet = document.head.appendChild(document.createElement("style"));
    sheet.textContent = "@page { size: A4 portrait; margin: 12mm; }";
    undo.push(() => sheet.remove());
    let below = root;
    for (let at = _above(root); at; at = _above(at)) {
      for (const [name, value] of [["height", "auto"], ["max-height", "none"], ["min-height", "0"], ["overflow", "visible"], ["position", "static"], ["display", "block"], ["padding", "0"], ["margin", "0"], ["width", "auto"], ["max-width", "none"], ["background", "#fff"]]) set(at, name, value);
      // What stands beside the way from the page to the sheet is chrome.
      const beside = at instanceof HTMLElement ? [...(at.shadowRoot && at.shadowRoot.contains(below) ? at.shadowRoot.children : at.children)] : [];
      for (const other of beside) {
        if (other !== below && !other.contains(below) && !/^(STYLE|LINK|SCRIPT|HEAD)$/.test(other.tagName)) set(other, "display", "none");
      }
      below = at;
    }
  };
  const shut = () => {
    for (const back of undo.reverse()) back();
    undo = [];
  };
  const turned = () => (media.matches ? open() : shut());
  media.addEventListener("change", turned);
  addEventListener("beforeprint", open);
  addEventListener("afterprint", shut);
  return () => {
    shut();
    media.removeEventListener("change", turned);
    removeEventListener("beforeprint", open);
    removeEventListener("afterprint", shut);
  };
}
