"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const say = (words) => { byId("said").textContent = ""; byId("said").textContent = words; };
  const trouble = (words) => { byId("trouble").textContent = words; byId("trouble").hidden = !words; };
  let last = "", misses = 0, stopped = false;

  // look puts in what is new, part by part, so that what is open, selected or in focus
  // stays where nothing has changed.
  const look = async () => {
    try {
      const answer = await fetch("/experiment/now", { cache: "no-store" });
      if (answer.status === 401) {
        stopped = true;
        return trouble("This link does not hold any more. The terminal in which plumb label runs has the address.");
      }
      if (!answer.ok) throw new Error(answer.status);
      const html = await answer.text();
      if (misses) trouble("");
      misses = 0;
      if (html === last) return;
      last = html;
      const fresh = document.createElement("template");
      fresh.innerHTML = html;
      const now = byId("now"), known = new Map([...now.children].map((child) => [child.id, child]));
      const focus = document.activeElement?.getAttribute("aria-label");
      now.replaceChildren(...[...fresh.content.children].map((child) => {
        const old = known.get(child.id);
        return old && old.outerHTML === child.outerHTML ? old : child;
      }));
      if (focus && document.activeElement === document.body) now.querySelector(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
    } catch {
      if (++misses >= 2) trouble("plumb label does not answer any more; this is what there was. The page goes on by itself when it is back.");
    }
  };

  const call = async (path, body) => {
    try {
      const answer = await fetch("/api/experiment/" + path, {
        method: "POST", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", "X-Plumb-Page": document.querySelector('meta[name="plumb-page"]').content },
      });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error);
      trouble("");
      await look();
      return said;
    } catch (error) {
      trouble(error instanceof TypeError ? "There is no connection." : error.message);
      return null;
    }
  };

  const copy = async (button, text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // without https a browser may not let a page
      const field = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.textContent = "Copied";
    say("Copied.");
    setTimeout(() => { button.textContent = "Copy the link"; }, 1_500);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { copy: link, revoke, restore } = button.dataset;
    if (link) copy(button, link);
    else if (restore) call("restore", { image: restore });
    else if (revoke && button.dataset.sure) { if (await call("revoke", { name: revoke })) say("Revoked."); }
    else if (revoke) {
      button.dataset.sure = "yes";
      button.textContent = "Really revoke?";
      setTimeout(() => { delete button.dataset.sure; button.textContent = "Revoke"; }, 4_000);
    }
  });
  byId("add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = byId("name").value;
    if (!await call("rater", { name })) return;
    byId("name").value = "";
    say(`${name} has a link.`);
  });

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const seen = () => document.hidden ? new Promise((done) => document.addEventListener("visibilitychange", done, { once: true })) : null;
  (async () => {
    while (!stopped) {
      await seen();
      await look();
      await wait(misses ? 3_000 : 1_500);
    }
  })();
})();
