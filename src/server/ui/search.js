// The search of one index: its form, what was found as a picture and as a table, and pages of rows to begin with.

import { count, duration, find, plural, tell } from "./dom.js";
import { draw, lit } from "./picture.js";
import { Wrong, question, split } from "./question.js";
import { table } from "./rows.js";
import { json, of } from "./service.js";

const PAGE = 10;
const form = find("#ask");
const [picture, found, pages] = [find("#picture"), find("#found"), find("#pages")];
let index = null;
let asked = new AbortController();
let distances = [];

/** Takes `{name, dimension}` as the index to search, and shows its first rows. */
export function search(next) {
  index = next;
  tell(find("#fault"));
  find("#said").textContent = "";
  show([], null);
  counted();
  return browse();
}

/** Runs one request at a time: a newer one ends the one before. Failures are told beside the form. */
async function run(work) {
  asked.abort();
  const { signal } = (asked = new AbortController());
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  tell(find("#fault"));
  try {
    await work(signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error instanceof Wrong) {
      error.field.setAttribute("aria-invalid", "true");
      error.field.focus();
    }
    tell(find("#fault"), error.message);
  }
}

const ask = () =>
  run(async (signal) => {
    const body = question(form, index.dimension);
    const begun = performance.now();
    const answer = await json(of(index.name, "search"), { body, signal });
    const seconds = (performance.now() - begun) / 1000;
    show(answer.results, "Nearest first");
    find("#said").textContent = `${plural(answer.results.length, "row")} in ${duration(seconds)} there and back, at seq ${count(answer.seq)}${how(answer.explain)}`;
  });

const HOW = { exact: "compared one by one", walk: "found by a walk through the graph", "two-hop": "found by a walk through the graph" };

/** What the search did, from its explanation. */
function how(explain) {
  if (!explain) return "";
  const { path, distances: computed, exact } = explain;
  return `; ${exact ? "exact: " : ""}${HOW[path] ?? path}, ${plural(computed, "distance")} computed`;
}

function show(rows, caption) {
  distances = rows.map((row) => row.distance).filter((value) => value !== undefined);
  draw(picture, distances, light);
  pages.hidden = true;
  found.replaceChildren();
  if (rows.length) found.append(table(rows, caption, similar, light));
}

function light(rank) {
  if (!distances.length) return;
  lit(picture, rank);
  for (const [at, row] of found.querySelectorAll("tbody tr").entries()) row.classList.toggle("lit", at === rank);
}

function similar(id) {
  form.elements.by.value = "id";
  form.elements.id.value = id;
  chosen();
  ask().then(() => find("#search").focus());
}

/** Shows a page of rows, so that who knows no id has one to begin with. */
const browse = (after) =>
  run(async (signal) => {
    const options = new URLSearchParams({ limit: PAGE, include: "metadata" });
    if (after !== undefined) options.set("after", after);
    const { items, next } = await json(of(index.name, `items?${options}`), { signal });
    show(items, after === undefined ? "The first rows, by id" : "More rows, by id");
    if (items.length === 0) find("#said").textContent = "It holds no rows yet.";
    pages.hidden = next === undefined || next === null;
    find("#pages button").onclick = () => browse(next).then(() => find("#search").focus());
  });

function chosen() {
  find("#by-id").hidden = form.elements.by.value !== "id";
  find("#by-vector").hidden = form.elements.by.value !== "vector";
}

function counted() {
  find("#counted").textContent = `${count(split(form.elements.vector.value).length)} of ${plural(index.dimension, "number")}; commas, spaces, brackets as you have them`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
form.elements.vector.addEventListener("input", counted);
form.elements.vector.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
for (const choice of form.elements.by) choice.addEventListener("change", chosen);
new ResizeObserver(() => draw(picture, distances, light)).observe(found);
