// The coordinator's page: four answers first, then what they follow from.

/** A name, with the tenant of what it names before it: two tenants may use the same one. */
const ofTenant = (entry, name) => entry.tenant ? `${entry.tenant}: ${name}` : name;

const owners = { client: "scoring client", plans: "plans", away: "client is away" };

/** Sums over plans that have ended with predictions: what is expected, and what the finished groups show. */
function worthOf(plans) {
  const made = plans.filter((plan) => plan.status === "ok" || plan.status === "degraded");
  const active = made.filter((plan) => plan.uniform_reason !== "shadow" && plan.uniform_utility > 0);
  const sum = (list, value) => list.reduce((total, one) => total + (value(one) || 0), 0);
  const shares = active.filter((plan) => plan.silent_share != null && plan.silent_share_even != null);
  const done = plans.map((plan) => plan.done).filter(Boolean);
  const rollouts = sum(done, (one) => one.rollouts);
  const weight = sum(shares, (plan) => plan.total);
  return {
    plans: made.length, active: active.length, shadow: made.filter((plan) => plan.uniform_reason === "shadow").length,
    gain: active.length ? sum(active, (plan) => plan.utility) / sum(active, (plan) => plan.uniform_utility) - 1 : null,
    share: weight ? sum(shares, (plan) => plan.total * plan.silent_share) / weight : null,
    shareEven: weight ? sum(shares, (plan) => plan.total * plan.silent_share_even) / weight : null,
    rollouts, groups: sum(done, (one) => one.groups),
    seen: rollouts ? sum(done, (one) => one.silent_rollouts) / rollouts : null,
    predicted: sum(done, (one) => one.predicted), sumP: sum(done, (one) => one.sum_p), sumReward: sum(done, (one) => one.sum_reward),
    silentExpected: sum(done, (one) => one.silent_expected), silentPredicted: sum(done, (one) => one.silent_predicted),
  };
}

/** What is wrong now: [mark, what, text]. */
function problemsOf(state, worth) {
  const { workers, queue, plans, errors, coordinator } = state, list = [];
  const add = (mark, what, text) => list.push([mark, what, text]);
  const waits = queue.pieces_pending + queue.pieces_leased > 0 || plans.open > 0;
  if (workers.value === 0) {
    add(waits ? "bad" : "warn", "No worker",
      (waits ? "work waits and nobody does it. " : coordinator.model ? "" : "none has joined yet. ") + "Start one: statezero worker --connect ENDPOINT");
  }
  if (queue.assignments_pending > 0 && workers.rollout === 0) add("bad", "No rollout worker", `${plural(queue.assignments_pending, "prompt")} wait for one. Start one: statezero rollout --connect ENDPOINT`);
  if (workers.silent > 0) add("warn", "Silent workers", `${plural(workers.silent, "worker")} sent nothing for over 2.5 s; after 5 s their work goes to others.`);
  for (const notice of state.notices.slice(0, 8)) {
    const isNew = notice.seconds_ago < 600;
    add(notice.is_error && isNew ? "bad" : isNew ? "warn" : "", ago(notice.seconds_ago), notice.text.replace(/(\d+\.\d)\d* seconds/g, "$1 s") + (notice.count > 1 ? ` (${count(notice.count)} times)` : ""));
  }
  if (errors.row_errors > 0) add("warn", "Rows with errors", `${count(errors.row_errors)} of ${count(errors.rows_answered)} rows (${percent(errors.row_errors / Math.max(1, errors.rows_answered), 1)}); the output says why for each.`);
  if (errors.outcomes_rejected > 0) add("warn", "Rejected outcomes", `${count(errors.outcomes_rejected)} could not count; the answer to the trainer says why.`);
  const rollouts = errors.rollouts_recorded + errors.rollouts_failed;
  if (errors.rollouts_failed > 0) add(errors.rollouts_failed > 0.05 * rollouts ? "warn" : "", "Failed rollouts", `${count(errors.rollouts_failed)} of ${count(rollouts)} (${percent(errors.rollouts_failed / rollouts, 1)}) ended without a reward.`);
  if (errors.messages_refused > 0) add("warn", "Unreadable messages", `${count(errors.messages_refused)}; a program of another version, or without a key, may be connecting.`);
  if (plans.fallback + plans.degraded > 0) add("warn", "Plans without all predictions", `${count(plans.fallback)} with none, ${count(plans.degraded)} with some. More workers, or a later deadline, would help.`);
  if (worth.predicted >= 30) {
    const gap = (worth.sumP - worth.sumReward) / worth.predicted;
    if (Math.abs(gap) > 0.1) add("warn", gap > 0 ? "Predictions are too high" : "Predictions are too low", `by ${number(Math.abs(gap), 2)} on average over ${plural(worth.predicted, "finished group")}.`);
  }
  if (coordinator.longest_turn_seconds > 1) add("", "Slow turn", `the coordinator's thread was busy for ${number(coordinator.longest_turn_seconds)} s once.`);
  return list;
}

