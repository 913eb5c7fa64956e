// From what stands in the form to the body of a search. What cannot be sent is told at its field.

import { plural } from "./dom.js";

/** A field and what is wrong with it. */
export class Wrong extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** The JSON text of a search. Filter and numbers go out as they were typed, so that no digit is lost. */
export function question(form, dimension) {
  const { by, id, vector, filter, k, exact } = form.elements;
  const parts = [by.value === "id" ? stored(id) : `"vector":[${numbers(vector, dimension)}]`];
  if (!k.checkValidity() || k.value === "") throw new Wrong(k, "Rows: a whole number from 1 to 1,000.");
  parts.push(`"k":${k.valueAsNumber}`, `"explain":true`);
  if (exact.checked) parts.push(`"exact":true`);
  if (filter.value.trim()) parts.push(`"filter":${json(filter)}`);
  return `{${parts.join()}}`;
}

/** The numbers of a text as numpy, Python or JSON print them: with brackets or without, commas or not. */
export const split = (text) => text.replace(/^\s*(np\.)?array\(|dtype=\w+\)?|[[\]()]/g, " ").split(/[\s,;]+/).filter(Boolean);

function stored(field) {
  if (field.value === "") throw new Wrong(field, "Give the id of a row, or choose to search by a vector.");
  return `"id":${JSON.stringify(field.value)}`;
}

function numbers(field, dimension) {
  const given = split(field.value);
  const odd = given.find((text) => !Number.isFinite(Number(text)));
  if (odd !== undefined) throw new Wrong(field, `“${odd.slice(0, 40)}” is not a number.`);
  if (given.length !== dimension) throw new Wrong(field, `This index takes ${plural(dimension, "number")}, and here are ${given.length}.`);
  return given.map(Number).join();
}

function json(field) {
  try {
    JSON.parse(field.value);
  } catch (error) {
    throw new Wrong(field, `The filter is not JSON: ${error.message}`);
  }
  return field.value;
}
