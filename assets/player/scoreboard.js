/**
 * What the prompt asks for, check by check at the shown step, and whether the scaffold settled first. All of it was found
 * in Python (visualizer/player/step_writer.py and report.py); here it is only drawn.
 */
const scoreboards = (() => {
  "use strict";
  const { make, draw, write, attribute } = dom;
  const { count } = words;
  const [WIDTH, ROW] = [1000, 22]; // of the strip's view box: one row a group
  const SIGNS = SHARED.standSigns;
  const NAMES = ["scaffold", "content"];

  /**
   * How a check stands at a step, and since when it has held.
   * @param {Run} run
   * @param {CheckCourse} score
   * @param {number} index
   */
  function standing(run, { turns }, index) {
    const passed = turns.filter((turn) => turn <= index);
    /** @type {keyof typeof SIGNS} */
    const state = passed.length % 2 ? "met" : passed.length ? "lost" : "open";
    return { state, since: state === "met" ? whenOf(run, passed[passed.length - 1]) : "" };
  }
  /**
   * A step of a run in words.
   * @param {Run} run
   * @param {number} index
   */
  function whenOf(run, index) {
    const { phase, step, block } = run.trace[index];
    const where = run.blockEnds.length > 1 ? ` of block ${block + 1}` : "";
    return phase === "commit" ? `from the end${where}` : `from ${decode.unitOf(run)} ${step}${where}`;
  }
  /**
   * Checks in the order of the prompt, those of one group together.
   * @param {CheckCourse[]} checks
   */
  const groupsOf = (checks) => [...new Set(checks.map(({ group, label }) => group ?? label))]
    .map((name) => checks.filter(({ group, label }) => (group ?? label) === name));

  /**
   * A group's line: its checks as chips, and since when all of them have held.
   * @param {CheckCourse[]} checks
   */
  function makeGroup(checks) {
    const [line, since] = [make("li"), make("small")];
    if (checks[0].group) line.append(make("span", "dp-group", checks[0].group));
    const chips = checks.map((score) => {
      const [chip, sign] = [make("span", "dp-score"), make("i")];
      chip.append(sign, score.label);
      line.append(chip);
      return { score, chip, sign };
    });
    line.append(since);
    return { line, chips, since };
  }
  /**
   * The scoreboard in an empty element.
   * @param {HTMLElement} element
   */
  function createScores(element) {
    const list = element.appendChild(make("ul"));
    /** @type {ReturnType<typeof makeGroup>[]} */
    let groups = [];
    /** @type {CheckCourse[]} */
    let drawn = [];

    /**
     * Show how every check stands at a step.
     * @param {Run} run
     * @param {number} index
     */
    function show(run, index) {
      if (drawn !== run.checks) {
        drawn = run.checks;
        groups = groupsOf(drawn).map(makeGroup);
        list.replaceChildren(...groups.map(({ line }) => line));
      }
      for (const { chips, since } of groups) {
        const all = chips.map(({ score }) => standing(run, score, index));
        chips.forEach(({ chip, sign, score }, k) => {
          const said = { met: `held ${all[k].since}`, lost: "lost again", open: "not yet" }[all[k].state];
          attribute(chip, "data-is", all[k].state);
          attribute(chip, "title", `${score.label}: ${said}`);
          write(sign, SIGNS[all[k].state]);
        });
        write(since, summary(all));
      }
    }
    return { show };
  }
  /**
   * A group's state in words.
   * @param {ReturnType<typeof standing>[]} all
   */
  function summary(all) {
    const met = all.filter(({ state }) => state === "met");
    const lost = all.some(({ state }) => state === "lost");
    if (met.length === all.length) return new Set(met.map(({ since }) => since)).size === 1 ? met[0].since : "all held";
    if (all.length > 1) return `${met.length} of ${all.length}${lost ? ", some lost again" : ""}`;
    return lost ? "lost again" : "not yet";
  }

  /**
   * Scaffold and content in a `<details>` element: a sentence, and on demand when both settled and their outlines.
   * @param {HTMLDetailsElement} element
   * @param {Canvas} canvas
   */
  function createScaffold(element, canvas) {
    const [summary, sentence] = [make("summary"), make("span", "dp-lead")];
    const [outline, about] = [make("button", "dp-outline", "Outline it on the canvas"), make("p", "dp-about")];
    const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${2 * ROW}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const bars = NAMES.map((name) => svg.appendChild(draw("path", { class: `dp-${name}-bars` })));
    const [plot, head] = [make("div", "dp-strip"), make("i", "dp-playhead")];
    outline.type = "button";
    attribute(outline, "aria-pressed", false);
    summary.append(sentence);
    plot.append(svg, head);
    element.append(summary, plot, about, outline);
    outline.addEventListener("click", () => {
      attribute(outline, "aria-pressed", canvas.element.classList.toggle("dp-outlined"));
      if (drawn.report) mark(drawn.report);
    });
    /** @type {{report: ReportMessage | null, course: string}} */
    let drawn = { report: null, course: "" };

    /**
     * One bar a step, as high as its share of the group's tallest.
     * @param {number[]} landed
     * @param {number[]} xs
     * @param {number} floor
     */
    function barsOf(landed, xs, floor) {
      const most = Math.max(1, ...landed);
      return landed.flatMap((number, k) => (number ? [`M${(xs[k] * WIDTH).toFixed(1)} ${floor}V${(floor - (ROW - 4) * Math.sqrt(number / most)).toFixed(1)}`] : [])).join("");
    }
    /**
     * Mark the cells of scaffold while outlines are on, once: the attribute stays while a cell is filled anew.
     * @param {ReportMessage} report
     */
    function mark({ scaffold }) {
      if (!canvas.element.classList.contains("dp-outlined")) return;
      scaffold.forEach((positions, b) => {
        const block = canvas.cellAt(b, 0)?.closest(".dp-block");
        if (!(block instanceof HTMLElement) || block.dataset.marked) return;
        block.dataset.marked = "yes";
        for (const i of positions) canvas.cellAt(b, i)?.toggleAttribute("data-scaffold", true);
      });
    }
    /**
     * Show a run's, with the playhead at a share of the width; `xs` are the steps' places from 0 to 1.
     * @param {Run} run
     * @param {number[]} xs
     * @param {number} at
     */
    function show(run, xs, at) {
      const { report } = run;
      if (!report) return;
      mark(report);
      head.style.transform = `translateX(${(at * 100).toFixed(3)}%)`;
      const course = `${xs.length} ${xs.at(-1)} ${xs[1]}`;
      if (drawn.report === report && drawn.course === course) return;
      drawn = { report, course };
      write(sentence, report.lead);
      report.landed.forEach((landed, group) => bars[group].setAttribute("d", barsOf(landed, xs, (group + 1) * ROW)));
      const sums = report.landed.map((landed) => landed.reduce((sum, number) => sum + number, 0));
      write(about, `When they settled: ${NAMES.map((name, k) => `${k ? "below" : "above"}, ${count(sums[k], `${name} token`)}`).join("; ")}.`);
    }
    return { show };
  }
  return { createScores, createScaffold };
})();
