// Rows as a table: what a search found, or a page of an index. Ids and metadata come from strangers and stay text.

import { distance, el } from "./dom.js";

// What one cell shows of a long text; the whole of it is one click away.
const CLIPPED = 140;
const PAIRS = 8;

/**
 * A table of `rows` ({id, metadata?, distance?}). `similar(id)` is called by a row's button, `light(rank or undefined)`
 * when a row is pointed at or holds the focus.
 */
export function table(rows, caption, similar, light = () => {}) {
  const ranked = rows.some((row) => row.distance !== undefined);
  const button = (id) => el("button", { type: "button", class: "quiet", "aria-label": `Find rows similar to ${id}`, onclick: () => similar(id) }, "Similar");
  const column = (title, kind) => el("th", { scope: "col", class: kind ?? false }, title);
  const heads = [ranked && column("#", "number"), column("Row"), column(ranked ? "Distance" : "Find")];
  const body = rows.map((row, at) => {
    const cells = [
      ranked && el("td", { class: "number" }, String(at + 1)),
      el("th", { scope: "row" }, el("span", { class: "id" }, row.id), metadata(row.metadata)),
      el("td", {}, el("div", {}, ranked ? el("span", { class: "distance" }, distance(row.distance)) : null, button(row.id))),
    ];
    const on = () => light(at);
    const off = () => light();
    return el("tr", { onpointerenter: on, onpointerleave: off, onfocusin: on, onfocusout: off }, ...cells.filter(Boolean));
  });
  return el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...heads.filter(Boolean))), el("tbody", {}, ...body));
}

function metadata(value) {
  if (value === undefined) return undefined;
  const whole = JSON.stringify(value, null, 2);
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value) && !JSON.isRawJSON?.(value);
  const entries = isObject ? Object.entries(value) : [["", value]];
  let clipped = entries.length > PAIRS;
  const pairs = entries.slice(0, PAIRS).map(([name, inner]) => {
    const text = typeof inner === "string" ? inner : JSON.stringify(inner);
    clipped ||= text.length > CLIPPED;
    const shown = text.length > CLIPPED ? `${text.slice(0, CLIPPED)}…` : text;
    return el("span", {}, name ? el("span", {}, `${name} `) : undefined, shown);
  });
  const rest = clipped ? el("details", {}, el("summary", {}, "All metadata"), el("pre", {}, whole)) : undefined;
  return el("div", {}, el("div", { class: "pairs" }, ...pairs), rest);
}
