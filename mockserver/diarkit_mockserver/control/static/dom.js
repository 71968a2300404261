// Elements of the page: made, and matched with what they show. Knows no server.

/** Find an element by its id. */
export const find = (id) => document.getElementById(id);

/** Make an element; attributes that begin with `on` are its listeners. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Show items in a list, each in an element that stays as long as its item: focus and what is open stay with it. */
export function match(list, items, key, create, update = () => {}) {
  const had = new Map([...list.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const name = String(key(item));
    const element = had.get(name) ?? create(item);
    had.delete(name);
    element.dataset.key = name;
    update(element, item);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  for (const gone of had.values()) gone.remove();
}

/** Write a text, only where it is another one: a screen reader reads what changes. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Let a file be saved. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
