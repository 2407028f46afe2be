// The explorer. Names of datasets and classifiers come from strangers: they are written
// as text nodes, and reach Vega as data alone.
{
  const data = JSON.parse(document.getElementById("page-data").textContent);
  const part = document.querySelector("[data-explorer]");
  const find = (selector, within = part) => within.querySelector(selector);
  const plot = find("[data-plot]");
  const said = find("[data-said]");
  const tip = document.querySelector("[data-tip]");
  const panel = document.querySelector("[data-cell]");
  const controls = find("[data-controls]");
  const names = data.classifiers.map((entry) => entry.id);
  const datasets = data.datasets.map((entry) => entry.id);
  const ALL = "";
  const INK = "var(--ink,#1c2430)", SOFT = "var(--soft,#566171)";
  const LINE = "var(--line,#dde2e8)", PAPER = "var(--paper,#ffffff)";
  const FONT = "system-ui, sans-serif";

  const element = (tag, words = "", attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = words;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const drawing = (tag, attributes = {}) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const digits = (value, isCost = false) => {
    if (value === null || value === undefined) return "–";
    if (isCost) return String(Number(value.toPrecision(3)));
    if (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e6)) return value.toExponential(2);
    return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
  };
  const places = (rows) => new Map(rows.map(([d, c, ...rest]) => [`${d} ${c}`, rest]));
  const intervals = places(data.intervals);
  const differences = places(data.differences);
  const states = new Map(data.states.map(([d, c, r, ...rest]) => [`${d} ${c} ${r}`, rest]));

  // Mean and std (ddof=1) of the repetitions that have a score.
  function summary(values) {
    const known = values.filter((value) => value !== null);
    if (!known.length) return null;
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, std: known.length > 1 ? Math.sqrt(squares / (known.length - 1)) : null, n: known.length };
  }
  function median(values) {
    const known = values.filter((value) => value !== null).sort((a, b) => a - b);
    const half = known.length >> 1;
    return known.length ? (known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2) : null;
  }
  const measureOf = (id) => data.measures.find((measure) => measure.id === id) ?? data.measures[0];

  // The interval of a mean; a training that never left chance is not in it.
  function intervalOf({ low, high, collapsed, n }) {
    if (low === null || low === undefined) return "";
    const whose = collapsed ? ` of the ${n - collapsed} that left chance (${collapsed} collapsed)` : "";
    return `${data.level} interval${whose} [${digits(low)}, ${digits(high)}]`;
  }

  // One row for each classifier on a dataset: what a point shows.
  function pointOf(measure, d, c) {
    const values = measure.cells[d][c];
    const found = summary(values);
    if (!found) return null;
    const [low, high, collapsed] = (measure.headline && intervals.get(`${d} ${c}`)) || [null, null, 0];
    return { c: names[c], d: datasets[d], di: d, ci: c, ...found, low, high, collapsed };
  }
  function pointsOf(measure, d) {
    const points = names.map((_, c) => pointOf(measure, d, c)).filter(Boolean);
    // Coloured ones are drawn last, on top.
    return points.sort((a, b) => data.classifiers[a.ci].coloured - data.classifiers[b.ci].coloured);
  }

  // The state, which stands in the address.
  const axes = () => {
    const measure = measureOf(state.metric);
    const choices = [["score", "score"]];
    if (measure.id !== "fit_seconds" && data.measures.some((m) => m.id === "fit_seconds")) choices.push(["fit", "fit (s), logarithmic"]);
    if (!measure.cost && measure.training?.some((rows) => rows.some((row) => row.some((v) => v !== null)))) choices.push(["training", "training score"]);
    choices.push(["repetition", "repetition"]);
    data.sweeps.forEach((sweep, i) => choices.push([`sweep${i}`, sweep.name]));
    return choices;
  };
  const first = {
    dataset: datasets.length > 1 ? ALL : datasets[0] ?? ALL,
    metric: data.measures[0]?.id ?? "",
    axis: data.sweeps.length ? "sweep0" : "score",
    classifier: "",
    cell: "",
  };
  const state = { ...first };

  function readAddress() {
    const words = location.hash.slice(1);
    const given = new URLSearchParams(words.includes("=") ? words : "");
    const pick = (name, choices) => (choices.includes(given.get(name)) ? given.get(name) : first[name]);
    state.dataset = pick("dataset", datasets.length > 1 ? [ALL, ...datasets] : datasets);
    state.metric = pick("metric", data.measures.map((m) => m.id));
    state.axis = pick("axis", axes().map(([id]) => id));
    state.classifier = pick("classifier", names);
    const [d, c] = [given.get("cell-dataset"), given.get("cell-classifier")];
    state.cell = datasets.includes(d) && names.includes(c) ? `${datasets.indexOf(d)} ${names.indexOf(c)}` : "";
    return words.includes("=");
  }
  function writeAddress(replace = false) {
    const given = new URLSearchParams();
    for (const name of ["dataset", "metric", "axis", "classifier"]) {
      if (state[name] !== first[name]) given.set(name, state[name]);
    }
    if (state.cell) {
      const [d, c] = state.cell.split(" ").map(Number);
      given.set("cell-dataset", datasets[d]);
      given.set("cell-classifier", names[c]);
    }
    const hash = given.size ? `#${given}` : location.hash.includes("=") ? "#view=first" : location.hash;
    if (hash === location.hash) return;
    history[replace ? "replaceState" : "pushState"](null, "", hash);
  }
  function change(values, replace = false) {
    Object.assign(state, values);
    if (!axes().some(([id]) => id === state.axis)) state.axis = "score";
    writeAddress(replace);
    show();
  }

  // Pickers.
  function fill(select, choices, chosen) {
    select.replaceChildren(...choices.map(([value, words]) => element("option", words, { value })));
    select.value = chosen;
  }
  function showControls() {
    const all = datasets.length > 1 ? [[ALL, "all datasets"]] : [];
    fill(controls.elements.dataset, [...all, ...datasets.map((id) => [id, id])], state.dataset);
    fill(controls.elements.metric, data.measures.map((m) => [m.id, m.title]), state.metric);
    fill(controls.elements.axis, axes(), state.axis);
    controls.elements.dataset.disabled = state.axis.startsWith("sweep");
  }
  controls.addEventListener("change", (event) => change({ [event.target.name]: event.target.value }));
  controls.addEventListener("submit", (event) => event.preventDefault());

  // The figure. Every view is a Vega-Lite specification of rows that `rowsOf` returns.
  const lowered = (words) => words.replace(/^held-out /, "");
  const SHAPE = { field: "c", type: "nominal", legend: null, scale: { domain: names, range: data.classifiers.map((e) => e.shape) } };
  const COLOUR = { field: "c", type: "nominal", legend: null, scale: { domain: names, range: data.classifiers.map((e) => e.colour) } };
  const seen = (strong, faint = 0.16) => ({ condition: { test: "picked === '' || datum.c === picked", value: strong }, value: faint });
  const onlyPicked = (strong) => ({ condition: { test: "datum.c === picked", value: strong }, value: 0 });
  const CONFIG = {
    aria: false,
    background: "transparent",
    font: FONT,
    view: { stroke: "transparent" },
    axis: { labelColor: SOFT, titleColor: INK, gridColor: LINE, domainColor: LINE, tickColor: LINE, titleFontWeight: "normal", labelFontSize: 12, titleFontSize: 12.5, labelLimit: 170, titleLimit: 500 },
    header: { labelColor: INK, labelFontSize: 12.5, labelFontWeight: "bold", labelLimit: 240, title: null },
  };
  // The order of names, as data: a list to sort by would become a part of an expression.
  const ordered = (list) => ({ sort: null, scale: { domain: list } });
  const number = (field, title, more = {}) => ({ field, type: "quantitative", title, scale: { zero: false, nice: true, ...more.scale }, axis: { tickCount: 6, ...more.axis } });
  const titled = (measure) => (measure.cost ? measure.title : `held-out ${measure.title}`);

  function scene(width) {
    const measure = measureOf(state.metric);
    const shown = state.dataset === ALL ? datasets.map((_, d) => d) : [datasets.indexOf(state.dataset)];
    const isSweep = state.axis.startsWith("sweep");
    const logarithmic = measure.cost ? { type: "log", nice: false } : {};
    const value = (title = titled(measure)) => number("mean", title, { scale: logarithmic });
    const dot = { mark: { type: "point", filled: true, opacity: 1, cursor: "pointer" }, encoding: { color: COLOUR, shape: SHAPE, size: { value: 75 }, opacity: seen(1) } };
    const layerOf = (mark, encoding) => ({ mark, encoding });
    const chances = measure.headline ? shown.filter((d) => data.datasets[d].chance !== null).map((d) => ({ d: datasets[d], chance: data.datasets[d].chance })) : [];
    const label = "chance";

    if (isSweep) {
      const sweep = data.sweeps[Number(state.axis.slice(5))];
      const steps = [...sweep.values].sort(([, a], [, b]) => (a ?? Infinity) - (b ?? Infinity));
      const finite = steps.filter(([, v]) => v !== null).map(([, v]) => v);
      const numeric = finite.length === steps.length;
      const rows = steps.flatMap(([d, v]) => pointsOf(measure, d).map((p) => ({ ...p, x: numeric ? v : v === null ? datasets[d] : digits(v).replace(/\.?0+$/, "") })));
      const ratio = Math.max(...finite) / Math.min(...finite);
      const x = numeric
        ? number("x", sweep.name, { scale: ratio > 20 && Math.min(...finite) > 0 ? { type: "log", nice: false } : {} })
        : { field: "x", type: "ordinal", title: sweep.name, ...ordered([...new Set(rows.map((row) => row.x))]), axis: { labelAngle: 0, grid: true } };
      return {
        rows,
        spec: {
          width, height: 340, data: { values: rows },
          encoding: { x, y: value() },
          layer: [
            ...chanceLine(chances.slice(0, new Set(chances.map((c) => c.chance)).size === 1 ? 1 : 0), "y"),
            { mark: { type: "rule", strokeWidth: 1.5 }, encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" }, color: COLOUR, opacity: { condition: { test: "datum.c === picked", value: 0.9 }, value: 0 } } },
            { mark: { type: "line", strokeWidth: 2 }, encoding: { color: COLOUR, detail: { field: "c" }, opacity: seen(0.9) } },
            dot,
          ],
        },
      };
    }
    const rows = shown.flatMap((d) => pointsOf(measure, d));
    if (state.axis === "score" && shown.length > 1) {
      return {
        rows,
        spec: {
          width, height: { step: Math.max(20, Math.min(34, 420 / shown.length)) },
          data: { values: rows },
          encoding: { y: { field: "d", type: "nominal", title: null, ...ordered(shown.map((d) => datasets[d])), axis: { grid: true, domain: false, ticks: false, labelColor: INK } } },
          layer: [
            ...(chances.length ? [{ data: { values: chances }, ...layerOf({ type: "tick", thickness: 1.5, color: SOFT, strokeDash: [3, 2], bandSize: 18 }, { x: { field: "chance", type: "quantitative" } }) }] : []),
            layerOf({ type: "line", strokeWidth: 1.5 }, { x: value(), color: COLOUR, detail: { field: "c" }, order: { field: "di" }, opacity: onlyPicked(0.6) }),
            layerOf({ type: "rule", strokeWidth: 2 }, { x: { field: "low", type: "quantitative" }, x2: { field: "high" }, color: COLOUR, opacity: onlyPicked(0.9) }),
            { ...dot, encoding: { ...dot.encoding, x: value() } },
          ],
        },
      };
    }
    if (state.axis === "score") {
      const sign = measure.larger ? -1 : 1;
      const order = [...rows].sort((a, b) => sign * (a.mean - b.mean)).map((row) => row.c);
      const repetitions = rows.flatMap((row) => measure.cells[row.di][row.ci].map((v, r) => ({ ...row, v, r })).filter((each) => each.v !== null));
      return {
        rows,
        spec: {
          width, height: { step: 24 },
          data: { values: rows },
          encoding: { y: { field: "c", type: "nominal", title: null, ...ordered(order), axis: { grid: true, domain: false, ticks: false, labelColor: INK } } },
          layer: [
            ...chanceLine(chances, "x"),
            { data: { values: repetitions }, ...layerOf({ type: "tick", thickness: 1.5, bandSize: 12 }, { x: { ...number("v", titled(measure), { scale: logarithmic }) }, color: COLOUR, opacity: seen(0.45, 0.08) }) },
            layerOf({ type: "rule", strokeWidth: 2 }, { x: { field: "low", type: "quantitative" }, x2: { field: "high" }, color: COLOUR, opacity: seen(0.9) }),
            { ...dot, encoding: { ...dot.encoding, x: value() } },
          ],
        },
      };
    }

    // Two axes: small multiples of datasets, or one.
    let x, kept = rows, layer = [];
    if (state.axis === "repetition") {
      kept = rows.flatMap((row) => measure.cells[row.di][row.ci].map((v, r) => ({ ...row, mean: v, x: r, single: r })).filter((each) => each.mean !== null));
      x = number("x", "repetition", { scale: { nice: false, padding: 8 }, axis: { tickMinStep: 1, format: "d" } });
      layer = [{ mark: { type: "line", strokeWidth: 1.5 }, encoding: { color: COLOUR, detail: { field: "c" }, opacity: seen(0.7) } }];
    } else {
      const fits = data.measures.find((m) => m.id === "fit_seconds");
      const other = (row) => (state.axis === "fit" ? median(fits.cells[row.di][row.ci]) : summary(measure.training[row.di][row.ci])?.mean ?? null);
      kept = rows.map((row) => ({ ...row, x: other(row) })).filter((row) => row.x !== null && (state.axis !== "fit" || row.x > 0));
      x = state.axis === "fit"
        ? number("x", "fit (s), median", { scale: { type: "log", nice: false, padding: 8 }, axis: { tickCount: 4 } })
        : number("x", `training ${measure.title}`);
      layer = [{ mark: { type: "rule", strokeWidth: 1.5 }, encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" }, color: COLOUR, opacity: seen(0.8) } }];
      if (state.axis === "training" && kept.length) {
        const ends = [Math.min(...kept.map((r) => Math.max(r.x, r.mean))), Math.max(...kept.map((r) => Math.min(r.x, r.mean)))];
        if (ends[0] < ends[1]) layer.unshift({ data: { values: ends.map((v) => ({ v })) }, mark: { type: "line", color: SOFT, strokeWidth: 1, strokeDash: [1, 3] }, encoding: { x: { field: "v", type: "quantitative" }, y: { field: "v", type: "quantitative" } } });
      }
    }
    const faceted = shown.length > 1;
    const most = Math.max(1, Math.min(shown.length, Math.floor(width / 205)));
    const columns = Math.ceil(shown.length / Math.ceil(shown.length / most));
    // A rule of chance in each panel: rows of the same data, so that facets split them.
    const chanceOf = new Map(chances.map((entry) => [entry.d, entry.chance]));
    kept = kept.map((row) => ({ ...row, chance: chanceOf.get(row.d) ?? null }));
    if (chances.length) layer.unshift({ mark: { type: "rule", strokeDash: [4, 3], color: SOFT }, encoding: { y: { field: "chance", type: "quantitative", aggregate: "min" }, x: null } });
    const inner = { layer: [...layer, dot], encoding: { x, y: value() } };
    if (!faceted) return { rows: kept, spec: { width, height: 360, data: { values: kept }, ...inner } };
    return {
      rows: kept,
      spec: {
        data: { values: kept },
        facet: { field: "d", type: "nominal", sort: { field: "di", op: "min" } },
        columns, spacing: 18,
        spec: { width: Math.floor((width - 64 - 18 * (columns - 1)) / columns), height: 170, ...inner },
      },
    };

    function chanceLine(found, channel) {
      if (!found.length) return [];
      const one = [{ chance: found[0].chance, label }];
      return [{ data: { values: one }, mark: { type: "rule", strokeDash: [4, 3], color: SOFT }, encoding: { [channel]: { field: "chance", type: "quantitative" }, ...(channel === "x" ? { y: null } : { x: null }) } }];
    }
  }

  let view = null;
  let drawn = { rows: [], key: "" };
  const noLoading = {
    load: () => Promise.reject(new Error("a page loads nothing")),
    sanitize: () => Promise.reject(new Error("a page loads nothing")),
  };
  async function render(spec, place, size = "pad") {
    const whole = { ...spec, params: [{ name: "picked", value: state.classifier }], config: CONFIG, autosize: { type: size, contains: "padding" }, padding: 4 };
    const compiled = vegaLite.compile(whole, { logger: vega.logger(vega.None) }).spec;
    const made = new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: vegaInterpreter, renderer: "svg", container: place, loader: noLoading, logLevel: vega.None, hover: false,
    });
    await made.runAsync();
    return made;
  }
  async function draw() {
    const width = plot.clientWidth;
    const key = JSON.stringify([width, state.dataset, state.metric, state.axis]);
    if (key !== drawn.key && width) {
      const { spec, rows } = scene(width);
      drawn = { key, rows };
      plot.setAttribute("aria-busy", "true");
      // It is drawn outside the page, so that nothing below it jumps.
      const place = document.createElement("div");
      const made = rows.length ? await render(spec, place, spec.facet ? "pad" : "fit-x") : null;
      if (drawn.key !== key) return made?.finalize();
      view?.finalize();
      view = made;
      plot.replaceChildren(made ? place : element("p", "No cell has this score."));
      if (made) {
        view.addEventListener("mousemove", (event, item) => showTip(event, item?.datum));
        view.addEventListener("mouseout", () => showTip(null));
        view.addEventListener("click", (event, item) => {
          const name = item?.datum?.c;
          showTip(event, item?.datum);
          if (names.includes(name)) change({ classifier: state.classifier === name ? "" : name });
        });
      }
      const where = state.axis.startsWith("sweep") ? data.sweeps[Number(state.axis.slice(5))].name : state.dataset || "all datasets";
      const axis = axes().find(([id]) => id === state.axis)?.[1] ?? "";
      plot.setAttribute("role", "img");
      plot.setAttribute("aria-label", `${titled(measureOf(state.metric))} of ${where} by ${axis}; the tables have the numbers`);
    }
    await view?.signal("picked", state.classifier).runAsync();
    if (drawn.key === key || !width) plot.removeAttribute("aria-busy");
  }

  function numbersOf(datum) {
    const measure = measureOf(state.metric);
    const written = (value) => digits(value, measure.cost);
    if (datum.single !== undefined) return [`repetition ${datum.single}: ${written(datum.mean)}`];
    const lines = [`${titled(measure)} ${written(datum.mean)}${datum.std === null ? "" : `±${written(datum.std)}`}, n = ${datum.n}`];
    if (intervalOf(datum)) lines.push(intervalOf(datum));
    if (datum.x !== undefined && typeof datum.x === "number") lines.push(`${axes().find(([id]) => id === state.axis)[1]}: ${digits(datum.x)}`);
    const values = measure.cells[datum.di][datum.ci];
    if (values.length > 1) lines.push(`repetitions: ${values.slice(0, 12).map(written).join(", ")}${values.length > 12 ? ", …" : ""}`);
    return lines;
  }
  function showTip(event, datum) {
    if (!event || !datum || !names.includes(datum.c) || datum.di === undefined) {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren(element("b", datum.r === undefined || datum.v === undefined ? `${datum.c} on ${datum.d}` : `${datum.c} on ${datum.d}, repetition ${datum.r}: ${digits(datum.v)}`));
    tip.append(...numbersOf(datum).map((line) => element("span", line)));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 4))}px`;
    tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? Math.max(4, event.clientY - box.height - 12) : event.clientY + 18}px`;
  }
  addEventListener("scroll", () => showTip(null), { passive: true });

  // The legend, which also highlights.
  const chips = find("[data-chips]");
  for (const entry of data.classifiers) {
    const chip = element("button", "", { type: "button", "aria-pressed": "false" });
    const icon = drawing("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" });
    const outlines = { circle: "M-5 0A5 5 0 1 0 5 0 5 5 0 1 0-5 0Z", square: "M-4.5-4.5H4.5V4.5H-4.5Z", diamond: "M0-6 6 0 0 6-6 0Z", cross: "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z", "triangle-up": "M0-5.5 6 5H-6Z", "triangle-down": "M0 5.5 6-5H-6Z", "triangle-left": "M-5.5 0 5-6V6Z", "triangle-right": "M5.5 0-5-6V6Z" };
    const mark = drawing("path", { d: outlines[entry.shape] ?? entry.shape, fill: entry.colour });
    if (!outlines[entry.shape]) mark.setAttribute("transform", "scale(6)");
    icon.append(mark);
    chip.append(icon, element("span", entry.id));
    chip.addEventListener("click", () => change({ classifier: state.classifier === entry.id ? "" : entry.id }));
    chips.append(chip);
  }
  oneStop(chips, () => [[...chips.children]]);

  // Tables and drawings: a name highlights, a cell of a classifier on a dataset opens.
  const rowNames = new Map();
  for (const table of all("[data-table] table")) {
    const heads = [...table.tHead.rows[0].cells].map((head) => (head.querySelector(".sort") ?? head).textContent.trim());
    const chapter = table.closest("section[data-chapter]")?.querySelector("h2")?.textContent.trim();
    for (const row of table.tBodies[0].rows) {
      const head = row.cells[0];
      const name = head?.textContent.trim();
      const isClassifier = names.includes(name);
      const isDataset = datasets.includes(name);
      const opens = (cell, dataset, classifier) => {
        const [d, c] = [datasets.indexOf(dataset), names.indexOf(classifier)];
        if (d < 0 || c < 0 || cell.querySelector("button, a")) return;
        const button = element("button", "", { type: "button", class: "open", title: `Open ${classifier} on ${dataset}` });
        button.append(...cell.childNodes);
        cell.append(button);
        button.addEventListener("click", () => change({ cell: `${d} ${c}` }));
      };
      if (isClassifier) {
        rowNames.set(row, name);
        const button = element("button", "", { type: "button", class: "name", title: `Highlight ${name}` });
        button.append(...head.childNodes);
        head.append(button);
        button.addEventListener("click", () => change({ classifier: state.classifier === name ? "" : name }));
        [...row.cells].forEach((cell, i) => i && datasets.includes(heads[i]) && opens(cell, heads[i], name));
      } else if (isDataset) {
        [...row.cells].forEach((cell, i) => i && names.includes(heads[i]) && opens(cell, name, heads[i]));
      }
    }
    oneStop(table, table.stops);
  }
  document.addEventListener("click", (event) => {
    const name = event.target.closest?.("[data-classifier]")?.dataset.classifier;
    if (names.includes(name) && !plot.contains(event.target)) {
      change({ classifier: state.classifier === name ? "" : name });
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]") || !state.classifier) return;
    if (event.target.matches?.("input, select")) return;
    change({ classifier: "" });
  });
  let marked = "";
  function highlight() {
    if (marked === state.classifier) return;
    marked = state.classifier;
    root.toggleAttribute("data-picked", marked !== "");
    for (const [row, name] of rowNames) {
      row.toggleAttribute("data-shown", name === marked);
      row.toggleAttribute("data-dimmed", marked !== "" && name !== marked);
    }
    for (const group of all("svg [data-classifier]")) {
      group.toggleAttribute("data-dimmed", marked !== "" && group.dataset.classifier !== marked);
    }
    data.classifiers.forEach((entry, i) => chips.children[i].setAttribute("aria-pressed", String(entry.id === marked)));
    said.textContent = marked ? `${marked} is highlighted in all figures and tables; Escape ends it.` : "";
  }

  // A cell: its repetitions, its training, the hardest curves of its dataset, its log.
  let opener = null;
  let openCell = "";
  let views = [];
  function showCell() {
    if (state.cell === openCell) return;
    openCell = state.cell;
    views.forEach((each) => each.finalize());
    views = [];
    if (!openCell) {
      if (panel.open) panel.close();
      return;
    }
    const [d, c] = openCell.split(" ").map(Number);
    opener ??= document.activeElement;
    find("h2", panel).textContent = `${names[c]} on ${datasets[d]}`;
    const body = find("[data-cell-body]", panel);
    body.replaceChildren();
    if (!panel.open) panel.showModal();
    find("[data-close-cell]", panel).focus();
    panel.scrollTop = 0;
    const add = (title, ...content) => body.append(element("h3", title), ...content);
    const paragraph = (words) => element("p", words);
    const headline = data.measures[0];
    const point = headline && pointOf(headline, d, c);
    if (point) {
      body.append(paragraph(`Held-out ${headline.title} ${digits(point.mean)}${point.std === null ? "" : `±${digits(point.std)}`} over ${point.n} repetition${point.n === 1 ? "" : "s"}${intervalOf(point) && `; ${intervalOf(point)}`}.`));
      const [difference, from, to, words] = differences.get(openCell) ?? [];
      if (typeof difference === "number") {
        const interval = from === null ? "" : ` [${digits(from)}, ${digits(to)}]`;
        body.append(paragraph(`Difference to ${data.baseline}: ${difference > 0 ? "+" : ""}${digits(difference)}${interval}${words ? `: ${words}` : ""}.`));
      }
    } else {
      body.append(paragraph("No repetition has a score."));
    }
    const beside = element("div", "", { class: "beside" });
    add("Repetitions", beside);
    beside.append(repetitionsOf(d, c));
    if (point) {
      const place = document.createElement("div");
      beside.append(place);
      const dots = names.flatMap((name, i) => headline.cells[d][i].map((v, r) => ({ c: name, d: datasets[d], v, r, own: i === c })).filter((row) => row.v !== null && (row.own || data.classifiers[i].coloured)));
      drawSmall(place, {
        width: Math.max(160, Math.min(250, panel.clientWidth - 130)), height: { step: 22 }, data: { values: dots },
        mark: { type: "tick", thickness: 2, bandSize: 14 },
        encoding: {
          x: { field: "v", type: "quantitative", title: `held-out ${headline.title}`, scale: { zero: false }, axis: { tickCount: 5 } },
          y: { field: "c", type: "nominal", title: null, ...ordered([...new Set([names[c], ...names])].filter((name) => dots.some((dot) => dot.c === name))) },
          color: COLOUR, opacity: { condition: { test: "datum.own", value: 1 }, value: 0.45 },
        },
      });
    }
    trainings(d, c, add);
    hardest(d, add);
    const logs = data.logs.filter(([dataset, classifier]) => dataset === datasets[d] && classifier === names[c]);
    for (const [, , repetition, text] of logs) add(`The end of the log of repetition ${repetition}`, element("pre", text));
    const links = paragraph("");
    const chapter = document.querySelector(`[data-chapter-of="${CSS.escape(datasets[d])}"]`) ?? headingOf(datasets[d]);
    if (chapter) {
      const link = element("a", `Chapter ${datasets[d]}`, { href: `#${chapter.id}` });
      link.addEventListener("click", () => change({ cell: "" }, true));
      links.append(link, " · ");
    }
    if (data.files.includes("results.csv")) links.append(element("a", "results.csv", { href: "results.csv" }), " has every number of this cell.");
    body.append(links);
  }
  const headingOf = (title) => all("main :is(h2, h3)[id]").find((heading) => heading.textContent.trim() === title);

  function repetitionsOf(d, c) {
    const table = document.createElement("table");
    const measures = data.measures.filter((measure) => measure.id !== "predict_seconds" && measure.id !== "peak_rss_mib");
    const columns = measures.flatMap((measure) => [[measure.title, measure.cells, measure.cost], ...(measure.headline && measure.training ? [["training", measure.training]] : [])]);
    const head = table.createTHead().insertRow();
    for (const words of ["repetition", ...columns.map(([title]) => title), "state"]) head.append(element("th", words, { scope: "col" }));
    const body = table.createTBody();
    const n = data.measures[0]?.cells[d][c].length ?? 0;
    for (let r = 0; r < n; r++) {
      const [status, error] = states.get(`${d} ${c} ${r}`) ?? ["done", ""];
      const row = body.insertRow();
      row.append(element("th", String(r), { scope: "row" }));
      for (const [, cells, isCost] of columns) row.append(element("td", digits(cells[d][c][r], isCost), { class: "number" }));
      row.append(element("td", error ? `${status}: ${error}` : status, { class: error.length > 40 ? "long" : "" }));
    }
    const box = element("div", "", { class: "scroll" });
    box.append(table);
    return box;
  }

  function trainings(d, c, add) {
    const of = (list) => list.filter(([dataset, classifier]) => dataset === d && classifier === c);
    const rows = [];
    for (const [list, kinds] of [[data.history, ["training loss", "training accuracy"]], [data.heldOut, ["", "held-out accuracy"]]]) {
      for (const [, , r, epochs, ...series] of of(list)) {
        kinds.forEach((kind, i) => kind && series[i]?.forEach((v, at) => v !== null && rows.push({ kind, r, epoch: epochs[at], v })));
      }
    }
    const kinds = [...new Set(rows.map((row) => row.kind))];
    if (!kinds.length) return;
    const place = document.createElement("div");
    add("Training, one line a repetition", place);
    const wide = panel.clientWidth - 60;
    const columns = Math.max(1, Math.min(kinds.length, Math.floor(wide / 240)));
    drawSmall(place, {
      columns,
      concat: kinds.map((kind) => ({
        width: Math.min(340, Math.floor(wide / columns) - 70), height: 140,
        data: { values: rows.filter((row) => row.kind === kind) },
        mark: { type: "line", strokeWidth: 1.3, color: data.classifiers[c].colour, opacity: 0.75 },
        encoding: {
          x: { field: "epoch", type: "quantitative", title: "epoch", scale: { nice: false }, axis: { tickCount: 5, grid: false } },
          y: { field: "v", type: "quantitative", title: kind, scale: { zero: false, ...(kind === "training loss" && rows.every((row) => row.kind !== kind || row.v > 0) ? { type: "log" } : {}) }, axis: { tickCount: 4, format: "~g" } },
          detail: { field: "r" },
        },
      })),
    });
  }

  function hardest(d, add) {
    const { hardest: curves, x, repetition } = data.datasets[d];
    if (!curves.length) return;
    const grid = element("div", "", { class: "curves" });
    for (const [truth, taken, wrong, of, values] of curves) {
      const figure = document.createElement("figure");
      const svg = drawing("svg", { viewBox: "0 0 100 50", preserveAspectRatio: "none", role: "img", "aria-label": `A curve: ${truth}` });
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const at = x.length === values.length ? x : values.map((_, i) => i);
      const [left, right] = [Math.min(...at), Math.max(...at)];
      const points = values.map((v, i) => [at[i], v]).sort(([a], [b]) => a - b)
        .map(([a, v]) => `${(2 + (96 * (a - left)) / (right - left || 1)).toFixed(1)},${(47 - (44 * (v - low)) / (high - low || 1)).toFixed(1)}`);
      svg.append(drawing("polyline", { points: points.join(" "), fill: "none", stroke: "currentColor", "stroke-width": "1.4", "vector-effect": "non-scaling-stroke" }));
      figure.append(svg, element("figcaption", `${truth}; ${wrong} of ${of} take it for ${taken}`));
      grid.append(figure);
    }
    add(`Hardest curves of ${datasets[d]}${repetition === null ? "" : `, repetition ${repetition}`}`, grid);
  }
  function drawSmall(place, spec) {
    const cell = openCell;
    render(spec, place).then((made) => (openCell === cell ? views.push(made) : made.finalize()));
  }
  panel.addEventListener("click", (event) => {
    if (event.target === panel || event.target.closest("[data-close-cell]")) panel.close();
  });
  panel.addEventListener("close", () => {
    if (state.cell) change({ cell: "" }, true);
    openCell = "";
    opener?.focus?.({ preventScroll: true });
    opener = null;
  });

  // Files of what is shown.
  const shownName = () => fileName([data.suite, state.dataset || "all", state.metric, state.axis].join("-"));
  find("[data-save-drawing]").addEventListener("click", () => {
    const picture = plot.querySelector("svg");
    if (picture) saveDrawing(picture, shownName());
  });
  find("[data-save-table]").addEventListener("click", () => {
    const inert = (words) => (/^[=+\-@\t\r]/.test(words) ? `'${words}` : words); // else a spreadsheet runs it
    const field = (value) => {
      const words = value === null || value === undefined ? "" : typeof value === "string" ? inert(value) : String(value);
      return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
    };
    const columns = [["dataset", "d"], ["classifier", "c"], ["repetition", "single"], [state.axis, "x"], [measureOf(state.metric).id, "mean"], ["std", "std"], ["low", "low"], ["high", "high"], ["n", "n"]]
      .filter(([, key]) => drawn.rows.some((row) => row[key] !== undefined && row[key] !== null));
    const lines = [columns.map(([name]) => name), ...drawn.rows.map((row) => columns.map(([, key]) => field(row[key])))];
    download(`${shownName()}.csv`, "text/csv", `${lines.map((line) => line.join(",")).join("\n")}\n`);
  });

  function show() {
    showControls();
    highlight();
    showCell();
    return draw();
  }
  if (data.measures.length && names.length && datasets.length) {
    find("[data-unscripted]").remove();
    controls.hidden = false;
    const given = readAddress();
    const again = () => {
      if (placeInAddress()) return; // a place on the page, of any view
      readAddress();
      show();
    };
    addEventListener("popstate", again);
    addEventListener("hashchange", again);
    let waiting = 0;
    new ResizeObserver(() => {
      clearTimeout(waiting);
      waiting = setTimeout(draw, drawn.key ? 120 : 0);
    }).observe(plot);
    show().then(() => {
      const [visit] = performance.getEntriesByType("navigation");
      if (given && visit?.type === "navigate" && !state.cell) part.closest("section").scrollIntoView();
      performance.mark("bench:explorer");
      root.dataset.ready = "true";
    });
  } else {
    find("[data-unscripted]").textContent = "No cell has a score yet.";
    root.dataset.ready = "true";
  }
}
