"use strict";
// What the pages of all servers share: elements, pictures, words for numbers, and the connection. No page writes HTML from
// data: texts become text nodes.

const SVG = "http://www.w3.org/2000/svg";

/** An element: attributes whose value is null or false are left out. */
function el(name, attributes, ...children) {
  const isSVG = el.drawn.has(name);
  const node = isSVG ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value != null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child == null || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}
el.drawn = new Set(["svg", "g", "rect", "circle", "line", "path", "polyline", "text", "title"]);

/** Changes `old` into `made`, so that focus, selection and scroll positions stay. */
function morph(old, made) {
  if (old.nodeType !== made.nodeType || old.nodeName !== made.nodeName) return old.replaceWith(made);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  morphChildren(old, [...made.childNodes]);
}
function morphChildren(old, made) {
  const known = [...old.childNodes];
  for (const extra of known.slice(made.length)) extra.remove();
  made.forEach((child, index) => (known[index] ? morph(known[index], child) : old.append(child)));
}

/** Shows elements in the element of an id. */
function show(id, ...children) {
  const wanted = el("div", {}, ...children);
  morphChildren(document.getElementById(id), [...wanted.childNodes]);
}

// Words for numbers.

const whole = new Intl.NumberFormat("en");
function count(value) { return value == null ? "–" : whole.format(Math.round(value)); }
function number(value, digits = 1) {
  if (value == null || !isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100 || size === 0) return count(value);
  return value.toFixed(size >= 10 ? Math.min(digits, 1) : size >= 1 ? digits : Math.max(digits, 2));
}
function percent(value, digits = 0) {
  return value == null || !isFinite(value) ? "–" : (100 * value).toFixed(digits) + " %";
}
function plural(value, one, many = one + "s") { return `${count(value)} ${value === 1 ? one : many}`; }
function duration(seconds) {
  if (seconds == null || !isFinite(seconds)) return "–";
  if (seconds < 1) return Math.round(seconds * 1000) + " ms";
  if (seconds < 60) return Math.round(seconds) + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min " + String(Math.round(seconds % 60) % 60).padStart(2, "0") + " s";
  if (seconds < 172800) return Math.floor(seconds / 3600) + " h " + String(Math.floor((seconds % 3600) / 60)).padStart(2, "0") + " min";
  return Math.floor(seconds / 86400) + " d " + Math.floor((seconds % 86400) / 3600) + " h";
}
function ago(seconds) { return seconds < 2 ? "now" : duration(seconds) + " ago"; }

// Tables.

