"use strict";
(() => {
  const parts = ["now", "curves", "images"], versions = {};
  const gone = document.getElementById("gone");
  let ended = false, misses = 0;

  // Children that have a name are kept as they are if nothing of them has changed, so
  // that what a reader has open, selected or scrolled stays.
  const change = (old, html) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    merge(old, fresh.content);
  };
  const merge = (old, fresh) => {
    const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    const next = [...fresh.children].map((child) => {
      const before = child.id && known.get(child.id);
      if (!before) return child;
      if (before.tagName === "DETAILS") child.open = before.open;
      return before.outerHTML === child.outerHTML ? before : child;
    });
    if (next.length === old.children.length && next.every((child, i) => child === old.children[i])) return;
    old.replaceChildren(...next);
  };

  const look = async () => {
    try {
      const answer = await fetch("parts?" + new URLSearchParams(versions), { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      const fresh = await answer.json();
      for (const name of parts) {
        if (!fresh[name]) continue;
        versions[name] = fresh[name].version;
        change(document.getElementById(name), fresh[name].html);
      }
      const title = document.querySelector("h1");
      if (title) document.title = title.textContent.replace(/\s+/g, " ").trim();
      const state = document.querySelector(".state");
      ended = !!state && !["running", "waiting"].includes(state.textContent);
      misses = 0;
      gone.hidden = true;
    } catch {
      // plumb watch has ended, or this machine was asleep.
      if (++misses >= 2 && gone.hidden) {
        gone.textContent = "plumb watch does not answer any more; this is what there was at " + new Date().toLocaleTimeString() + ".";
        gone.hidden = false;
      }
    }
  };
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const seen = () => document.hidden ? new Promise((done) => document.addEventListener("visibilitychange", done, { once: true })) : null;
  (async () => {
    for (;;) {
      await seen();
      await look();
      await wait(misses ? 3000 : ended ? 3000 : 1000);
    }
  })();
})();
