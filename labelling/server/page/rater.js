import { kept, meta, newID, outbox } from "./outbox.js";

const ahead = 4; // screens that are asked for, so that the next ones are there before they are needed
const lookAgain = 5_000; // ms, when there is nothing to judge
const byId = (id) => document.getElementById(id);
const say = (words) => { byId("said").textContent = words; };

// make is an element with properties, attributes under attr, and children.
const make = (tag, { attr = {}, ...properties } = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attr)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

// What is asked, in words, by kind and aspect; and what may be said, with its key.
const words = {
  rate: {
    alignment: "Does the image show what the text says?", fidelity: "Does the image look real and well made?",
    other: (aspect) => `Is the image good in ${aspect}?`,
    about: "Look at each image and say whether it shows what the text says: every thing, its number, its colour, its place.\n\nGood: all that the text says is there.\nBad: something is missing, wrong, or cannot be made out.\nSkip: you cannot tell.\n\nHow pretty an image is does not matter.",
  },
  compare: {
    alignment: "Which image shows better what the text says?", fidelity: "Which image looks more real and better made?",
    other: (aspect) => `Which image is better in ${aspect}?`,
    about: "Two images were made for the same text. Say which of them is better in what is asked, or that there is no difference. Each question counts for itself: an image may show better what the text says and look worse.",
  },
  rank: {
    alignment: "Which image shows best what the text says? Order them.", fidelity: "Which image looks most real and best made? Order them.",
    other: (aspect) => `Which image is best in ${aspect}? Order them.`,
    about: "Put the images into an order, the best first: press their numbers, or touch them, one after another.",
  },
};
const choices = {
  rate: [["good", "Good", "G", ["g"]], ["bad", "Bad", "B", ["b"]], ["skip", "Skip", "S", ["s"]]],
  compare: [["left", "Left", "←", ["arrowleft", "1"]], ["tie", "No difference", "↓", ["arrowdown", "0"]], ["right", "Right", "→", ["arrowright", "2"]], ["skip", "Skip", "S", ["s"]]],
  rank: [["skip", "Skip", "S", ["s"]]],
};
const keysOf = {
  rate: [["G", "good"], ["B", "bad"], ["S", "skip: cannot tell"], ["1 2 3 ← →", "go to an image"]],
  compare: [["← or 1", "the left one is better"], ["→ or 2", "the right one is better"], ["↓ or 0", "no difference"], ["S", "skip: cannot tell"]],
  rank: [["1 2 3 …", "the next best image"], ["Backspace", "take the last place back"], ["Enter", "done"], ["S", "skip: cannot tell"]],
};
const always = [["U", "undo your last answer"], ["?", "these instructions"]];
const marks = { good: " ✓", bad: " ✗", skip: " –" };
const said = { good: "good", bad: "bad", skip: "skipped", left: "the left one is better", right: "the right one is better", tie: "no difference" };
const asked = (kind, aspect) => words[kind][aspect] || words[kind].other(aspect);
const nth = (n) => n + (["st", "nd", "rd"][n % 10 - 1] && ![11, 12, 13].includes(n % 100) ? ["st", "nd", "rd"][n % 10 - 1] : "th");

let screens = [], questions = {}, shown = null, stale = true, looked = 0, stopped = false;
let standing = { answered: 0, open: 0, known: false };
const history = kept.get("history") || []; // what may be undone: {id, task}, the latest last
const past = new Map(); // screens by their tasks' IDs, for what is undone
const paces = [];

// watch counts milliseconds while somebody looks: the page is seen and no dialog is open.
const watch = (() => {
  let total = 0, since = 0, runs = false;
  const now = () => total + (runs ? performance.now() - since : 0);
  return {
    now,
    set(on) { total = now(); since = performance.now(); runs = on; },
  };
})();
const looking = () => watch.set(!document.hidden && !document.querySelector("dialog[open]"));

