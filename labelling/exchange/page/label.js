"use strict";
(() => {
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const make = (tag, properties = {}, attributes = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
// What may be said, with its word on a button and its keys.
const choices = {
  rate: [["good", "Good", "G", ["g"]], ["bad", "Bad", "B", ["b"]], ["skip", "Skip", "S", ["s"]]],
  compare: [["left", "Left", "←", ["arrowleft", "1"]], ["tie", "No difference", "↓", ["arrowdown", "0"]], ["right", "Right", "→", ["arrowright", "2"]], ["skip", "Skip", "S", ["s"]]],
  rank: [["skip", "Skip", "S", ["s"]]],
};
const keysOf = {
  rate: [["G", "good"], ["B", "bad"], ["S", "skip: cannot tell"], ["1 2 3 ← →", "go to an image"]],
  compare: [["← 1", "the left one is better"], ["→ 2", "the right one is better"], ["↓ 0", "no difference"], ["S", "skip: cannot tell"]],
  rank: [["1 2 3", "the next best image"], ["S", "skip: cannot tell"]],
};

// Answers, in the order in which they were given: {task, answers, ms, time}.
let given = [];
const store = "plumb label " + data.name;
const keep = () => {
  try { localStorage.setItem(store, JSON.stringify(given)); trouble(""); }
  catch { trouble("This browser keeps nothing of this page: save your answers before you close it."); }
};
const trouble = (text) => { byId("trouble").textContent = text; byId("trouble").hidden = !text; };
try { given = JSON.parse(localStorage.getItem(store)) || []; } catch { trouble("This browser keeps nothing of this page: save your answers before you close it."); }

const tasks = new Map();
for (const screen of data.screens) for (const task of screen.tasks) tasks.set(task.id, { screen, task });
given = given.filter((g) => tasks.has(g.task));
const saidOf = (id) => given.find((g) => g.task === id);

// Milliseconds that somebody looked at a screen.
let looked = 0, since = performance.now();
const look = () => { if (!document.hidden && !byId("about").open) looked += performance.now() - since; since = performance.now(); return Math.round(looked); };
document.addEventListener("visibilitychange", () => { if (document.hidden) { looked += performance.now() - since; } since = performance.now(); });

let screen = null, at = 0, drafts = {}, order = [];
const rates = () => screen.kind === "rate";
const aspectOf = () => screen.aspects.find((aspect) => !(aspect in drafts)) || screen.aspects.at(-1);
const say = (text) => { byId("said").textContent = text; };

const next = () => {
  const open = data.screens.find((s) => s.tasks.some((task) => !saidOf(task.id)));
  if (!open) { end(); return; }
  const another = open !== screen;
  screen = open;
  drafts = {}; order = [];
  at = Math.max(0, screen.tasks.findIndex((task) => !saidOf(task.id)));
  if (another) { looked = 0; since = performance.now(); }
  draw();
};

const buttons = (i) => make("div", { className: "answers" }, {}, ...choices[screen.kind].map(([answer, word, key]) => {
  const pressed = rates() ? saidOf(screen.tasks[i].id)?.answers[screen.aspects.at(-1)] === answer : false;
  const button = make("button", { type: "button", className: answer }, { "aria-pressed": pressed }, word + " ", make("kbd", { textContent: key }, { "aria-hidden": "true" }));
  button.addEventListener("click", (event) => { event.stopPropagation(); if (rates()) at = i; choose(answer); });
  return button;
}));

const draw = () => {
  document.body.className = screen.kind;
  byId("end").hidden = true;
  for (const id of ["ask", "prompt", "cards", "shared"]) byId(id).hidden = false;
  byId("ask").textContent = data.asks[screen.question][aspectOf()];
  byId("prompt").textContent = screen.prompt;
  byId("cards").style.setProperty("--n", Math.min(screen.shown.length, 4));
  byId("cards").replaceChildren(...screen.shown.map((image, i) => {
    const name = screen.kind === "compare" ? ["The left image", "The right image"][i] : `Image ${i + 1} of ${screen.shown.length}`;
    const picture = make("img", { src: data.images[image], alt: name });
    picture.decode?.().then(() => picture.classList.toggle("small", picture.naturalWidth < 200), () => {});
    const place = order.indexOf(i);
    const card = make("div", { className: "card" + ((rates() && i === at) ? " on" : ""), tabIndex: -1 }, { role: "group", "aria-label": name },
      make("div", { className: "frame" }, {}, make("span", { className: "number", textContent: screen.kind === "compare" ? ["Left", "Right"][i] : screen.kind === "rank" && place >= 0 ? "place " + (place + 1) : i + 1 }, { "aria-hidden": "true" }), picture));
    if (rates()) card.append(buttons(i));
    if (screen.kind === "rank") card.append(make("button", { type: "button", textContent: place < 0 ? "Next best" : "Place " + (place + 1), onclick: () => put(i) }));
    card.addEventListener("click", () => { if (rates() && at !== i) { at = i; drafts = {}; draw(); } });
    return card;
  }));
  byId("shared").replaceChildren(...(rates() ? [] : [buttons(0)]));
  (rates() ? byId("cards").children[at] : byId("main")).focus({ preventScroll: true });
  progress();
};

const progress = () => {
  const all = tasks.size, done = given.length;
  byId("bar").max = all; byId("bar").value = done;
  byId("count").textContent = `${done} of ${all} as ${data.rater}`;
  const last = given.slice(-20).map((g) => g.ms).sort((a, b) => a - b);
  const minutes = last.length < 5 ? 0 : (all - done) * last[Math.floor(last.length / 2)] / 60000;
  byId("left").textContent = minutes ? `about ${Math.max(1, Math.round(minutes))} min left` : "";
  byId("undo").disabled = !given.length && !Object.keys(drafts).length;
};

const choose = (answer) => {
  drafts[aspectOf()] = answer;
  order = [];
  if (screen.aspects.some((aspect) => !(aspect in drafts))) { draw(); say("And: " + byId("ask").textContent); return; }
  const task = screen.tasks[rates() ? at : 0];
  given = given.filter((g) => g.task !== task.id);
  given.push({ task: task.id, answers: drafts, ms: look(), time: new Date().toISOString(), id: uuid() });
  looked = 0;
  keep();
  say(rates() ? `Image ${at + 1}: ${answer}.` : answer + ".");
  drafts = {};
  next();
};

const put = (i) => {
  if (order.includes(i)) order.splice(order.indexOf(i)); else order.push(i);
  if (order.length === screen.shown.length - 1) order.push(screen.shown.findIndex((_, i) => !order.includes(i)));
  if (order.length === screen.shown.length) choose(order.map((i) => i + 1).join(",")); else draw();
};

const undo = () => {
  if (order.length) { order.pop(); draw(); return; }
  if (Object.keys(drafts).length) { drafts = {}; draw(); return; }
  const last = given.pop();
  if (!last) return;
  keep();
  const { screen: of, task } = tasks.get(last.task);
  screen = of; drafts = {}; order = []; at = Math.max(0, of.tasks.indexOf(task));
  looked = 0; since = performance.now();
  draw();
  say("The last answer is taken back.");
};

const uuid = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

// stored is an answer by the order of the item's images, which is what a judgement says.
const stored = (said, screen, task) => {
  if (screen.kind === "compare") {
    const side = ["left", "right"].indexOf(said);
    return side < 0 ? said : task.images.indexOf(screen.shown[side]) === 0 ? "first" : "second";
  }
  if (screen.kind === "rank" && said !== "skip") return said.split(",").map((place) => task.images.indexOf(screen.shown[place - 1]) + 1).join(",");
  return said;
};

const save = () => {
  const lines = given.map((g) => {
    const { screen, task } = tasks.get(g.task);
    const answers = Object.fromEntries(Object.entries(g.answers).map(([aspect, said]) => [aspect, stored(said, screen, task)]));
    return JSON.stringify({ id: g.id, question: screen.question, item: task.item, images: task.images, prompt: screen.prompt, category: screen.category, rater: data.rater, answers, shown: screen.shown, time: g.time, duration_ms: g.ms, page: data.page });
  });
  const link = make("a", { href: URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "application/jsonl" })), download: data.file });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  say(`${lines.length} answers are saved in ${data.file}.`);
};

