// A search's events as they happen: by server-sent events, and by polling where these do not come through.

const POLL_MS = 5000;
const RETRY_MS = [1000, 2000, 5000, 15000];

// Read a stream of server-sent events; calls `take` with each parsed one.
async function read(stream, take) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const messages = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = messages.pop();
    for (const message of messages) {
      const data = message.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      if (data.length) take(JSON.parse(data.join("\n")));
    }
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// `EventSource` cannot say where to begin, so a page of an old search would be sent all of its events.
export class Feed {
  // `act` has `event(event)`, `poll()` (resolves to whether the search is over) and `state(word)`.
  constructor(url, lastId, act) {
    Object.assign(this, { url, lastId, act });
  }

  async follow() {
    for (let failures = 0; ; ) {
      try {
        const response = await fetch(this.url, { headers: { "Last-Event-ID": String(this.lastId), Accept: "text/event-stream" } });
        if (response.status === 204) return this.act.state("over");
        if (!response.ok) throw new Error(`events: ${response.status}`);
        this.act.state("live");
        failures = 0;
        await read(response.body, (event) => {
          this.lastId = event.id;
          this.act.event(event);
        });
      } catch {
        this.act.state("polling");
        if (await this.pollFor(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)])) return this.act.state("over");
      }
    }
  }

  async pollFor(ms) {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      await pause(Math.min(ms, POLL_MS));
      if (await this.act.poll().catch(() => false)) return true;
    }
    return false;
  }
}
