// Who tells of the states: what is said of it, and the choice where more than one source tells.

const DETECTED = 2, UNSURE = 255; // as intervals.py packs them

// "detected, 84 % sure"; empty for what an FMS told, and for time of which nobody tells anything.
function tellingWords(teller, sure, state) {
  if (teller !== DETECTED || state === "no_data") return "";
  return sure === UNSURE ? "detected" : `detected, ${sure} % sure`;
}

// A list of the sources, hidden where there is nothing to choose. `choices` are pairs of words and source.
function sourceChoice(choices, chosen, act) {
  const list = document.createElement("select");
  list.className = "source";
  list.setAttribute("aria-label", "Who tells of the states");
  list.title = "Who tells of the states";
  list.append(...choices.map(([words, source]) => new Option(`states: ${words}`, source)));
  // What a site starts with is the first, and the same as a source that is not offered beside it.
  list.value = choices.some(([, source]) => source === chosen) ? chosen : "";
  list.hidden = choices.length < 2;
  list.addEventListener("change", () => act(list.value));
  return list;
}
