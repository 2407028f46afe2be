// Colours: those of the system until the reader chooses.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const toggle = document.querySelector("[data-theme-toggle]");
const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
const showTheme = () => toggle.setAttribute("aria-pressed", String(isDark()));
toggle.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("bench-theme", root.dataset.theme);
  } catch {
    // The choice is not stored, such as in a page opened from a file.
  }
  showTheme();
});
system.addEventListener("change", showTheme);
showTheme();
toggle.hidden = false;

// Figures: a click or Enter shows one in a dialog, Escape or a click closes it.
const dialog = document.querySelector("dialog");
const stage = dialog.querySelector("[data-stage]");
let opener = null;
for (const button of document.querySelectorAll("[data-enlarge]")) {
  button.disabled = false;
  button.addEventListener("click", () => {
    opener = button;
    const figure = button.closest("figure");
    const image = button.querySelector("img").cloneNode();
    dialog.setAttribute("aria-label", image.alt);
    const caption = figure.querySelector("figcaption")?.cloneNode(true);
    stage.replaceChildren(image, ...(caption ? [caption] : []));
    dialog.showModal();
  });
}
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
});
dialog.addEventListener("close", () => {
  stage.replaceChildren();
  opener?.focus();
  opener = null;
});

// Table of contents: mark the section that is being read.
const links = new Map(
  [...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]),
);
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  },
  { rootMargin: "0px 0px -75% 0px" },
);
for (const heading of document.querySelectorAll("main :is(h2, h3)[id]")) {
  seen.observe(heading);
}

// Tables: DataTables sorts and filters the rows that are in the document.
const library = document.getElementById("page-datatables").textContent;
const address = URL.createObjectURL(new Blob([library], { type: "text/javascript" }));
const { default: DataTable } = await import(address);
URL.revokeObjectURL(address);
DataTable.ext.errMode = "throw";

// Numbers are read from data-order; blank cells stay last in both directions.
const blanksLast = (sign) => (a, b) => {
  if (a === "" || b === "") return (a === "") - (b === "");
  return sign * (Number(a) - Number(b));
};
DataTable.ext.type.order["bench-number-asc"] = blanksLast(1);
DataTable.ext.type.order["bench-number-desc"] = blanksLast(-1);

// The first click on a title sorts the best first.
const sequence = (title) =>
  title.dataset.first === "desc" ? ["desc", "asc", ""] : ["asc", "desc", ""];

for (const block of document.querySelectorAll("[data-table]")) {
  const table = block.querySelector("table");
  const total = table.tBodies[0].rows.length;
  const titles = [...table.tHead.rows[0].cells];
  const numeric = titles.flatMap((title, i) => (title.matches(".number") ? [i] : []));
  const api = new DataTable(table, {
    autoWidth: false,
    columnDefs: [
      { targets: numeric, type: "bench-number" },
      ...numeric.map((i) => ({ targets: i, orderSequence: sequence(titles[i]) })),
    ],
    info: false,
    language: { zeroRecords: "No row matches." },
    layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    order: [],
    paging: false,
  });
  const tools = block.querySelector("[data-tools]");
  if (!tools) continue;
  const search = tools.querySelector("input");
  const count = tools.querySelector("[data-count]");
  const showCount = () => {
    tools.toggleAttribute("data-filtered", search.value !== "");
    const shown = api.rows({ search: "applied" }).count();
    const noun = total === 1 ? "row" : "rows";
    count.textContent = search.value
      ? `${shown} of ${total} ${noun} match “${search.value}”`
      : `${total} ${noun}`;
  };
  search.addEventListener("input", () => {
    api.search(search.value).draw();
    showCount();
  });
  showCount();
  tools.hidden = false;
}
root.dataset.ready = "true";