const box = outbox({
  wants: () => stale && !stopped ? { path: "next", body: { screens: ahead } } : null,
  sent(op, reply) {
    if (reply.standing) standing = { ...reply.standing, known: true };
    if (op.path === "next") take(reply);
    if (op.path === "undo" || op.path === "report") stale = true;
    progress();
  },
  refused(op, error) {
    stale = true;
    if (op.path !== "next") trouble(error.message, 8_000);
  },
  trouble(error) {
    if (!error) return trouble("", 0, "connection");
    const words = error instanceof TypeError || error.name === "TimeoutError" ? "There is no connection." : "The server cannot take answers now (" + error.message + ").";
    trouble(words + " What you answer is kept in this browser and sent as soon as it can be.", 0, "connection");
    if (!shown) wait("No connection", "This page goes on by itself as soon as there is one.");
  },
  locked(error) {
    stopped = true;
    shown = null;
    screens = [];
    byId("place").replaceChildren();
    trouble("", 0, troubleOf);
    const left = box.waiting.length;
    wait("This page has ended", error.message + (left ? ` ${left === 1 ? "One answer was" : left + " answers were"} not sent; this browser keeps them for your link.` : ""));
  },
});

// trouble shows a line above the images, for some time or until it is taken back.
let troubleOf = "", troubleTimer = 0;
const trouble = (words, ms = 0, of = "") => {
  if (!words && of !== troubleOf) return;
  clearTimeout(troubleTimer);
  troubleOf = words ? of : "";
  const line = byId("trouble");
  if (line.textContent !== words) line.textContent = words;
  line.hidden = !words;
  if (ms) troubleTimer = setTimeout(() => trouble("", 0, of), ms);
};

// wait says why nothing is shown, and tells whether it was said already.
const wait = (title, text) => {
  const again = !byId("wait").hidden && byId("wait-title").textContent === title;
  byId("wait-title").textContent = title;
  byId("wait-text").textContent = text;
  byId("wait").hidden = false;
  byId("place").hidden = true;
  return again;
};

// take makes the server's screens this page's: what is shown stays first, and what was
// said and not acknowledged yet counts.
const take = (reply) => {
  if (reply.version !== meta("plumb-version") && Date.now() - (kept.get("reloaded") || 0) > 60_000) {
    kept.set("reloaded", Date.now());
    return location.reload();
  }
  stale = false;
  looked = Date.now();
  questions = reply.questions;
  const before = new Map([...past.values(), ...screens].map((screen) => [screen.id, screen]));
  const fresh = reply.screens.map((screen) => {
    const old = before.get(screen.id);
    if (!old || old.tasks.map((task) => task.id).join() !== screen.tasks.map((task) => task.id).join()) return screen;
    for (const [i, task] of screen.tasks.entries()) old.tasks[i].said = task.said;
    return old;
  });
  const tasks = new Map(fresh.flatMap((screen) => screen.tasks.map((task) => [task.id, task])));
  for (const { path, body } of box.waiting) {
    const left = path === "undo" && !tasks.has(body.task) && past.get(body.task);
    if (left) {
      fresh.unshift(left);
      for (const task of left.tasks) tasks.set(task.id, task);
    }
    const task = tasks.get(body.task);
    if (path === "answer" && task) task.said = body.answers;
    if (path === "undo" && task) delete task.said;
    for (const task of tasks.values()) if (path === "report" && task.images.includes(body.image)) task.gone = true;
  }
  screens = fresh.filter(open);
  const current = screens.findIndex((screen) => screen.id === shown?.id);
  if (current > 0) screens.unshift(...screens.splice(current, 1));
  for (const screen of screens) screen.view ||= build(screen);
  show();
};

const open = (screen) => screen.tasks.some((task) => !task.said && !task.gone);

// show shows the first screen, or says that there is none.
const show = () => {
  const screen = screens[0];
  if (!screen) {
    shown = null;
    byId("place").replaceChildren();
    if (stale || !standing.known) return wait("One moment", "");
    if (standing.open > 0 || standing.held) return wait("Nothing to judge just now", "Others have what is left. This page looks again by itself.");
    if (!wait("All is judged", "Thank you. You may close this page; if more comes, it shows it by itself.")) say("All is judged. Thank you.");
    return;
  }
  byId("wait").hidden = true;
  byId("place").hidden = false;
  screen.view ||= build(screen);
  if (shown === screen && screen.view.node.isConnected) return screen.view.update();
  const first = !shown;
  shown = screen;
  byId("place").replaceChildren(screen.view.node);
  screen.since = watch.now();
  screen.view.update();
  screen.view.focus();
  say(`${first ? "" : "Next. "}${screen.prompt}. ${asked(screen.kind, screen.aspects[0])} ${screen.tasks.length > 1 ? screen.tasks.length + " images." : ""}`);
  const seen = "seen:" + screen.question;
  if (!kept.get(seen)) {
    kept.set(seen, true);
    instructions();
  }
};

