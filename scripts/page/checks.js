// Checks of a page, run inside it: structure, names, contrast, width. Returns a sentence for each problem.
() => {
  const problems = [];
  const visible = (node) => {
    const box = node.getBoundingClientRect(), style = getComputedStyle(node);
    return box.width > 0 && box.height > 0 && style.visibility !== "hidden" && style.display !== "none";
  };
  const name = (node) => `${node.nodeName.toLowerCase()}${node.id ? "#" + node.id : ""}${node.className && node.className.baseVal === undefined ? "." + node.className : ""}`;
  const all = (selector) => [...document.querySelectorAll(selector)];

  // Structure.
  for (const [selector, count] of [["h1", 1], ["main", 1], ["body > header", 1], ["body > footer", 1], ["head > title", 1]]) {
    if (all(selector).length !== count) problems.push(`${all(selector).length} elements are ${selector}, not ${count}`);
  }
  if (!document.documentElement.lang) problems.push("the page states no language");
  let level = 0;
  for (const heading of all("h1, h2, h3, h4").filter(visible)) {
    const found = Number(heading.nodeName[1]);
    if (found > level + 1) problems.push(`${name(heading)} "${heading.textContent}" follows a heading of level ${level}`);
    level = found;
  }
  const ids = all("[id]").map((node) => node.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) problems.push(`the id ${id} is there twice`);
  for (const section of all("section")) {
    const label = section.getAttribute("aria-label") || (document.getElementById(section.getAttribute("aria-labelledby")) || {}).textContent;
    if (!label) problems.push(`${name(section)} has no name`);
  }

  // Names.
  for (const node of all("svg")) if (node.getAttribute("role") !== "img" || !(node.getAttribute("aria-label") || "").length) problems.push("a picture has no text");
  for (const node of all("button, a[href]")) if (!node.textContent.trim()) problems.push(`${name(node)} has no name`);
  for (const node of all("input")) if (!node.labels || !node.labels.length) problems.push(`${name(node)} has no label`);
  for (const node of all("progress, [role=region]")) if (!node.getAttribute("aria-label")) problems.push(`${name(node)} has no name`);
  for (const node of all("table")) {
    if (!node.getAttribute("aria-label")) problems.push("a table has no name");
    if ([...node.querySelectorAll("th")].some((cell) => !cell.getAttribute("scope"))) problems.push("a heading of a table has no scope");
    if (new Set([...node.rows].map((row) => row.cells.length)).size > 1) problems.push("rows of a table have different lengths");
  }
  for (const node of all(".scroll").filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)) {
    if (node.tabIndex !== 0) problems.push(`${name(node)} scrolls, and no key can reach it`);
  }
  for (const node of all("button, input").filter(visible)) {
    const box = node.getBoundingClientRect();
    if (box.height < 24 || box.width < 24) problems.push(`${name(node)} is smaller than 24 pixels`);
  }

  // Contrast, of texts in HTML and in pictures.
  const parse = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const background = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length && (colour[3] === undefined || colour[3] > 0.99)) return colour;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE", "title"].includes(parent.nodeName) || !visible(parent) || parent.classList.contains("skip")) continue;
    const style = getComputedStyle(parent), isDrawn = parent.namespaceURI.endsWith("svg");
    const [one, two] = [luminance(parse(isDrawn ? style.fill : style.color)), luminance(background(parent))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05), isLarge = parseFloat(style.fontSize) >= 24;
    if (ratio < (isLarge ? 3 : 4.5)) low.add(`${name(parent)} "${node.data.trim().slice(0, 30)}" has a contrast of ${ratio.toFixed(2)}`);
  }
  problems.push(...low);

  // Width.
  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) problems.push(`the page is ${wide} pixels wide in a window of ${innerWidth}`);
  for (const node of all(".big, h2, .answer p, dd, dt").filter(visible)) {
    if (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline") problems.push(`${name(node)} "${node.textContent.slice(0, 30)}" does not fit`);
  }
  if (/undefined|NaN|\[object|Infinity/.test(document.body.innerText)) {
    problems.push("the page shows: " + document.body.innerText.split("\n").filter((line) => /undefined|NaN|\[object|Infinity/.test(line)).slice(0, 3).join(" / "));
  }
  return problems;
}
