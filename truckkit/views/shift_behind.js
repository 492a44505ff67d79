// The intervals behind the mark that was chosen.

function drawBehind(aside, behind, chosen, links, close) {
  aside.replaceChildren();
  aside.hidden = !chosen;
  if (!chosen) return;
  const head = element(aside, "div", "title");
  element(head, "h2", "", behind.title || (behind.why ? "Nothing to list" : "Reading…")).tabIndex = -1;
  const shut = element(head, "button", "", "×");
  shut.type = "button";
  shut.setAttribute("aria-label", "Close the list of intervals");
  shut.addEventListener("click", close);
  if (behind.told) element(aside, "p", "told", behind.told);
  if (behind.why) element(aside, "p", "why", sentence(behind.why));
  if (behind.rows && behind.rows.length) {
    const numbers = behind.columns.map((column, k) => (/^(Time|Tonnes)/.test(column) ? k : -1));
    const box = listing(aside, behind.columns, behind.rows, links, numbers);
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", `Intervals: ${behind.title}`);
  }
}
