// The legend of states with the fleet's time in each.

// The legend, which filters: a click hides a state or shows it again; Alt-click, double click or the
// key "o" shows it alone, or all again.
function legendOf(hidden, changed) {
  const list = document.createElement("div");
  list.className = "legend";
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "States: choose which are drawn");
  const heading = list.appendChild(document.createElement("span"));
  heading.className = "heading";
  const buttons = new Map();

  const toggle = (code) => {
    hidden[code] = hidden[code] ? 0 : 1;
    refresh();
    changed();
  };
  const alone = (code) => {
    const already = CODES.every((_, other) => (other === code ? !hidden[other] : hidden[other] || !buttons.has(other)));
    CODES.forEach((_, other) => {
      hidden[other] = already || other === code ? 0 : 1;
    });
    refresh();
    changed();
  };
  const refresh = () => {
    for (const [code, button] of buttons) button.setAttribute("aria-pressed", String(!hidden[code]));
  };

  function build(present, theme) {
    const focused = [...buttons].find(([, button]) => button.getRootNode().activeElement === button);
    for (const button of buttons.values()) button.remove();
    buttons.clear();
    for (const code of present) {
      const state = CODES[code];
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.state = state;
      button.title = `${STATES[state].words}: the truck ${STATES[state].meaning}. Click hides it, Alt-click shows it alone.`;
      button.append(stillOf(stateSwatch(state, theme, 14)));
      for (const [part, text] of [["state", STATES[state].words], ["time", ""]]) {
        const span = button.appendChild(document.createElement("span"));
        span.className = part;
        span.textContent = text;
      }
      button.addEventListener("click", (event) => (event.altKey ? alone(code) : toggle(code)));
      button.addEventListener("dblclick", () => alone(code));
      button.addEventListener("keydown", (event) => {
        if (event.key === "o") alone(code);
      });
      buttons.set(code, button);
      list.append(button);
      if (focused && focused[0] === code) button.focus();
    }
    refresh();
  }

  // `fleet`: the sums of each lane; `unseen` trucks are no_data all the time.
  function show(fleet, lanes, trucks, span, unseen) {
    const whole = trucks * span;
    heading.textContent = `${trucksWords(trucks)} × ${durationWords(span)}${unseen ? `, ${unseen} not observed` : ""}`;
    for (const [code, button] of buttons) {
      const each = fleet.map((sums) => (sums[code] ? `${fleetWords(sums[code])} · ${shareWords(sums[code], whole)}` : "none here"));
      button.querySelector(".time").textContent = lanes.length > 1
        ? fleet.map((sums, k) => `${lanes[k]} ${sums[code] ? shareWords(sums[code], whole) : "none"}`).join(", ") : each[0];
      if (lanes.length > 1) button.querySelector(".time").title = each.map((words, k) => `${lanes[k]}: ${words}`).join("\n");
    }
  }
  return { list, build, show, refresh };
}
