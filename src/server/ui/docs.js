// The page at /ui/docs: the service's OpenAPI document, for people. What the document says is all there is.

import { el, find, tell } from "./dom.js";
import { askKey, refused } from "./key.js";
import { json } from "./service.js";

const METHODS = ["get", "post", "put", "delete"];
let spec;

async function load() {
  try {
    spec = await json("openapi.json");
  } catch (error) {
    if (error.status === 401 && (await askKey(refused()))) return load();
    return tell(find("#trouble"), error.message);
  }
  const { info, paths, components = {} } = spec;
  find("#version").textContent = info.version;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ method, path, ...item[method], shared: item.parameters ?? [] })),
  );
  const order = (spec.tags ?? []).map((tag) => tag.name);
  operations.sort((a, b) => order.indexOf(a.tags?.[0]) - order.indexOf(b.tags?.[0]));
  const groups = new Map();
  for (const operation of operations) {
    const tag = operation.tags?.[0] ?? "";
    groups.set(tag, [...(groups.get(tag) ?? []), operation]);
  }
  const names = Object.keys(components.schemas ?? {});
  find("#contents").replaceChildren(
    ...[...groups].flatMap(([tag, all]) => [el("h2", {}, tag), el("ul", {}, ...all.map(({ method, path, summary }) => entry(id(method, path), summary ?? path)))]),
    el("h2", {}, "Schemas"),
    el("ul", {}, ...names.map((name) => entry(`schema-${name}`, name))),
  );
  find("#operations").replaceChildren(
    el("section", {}, el("h2", {}, info.title), ...prose(info.description)),
    ...operations.map(shown),
    ...names.map((name) => el("section", { id: `schema-${name}` }, el("h2", {}, name), ...schema(components.schemas[name]))),
  );
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

const id = (method, path) => `${method}${path.replace(/[^\w]+/g, "-")}`;
const entry = (target, text) => el("li", {}, el("a", { href: `#${target}` }, el("span", {}, text)));

function shown({ method, path, summary, description, parameters = [], shared, requestBody, responses, security }) {
  const title = el("h2", {}, el("span", { class: `method ${method}` }, method.toUpperCase()), " ", el("code", {}, path));
  const all = [...shared, ...parameters].map(resolved);
  return el("section", { id: id(method, path) },
    title,
    ...prose([summary, description].filter(Boolean).join("\n\n")),
    security?.length === 0 ? el("p", {}, el("small", {}, "Answers without a key.")) : null,
    all.length ? fields("Parameters", all.map((one) => ({ ...one, where: one.in }))) : null,
    ...contents("Request", resolved(requestBody)?.content),
    command(method, path, requestBody),
    ...Object.entries(responses).flatMap(([status, response]) => answer(status, resolved(response))),
  );
}

function answer(status, { description, content }) {
  const good = status.startsWith("2");
  const heading = el("p", {}, el("strong", { class: good ? "good" : "bad" }, status), " ", ...inline(description));
  return [heading, ...(good ? contents("Answer", content) : [])];
}

/** The kinds of content that go one way: their schema, and an example. */
function contents(title, content = {}) {
  return Object.entries(content).flatMap(([type, { schema: given, example, examples }]) => {
    const one = example ?? Object.values(examples ?? {})[0]?.value ?? (given && resolved(given).example);
    return [
      el("h3", {}, `${title} `, el("code", {}, type)),
      ...(given ? schema(given) : []),
      example !== undefined || one !== undefined ? el("pre", { tabindex: "0", "aria-label": "Example" }, typeof one === "string" ? one : JSON.stringify(one, null, 2)) : null,
    ].filter(Boolean);
  });
}

function command(method, path, requestBody) {
  const { schema: given, example, examples } = resolved(requestBody)?.content?.["application/json"] ?? {};
  const body = example ?? Object.values(examples ?? {})[0]?.value ?? (given && resolved(given).example);
  if (requestBody && body === undefined) return null;
  const address = new URL(`..${path}`, import.meta.url).href.replace(/%7B/g, "{").replace(/%7D/g, "}");
  const words = [`curl ${method === "delete" ? "-X DELETE " : ""}'${address}'`];
  if (requestBody) words.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(body)}'`);
  else if (method === "post") words.push("-X POST");
  return el("pre", { tabindex: "0", "aria-label": "Command" }, words.join(" \\\n  "));
}

const resolved = (given) => (given?.$ref ? given.$ref.split("/").slice(1).reduce((node, part) => node[part], spec) : given);

/** A schema: its description, and a table of its fields if it is an object. */
function schema(given) {
  const { description, properties, required = [], enum: values } = resolved(given);
  const parts = given.$ref ? [el("p", {}, link(given))] : prose(description);
  if (!properties) return [...parts, el("p", {}, el("code", {}, typeOf(resolved(given))), values ? `: ${values.join(", ")}` : "")];
  if (given.$ref) return parts;
  return [...parts, fields("Fields", Object.entries(properties).map(([name, inner]) => ({ name, schema: inner, description: inner.description, required: required.includes(name) })))];
}

function fields(caption, rows) {
  const heads = ["Name", "Type", "Meaning"].map((title) => el("th", { scope: "col" }, title));
  const body = rows.map(({ name, where, required, schema: given = {}, description }) =>
    el("tr", {},
      el("th", { scope: "row" }, el("code", {}, name), el("br"), el("small", {}, [where, required ? "required" : ""].filter(Boolean).join(", "))),
      el("td", {}, link(given)),
      el("td", {}, ...prose(description ?? resolved(given).description ?? "")),
    ));
  return el("table", { class: "fields" }, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...body));
}

/** The name of a schema's type, leading to where it is told. */
function link(given) {
  const target = given.$ref ?? given.items?.$ref;
  const text = typeOf(given);
  return target ? el("a", { href: `#schema-${target.split("/").at(-1)}` }, el("code", {}, text)) : el("code", {}, text);
}

function typeOf(given) {
  if (given.$ref) return given.$ref.split("/").at(-1);
  const either = given.oneOf ?? given.anyOf ?? given.allOf;
  if (either) return either.map(typeOf).join(" or ");
  const types = [given.type ?? "any JSON"].flat().map((type) => (type === "array" ? `[${typeOf(given.items ?? {})}]` : type));
  const range = [given.minimum !== undefined && `≥ ${given.minimum}`, given.maximum !== undefined && `≤ ${given.maximum}`].filter(Boolean);
  return [types.join(" or "), ...range].join(", ");
}

/** Paragraphs of text in which only backticks mean something. */
const prose = (text) => (text ? text.split(/\n\s*\n/).map((paragraph) => el("p", {}, ...inline(paragraph))) : []);
const inline = (text) => (text ?? "").split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));

load();
