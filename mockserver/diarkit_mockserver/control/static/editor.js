// A text with the numbers of its lines, and what is wrong with it at each. Knows no server but whom it hands the text.

import { make, match } from "./dom.js";

/** Make an editor in an element; `apply` takes the text, and throws what has flaws. */
export function createEditor(element, { label, button, apply }) {
  const errors = make("ul", { class: "errors", id: `${element.id}-errors`, "aria-live": "polite" });
  const lines = make("pre", { class: "lines", "aria-hidden": "true" });
  const area = make("textarea", {
    "aria-label": label, "aria-describedby": errors.id, spellcheck: "false", wrap: "off", autocomplete: "off", rows: 8,
    oninput: () => { editor.isChanged = true; mark([]); },
    onscroll: () => { lines.scrollTop = area.scrollTop; },
    onkeydown: (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(); },
  });
  const done = make("span", { class: "hint", role: "status" });
  element.append(make("div", { class: "paper" }, lines, area), errors,
    make("div", { class: "row" }, make("button", { type: "button", class: "main", onclick: send }, button), done));

  function mark(flaws) {
    const bad = new Set(flaws.map((flaw) => flaw.line));
    const count = area.value.split("\n").length;
    lines.replaceChildren(...Array.from({ length: count }, (_, index) =>
      make("span", { class: bad.has(index + 1) ? "bad" : false }, `${bad.has(index + 1) ? "✕ " : ""}${index + 1}\n`)));
    area.rows = Math.min(24, Math.max(6, count + 1));
    area.setAttribute("aria-invalid", String(flaws.length > 0));
    done.textContent = "";
    match(errors, flaws, (flaw) => JSON.stringify(flaw), (flaw) => make("li", {},
      flaw.line ? make("button", { type: "button", class: "link", onclick: () => goTo(flaw) }, `Line ${flaw.line}, column ${flaw.column}`) : null, ` ${flaw.detail}`));
  }

  function goTo({ line, column }) {
    const before = area.value.split("\n").slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    area.focus();
    area.setSelectionRange(before + column - 1, before + column - 1);
  }

  async function send() {
    try {
      await apply(area.value);
      editor.isChanged = false;
      mark([]);
      done.textContent = "Done.";
    } catch (error) {
      mark(error.flaws?.length ? error.flaws : [{ line: 0, detail: error.message }]);
    }
  }

  const editor = {
    isChanged: false,
    /** Show a text that is fine, as long as nobody has begun to write another one. */
    show(text, isChanged = false) {
      if (text === area.value) return;
      area.value = text;
      editor.isChanged = isChanged;
      mark([]);
    },
  };
  mark([]);
  return editor;
}
