// The first page: where one can go, and what there is.

export function render({ model }) {
  const make = (parent, tag, className, text) => {
    const made = parent.appendChild(document.createElement(tag));
    made.className = className;
    made.textContent = text;
    return made;
  };
  const box = document.createElement("div");
  box.className = "index";
  make(box, "h1", "", model.heading);
  const pages = make(box, "ul", "pages", "");
  for (const [title, address, purpose] of model.pages) {
    const link = make(make(pages, "li", "", ""), "a", "", "");
    link.href = address;
    make(link, "strong", "", title);
    make(link, "span", "", purpose);
  }
  make(box, "h2", "", "What the store holds");
  const facts = make(box, "dl", "", "");
  for (const [what, much] of model.facts) {
    make(facts, "dt", "", what);
    make(facts, "dd", "", much);
  }
  return box;
}