const progress = () => {
  if (!standing.known) return;
  const not = (path) => box.waiting.filter((op) => op.path === path).length;
  const done = standing.answered + not("answer") - not("undo"), left = standing.open;
  byId("bar").max = Math.max(done + left, 1);
  byId("bar").value = done;
  byId("count").textContent = `${done} judged` + (left > 5 ? `, about ${left} to go` : left ? ", a few to go" : "");
  const sorted = paces.toSorted((a, b) => a - b), minutes = sorted[sorted.length >> 1] * left / 60_000;
  byId("left").textContent = paces.length < 5 || left <= 5 ? "" : minutes < 1.5 ? "about a minute" : minutes < 90 ? `about ${Math.round(minutes)} minutes` : `about ${(minutes / 60).toFixed(1)} hours`;
  byId("undo").disabled = !history.length;
};

// give sends what was said of a task, and moves on.
const give = (screen, task, answers) => {
  const id = newID(), now = watch.now(), milliseconds = Math.round(now - screen.since);
  if (task.said && !takeBack(history.findLast((one) => one.task === task.id))) return;
  screen.since = now;
  task.said = answers;
  paces.push(milliseconds);
  if (paces.length > 30) paces.shift();
  history.push({ id, task: task.id });
  if (history.length > 50) history.shift();
  kept.set("history", history);
  for (const one of screen.tasks) past.set(one.id, screen);
  if (past.size > 300) past.delete(past.keys().next().value);
  screens = screens.filter(open);
  if (screens.length < ahead - 1 && screens[0] !== screen) stale = true;
  box.send("answer", { id, task: task.id, answers, milliseconds });
  progress();
  const last = Object.values(answers).map((answer) => said[answer] || "in order").join(", ");
  if (screens[0] !== screen) return show();
  screen.view.update();
  screen.view.focus();
  say(`Image ${screen.tasks.indexOf(task) + 1}: ${last}.`);
};

// takeBack undoes an answer: before it is sent by keeping it back.
const takeBack = (one) => {
  if (!one) return false;
  history.splice(history.indexOf(one), 1);
  kept.set("history", history);
  if (!box.recall(one.id)) box.send("undo", { id: one.id, task: one.task });
  return true;
};

const undo = () => {
  if (stopped) return;
  if (shown?.view.back()) return;
  const one = history.at(-1);
  if (!takeBack(one)) return;
  const screen = screens.find((screen) => screen.tasks.some((task) => task.id === one.task)) || past.get(one.task);
  const task = screen?.tasks.find((task) => task.id === one.task);
  if (task) {
    delete task.said;
    screens = [screen, ...screens.filter((other) => other !== screen)];
    screen.view.pick(screen.tasks.indexOf(task));
    show();
    screen.view.update();
    screen.view.focus();
  } else { // of before this page was loaded: the server says what it was
    shown = null;
    wait("One moment", "What you answered last comes back.");
  }
  stale = true;
  box.pump();
  progress();
  say("Taken back. " + (screen ? screen.prompt : ""));
};

// fits lets images fit their frames anew when these change.
const fits = new ResizeObserver((changes) => { for (const { target } of changes) target.querySelector("img")?.fit(); });

