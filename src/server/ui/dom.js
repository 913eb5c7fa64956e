// Elements and numbers for people. Text always becomes text: nothing here, or in any file beside it, parses markup.

const SVG = "http://www.w3.org/2000/svg";

export const find = (selector) => document.querySelector(selector);

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

/** An element: `el("a", { href, onclick }, "text", child)`. */
export const el = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);

/** The same in a picture. */
export const svg = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

/** Shows `text` in `node`, or hides the node if there is none. */
export function tell(node, text) {
  node.textContent = text ?? "";
  node.hidden = !text;
}

const grouped = new Intl.NumberFormat("en");
export const count = (value) => grouped.format(value);
export const percent = (value) => `${(100 * value).toFixed(1)} %`;
export const distance = (value) => (Math.abs(value) >= 1000 ? value.toPrecision(6) : value.toFixed(4));
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function duration(seconds) {
  const [value, unit] = seconds < 0.001 ? [1e6 * seconds, "µs"] : seconds < 1 ? [1000 * seconds, "ms"] : [seconds, "s"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
