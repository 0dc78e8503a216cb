// The REST API as this page asks it: what has not changed is not sent again.

const known = new Map();

export async function get(url) {
  const held = known.get(url);
  const response = await fetch(url, { headers: held ? { "If-None-Match": held.etag } : {}, cache: "no-store" });
  if (response.status === 304) return held.document;
  if (!response.ok) throw await problemOf(response);
  const document = await response.json();
  if (response.headers.has("ETag")) known.set(url, { etag: response.headers.get("ETag"), document });
  return document;
}

export async function post(url) {
  const response = await fetch(url, { method: "POST" });
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

async function problemOf(response) {
  const problem = await response.json().catch(() => ({}));
  return new Error(problem.detail ?? `the service answered ${response.status}`);
}
