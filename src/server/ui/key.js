// The dialog that asks for a key, once for however many requests were refused.

import { find } from "./dom.js";
import { key, setKey } from "./service.js";

const dialog = find("#key");
const input = find("#key-value");
let waiting = null;

/** Asks for a key; resolves to whether one was given. */
export function askKey(why) {
  waiting ??= new Promise((resolve) => {
    find("#key-why").textContent = why;
    input.value = "";
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      waiting = null;
      resolve(dialog.returnValue === "given");
    }, { once: true });
  });
  return waiting;
}

/** Why there is a dialog after a request was refused. */
export const refused = () => (key() ? "It does not know the key that was given." : "Whoever runs it has one for you.");

dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(input.value.trim());
  dialog.close("given");
});
dialog.querySelector("[value=cancel]").addEventListener("click", () => dialog.close("cancelled"));
