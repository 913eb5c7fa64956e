// An index in figures: what it holds, how far it is, how exact and how fast its searches are.

import { bytes, count, duration, el, percent, plural, tell } from "./dom.js";

/** Shows what the service tells of an index. `latency` (metrics.js) and `recall` (as measured) may be unknown: null. */
export function show({ params, length }, stats, latency, recall) {
  const { dimension, distance, m, ef_search } = params;
  const at = { params: document.getElementById("params"), list: document.getElementById("figures") };
  at.params.textContent = `${plural(dimension, "dimension")}, ${distance} distance, M ${m}, ef ${ef_search}`;
  tell(document.getElementById("halted"), stats.halted && `It takes no writes: ${stats.halted}`);
  const { dead, tail, seq, lag, bytes_memory, bytes_store, objects, codec, degree, live_recall: live } = stats;
  const figures = [
    ["Rows", count(length), `${plural(dead, "dead row")}, ${count(tail)} not yet in the graph`],
    ["Seq", count(seq), "newest entry of its log seen"],
    ["Lag", count(lag), lag === 0 ? "the store has nothing newer" : "newer entries in the store"],
    exactness(recall, live),
    ["Memory", bytes(bytes_memory), `vectors as ${codec}`],
    ["Store", bytes(bytes_store), plural(objects, "object")],
    ["Degree", degree.toFixed(1), "neighbours per row"],
  ];
  if (latency) figures.push(["Search time", duration(latency.p50), `median of ${count(latency.requests)}; p99 ${duration(latency.p99)}`]);
  at.list.replaceChildren(...figures.map(([name, value, more]) => el("div", {}, el("dt", {}, name), el("dd", {}, value), more ? el("dd", {}, more) : null)));
}

/** Recall as measured on request, else as the service estimates it from the searches it answers. */
function exactness(recall, live) {
  if (recall) return [`Recall@${recall.k}`, percent(recall.recall), `${range(recall)}; ${plural(recall.sample, "row")} asked at seq ${count(recall.seq)}`];
  if (live) return ["Recall, live", percent(live.recall), `${range(live)}; ${plural(live.queries, "search", "searches")} sampled`];
  return ["Recall", "–", "not measured yet"];
}

const range = ({ low, high }) => `95 %: ${percent(low)} to ${percent(high)}`;