function isBusy(state) {
  return state.queue.pieces_pending + state.queue.pieces_leased + state.queue.assignments_pending + state.queue.assignments_leased > 0 || state.plans.open > 0;
}

function summary(state) {
  const list = problemsOf(state, worthOf(state.plans.shown));
  if (list.some(([mark]) => mark === "bad")) return ["bad", "Trouble"];
  if (state.workers.value === 0) return ["warn", "Waiting for a worker"];
  return isBusy(state) ? ["good", "Working"] : ["good", "Ready"];
}

function draw(state) {
  const worth = worthOf(state.plans.shown);
  const list = problemsOf(state, worth);
  drawFacts(state);
  drawWorks(state, list);
  drawTime(state);
  drawWorth(worth, state);
  const bad = list.filter(([mark]) => mark === "bad"), warn = list.filter(([mark]) => mark === "warn");
  const first = bad[0] || warn[0];
  answer("wrong", bad.length ? "bad" : warn.length ? "warn" : "good",
    bad.length ? plural(bad.length, "error") : warn.length ? plural(warn.length, "warning") : "Nothing",
    first ? `${first[1]}: ${first[2]}`.slice(0, 180) : "No error and no warning.");
  problems("problems", list, "No errors: all workers answer, no row and no outcome was refused.");
  drawRate(state);
  drawJobs(state);
  drawWorkers(state);
  drawPlans(state);
  drawPredictions(state, worth);
  drawSilent(state, worth);
  drawErrors(state);
}

function drawFacts({ coordinator, version }) {
  document.getElementById("facts").textContent =
    `Version ${version} · up ${duration(coordinator.uptime_seconds)} · start ${coordinator.generation} with this journal · model ${coordinator.model || "unknown until a worker joins"}`;
}

function drawWorks(state, list) {
  const { workers, rates } = state, busy = isBusy(state);
  const isBad = list.some(([mark, what]) => mark === "bad" && what.startsWith("No "));
  const work = rates.rows > 0 ? `${number(rates.rows)} rows/s` : rates.rollouts > 0 ? `${number(rates.rollouts)} rollouts/s` : null;
  answer("works", isBad ? "bad" : workers.value === 0 ? "warn" : "good",
    isBad ? "No: nobody works" : workers.value === 0 ? "Not yet" : work ? "Yes: " + work : busy ? "Yes, work is under way" : "Yes, and idle",
    `${plural(workers.value, "worker")} and ${plural(workers.rollout, "rollout worker")}: ${count(workers.working)} working, ${count(workers.idle)} idle` +
      (workers.draining ? `, ${count(workers.draining)} draining` : "") + ".",
    work && rates.rows > 0 && rates.rollouts > 0 ? `${number(rates.rollouts)} rollouts/s are reported.` : null);
}

