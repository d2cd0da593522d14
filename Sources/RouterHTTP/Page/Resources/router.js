// The router's page: four answers first, then what they follow from.

const excluded = {
  cooling_down: "paused after failures", rate_limited: "paused: asked for it (429)", at_limit: "at its limit",
  insufficient_evidence: "too little history", spend_limit: "spend limit", prompt_too_long: "prompt too long", unsupported: "unsupported",
};
const reasons = {
  best_score: "best score", cheapest_reaching_target: "cheapest that reaches the target", below_target: "none reaches the target",
  insufficient_evidence: "too little history: default", named: "named by the request", session: "session stays with its model",
  unsupported: "no model supports it", unreadable_prompt: "no text: default", undecided: "decided too late: default",
  prompt_too_long: "prompt too long", none_available: "no model available",
};

function dollars(value) {
  if (value == null || !isFinite(value)) return "–";
  if (value === 0) return "$0";
  return "$" + (value >= 100 ? whole.format(Math.round(value)) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2));
}

/** Models joined with their activity. */
function modelsOf(state) { return state.status.models.map((model, index) => ({ ...model, ...state.activity[index] })); }

/** The router, and each model alone: mean p and expected cost of a prompt. */
function pointsOf(state) {
  const { chosen } = state;
  const router = chosen.predicted ? { name: "router", p: chosen.sum_p / chosen.predicted, cost: chosen.sum_cost / chosen.predicted, isRouter: true } : null;
  const alone = modelsOf(state).filter((model) => model.predicted).map((model) => ({ name: model.model, p: model.sum_p / model.predicted, cost: model.sum_cost / model.predicted }));
  return { router, alone };
}

function problemsOf(state) {
  const models = modelsOf(state), list = [];
  const add = (mark, what, text) => list.push([mark, what, text]);
  const paused = models.filter((model) => model.excluded === "cooling_down" || model.excluded === "rate_limited");
  if (paused.length === models.length && models.length) add("bad", "No endpoint is available", "all models are paused; requests fail.");
  for (const model of paused) add(paused.length === models.length ? "bad" : "warn", model.model, `${excluded[model.excluded]}; tried again in ${duration(model.wait_seconds)}. Last failure: ${model.last_failure || "none"}.`);
  for (const model of models) {
    if (model.excluded === "at_limit") add("warn", model.model, "is at its limit of requests; others get its share.");
    const all = model.answers + model.failures;
    if (model.failures > 0 && !paused.includes(model)) {
      const isNew = model.last_failure_seconds < 600;
      add(isNew && model.failures > 0.05 * all ? "warn" : "", model.model, `${count(model.failures)} of ${count(all)} requests failed; the last ${ago(model.last_failure_seconds)}: ${model.last_failure}.`);
    }
    const { calibration } = model;
    if (calibration.drift) add("warn", model.model, `has drifted: predicted ${number(calibration.mean_p, 2)}, seen ${number(calibration.mean_reward, 2)} over ${plural(calibration.outcomes, "outcome")}. Renew its history.`);
  }
  const { undecided, none_available: none } = state.chosen.reasons;
  if (undecided) add("warn", "Late decisions", `${count(undecided)} prompts went to the default, because deciding took too long.`);
  if (none) add("warn", "Unserved requests", `${count(none)} requests found no model available.`);
  if (state.outcomes_rejected) add("warn", "Rejected outcomes", `${count(state.outcomes_rejected)} could not count; the answer to the client says why.`);
  if (state.log_lines_lost) add("bad", "Decision log", `${plural(state.log_lines_lost, "line")} could not be written; is the disk full?`);
  if (state.is_observing) add("", "Observing", `decisions are logged; every request goes to ${state.default_model}.`);
  const few = models.filter((model) => model.history_rows === 0);
  if (few.length) add("warn", "No history", `nothing can be predicted for ${few.map((model) => model.model).join(", ")}; report outcomes, or give history files.`);
  return list;
}

function summary(state) {
  const list = problemsOf(state);
  if (list.some(([mark]) => mark === "bad")) return ["bad", "Trouble"];
  return state.rates.decisions > 0 || state.in_flight > 0 ? ["good", "Working"] : ["good", "Ready"];
}

