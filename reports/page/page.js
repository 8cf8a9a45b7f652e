"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  for (const part of all(".script")) part.hidden = false;

  // Images get their content when they come near the window.
  const load = (image) => {
    if (!image.dataset.src) return;
    image.src = image.dataset.src;
    delete image.dataset.src;
  };
  const near = new IntersectionObserver((seen) => {
    for (const one of seen) {
      if (!one.isIntersecting) continue;
      all("img[data-src]", one.target).forEach(load);
      near.unobserve(one.target);
    }
  }, { rootMargin: "600px" });
  for (const row of all("article")) near.observe(row);
  addEventListener("beforeprint", () => {
    all("img[data-src]").forEach(load);
    for (const notes of all("details")) notes.open = true;
  });

  // The tip says what a number or a mark has to say.
  const tip = document.getElementById("tip");
  let told = null;
  const hush = () => {
    if (told) told.removeAttribute("aria-describedby");
    told = null;
    tip.hidden = true;
  };
  const tell = (target) => {
    if (!target) return hush();
    if (target === told) return;
    hush();
    told = target;
    tip.textContent = target.dataset.tip;
    tip.hidden = false;
    place();
    if (target.tagName === "TD") target.setAttribute("aria-describedby", "tip");
  };
  const place = () => {
    if (!told) return;
    const at = told.getBoundingClientRect(), size = tip.getBoundingClientRect();
    if (at.bottom < 0 || at.top > innerHeight) return hush();
    const above = at.top - size.height - 6;
    const left = Math.min(Math.max(4, at.left + at.width / 2 - size.width / 2), Math.max(4, document.documentElement.clientWidth - size.width - 4));
    tip.style.left = left + "px";
    tip.style.top = (above >= 4 ? above : Math.min(at.bottom + 6, innerHeight - size.height - 4)) + "px";
  };
  const holder = (target) => target.closest && target.closest("[data-tip]");
  document.addEventListener("mouseover", (event) => tell(holder(event.target) || holder(document.activeElement)));
  document.addEventListener("focusin", (event) => tell(holder(event.target)));
  document.addEventListener("focusout", hush);
  addEventListener("scroll", place, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });
  for (const plot of all(".plot .scroll > svg")) {
    const marks = all("g.mark[aria-label]", plot);
    marks.forEach((mark, i) => {
      mark.dataset.tip = mark.getAttribute("aria-label");
      mark.querySelector("title").remove();
      mark.tabIndex = i === 0 ? 0 : -1;
    });
    plot.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
      const next = by && marks[marks.indexOf(document.activeElement) + by];
      if (!next) return;
      event.preventDefault();
      document.activeElement.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }

  // Tables: titles sort, arrows go from number to number.
  const words = new Intl.Collator("en", { numeric: true });
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = cell.firstChild ? cell.firstChild.textContent.trim() : "";
    if (text === "" || text === "-" || cell.classList.contains("n")) return null;
    return Number.isNaN(Number(text)) ? text : Number(text);
  };
  // Numbers come before words.
  const compare = (a, b) => {
    const numbers = (typeof a === "number") + (typeof b === "number");
    if (numbers === 2) return a - b;
    return numbers === 1 ? (typeof a === "number" ? -1 : 1) : words.compare(a, b);
  };
  for (const table of all("table")) {
    const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        let sorted = rows;
        if (next) {
          head.setAttribute("aria-sort", next);
          const sign = next === "ascending" ? 1 : -1;
          const keyed = rows.map((row) => [keyOf(row, column), row]);
          keyed.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b));
          sorted = keyed.map(([, row]) => row);
        }
        body.append(...sorted);
      });
    });
    const cells = all("td[title]", body);
    cells.forEach((cell, i) => {
      cell.dataset.tip = cell.title;
      cell.removeAttribute("title");
      cell.tabIndex = i === 0 ? 0 : -1;
    });
    body.addEventListener("focusin", (event) => {
      if (!event.target.matches("td[data-tip]")) return;
      for (const cell of cells) cell.tabIndex = cell === event.target ? 0 : -1;
    });
    body.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td[data-tip]");
      const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] || [0, 0];
      if (!cell || (!down && !right)) return;
      event.preventDefault();
      const order = [...body.rows];
      let row = order.indexOf(cell.parentNode), column = cell.cellIndex;
      for (;;) {
        row += down;
        column += right;
        const next = order[row] && order[row].cells[column];
        if (!next) return;
        if (next.dataset.tip) return next.focus();
      }
    });
    body.addEventListener("click", (event) => {
      const cell = event.target.closest("td[data-tip]");
      if (cell) cell.focus();
    });
  }

  // Filters: rows that do not match go, images that do not match fade.
  for (const part of all("section.images")) {
    const form = part.querySelector("form.filter"), rows = all("article", part);
    const filter = () => {
      const want = Object.fromEntries(new FormData(form));
      const text = want.text.trim().toLowerCase();
      let shown = 0;
      for (const row of rows) {
        let any = false;
        for (const picture of all(".pic", row)) {
          const verdict = picture.dataset.verdict || "none";
          const fits = (!want.model || picture.closest(".cell").dataset.model === want.model) && (!want.verdict || verdict === want.verdict);
          picture.classList.toggle("dim", !fits);
          any = any || fits;
        }
        const fits = any && (!text || row.querySelector(".prompt").textContent.toLowerCase().includes(text)) &&
          (!want.category || row.dataset.category === want.category) && (!want.split || row.dataset.split === want.split);
        row.hidden = !fits;
        if (fits) shown++;
      }
      form.querySelector("output").textContent = shown === rows.length ? shown + " prompts" : shown + " of " + rows.length + " prompts";
    };
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    // A link goes to a row whether it is filtered out or not.
    part.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#"]');
      const row = link && document.getElementById(link.getAttribute("href").slice(1));
      if (row && row.hidden) {
        form.reset();
        row.hidden = false;
      }
    });
  }

  // Images enlarge, with those of the other models beside them.
  const zoom = document.getElementById("zoom");
  const large = zoom.querySelector(".large img"), strip = zoom.querySelector(".strip");
  let current = null;
  const show = (picture) => {
    current = picture;
    const row = picture.closest("article");
    all("img[data-src]", row).forEach(load);
    zoom.classList.toggle("small", !!row.closest(".small"));
    zoom.querySelector("h2").textContent = row.querySelector(".prompt").textContent;
    zoom.querySelector(".words").textContent = picture.getAttribute("aria-label");
    const image = picture.querySelector("img");
    large.src = image.src;
    large.alt = picture.getAttribute("aria-label");
    large.width = image.width;
    large.height = image.height;
    strip.replaceChildren(...all(".pic", row).filter((other) => other.dataset.i === picture.dataset.i).map((other) => {
      const item = document.createElement("li"), button = document.createElement("button"), small = document.createElement("img");
      small.src = other.querySelector("img").src;
      small.alt = "";
      button.type = "button";
      button.append(small, [other.closest(".cell").dataset.model, ...all(".said", other).map((said) => said.textContent)].join(" · "));
      button.setAttribute("aria-current", other === picture);
      button.addEventListener("click", () => {
        const place = [...strip.children].indexOf(item);
        show(other);
        strip.children[place].firstChild.focus();
      });
      item.append(button);
      return item;
    }));
    if (!zoom.open) zoom.showModal();
  };
  document.addEventListener("click", (event) => {
    const picture = event.target.closest(".pic");
    if (picture) show(picture);
    else if (event.target === zoom) zoom.close();
  });
  zoom.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const pictures = all(".pic", current.closest("section.images")).filter((one) => !one.closest("article").hidden);
    const next = pictures[pictures.indexOf(current) + by];
    if (next) show(next);
  });
  zoom.addEventListener("close", () => {
    if (!current) return;
    current.focus();
    current = null;
  });
})();