function drawTime({ jobs, queue, rates, plans, workers }) {
  const known = jobs.shown.filter((job) => job.rows_total);
  const left = known.map((job) => job.seconds_left);
  if (known.length) {
    const total = known.reduce((sum, job) => sum + job.rows_total, 0), done = known.reduce((sum, job) => sum + job.rows_answered, 0);
    const progress = el("progress", { max: total, value: done, "aria-label": "rows answered of all jobs" });
    const rows = `${count(done)} of ${count(total)} rows (${percent(done / total)})${known.length > 1 ? ` of ${known.length} jobs` : ""}.`;
    if (workers.value === 0) return answer("time", "bad", "Stopped", progress, rows, "It goes on when a worker joins.");
    const isKnown = left.every((value) => value != null);
    const longest = Math.max(...left.filter((value) => value != null));
    return answer("time", "good", isKnown ? duration(longest) + " left" : "Measuring…",
      progress, rows);
  }
  const groups = plans.shown.filter((plan) => plan.status).map((plan) => [plan.prompts, plan.done ? plan.done.groups : 0]);
  const waiting = queue.assignments_pending + queue.assignments_leased;
  if (waiting > 0) {
    return answer("time", "good", rates.rollouts > 0 ? "Rollouts under way" : "Waiting for rollouts",
      `${plural(waiting, "prompt")} of plans still to be rolled out; ${number(rates.rollouts)} rollouts/s.`);
  }
  const pieces = queue.pieces_pending + queue.pieces_leased;
  answer("time", "", pieces ? "A moment" : "Nothing to wait for",
    pieces ? `${plural(pieces, "piece")} of plans to be predicted.` : groups.length ? "No job is open, and every plan has its budgets." : "No job is open and no plan was requested.");
}

function drawWorth(worth, state) {
  if (!worth.plans) {
    return answer("worth", "", "No plan yet",
      state.plans.fallback ? "The plans had no predictions, so all budgets were even." : "A plan shows how much more training signal the same rollouts give.");
  }
  if (!worth.active) return answer("worth", "", "Not used yet", worth.shadow ? "All plans are in shadow mode: predictions are logged, budgets stay even." : "No plan changed the budgets.");
  const big = worth.gain > 0.005 ? `+${percent(worth.gain)} signal` : "No gain yet";
  answer("worth", worth.gain > 0.005 ? "good" : "warn", big,
    "Expected for the same rollouts, against even budgets.",
    worth.share !== null ? `Rollouts without effect: ${percent(worth.share)} expected, ${percent(worth.shareEven)} with even budgets${worth.seen !== null ? `; seen so far ${percent(worth.seen)}` : ""}.` : null);
}

function drawRate({ rates }) {
  const { rows, rollouts, step_seconds: step } = rates.history;
  const most = axisEnd(Math.max(...rows, ...rollouts, 0));
  const span = Math.max(rows.length - 1, 1) * step;
  const hasRollouts = rollouts.some((value) => value > 0);
  show("rate",
    counts([["rows/s, last seconds", number(rates.rows)], ["rollouts/s", number(rates.rollouts)], ["messages/s", number(rates.messages)]]),
    rows.length < 2
      ? el("p", { class: "empty" }, "The picture begins after ten seconds.")
      : el("figure", {},
          key([["a", "rows scored per second"], ...(hasRollouts ? [["b", "rollouts reported per second"]] : [])]),
          lines(`Rows per second over the last ${duration(span)}: now ${number(rates.rows)}, at most ${number(Math.max(...rows))}.`,
            { x: [-span, 0], y: [0, most], step, height: 200, width: widthIn("rate"), dotsMax: 0, ticks: [[-span, duration(span) + " ago"], [0, "now"]] },
            [["a", rows], ...(hasRollouts ? [["b", rollouts]] : [])])));
}

function drawJobs({ jobs, queue }) {
  const progress = (job) => job.rows_total
    ? el("span", {}, el("progress", { max: job.rows_total, value: job.rows_answered, "aria-label": "rows answered of job " + job.id }), ` ${percent(job.rows_answered / job.rows_total)}`) : "–";
  show("jobs",
    counts([
      ["pieces waiting", count(queue.pieces_pending)], ["pieces with workers", count(queue.pieces_leased)],
      ["prompts waiting for rollout", count(queue.assignments_pending)], ["with rollout workers", count(queue.assignments_leased)],
    ]),
    jobs.shown.length
      ? table("Open jobs", [
          ["Job", (job) => ofTenant(job, job.id.slice(0, 8))], ["For", (job) => owners[job.owner] || job.owner], ["Progress", progress],
          ["Time left", (job) => job.rows_total ? duration(job.seconds_left) : "–", true], ["Rows/s", (job) => number(job.rows_per_second), true],
          ["Rows", (job) => job.rows_total ? `${count(job.rows_answered)} of ${count(job.rows_total)}` : count(job.rows_answered), true],
        ], jobs.shown)
      : el("p", { class: "empty" }, "No job is open. Start one: statezero score --prompts FILE --context FILE --output FOLDER --coordinator ENDPOINT"),
    jobs.open > jobs.shown.length ? el("p", { class: "quiet" }, `${jobs.shown.length} of ${jobs.open} jobs are shown.`) : null);
}

