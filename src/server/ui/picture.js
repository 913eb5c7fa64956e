// The distances of the rows found, by rank: a picture beside the table that holds the same numbers.

import { distance, plural, svg } from "./dom.js";

const HEIGHT = 160;
const TOP = 12;
const BOTTOM = 24;
// Beyond so many the stems would touch.
const STEMS = 100;

/** Draws `distances` (ascending) into `figure` and calls `light(rank or undefined)` as the pointer moves. */
export function draw(figure, distances, light) {
  figure.replaceChildren();
  figure.hidden = distances.length === 0;
  if (figure.hidden) return;
  const width = figure.clientWidth;
  const [low, high] = [Math.min(0, distances[0]), Math.max(0, distances.at(-1))];
  const ticks = nice(low, high);
  const labels = ticks.map(String);
  const left = 12 + 7 * Math.max(...labels.map((label) => label.length));
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (Math.max(high, ticks.at(-1)) - low || 1));
  const step = (width - left - 8) / distances.length;
  const x = (rank) => left + step * (rank + 0.5);

  const grid = ticks.flatMap((value, at) => [
    svg("line", { class: "grid", x1: left, x2: width, y1: y(value), y2: y(value) }),
    svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, labels[at]),
  ]);
  const marks = distances.map((value, rank) => {
    const stem = { class: "stem", x1: x(rank), x2: x(rank), y1: y(Math.max(0, low)), y2: y(value) };
    const dot = { class: "dot", cx: x(rank), cy: y(value), r: Math.max(1.5, Math.min(4, step / 3)) };
    const hit = { class: "hit", x: left + step * rank, y: 0, width: step, height: HEIGHT };
    const mark = svg("g", {}, distances.length <= STEMS ? svg("line", stem) : null, svg("circle", dot), svg("rect", hit));
    mark.addEventListener("pointerenter", () => light(rank));
    mark.addEventListener("pointerleave", () => light());
    return mark;
  });
  const ranks = [0, distances.length - 1].filter((rank, at, all) => all.indexOf(rank) === at);
  const axis = ranks.map((rank) => svg("text", { x: x(rank), y: HEIGHT - 6, "text-anchor": "middle" }, String(rank + 1)));
  const title = svg("text", { x: (left + width) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, "distance by rank");
  const shape = { role: "img", "aria-label": described(distances), viewBox: `0 0 ${width} ${HEIGHT}` };
  figure.append(svg("svg", shape, ...grid, ...axis, distances.length > 2 && width > 300 ? title : null, ...marks));
}

/** Lights the mark of one rank, or of none. */
export function lit(figure, rank) {
  for (const [at, mark] of figure.querySelectorAll("g").entries()) mark.classList.toggle("lit", at === rank);
}

/** The picture in a sentence, for who cannot see it; the numbers themselves are in the table. */
function described(distances) {
  const ends = `from ${distance(distances[0])} to ${distance(distances.at(-1))}`;
  const steps = distances.slice(1).map((value, at) => value - distances[at]);
  const most = Math.max(...steps, 0);
  const jump = most > 0 ? ` The largest step, ${distance(most)}, is after rank ${steps.indexOf(most) + 1}.` : "";
  return `Distances of ${plural(distances.length, "row")}, ${ends}.${jump}`;
}

/** About four round numbers that cover low to high. */
function nice(low, high) {
  const rough = (high - low || 1) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const ticks = [];
  for (let at = Math.floor(low / step); at * step < high + step / 2 || ticks.length < 2; at += 1) {
    ticks.push(Number((at * step).toPrecision(12)));
  }
  return ticks.filter((tick) => tick >= low);
}
