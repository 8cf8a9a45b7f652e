// What a rater has said and the server has not acknowledged yet: kept in the browser,
// sent one after another, and again with the same ID until there is an answer.

export const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;

// kept is the browser's storage under a rater's own key; a private window may refuse it.
export const kept = (() => {
  const prefix = `plumb:${meta("plumb-rater")}:`;
  const quietly = (work, otherwise) => { try { return work(); } catch { return otherwise; } };
  return {
    get: (key) => quietly(() => JSON.parse(localStorage.getItem(prefix + key)), null),
    set: (key, value) => quietly(() => localStorage.setItem(prefix + key, JSON.stringify(value))),
    remove: (key) => quietly(() => localStorage.removeItem(prefix + key)),
    keys: (start) => quietly(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix + start)).map((key) => key.slice(prefix.length)).sort(), []),
  };
})();

export const newID = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Refused is an answer of the server that sending again does not change.
class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

const giveUpAfter = 15_000; // ms
const waitAtMost = 8_000; // ms between two attempts

const post = async (path, body) => {
  const answer = await fetch("/api/" + path, {
    method: "POST", cache: "no-store", signal: AbortSignal.timeout(giveUpAfter),
    headers: { "Content-Type": "application/json", "X-Plumb-Page": meta("plumb-page") },
    body: JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  if (answer.status >= 500 || answer.status === 429) throw new Error(said.error || "the server answers " + answer.status);
  throw new Refused(answer.status, said.error || "The server answers " + answer.status + ".");
};

// outbox sends. on.sent(operation, reply), on.refused(operation, error), on.trouble(error
// or null), on.locked(error) hear of it; on.wants() says what to ask when nothing is left
// to be sent: the path and body of a request, or null.
export const outbox = (on) => {
  let last = 0, misses = 0, busy = false, locked = false, timer = 0;
  // Of each operation its own key: tabs of one rater do not overwrite each other's.
  const waiting = kept.keys("op:").map((key) => ({ key, tried: true, ...kept.get(key) })).filter((op) => op.path);
  const drop = (op) => { waiting.splice(waiting.indexOf(op), 1); kept.remove(op.key); };
  const pump = async () => {
    if (busy || locked) return;
    busy = true;
    clearTimeout(timer);
    let op = null;
    try {
      for (;;) {
        op = waiting[0] || on.wants();
        if (!op) break;
        op.tried = true;
        const reply = await post(op.path, op.body);
        misses = 0;
        on.trouble(null);
        if (op.key) drop(op);
        on.sent(op, reply);
      }
      busy = false;
    } catch (error) {
      busy = false;
      if (!(error instanceof Refused)) {
        // There is no connection, or the server cannot store it: the same again, later.
        misses++;
        on.trouble(error);
        timer = setTimeout(pump, Math.min(waitAtMost, 400 * 2 ** Math.min(misses, 5)));
      } else if (error.status === 401 || error.status === 403) {
        locked = true;
        on.locked(error);
      } else {
        if (op.key) drop(op);
        on.refused(op, error);
        timer = setTimeout(pump, op.key ? 0 : waitAtMost);
      }
    }
  };
  addEventListener("online", pump);
  return {
    waiting, pump,
    send(path, body) {
      last = Math.max(last + 1, Date.now());
      const op = { key: `op:${last}:${newID().slice(0, 8)}`, path, body };
      kept.set(op.key, { path, body });
      waiting.push(op);
      pump();
    },
    // recall takes back what was never sent: of what was, the reply may have been lost.
    recall(id) {
      const op = waiting.find((op) => op.path === "answer" && op.body.id === id && !op.tried);
      if (op) drop(op);
      return !!op;
    },
  };
};