function drawWorkers({ workers }) {
  const total = workers.value + workers.rollout;
  const state = (worker) => worker.is_quarantined ? "quarantined" : worker.is_draining ? "draining" : worker.silent_seconds > 2.5 ? "silent" : worker.leases ? "working" : "idle";
  show("workers",
    counts([
      ["workers", count(workers.value)], ["rollout workers", count(workers.rollout)], ["working", count(workers.working)],
      ["idle", count(workers.idle)], ["draining", count(workers.draining)], ["silent", count(workers.silent)], ["leases", count(workers.leases)],
    ]),
    workers.shown.length
      ? table("Workers", [
          ["Worker", (worker) => ofTenant(worker, worker.name)], ["Role", (worker) => worker.role], ["State", state],
          ["Leases", (worker) => count(worker.leases), true], ["Rows", (worker) => count(worker.rows), true],
          ["Last message", (worker) => ago(worker.silent_seconds), true],
          ["Lease ends", (worker) => worker.expires_seconds == null ? "–" : "in " + duration(Math.max(0, worker.expires_seconds)), true],
        ], workers.shown)
      : el("p", { class: "empty" }, "No worker is connected. Start one: statezero worker --connect ENDPOINT"),
    total > workers.shown.length ? el("p", { class: "quiet" }, `${workers.shown.length} of ${count(total)} workers are shown, silent and draining ones first. All: statezero status`) : null);
}

function budgetPicture(plan, width) {
  const bins = plan.bins, used = bins.filter(([prompts]) => prompts > 0);
  const most = axisEnd(Math.max(1, ...used.map(([, , , largest]) => largest)));
  const prompts = used.reduce((sum, [number]) => sum + number, 0), rollouts = used.reduce((sum, [, number]) => sum + number, 0);
  const even = prompts ? rollouts / prompts : 0, busiest = Math.max(1, ...used.map(([number]) => number));
  const best = bins.map(([number, total], index) => [number ? total / number : 0, index]).sort((a, b) => b[0] - a[0])[0] || [0, 0];
  const label = `Budgets of ${ofTenant(plan, plan.policy_id)}, step ${plan.step}: ${plural(prompts, "prompt")}, ${plural(rollouts, "rollout")}. Most rollouts a prompt, ${number(best[0])}, near p = ${number((best[1] + 0.5) / bins.length, 2)}.`;
  return el("figure", {}, el("h3", {}, `${ofTenant(plan, plan.policy_id)}, step ${plan.step}`),
    picture(label, { x: [0, 1], y: [0, most], height: 200, width, ticks: P_TICKS }, (x, y) => [
      ...bins.flatMap(([number, total, least, largest], index) => {
        if (!number) return [];
        const from = x(index / bins.length) + 1.5, width = x(1 / bins.length) - x(0) - 3, middle = from + width / 2, mean = total / number;
        return [
          el("rect", { class: "a-soft", x: from, y: y(largest), width, height: Math.max(0, y(least) - y(largest)) }),
          el("rect", { class: "a bar", x: from, y: y(mean) - 1.5, width, height: 3 }),
          el("circle", { class: "a bar", cx: middle, cy: y(mean), r: 2 + 5 * Math.sqrt(number / busiest) },
            el("title", {}, `${plural(number, "prompt")}, on average ${number === 0 ? 0 : (total / number).toFixed(1)} rollouts, from ${least} to ${largest}`)),
        ];
      }),
      el("line", { class: "even", x1: x(0), x2: x(1), y1: y(even), y2: y(even) }),
    ]),
    el("figcaption", {}, `${plural(prompts, "prompt")}, ${plural(rollouts, "rollout")}; dashed: even budgets of ${number(even)}.`));
}