// picture is an image that loads at once, small ones in whole multiples of their pixels.
const picture = (source, alt) => {
  const image = make("img", { alt, decoding: "async", draggable: false });
  image.fit = () => {
    const frame = image.parentElement, side = Math.max(image.naturalWidth, image.naturalHeight);
    if (!side || !frame?.clientWidth) return;
    frame.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight}`;
    const small = side <= 128, times = Math.max(1, Math.floor(Math.min(frame.clientWidth / image.naturalWidth, frame.clientHeight / image.naturalHeight)));
    image.classList.toggle("small", small);
    image.style.width = small ? image.naturalWidth * times + "px" : "";
    image.style.height = small ? image.naturalHeight * times + "px" : "";
  };
  image.addEventListener("load", image.fit);
  image.addEventListener("error", () => {
    const again = make("button", { type: "button", textContent: "Load it again" });
    const words = make("div", { className: "gone" }, "This image did not come. ", again);
    again.addEventListener("click", (event) => { event.stopPropagation(); words.replaceWith(image); image.src = source + "?" + Date.now(); });
    image.replaceWith(words);
  });
  image.src = source;
  return image;
};

// build makes a screen's elements; its images load before it is shown.
const build = (screen) => {
  const { kind, aspects } = screen, rate = kind === "rate";
  const images = rate ? screen.tasks.map((task) => task.images[0]) : screen.tasks[0].images;
  const taskOf = (i) => screen.tasks[rate ? i : 0];
  const drafts = screen.tasks.map(() => ({})), order = []; // of rank, the images placed so far
  let at = 0;

  const isDone = (i) => !!(taskOf(i).said || taskOf(i).gone);
  const aspectOf = (i) => aspects.find((aspect) => !(aspect in drafts[rate ? i : 0])) || aspects.at(-1);
  const name = (i) => rate || kind === "rank" ? `Image ${i + 1} of ${images.length}` : i ? "The right image" : "The left image";
  const buttons = (i) => choices[kind].map(([answer, label, key]) => {
    const button = make("button", { type: "button", className: answer === "good" || answer === "bad" ? answer : "", attr: { "aria-pressed": "false", "data-answer": answer } }, label + " ", make("kbd", { textContent: key, attr: { "aria-hidden": "true" } }));
    button.addEventListener("click", (event) => { event.stopPropagation(); if (rate) at = i; choose(answer); });
    return button;
  });

  const cards = images.map((source, i) => {
    const image = picture(source, name(i));
    const flag = make("button", { type: "button", className: "flag", textContent: "Report", title: "Report this image as unsafe", attr: { "aria-label": `Report ${name(i).toLowerCase()} as unsafe` } });
    const card = make("div", { className: "card", tabIndex: -1, attr: { role: "group" } },
      make("div", { className: "head" }, make("span", { className: "number", textContent: kind === "compare" ? ["Left", "Right"][i] : i + 1, attr: { "aria-hidden": "true" } }), flag),
      make("div", { className: "frame" }, image));
    flag.addEventListener("click", (event) => { event.stopPropagation(); report(screen, i, card, name(i)); });
    if (rate) card.append(make("div", { className: "answers" }, ...buttons(i)));
    if (kind === "rank") {
      const place = make("button", { type: "button", className: "place-of" });
      place.addEventListener("click", (event) => { event.stopPropagation(); put(i); });
      card.append(place);
    }
    card.addEventListener("click", () => { if (rate) pick(i); else if (kind === "rank") put(i); });
    return card;
  });
  for (const card of cards) fits.observe(card.querySelector(".frame"));
  const ask = make("p", { className: "asks" }), shared = make("div", { className: "shared", tabIndex: -1, attr: { role: "group" } }), part = make("p", { className: "part" });
  const done = make("button", { type: "button", className: "begin" }, "Done ", make("kbd", { textContent: "Enter", attr: { "aria-hidden": "true" } }));
  done.addEventListener("click", () => finish());
  if (!rate) shared.append(...aspects.length > 1 || kind === "rank" ? [part] : [], make("div", { className: "answers" }, ...buttons(0), ...kind === "rank" ? [done] : []));
  const row = make("div", { className: "cards", attr: { "data-n": images.length } }, ...cards);
  row.style.setProperty("--n", images.length);
  const node = make("div", { className: kind }, ask, make("h1", { className: "prompt", textContent: screen.prompt }), row, ...rate ? [] : [shared]);

  const pick = (i) => { at = i; update(); cards[i].focus({ preventScroll: true }); };
  const update = () => {
    if (rate && isDone(at)) {
      const next = [...cards.keys()].map((i) => (at + i) % cards.length).find((i) => !isDone(i));
      if (next !== undefined && !view.stays) at = next;
    }
    view.stays = false;
    const aspect = aspectOf(at);
    ask.textContent = asked(kind, aspect);
    shared.setAttribute("aria-label", ask.textContent);
    if (aspects.length > 1) part.textContent = `Question ${aspects.indexOf(aspect) + 1} of ${aspects.length}`;
    if (kind === "rank") part.textContent = order.length < images.length ? `Now the ${order.length ? nth(order.length + 1) : ""} best`.replace("the  best", "the best") : "All are in order";
    done.disabled = order.length < images.length;
    for (const [i, card] of cards.entries()) {
      const task = taskOf(i), answers = task.said;
      card.classList.toggle("on", rate && i === at);
      if (rate) {
        const answer = answers?.[aspect] || drafts[i][aspect];
        card.toggleAttribute("data-said", isDone(i));
        card.setAttribute("aria-label", `${name(i)}: ${task.gone ? "reported" : answers ? Object.values(answers).map((one) => said[one]).join(", ") : "not judged yet"}`);
        card.querySelector(".number").textContent = i + 1 + (answers ? marks[answers[aspects[0]]] : "");
        for (const button of card.querySelectorAll("[data-answer]")) {
          button.setAttribute("aria-pressed", String(button.dataset.answer === answer));
          button.disabled = !!task.gone;
        }
      } else if (kind === "rank") {
        const place = order.indexOf(i) + 1;
        card.classList.toggle("on", place > 0);
        card.setAttribute("aria-label", `${name(i)}: ${place ? nth(place) : "no place yet"}`);
        const button = card.querySelector(".place-of");
        button.textContent = place ? nth(place) : "Next best";
        button.setAttribute("aria-pressed", String(place > 0));
      } else card.setAttribute("aria-label", name(i));
      if (task.gone && rate) card.querySelector(".frame").replaceChildren(make("div", { className: "gone", textContent: "Reported. Nobody is shown it any more." }));
    }
    if (!rate) for (const button of shared.querySelectorAll("[data-answer]")) button.setAttribute("aria-pressed", "false");
  };
  const choose = (answer) => {
    const i = rate ? at : 0, task = taskOf(i);
    if (task.gone) return;
    const aspect = task.said ? aspects[0] : aspectOf(i);
    if (task.said) drafts[i] = {};
    drafts[i][aspect] = answer;
    if (aspects.some((one) => !(one in drafts[i]))) {
      order.length = 0;
      update();
      view.focus();
      say(asked(kind, aspectOf(i)));
      return;
    }
    const answers = drafts[i];
    drafts[i] = {};
    order.length = 0;
    give(screen, task, answers);
  };
  // put gives an image the next place, or takes its place from it; the last one's is clear.
  const put = (i) => {
    if (order.includes(i)) order.splice(order.indexOf(i));
    else order.push(i);
    if (order.length === images.length - 1) order.push(images.findIndex((_, i) => !order.includes(i)));
    update();
    say(order.length === images.length ? "All are in order: " + order.map((i) => "image " + (i + 1)).join(", ") + ". Enter to go on." : `${name(i)}: ${order.includes(i) ? nth(order.indexOf(i) + 1) : "no place"}.`);
    if (order.length === images.length) done.focus({ preventScroll: true });
  };
  const finish = () => { if (order.length === images.length) choose(order.map((i) => i + 1).join(",")); };

  const view = {
    node, update, stays: false,
    focus: () => (rate ? cards[at] : shared).focus({ preventScroll: true }),
    pick: (i) => { if (rate) at = i; },
    // back takes back what is not sent yet of this screen, and reports whether there was any.
    back() {
      const draft = drafts[rate ? at : 0], given = aspects.filter((aspect) => aspect in draft);
      if (order.length) { if (order.length === images.length) order.pop(); order.pop(); } else if (given.length) delete draft[given.at(-1)]; else return false;
      update();
      view.focus();
      return true;
    },
    key(key) {
      const answer = choices[kind].find(([, , , keys]) => keys.includes(key))?.[0];
      if (answer) choose(answer);
      else if (rate && /^[1-9]$/.test(key) && +key <= cards.length) { view.stays = true; pick(+key - 1); }
      else if (rate && (key === "arrowleft" || key === "arrowright")) { view.stays = true; pick((at + (key === "arrowleft" ? cards.length - 1 : 1)) % cards.length); }
      else if (kind === "rank" && /^[1-9]$/.test(key) && +key <= cards.length) put(+key - 1);
      else if (kind === "rank" && key === "enter" && order.length === images.length) finish();
      else if (kind === "rank" && key === "backspace") view.back();
      else return false;
      return true;
    },
  };
  return view;
};

// report asks once more, and takes the image from all.
const report = (screen, i, card, name) => {
  const dialog = byId("unsafe");
  byId("unsafe-title").textContent = `Report ${name.toLowerCase()} as unsafe?`;
  dialog.returnValue = "";
  dialog.onclose = () => {
    looking();
    if (dialog.returnValue !== "report") return card.focus();
    const rate = screen.kind === "rate", task = screen.tasks[rate ? i : 0];
    if (task.said) takeBack(history.findLast((one) => one.task === task.id));
    box.send("report", { image: rate ? task.images[0] : task.images[i], reason: dialog.querySelector("input:checked").value });
    delete task.said;
    task.gone = true;
    screens = screens.filter(open);
    show();
    shown?.view.focus();
    say("Reported. Nobody is shown it any more.");
  };
  dialog.showModal();
  looking();
};

// instructions opens what is asked, with examples and keys.
const instructions = () => {
  const dialog = byId("about"), screen = shown;
  if (!screen || dialog.open) return;
  const question = questions[screen.question] || {};
  const text = make("p", { className: "instructions", textContent: question.instructions || words[screen.kind].about });
  const groups = {};
  for (const one of question.examples || []) (groups[one.category] ||= []).push(one);
  const examples = Object.entries(groups).map(([category, all]) => make("section", {}, make("h4", { textContent: category }), make("div", { className: "both" }, ...all.map((one) => {
    const image = make("img", { src: one.image, alt: `An example that is ${one.answer}` });
    image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth <= 128));
    return make("figure", {}, image, make("figcaption", {}, make("span", { className: "verdict " + one.answer, textContent: one.answer[0].toUpperCase() + one.answer.slice(1) }), one.prompt));
  }))));
  byId("about-title").textContent = asked(screen.kind, screen.aspects[0]);
  byId("about-text").replaceChildren(text, ...examples.length ? [make("h3", { textContent: "Examples" }), make("div", { className: "examples" }, ...examples)] : []);
  byId("keys").replaceChildren(...[...keysOf[screen.kind], ...always].flatMap(([keys, what]) => [make("dt", {}, ...keys.split(" ").flatMap((key) => key === "or" ? [" or "] : [make("kbd", { textContent: key }), " "])), make("dd", { textContent: what })]));
  dialog.showModal();
  dialog.scrollTop = 0;
  dialog.querySelector(".begin").focus({ preventScroll: true });
  looking();
};
byId("about").addEventListener("close", () => {
  looking();
  if (shown) shown.since = watch.now();
  shown?.view.focus();
});
for (const button of byId("about").querySelectorAll("button")) button.addEventListener("click", () => byId("about").close());
byId("help").addEventListener("click", instructions);
byId("undo").addEventListener("click", undo);
byId("single").checked = kept.get("single") !== false;
byId("single").addEventListener("change", () => kept.set("single", byId("single").checked));

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const single = byId("single").checked, key = event.key.toLowerCase();
  const onButton = event.target.closest("button, a, input, summary");
  if (onButton && (key === "enter" || key === " ")) return;
  let taken = true;
  if (key === "?" && single) instructions();
  else if (key === "u" && single) undo();
  else taken = !!shown && (single || key.startsWith("arrow")) && shown.view.key(key);
  if (taken) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  looking();
  if (!document.hidden && Date.now() - looked > 60_000) { stale = true; box.pump(); }
});
setInterval(() => {
  if (document.hidden || stopped) return;
  if (screens.length < ahead - 1 && Date.now() - looked > lookAgain) stale = true;
  box.pump();
}, 1_000);

looking();
box.pump();
