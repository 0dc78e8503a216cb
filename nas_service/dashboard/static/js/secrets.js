// Keys and webhooks: nothing is ended by a slip, and a new secret is copied with one press.

import { announce } from "./shell.js";

for (const form of document.querySelectorAll("[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}

document.getElementById("copy-token")?.addEventListener("click", async () => {
  await navigator.clipboard.writeText(document.getElementById("token").textContent);
  announce("Copied");
});