function draw(state) {
  const list = problemsOf(state), models = modelsOf(state), points = pointsOf(state);
  const { status, chosen } = state;
  document.getElementById("facts").textContent =
    `Version ${status.version} · up ${duration(state.uptime_seconds)} · rule ${status.rule} ${status.parameter} · default ${state.default_model} · value model ${status.value_model}` + (state.is_observing ? " · observing only" : "");
  const free = models.filter((model) => !model.excluded);
  answer("works", free.length === models.length ? "good" : free.length ? "warn" : "bad",
    free.length ? (state.rates.decisions > 0 ? `Yes: ${number(state.rates.decisions)} decisions/s` : "Yes, and idle") : "No: all models paused",
    `${count(free.length)} of ${plural(models.length, "model")} available; ${plural(state.in_flight, "request")} being served.`,
    `${plural(chosen.decisions, "decision")} since the start.`);
  drawQuality(models, points);
  drawWorth(points, chosen);
  const bad = list.filter(([mark]) => mark === "bad"), warn = list.filter(([mark]) => mark === "warn"), first = bad[0] || warn[0];
  answer("wrong", bad.length ? "bad" : warn.length ? "warn" : "good",
    bad.length ? plural(bad.length, "error") : warn.length ? plural(warn.length, "warning") : "Nothing",
    first ? `${first[1]}: ${first[2]}`.slice(0, 180) : "All endpoints answer; no model has drifted.");
  problems("problems", list, "No problems: all endpoints answer, no model has drifted.");
  drawCost(points);
  drawRate(state);
  drawShare(state, models);
  drawEndpoints(models);
  drawCalibration(models);
  drawSpending(state);
}

function drawQuality(models, { router }) {
  const known = models.filter((model) => model.calibration.outcomes > 0);
  const outcomes = known.reduce((sum, model) => sum + model.calibration.outcomes, 0);
  const mean = (name) => known.reduce((sum, model) => sum + model.calibration.outcomes * model.calibration[name], 0) / outcomes;
  if (!outcomes) return answer("quality", "", router ? `p ${router.p.toFixed(2)}` : "Not known yet", router ? "Mean prediction for the chosen models; no outcome was reported yet." : "Report outcomes with POST v1/outcomes.");
  const gap = Math.abs(mean("mean_p") - mean("mean_reward"));
  answer("quality", models.some((model) => model.calibration.drift) ? "warn" : "good", `${percent(mean("mean_reward"))} success`,
    `Mean reward of the newest ${plural(outcomes, "outcome")} with a prediction; predicted were ${percent(mean("mean_p"))}.`,
    gap < 0.05 ? "Predictions and outcomes agree." : `They differ by ${percent(gap)}.`);
}

function drawWorth({ router, alone }, chosen) {
  if (!router || alone.length < 2) return answer("worth", "", "Not known yet", "It is known once prompts were decided with predictions for two models.");
  const best = [...alone].sort((a, b) => b.p - a.p)[0], cheap = [...alone].sort((a, b) => a.cost - b.cost)[0];
  const saving = best.cost > 0 ? 1 - router.cost / best.cost : 0;
  answer("worth", saving > 0.02 ? "good" : "", saving > 0 ? `${percent(saving)} cheaper` : "No saving",
    `than ${best.name} for everything, with p ${router.p.toFixed(2)} instead of ${best.p.toFixed(2)}.`,
    cheap.name !== best.name ? `${cheap.name} alone: p ${cheap.p.toFixed(2)}, ${dollars(cheap.cost)} a prompt; the router: ${dollars(router.cost)}.` : null);
}

function drawCost({ router, alone }) {
  const all = [...(router ? [router] : []), ...alone];
  if (!all.length) return show("cost", el("p", { class: "empty" }, "The picture begins with the first decision that has predictions."));
  const most = axisEnd(Math.max(...all.map((point) => point.cost)) * 1.05), width = widthIn("cost");
  show("cost", el("figure", {}, key([["b", "the router"], ["a", "one model for everything"]]),
    picture(all.map((point) => `${point.name}: p ${point.p.toFixed(2)}, ${dollars(point.cost)} a prompt`).join("; "),
      { x: [0, most], y: [0, 1], height: 240, width, yText: (value) => value.toFixed(1), ticks: [[0, "$0"], [most / 2, dollars(most / 2)], [most, dollars(most)]] }, (x, y) =>
        [...alone, ...(router ? [router] : [])].map((point) => el("g", {},
          point.isRouter
            ? el("rect", { class: "b", x: x(point.cost) - 6, y: y(point.p) - 6, width: 12, height: 12 })
            : el("circle", { class: "a", cx: x(point.cost), cy: y(point.p), r: 6 }),
          el("text", { class: "name", x: x(point.cost) + (x(point.cost) > width * 0.7 ? -10 : 10), y: y(point.p) + (point.isRouter ? -8 : 16), "text-anchor": x(point.cost) > width * 0.7 ? "end" : "start" }, point.name)))),
    el("figcaption", {}, "Across: expected cost of a prompt. Up: mean p. Left and high is good. Over the same prompts.")));
}

function drawRate({ rates, chosen }) {
  const { history, step_seconds: step } = rates, most = axisEnd(Math.max(...history, 0)), span = Math.max(history.length - 1, 1) * step;
  const rows = Object.entries(chosen.reasons).sort((a, b) => b[1] - a[1]);
  show("rate",
    history.length < 2 ? el("p", { class: "empty" }, "The picture begins after ten seconds.")
    : el("figure", {}, lines(`Decisions per second over the last ${duration(span)}: now ${number(rates.decisions)}.`,
        { x: [-span, 0], y: [0, most], step, dotsMax: 0, height: 170, width: widthIn("rate"), ticks: [[-span, duration(span) + " ago"], [0, "now"]] }, [["a", history]]),
        el("figcaption", {}, "Decisions per second.")),
    rows.length ? table("Decisions by reason", [["Reason", ([name]) => reasons[name] || name], ["Decisions", ([, value]) => count(value), true], ["Share", ([, value]) => percent(value / chosen.decisions), true]], rows) : null);
}