function drawPlans({ plans }) {
  const shown = [...plans.shown].reverse();
  const gain = (plan) => plan.uniform_utility > 0 && plan.uniform_reason !== "shadow" ? `${plan.utility >= plan.uniform_utility ? "+" : ""}${percent(plan.utility / plan.uniform_utility - 1)}` : "–";
  const pictures = plans.budgets_by_p.filter((plan) => plan.bins.some(([prompts]) => prompts > 0));
  // As the grid divides the width: as many columns of 24rem as fit.
  const all = widthIn("plans"), columns = Math.max(1, Math.min(pictures.length, Math.floor((all + 19) / 403)));
  const width = Math.floor((all - 19 * (columns - 1)) / columns);
  const status = { ok: "planned", degraded: "some predictions", fallback: "even budgets" };
  const why = { deadline: "no prediction in time", no_model: "no worker", no_expected_gain: "no gain expected", shadow: "shadow mode" };
  show("plans",
    pictures.length
      ? el("div", {}, key([["a", "average rollouts of prompts with this p; a larger dot: more prompts"], ["a-soft", "from the smallest to the largest budget"], ["b", "even budgets"]]),
          el("div", { class: "pictures" }, pictures.map((plan) => budgetPicture(plan, width))))
      : null,
    shown.length
      ? table("Newest plans", [
          ["Policy", (plan) => ofTenant(plan, plan.policy_id)], ["Step", (plan) => plan.step, true],
          ["State", (plan) => plan.status ? (plan.uniform_reason ? `even budgets: ${why[plan.uniform_reason] || plan.uniform_reason}` : status[plan.status]) : "waits for predictions"],
          ["Prompts", (plan) => count(plan.prompts), true], ["Rollouts", (plan) => count(plan.total), true], ["Signal against even", gain, true],
          ["Groups done", (plan) => plan.done ? count(plan.done.groups) : "0", true],
          ["Mean p", (plan) => plan.done && plan.done.predicted ? (plan.done.sum_p / plan.done.predicted).toFixed(2) : "–", true],
          ["Mean reward", (plan) => plan.done && plan.done.predicted ? (plan.done.sum_reward / plan.done.predicted).toFixed(2) : "–", true],
        ], shown.slice(0, 24))
      : el("p", { class: "empty" }, "No plan yet. A trainer requests one with POST v1/plans, before each step."));
}

