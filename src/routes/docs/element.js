/** Creates an element with properties and children. Text is never parsed as HTML. */
export function element(name, properties, ...children) {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
}