const end = () => {
  screen = null;
  for (const id of ["ask", "prompt", "cards", "shared"]) byId(id).hidden = true;
  byId("end").hidden = false;
  progress();
  byId("save-end").focus();
};

const about = () => {
  const kind = (screen || data.screens[0]).kind, question = (screen || data.screens[0]).question;
  byId("about-text").textContent = data.instructions[question];
  const rows = [...keysOf[kind], ["U", "undo your last answer"], ["?", "these instructions"]];
  byId("keys").replaceChildren(...rows.flatMap(([keys, what]) => [make("dt", {}, {}, ...keys.split(" ").flatMap((key) => [make("kbd", { textContent: key }), " "])), make("dd", { textContent: what })]));
  look();
  byId("about").showModal();
};
byId("about").addEventListener("close", () => { since = performance.now(); });
byId("begin").addEventListener("click", () => byId("about").close());
byId("help").addEventListener("click", about);
byId("undo").addEventListener("click", undo);
byId("save").addEventListener("click", save);
byId("save-end").addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("about").open) return;
  const key = event.key.toLowerCase();
  if (event.target.closest?.("button") && (key === "enter" || key === " ")) return;
  if (key === "?") about();
  else if (key === "u") undo();
  else if (screen) {
    const answer = choices[screen.kind].find(([, , , keys]) => keys.includes(key))?.[0];
    if (answer) choose(answer);
    else if (rates() && /^[1-9]$/.test(key) && +key <= screen.shown.length) { at = key - 1; drafts = {}; draw(); }
    else if (rates() && (key === "arrowleft" || key === "arrowright")) { at = (at + (key === "arrowleft" ? screen.shown.length - 1 : 1)) % screen.shown.length; drafts = {}; draw(); }
    else if (screen.kind === "rank" && /^[1-9]$/.test(key) && +key <= screen.shown.length) put(key - 1);
    else return;
  } else return;
  event.preventDefault();
});
window.addEventListener("beforeunload", () => keep());
next();
if (!given.length) about();
})();
