/** Makes elements. Text is always set as text, so nothing that a server sends is read as HTML. */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} properties attributes; `on...` are listeners; false and undefined are left out
 * @param {...(Node | string | null | undefined | false)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'value') made.value = value;
    else made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

export const find = (selector) => document.querySelector(selector);

/** Read out by screen readers; not shown. */
export function announce(text) {
  find('#announcer').textContent = text;
}
