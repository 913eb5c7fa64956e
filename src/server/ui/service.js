// Talks to the service: the key, JSON both ways, and errors as the service tells them.

// Relative to this file, so that a proxy may put the service under a prefix.
const ROOT = new URL("../", import.meta.url);
const KEY = "vectord-key";

/** An error of the service, or its silence (status 0). `message` is a sentence for people. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const key = () => sessionStorage.getItem(KEY);
export const setKey = (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY));

/** The path of something of an index: `of("docs", "search")`. */
export const of = (name, rest) => `v1/vectors/index/${encodeURIComponent(name)}${rest ? `/${rest}` : ""}`;

/** Asks the service; resolves to the text of its answer. `body` is JSON text. */
export async function text(path, { body, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key()) headers.Authorization = `Bearer ${key()}`;
  let response, answer;
  try {
    response = await fetch(new URL(path, ROOT), { method: body === undefined ? "GET" : "POST", headers, body, signal });
    answer = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer.");
  }
  if (response.ok) return answer;
  throw new Problem(response.status, detail(answer) ?? `The service answers ${response.status}.`);
}

/** The same for JSON answers. */
export const json = async (path, options) => parse(await text(path, options));

function detail(answer) {
  try {
    return JSON.parse(answer).detail;
  } catch {
    return undefined;
  }
}

/** Parses JSON; whole numbers that JavaScript would round keep their digits. */
export function parse(source) {
  return JSON.parse(source, (_, value, context) => {
    const rounded = typeof value === "number" && /^-?\d+$/.test(context?.source) && !Number.isSafeInteger(value);
    return rounded && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
  });
}