function drawShare(state, models) {
  const total = models.reduce((sum, model) => sum + model.decisions, 0);
  if (!total) return show("share", el("p", { class: "empty" }, "No decision yet."));
  const width = widthIn("share"), height = 34 * models.length + 6, most = Math.max(...models.map((model) => model.decisions));
  show("share", el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": models.map((model) => `${model.model}: ${percent(model.decisions / total)}`).join("; ") },
    models.flatMap((model, index) => [
      el("rect", { class: "a-soft", x: 0, y: 34 * index + 18, width, height: 10 }),
      el("rect", { class: "a bar", x: 0, y: 34 * index + 18, width: Math.max(1, (width * model.decisions) / Math.max(total, most)), height: 10 }),
      el("text", { class: "name", x: 0, y: 34 * index + 13 }, model.model),
      el("text", { x: width, y: 34 * index + 13, "text-anchor": "end" }, `${plural(model.decisions, "decision")}, ${percent(model.decisions / total)}`),
    ])));
}

function drawEndpoints(models) {
  show("endpoints", table("Models and their endpoints", [
    ["Model", (model) => model.model],
    ["State", (model) => model.excluded ? `${excluded[model.excluded] || model.excluded}${model.wait_seconds > 0 ? `, ${duration(model.wait_seconds)} more` : ""}` : "available"],
    ["In flight", (model) => count(model.requests_in_flight), true], ["Decisions", (model) => count(model.decisions), true],
    ["Answers", (model) => count(model.answers), true], ["Failures", (model) => count(model.failures), true],
    ["Last failure", (model) => model.last_failure ? `${model.last_failure}, ${ago(model.last_failure_seconds)}` : "–"],
    ["Mean p", (model) => model.predicted ? (model.sum_p / model.predicted).toFixed(2) : "–", true],
    ["Cost a prompt", (model) => model.predicted ? dollars(model.sum_cost / model.predicted) : "–", true],
    ["Spent", (model) => dollars(model.dollars), true], ["History", (model) => count(model.history_rows), true],
  ], models));
}

function drawCalibration(models) {
  const known = models.filter((model) => model.calibration.outcomes > 0);
  if (!known.length) return show("calibration", el("p", { class: "empty" }, "No outcome of a decision was reported yet. Clients report them with POST v1/outcomes."));
  show("calibration", el("figure", {}, key([["a", "predicted: mean p"], ["b", "seen: mean reward"]]),
    picture(known.map((model) => `${model.model}: predicted ${model.calibration.mean_p.toFixed(2)}, seen ${model.calibration.mean_reward.toFixed(2)}`).join("; "),
      { x: [0, known.length], y: [0, 1], height: 200, width: widthIn("calibration"), yText: (value) => value.toFixed(1), ticks: known.map((model, index) => [index + 0.5, model.model.slice(-18)]) }, (x, y) =>
        known.flatMap((model, index) => {
          const width = Math.min(40, (x(1) - x(0)) / 3), middle = x(index + 0.5);
          return [["a", model.calibration.mean_p, -width], ["b", model.calibration.mean_reward, 2]].map(([mark, value, offset]) =>
            el("rect", { class: mark + " bar", x: middle + offset, y: y(value), width: width - 2, height: y(0) - y(value) }));
        }))),
    table("Calibration by model", [
      ["Model", (model) => model.model], ["Outcomes", (model) => count(model.calibration.outcomes), true],
      ["Calibration error", (model) => number(model.calibration.calibration_error, 3), true],
      ["By chance alone", (model) => number(model.calibration.calibration_error_expected, 3), true],
      ["Verdict", (model) => model.calibration.drift ? "has drifted" : model.calibration.outcomes < 30 ? "too few outcomes" : "as predicted"],
    ], known));
}

function drawSpending({ status }) {
  const pairs = status.spent_dollars == null ? [] : [["spent today (UTC)", dollars(status.spent_dollars)], ["limit a day", status.dollars_per_day == null ? "none" : dollars(status.dollars_per_day)]];
  show("spending", counts([...pairs, ["sessions", count(status.sessions)]]),
    status.clients.length
      ? table("Spending of clients", [
          ["Client", (client) => client.client], ["Spent", (client) => dollars(client.spent_dollars), true],
          ["Limit a day", (client) => client.dollars_per_day == null ? "none" : dollars(client.dollars_per_day), true],
          ["Used", (client) => client.dollars_per_day ? percent(client.spent_dollars / client.dollars_per_day) : "–", true],
        ], status.clients)
      : el("p", { class: "empty" }, "The fleet file names no clients."));
}

start(draw, summary);
