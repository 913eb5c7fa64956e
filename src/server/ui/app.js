// The page at /ui: the list of indexes, the one that is open, and what keeps them up to date.
//
// The open index is named in the address (?index=NAME), so that it can be linked to.

import { count, el, find, percent, tell } from "./dom.js";
import * as figures from "./figures.js";
import { askKey, refused } from "./key.js";
import { latency } from "./metrics.js";
import { search } from "./search.js";
import { json, key, of, text } from "./service.js";

const EVERY = 5000;
// Beyond so many the lengths are asked for no more.
const COUNTED = 50;

const wanted = () => new URLSearchParams(location.search).get("index");
let open = null;
let names = [];
const lengths = new Map();
let turn = 0;

/** Asks for everything that is shown, and shows it. Only the newest call speaks. */
async function refresh() {
  const mine = (turn += 1);
  clearTimeout(refresh.timer);
  try {
    const listed = await json("v1/vectors/index");
    if (mine !== turn) return;
    names = listed.names;
    const name = wanted() ?? open?.name ?? names[0];
    list(name);
    await Promise.all([health(), describe(name, mine), measureLengths(mine)]);
    if (mine !== turn) return;
    list(name);
    tell(find("#trouble"));
  } catch (error) {
    if (mine !== turn) return;
    if (error.status === 401) {
      tell(find("#trouble"), "The service asks for a key: use the button “Key”.");
      if (await askKey(refused())) return refresh();
      return;
    }
    tell(find("#trouble"), error.message);
  }
  refresh.timer = setTimeout(() => (document.hidden ? later() : refresh()), EVERY);
}

/** A page that nobody sees asks for nothing. */
const later = () => document.addEventListener("visibilitychange", refresh, { once: true });

async function health() {
  const [said, state] = await text("readyz").then(
    () => ["ready", "good"],
    (error) => [error.message, "bad"],
  );
  const node = find("#health");
  if (node.textContent !== said) node.textContent = said;
  node.className = state;
}

/** Asks how long the indexes are, where there are not too many to ask each. */
async function measureLengths(mine) {
  const asked = names.slice(0, COUNTED).map(async (name) => [name, (await json(of(name))).length]);
  const known = await Promise.allSettled(asked);
  if (mine !== turn) return;
  lengths.clear();
  for (const { value } of known) if (value) lengths.set(...value);
}

function list(current) {
  const items = names.map((name) => {
    const length = lengths.has(name) ? el("span", { "aria-label": `${count(lengths.get(name))} rows` }, count(lengths.get(name))) : null;
    const link = { href: `?${new URLSearchParams({ index: name })}`, "aria-current": name === current && "page", onclick: follow };
    return el("li", {}, el("a", link, el("span", {}, name), length));
  });
  const place = find("#indexes ul");
  const held = [...place.children].findIndex((item) => item.contains(document.activeElement));
  place.replaceChildren(...items);
  if (held >= 0) items[held]?.querySelector("a").focus();
  find("#indexes").hidden = names.length === 0;
  find("#empty").hidden = names.length > 0 || Boolean(current);
  if (!find("#empty").hidden) find("#empty code").textContent = commands();
}

function follow(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", event.currentTarget.href);
  refresh().then(() => find("#name").focus());
}

async function describe(name, mine) {
  find("#about").hidden = find("#search").hidden = !name;
  if (!name) return;
  document.title = `${name} · vectord`;
  const [described, stats, metrics] = await Promise.all([
    json(of(name)),
    json(of(name, "stats")),
    text("metrics").then(latency, () => null),
  ]);
  if (mine !== turn) return;
  find("#name").textContent = name;
  const { dimension } = described.params;
  const isNew = open?.name !== name || open.dimension !== dimension;
  if (isNew) open = { name, dimension, recall: null };
  figures.show(described, stats, metrics, open.recall);
  if (!isNew) return;
  find("#measured").textContent = "";
  await search(open);
}

async function measure() {
  const [button, said, index] = [find("#measure"), find("#measured"), open];
  button.disabled = true;
  said.textContent = "200 rows ask for their neighbours, and exact search says which are missing…";
  try {
    index.recall = await json(of(index.name, "recall"), { body: '{"sample":200,"k":10}' });
    said.textContent = `Recall@10 is ${percent(index.recall.recall)}.`;
    refresh();
  } catch (error) {
    said.textContent = error.message;
  }
  button.disabled = false;
}

/** What makes a first index, as it can be pasted into a shell. */
function commands() {
  const root = new URL("../v1/vectors/index", import.meta.url);
  const headers = `-H 'Content-Type: application/json'${key() ? ' -H "Authorization: Bearer $KEY"' : ""}`;
  const rows = `{"items": [
  {"id": "oslo",  "vector": [59.9, 10.8], "metadata": {"country": "NO"}},
  {"id": "paris", "vector": [48.9, 2.4],  "metadata": {"country": "FR"}}]}`;
  return `curl ${root} ${headers} \\
  -d '{"name": "places", "dimension": 2, "distance": "euclidean"}'
curl ${root}/places/add ${headers} \\
  -d '${rows}'`;
}

find("#measure").addEventListener("click", measure);
find("#change-key").addEventListener("click", async () => {
  if (await askKey(key() ? "Give another one, or leave the field empty to forget it." : "It is needed only where the service asks for one.")) refresh();
});
find("#empty button").addEventListener("click", async () => {
  await navigator.clipboard.writeText(find("#empty code").textContent);
  find("#empty [role=status]").textContent = "copied";
});
addEventListener("popstate", refresh);
refresh();