function drawPredictions({ predictions, plans }, worth) {
  const all = predictions.histogram, total = all.reduce((sum, value) => sum + value, 0), most = axisEnd(Math.max(...all));
  show("histogram", total
    ? el("figure", {},
        picture(`${plural(total, "prediction")}; by p in twentieths: ${all.join(", ")}.`, { x: [0, 1], y: [0, most], height: 220, width: widthIn("histogram"), ticks: P_TICKS }, (x, y) =>
          all.map((value, index) => el("rect", { class: "a bar", x: x(index / all.length) + 1, y: y(value), width: x(1 / all.length) - x(0) - 2, height: y(0) - y(value) },
            el("title", {}, `p from ${(index / all.length).toFixed(2)}: ${count(value)}`)))),
        el("figcaption", {}, `${plural(total, "prediction")} for plans. Prompts near 0 and 1 rarely give a signal.`))
    : el("p", { class: "empty" }, "No prediction for a plan yet."));
  const cells = predictions.cells.filter((cell) => cell.groups > 0), groups = cells.reduce((sum, cell) => sum + cell.groups, 0);
  const largest = Math.max(1, ...cells.map((cell) => cell.groups));
  show("calibration", groups
    ? el("figure", {},
        picture(`Mean reward against mean p: ${cells.map((cell) => `${(cell.sum_p / cell.groups).toFixed(2)} predicted, ${(cell.sum_reward / cell.groups).toFixed(2)} seen`).join("; ")}.`,
          { x: [0, 1], y: [0, 1], height: 220, width: widthIn("calibration"), ticks: P_TICKS, yText: (value) => value.toFixed(1) }, (x, y) => [
            el("line", { class: "dash", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
            ...cells.map((cell) => el("circle", { class: "a", cx: x(cell.sum_p / cell.groups), cy: y(cell.sum_reward / cell.groups), r: 3 + 7 * Math.sqrt(cell.groups / largest) },
              el("title", {}, `${plural(cell.groups, "group")}: p ${(cell.sum_p / cell.groups).toFixed(2)}, mean reward ${(cell.sum_reward / cell.groups).toFixed(2)}`))),
          ]),
        el("figcaption", {}, `Across: predicted p. Up: mean reward of ${plural(groups, "finished group")}. On the dashed line they agree; below it predictions are too high.`))
    : el("p", { class: "empty" }, "No group with a prediction is finished yet. Trainers report rewards with POST v1/outcomes."));
  const series = plans.shown.filter((plan) => plan.done && plan.done.predicted);
  show("calibration-time", series.length > 1
    ? el("figure", {}, key([["a", "mean p"], ["b", "mean reward"]]),
        lines(`Mean p and mean reward of the last ${series.length} plans with finished groups; the newest: ${(series.at(-1).done.sum_p / series.at(-1).done.predicted).toFixed(2)} and ${(series.at(-1).done.sum_reward / series.at(-1).done.predicted).toFixed(2)}.`,
          { x: [0, series.length - 1], y: [0, 1], height: 200, width: widthIn("calibration-time"), yText: (value) => value.toFixed(1), ticks: planTicks(series) },
          [["a", series.map((plan) => plan.done.sum_p / plan.done.predicted)], ["b", series.map((plan) => plan.done.sum_reward / plan.done.predicted)]]),
        el("figcaption", {}, `Plans in order of their opening. Mean difference over all: ${number(Math.abs(worth.sumP - worth.sumReward) / worth.predicted, 2)}.`))
    : el("p", { class: "empty" }, "The picture needs two plans with finished groups."));
}

function planTicks(series) {
  const name = (plan) => "step " + plan.step;
  return [[0, name(series[0])], [series.length - 1, name(series.at(-1))]];
}

function drawSilent({ plans }, worth) {
  const series = plans.shown.filter((plan) => plan.done && plan.done.predicted);
  const facts = counts([
    ["finished groups", count(worth.groups)],
    ["silent, predicted", worth.predicted ? percent(worth.silentExpected / worth.predicted) : "–"],
    ["silent, seen", worth.predicted ? percent(worth.silentPredicted / worth.predicted) : "–"],
    ["rollouts in them", percent(worth.seen)],
    ["expected with even budgets", percent(worth.shareEven)],
  ]);
  show("silent", facts, series.length > 1
    ? el("figure", {}, key([["a", "silent groups predicted"], ["b", "silent groups seen"]]),
        lines(`Share of silent groups by plan, predicted and seen, over ${series.length} plans.`,
          { x: [0, series.length - 1], y: [0, 1], height: 190, width: widthIn("silent"), yText: (value) => percent(value), ticks: planTicks(series) },
          [["a", series.map((plan) => plan.done.silent_expected / plan.done.predicted)], ["b", series.map((plan) => plan.done.silent_predicted / plan.done.predicted)]]),
        el("figcaption", {}, "Share of a plan's finished groups whose rewards are all equal. Predicted for rewards of 0 and 1."))
    : el("p", { class: "empty" }, "The picture needs two plans with finished groups."));
}

function drawErrors({ errors, plans, rates }) {
  const rows = [
    ["Rows answered", errors.rows_answered, "with an error", errors.row_errors],
    ["Outcomes recorded", errors.outcomes_recorded, "rejected", errors.outcomes_rejected],
    ["Outcomes repeated", errors.outcomes_repeated, "", null],
    ["Rollouts recorded", errors.rollouts_recorded, "without a reward", errors.rollouts_failed],
    ["Rollouts by look-ahead", plans.rollouts_drawn, "", null],
    ["Plans", plans.ok + plans.degraded + plans.fallback, "without all predictions", plans.degraded + plans.fallback],
    ["Plan requests refused", plans.refused, "", null],
    ["Assignments lent again", errors.assignments_lost, "", null],
    ["Messages unreadable", errors.messages_refused, "", null],
    ["Messages to peers that had left", errors.messages_unroutable, "", null],
  ];
  show("errors", table("Counts since the start of the coordinator", [
    ["What", (row) => row[0]], ["Count", (row) => count(row[1]), true],
    ["Of these", (row) => row[3] === null ? "" : `${count(row[3])} ${row[2]}`],
  ], rows));
}

start(draw, summary);
