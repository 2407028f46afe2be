const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
for (const element of all("[data-needs-script]")) {
  element.hidden = !document.querySelector("[data-table], main figure");
}

// A file for the reader, made here: nothing is requested.
function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
const fileName = (words) => words.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^-+|-+$/g, "") || "figure";

// A group of controls is one stop of the Tab key; arrow keys move within it. `rows`
// returns the controls as rows, which may change, as when a table is sorted.
function oneStop(box, rows) {
  const enter = (control) => {
    for (const other of rows().flat()) other.tabIndex = other === control ? 0 : -1;
  };
  const first = rows().flat()[0];
  if (first) enter(first);
  box.addEventListener("focusin", (event) => {
    if (rows().flat().includes(event.target)) enter(event.target);
  });
  box.addEventListener("keydown", (event) => {
    const controls = rows();
    const row = controls.findIndex((some) => some.includes(event.target));
    if (row < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const column = controls[row].indexOf(event.target);
    const beside = (some, at) => some?.[Math.min(at, some.length - 1)];
    const next = {
      ArrowLeft: controls[row][column - 1],
      ArrowRight: controls[row][column + 1],
      ArrowUp: beside(controls[row - 1], column),
      ArrowDown: beside(controls[row + 1], column),
      Home: controls[row][0],
      End: controls[row].at(-1),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

// Colours: those of the system until the reader chooses.
const toggle = document.querySelector("[data-theme-toggle]");
const THEMES = ["system", "light", "dark"];
const theme = () => root.dataset.theme ?? "system";
function showTheme() {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  toggle.textContent = `Theme: ${theme()}`;
  toggle.title = `Change to ${next}`;
  return next;
}
toggle.addEventListener("click", () => {
  const next = showTheme();
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    localStorage.setItem("bench-theme", next);
  } catch {
    // The choice is not stored, such as in a page opened from a file.
  }
  showTheme();
});
showTheme();
toggle.hidden = false;

// Chapters: a heading opens one; so does a link to it, a search, and print.
for (const chapter of all("section[data-chapter]")) {
  const heading = chapter.querySelector(":scope > h2");
  const rest = document.createElement("div");
  rest.hidden = "until-found";
  rest.append(...[...chapter.childNodes].filter((node) => node !== heading));
  chapter.append(rest);
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  button.setAttribute("aria-expanded", "false");
  heading.append(button);
  const open = (wanted) => {
    if (wanted) rest.removeAttribute("hidden");
    else rest.setAttribute("hidden", "until-found");
    button.setAttribute("aria-expanded", String(wanted));
  };
  chapter.dataset.folds = "";
  chapter.openChapter = () => open(true);
  button.addEventListener("click", () => open(rest.hasAttribute("hidden")));
  rest.addEventListener("beforematch", () => open(true));
}
function openAround(element) {
  element?.closest("section[data-chapter]")?.openChapter();
  for (let fold = element?.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    fold.open = true;
  }
}
function goTo(id) {
  const target = document.getElementById(id);
  if (!target) return;
  openAround(target);
  target.scrollIntoView();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link) openAround(document.getElementById(decodeURIComponent(link.hash.slice(1))));
});
// A hash with "=" is the state of the explorer, all others name a place.
const placeInAddress = () => {
  const words = location.hash.slice(1);
  return words && !words.includes("=") ? decodeURIComponent(words) : "";
};
if (placeInAddress()) goTo(placeInAddress());
addEventListener("hashchange", () => placeInAddress() && goTo(placeInAddress()));

// Contents: mark the section that is read, the last heading above a quarter of the window.
const contents = document.querySelector("[data-contents]");
const unfold = document.querySelector("[data-unfold]");
if (contents) {
  unfold.hidden = false;
  const fold = (open) => {
    contents.toggleAttribute("data-open", open);
    unfold.setAttribute("aria-expanded", String(open));
  };
  unfold.addEventListener("click", () => fold(!contents.hasAttribute("data-open")));
  const entries = all("a", contents)
    .map((link) => [document.getElementById(link.hash.slice(1)), link])
    .filter(([heading]) => heading);
  let waiting = false;
  const mark = () => {
    waiting = false;
    const line = innerHeight / 4;
    let current = null;
    for (const [heading, link] of entries) {
      const box = heading.getBoundingClientRect();
      if (box.height && box.top <= line) current = link;
    }
    for (const [, link] of entries) {
      if (link !== current) link.removeAttribute("aria-current");
      else if (!link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "true");
        link.scrollIntoView({ block: "nearest", container: "nearest" });
      }
    }
  };
  const soon = () => {
    if (!waiting) requestAnimationFrame(mark);
    waiting = true;
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  contents.addEventListener("click", (event) => event.target.closest("a") && fold(false));
  soon();
}

// Tables: the rows in the document are sorted and filtered.
const numberOf = (cell) => {
  const words = cell?.dataset.order ?? "";
  return words === "" ? null : Number(words);
};

// A filter is words, all of which a row must match: a part of a cell, a pattern such as
// ^SD$ or /a|b/, or a number such as >0.9 (of the first column with numbers) or fit<10.
function filterOf(words, titles, numeric) {
  const notes = [];
  const tests = words.trim().split(/\s+/).filter(Boolean).map((word) => {
    const compared = /^(.*?)(<=|>=|!=|<|>|=)(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i.exec(word);
    if (compared) {
      const [, name, sign, limit] = compared;
      const column = numeric.find((i) => titles[i].toLowerCase().includes(name.toLowerCase()));
      if (column !== undefined) {
        notes.push(`${titles[column]} ${sign} ${limit}`);
        const value = Number(limit);
        const holds = {
          "<": (a) => a < value, ">": (a) => a > value, "=": (a) => a === value,
          "<=": (a) => a <= value, ">=": (a) => a >= value, "!=": (a) => a !== value,
        }[sign];
        return (row) => {
          const found = numberOf(row.cells[column]);
          return found !== null && holds(found);
        };
      }
    }
    const pattern = /^\/(.+)\/$/.exec(word)?.[1] ?? (/^\^|\$$/.test(word) ? word : "");
    notes.push(`“${word}”`);
    if (pattern) {
      try {
        const expression = new RegExp(pattern, "i");
        return (row) => [...row.cells].some((cell) => expression.test(cell.textContent.trim()));
      } catch {
        // No pattern: then it is a part of a cell.
      }
    }
    const part = word.toLowerCase();
    return (row) => [...row.cells].some((cell) => cell.textContent.toLowerCase().includes(part));
  });
  return { passes: (row) => tests.every((test) => test(row)), notes };
}

for (const block of all("[data-table]")) {
  const table = block.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const titles = heads.map((head) => head.textContent.trim());
  const numeric = heads.flatMap((head, i) => (head.matches(".number") ? [i] : []));
  const columns = heads.length;

  const sort = (column) => {
    const head = heads[column];
    const isNumber = numeric.includes(column);
    const first = head.dataset.first === "desc" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = head.getAttribute("aria-sort") === first ? other : first;
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const order = new Intl.Collator(undefined, { numeric: true });
    const sorted = [...rows].sort((a, b) => {
      if (!isNumber) {
        return sign * order.compare(a.cells[column].textContent, b.cells[column].textContent);
      }
      const [x, y] = [numberOf(a.cells[column]), numberOf(b.cells[column])];
      if (x === null || y === null) return (x === null) - (y === null); // blanks stay last
      return sign * (x - y);
    });
    body.append(...sorted);
  };
  if (rows.length > 1) {
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      const words = document.createElement("span");
      words.append(...head.childNodes);
      for (const link of all("a", words)) head.append(link.cloneNode(true));
      button.append(words);
      head.prepend(button);
      // A link in a heading stays a link, beside the button that sorts.
      for (const link of all("a", words)) link.replaceWith(...link.childNodes);
      for (const link of all(":scope > a", head)) {
        link.replaceChildren("↓");
        link.className = "to-chapter";
        link.setAttribute("aria-label", `To ${titles[column]}`);
      }
      button.addEventListener("click", () => sort(column));
    });
  }
  const scroller = block.querySelector(".scroll");
  scroller.removeAttribute("tabindex"); // its controls are focused, and scroll it
  table.stops = () => [
    heads.flatMap((head) => all("button, a", head)),
    ...[...body.rows].filter((row) => !row.hidden).map((row) => all("button, a", row)),
  ].filter((stops) => stops.length);
  oneStop(table, table.stops);

  const tools = block.querySelector("[data-tools]");
  if (tools) {
    const search = tools.querySelector("input");
    const count = tools.querySelector("[data-count]");
    const none = body.insertRow();
    none.append(document.createElement("td"));
    none.cells[0].colSpan = columns;
    none.cells[0].textContent = "No row matches.";
    none.cells[0].className = "none";
    none.remove();
    const filter = () => {
      const { passes, notes } = filterOf(search.value, titles, numeric);
      let shown = 0;
      for (const row of rows) {
        row.hidden = !passes(row);
        shown += !row.hidden;
      }
      if (shown) none.remove();
      else body.append(none);
      tools.toggleAttribute("data-filtered", notes.length > 0);
      count.textContent = notes.length
        ? `${shown} of ${rows.length} rows match ${notes.join(" and ")}`
        : `${rows.length} rows`;
    };
    search.addEventListener("input", filter);
    filter();
    tools.hidden = false;
  }

  // A hint where a table is wider than its box.
  const hint = document.createElement("p");
  hint.className = "more";
  hint.textContent = "More columns →";
  hint.setAttribute("aria-hidden", "true");
  scroller.after(hint);
  const look = () => {
    const left = scroller.scrollWidth - scroller.clientWidth - scroller.scrollLeft;
    block.toggleAttribute("data-more", left > 2);
  };
  scroller.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(scroller);
}
performance.mark("bench:tables");

// Figures: a click or Enter shows one in a dialog; arrow keys turn over.
const figures = all("main figure").filter((figure) => figure.querySelector("svg, img"));
const dialog = document.querySelector("dialog[data-figures]");
const stage = dialog.querySelector("[data-stage]");
let shownFigure = -1;
const pictureOf = (figure) => figure.querySelector("svg, img");
const namePicture = (picture) =>
  picture.getAttribute("alt") ?? picture.getAttribute("aria-label") ??
  picture.querySelector("title")?.textContent ?? "Figure";

// An SVG as a file of its own: the page's colours become those that it names beside them.
function saveDrawing(picture, name) {
  if (picture.matches("img")) {
    const link = document.createElement("a");
    link.href = picture.src;
    const type = /^data:image\/(\w+)/.exec(picture.src)?.[1] ?? "png";
    link.download = `${name}.${type.replace("jpeg", "jpg")}`;
    link.click();
    return;
  }
  const copy = picture.cloneNode(true);
  for (const each of [copy, ...all("[data-classifier]", copy)]) delete each.dataset.dimmed;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const text = new XMLSerializer().serializeToString(copy)
    .replace(/var\(--\w+,([^()]*)\)/g, "$1");
  download(`${name}.svg`, "image/svg+xml", text);
}

function showFigure(place) {
  shownFigure = (place + figures.length) % figures.length;
  const figure = figures[shownFigure];
  const picture = pictureOf(figure).cloneNode(true);
  dialog.setAttribute("aria-label", namePicture(picture));
  const caption = figure.querySelector("figcaption")?.cloneNode(true);
  stage.replaceChildren(picture, ...(caption ? [caption] : []));
  dialog.querySelector("[data-place]").textContent = `${shownFigure + 1} of ${figures.length}`;
  dialog.querySelector("[data-address]").hash = figure.id;
  for (const button of all("[data-turn]", dialog)) button.hidden = figures.length < 2;
  const isDrawing = picture.matches("svg") || picture.src?.startsWith("data:image/svg");
  dialog.querySelector("[data-save]").textContent = isDrawing ? "Download SVG" : "Download image";
  if (dialog.open) return;
  dialog.showModal();
  dialog.querySelector("[data-close]").focus();
}
figures.forEach((figure, place) => {
  figure.id ||= `figure-${place + 1}`;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "enlarge";
  button.title = "Enlarge";
  button.setAttribute("aria-label", `Enlarge: ${namePicture(pictureOf(figure))}`);
  button.append("⤢");
  const frame = document.createElement("div");
  frame.className = "picture";
  pictureOf(figure).before(frame);
  frame.append(pictureOf(figure), button);
  frame.addEventListener("click", (event) => {
    if (!event.target.closest("[data-classifier]")) showFigure(place);
  });
});
dialog.addEventListener("click", (event) => {
  const control = event.target.closest("[data-turn], [data-close], [data-address], [data-save]");
  if (event.target === dialog || control?.matches("[data-close], [data-address]")) dialog.close();
  else if (control?.matches("[data-turn]")) showFigure(shownFigure + Number(control.dataset.turn));
  else if (control) {
    saveDrawing(pictureOf(figures[shownFigure]), fileName(`${document.title}-${figures[shownFigure].id}`));
  }
});
dialog.addEventListener("keydown", (event) => {
  const turn = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (turn && figures.length > 1) {
    event.preventDefault();
    showFigure(shownFigure + turn);
  }
});
dialog.addEventListener("close", () => {
  stage.replaceChildren();
  figures[shownFigure]?.querySelector(".enlarge").focus({ preventScroll: true });
  shownFigure = -1;
});
performance.mark("bench:page");
if (!document.querySelector("[data-explorer]")) root.dataset.ready = "true";