/** A table; `columns` are [title, cell of a row, whether it is a number]. The first column names the row. */
function table(caption, columns, rows) {
  const head = columns.map(([title, , isNumber]) => el("th", { scope: "col", class: isNumber ? "n" : null }, title));
  const body = rows.map((row) =>
    el("tr", {}, columns.map(([, cell, isNumber], index) => {
      const value = cell(row);
      const attributes = { class: isNumber ? "n" : null };
      return index === 0 ? el("th", { scope: "row", title: String(value) }, value) : el("td", attributes, value);
    })));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", { "aria-label": caption }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

/** Numbers with their names. */
function counts(pairs) {
  return el("dl", { class: "counts" }, pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function key(entries) { return el("ul", { class: "key" }, entries.map(([mark, text]) => el("li", { class: mark }, text))); }

// Pictures. Each has a text that says the same.

const LEFT = 44, RIGHT = 10, TOP = 12, LOW = 24;

/** Pixels for a picture in the element of an id, so that texts in it have their own size. */
function widthIn(id) { return Math.max(240, Math.round(document.getElementById(id).clientWidth) || 600); }

/** A number a little above a maximum, for the end of an axis. */
function axisEnd(most) {
  if (!(most > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(most));
  for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (step * size >= most) return step * size;
  return 10 * size;
}

function axisNumber(value) { return Number.isInteger(value) ? count(value) : number(value); }

/** The frame of a picture; `draw` gets functions from values to places. */
function picture(label, options, draw) {
  const height = options.height || 190, width = options.width;
  const [x0, x1] = options.x, [y0, y1] = options.y;
  const x = (value) => LEFT + ((value - x0) / (x1 - x0 || 1)) * (width - LEFT - RIGHT);
  const y = (value) => height - LOW - ((value - y0) / (y1 - y0 || 1)) * (height - LOW - TOP);
  const parts = [];
  for (const share of [0, 0.5, 1]) {
    const value = y0 + share * (y1 - y0);
    parts.push(el("line", { class: share ? "axis" : "zero", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
    parts.push(el("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, (options.yText || axisNumber)(value)));
  }
  for (const [value, text] of options.ticks || []) {
    const anchor = x(value) < LEFT + 14 ? "start" : x(value) > width - RIGHT - 14 ? "end" : "middle";
    parts.push(el("text", { x: x(value), y: height - 7, "text-anchor": anchor }, text));
  }
  return el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, parts, draw(x, y));
}

function path(points) { return points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join(""); }

/** Lines over the same places; `lines` are [class, values]; a value of null is a gap. */
function lines(label, options, all) {
  return picture(label, options, (x, y) =>
    all.flatMap(([mark, values]) => {
      const points = values.map((value, index) => (value === null ? null : [x(options.x[0] + index * (options.step || 1)), y(value)])).filter(Boolean);
      const dots = points.length <= (options.dotsMax ?? 40) ? points.map(([px, py]) => el("circle", { class: mark, cx: px, cy: py, r: 2.5 })) : [];
      return [el("path", { class: "line " + mark, d: path(points) }), ...dots];
    }));
}

const P_TICKS = [[0, "0"], [0.25, "0.25"], [0.5, "0.5"], [0.75, "0.75"], [1, "1"]];

// The connection.

/** Reads events and calls `onState`; `onStatus` gets "live", "waiting", "refused" or "paused", and a text. */
class Feed {
  constructor(onState, onStatus) {
    const base = location.pathname.endsWith("/") ? location.href : location.href.replace(/([?#].*)?$/, "/");
    this.url = new URL("v1/events", base);
    this.url.search = this.url.hash = "";
    this.secret = this.stored((store) => store.getItem(this.url.pathname));
    this.onState = onState;
    this.onStatus = onStatus;
    this.isPaused = false;
    this.last = 0;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    setInterval(() => this.check(), 1000);
    this.open();
  }

  async open() {
    if (this.reading || this.isPaused || document.hidden) return;
    const reading = (this.reading = new AbortController());
    let failure = "the server does not answer";
    try {
      const headers = this.secret ? { Authorization: "Bearer " + this.secret } : {};
      const answer = await fetch(this.url, { headers, signal: reading.signal, cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) {
        this.isRefused = true;
        this.stored((store) => store.removeItem(this.url.pathname));
        return this.onStatus("refused", "a key is needed");
      }
      this.isRefused = false;
      if (!answer.ok) throw new Error("the server answers with status " + answer.status);
      await this.read(answer.body.pipeThrough(new TextDecoderStream()).getReader());
      failure = "the server has ended the connection";
    } catch (error) {
      if (reading.signal.aborted) return;
      if (!(error instanceof TypeError)) failure = error.message;
    } finally {
      if (this.reading === reading) this.reading = null;
    }
    this.onStatus("waiting", failure);
    setTimeout(() => this.open(), 2000);
  }

  async read(reader) {
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        this.receive(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  receive(event) {
    const line = (name) => (event.split("\n").find((one) => one.startsWith(name + ": ")) || "").slice(name.length + 2);
    const value = JSON.parse(line("data") || "{}");
    if (line("event") !== "state") return this.onStatus("waiting", value.error ? value.error.message : "the server reports a failure");
    this.last = Date.now();
    this.onStatus("live", "");
    this.onState(value);
  }

  /** Seconds since the last state. */
  get age() { return this.last ? (Date.now() - this.last) / 1000 : null; }

  check() {
    if (this.isPaused) return;
    if (this.reading && this.last && this.age > 30) {
      this.close();
      this.onStatus("waiting", "the server does not answer");
    }
    if (!this.isRefused) this.open();
  }

  close() {
    if (this.reading) this.reading.abort();
    this.reading = null;
  }

  pause(isPaused) {
    this.isPaused = isPaused;
    if (isPaused) {
      this.close();
      this.onStatus("paused", "");
    } else {
      this.open();
    }
  }

  /** The key stays in this tab's storage, so that a reload needs no new one. A browser may have no storage. */
  stored(use) {
    try {
      return use(sessionStorage);
    } catch {
      return null;
    }
  }

  use(secret) {
    this.secret = secret;
    this.stored((store) => store.setItem(this.url.pathname, secret));
    this.isRefused = false;
    this.close();
    this.open();
  }
}

/** Connects a page: its badge, its button, and `draw`, which shows a state; `summary` says in two words how it is. */
function start(draw, summary) {
  let state = null, connection = "waiting", reason = "connecting";
  const badge = document.getElementById("badge"), updated = document.getElementById("updated");
  const button = document.getElementById("pause"), form = document.getElementById("key");
  const refresh = () => {
    const isOld = connection === "waiting" && state !== null;
    document.body.classList.toggle("old", isOld);
    document.body.classList.toggle("blank", connection === "refused");
    if (isOld) answer("works", "", "No connection", "All figures below are the last that arrived.");
    const [mark, text] =
      connection === "refused" ? ["warn", "Key needed"]
      : connection === "waiting" ? (state === null && reason === "connecting" ? ["", "Connecting"] : ["bad", "Not connected"])
      : state === null ? ["", "Connecting"] : summary(state);
    if (badge.textContent !== text) badge.textContent = text;
    badge.className = "badge " + mark;
    updated.textContent =
      connection === "paused" ? `Paused; the figures are ${duration(feed.age)} old.`
      : connection === "waiting" && reason !== "connecting"
        ? `No connection: ${reason}. ${state ? `The figures are ${duration(feed.age)} old. ` : ""}Trying again every 2 s.`
      : connection === "live" ? "Live: the figures are a few seconds old at most." : "";
    updated.className = connection === "waiting" && reason !== "connecting" ? "facts alert" : "facts";
    if (form) form.hidden = connection !== "refused";
  };
  const feed = new Feed(
    (value) => { state = value; draw(value); refresh(); },
    (status, text) => { connection = status; reason = text || reason; refresh(); });
  setInterval(refresh, 1000);
  button.addEventListener("click", () => {
    const isPaused = !feed.isPaused;
    button.setAttribute("aria-pressed", String(isPaused));
    feed.pause(isPaused);
  });
  if (form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      feed.use(form.elements.secret.value);
      form.elements.secret.value = "";
    });
  }
}

/** A card that answers one question: "good", "warn", "bad" or "", the answer in a few words, and sentences. */
function answer(id, mark, big, ...sentences) {
  document.getElementById(id).className = "answer " + mark;
  show(id + "-text", el("p", { class: "big" }, big), sentences.filter(Boolean).map((one) => (one instanceof Node ? one : el("p", {}, one))));
}

/** A list of problems, [mark, what, text]; or a sentence that there are none. */
function problems(id, list, none) {
  show(id, el("ul", { class: "problems" },
    list.length ? list.map(([mark, what, text]) => el("li", { class: mark }, el("span", { class: "what" }, what + ": "), text))
    : el("li", { class: "good" }, none)));
}
