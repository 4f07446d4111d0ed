/** The run in numbers: the course of acceptance and entropy over the steps, and figures that name what they count. */
const charts = (() => {
  "use strict";
  const { make, draw, write } = dom;
  const { PART, isDenoised } = decode;
  const { count, nats, secondsPerStep } = words;
  const { endWords } = folds;
  const [TOP, BOTTOM] = [3, 97]; // so that no line is cut at the edge
  const WIDTH = 1000;
  const FLOOR_NATS = 1e-6;

  /**
   * A share from 0 to 1 as a height of the chart.
   * @param {number} share
   */
  const heightOf = (share) => BOTTOM - (BOTTOM - TOP) * Math.max(0, Math.min(1, share));
  /**
   * Entropy's height in the chart: pure noise at the top, a tenth of the threshold at the bottom, on a log scale.
   * @param {Run} run
   * @returns {(value: number) => number}
   */
  function entropyScale(run) {
    const top = Math.log(run.trace[0].maxEntropy);
    const bottom = Math.log(Math.max(run.settings.stop_entropy || 0.001, FLOOR_NATS) / 10);
    return (value) => heightOf((Math.log(Math.max(value, FLOOR_NATS)) - bottom) / (top - bottom));
  }
  /** @param {[number, number][]} points */
  const line = (points) => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  /**
   * A chart of one run in an empty element. Everything is in shares of the width, so nothing is laid out when it grows.
   * @param {HTMLElement} element
   */
  function createChart(element) {
    const svg = draw("svg", { viewBox: `0 0 ${WIDTH} 100`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const [area, share, entropy, threshold, ends, found] = ["dp-area", "dp-share", "dp-entropy", "dp-threshold", "dp-ends", "dp-found"]
      .map((name) => svg.appendChild(draw("path", { class: name })));
    const head = make("i", "dp-playhead");
    const plot = make("div", "dp-plot");
    const key = make("p", "dp-key");
    const [accepted, mean, limit, end] = ["accepted", "entropy", "threshold", "end"].map((name) => {
      const entry = make("span", `dp-key-${name}`);
      key.append(entry);
      return entry;
    });
    plot.append(svg, head);
    element.append(plot, key);
    /** @type {{run: Run, course: string} | null} */
    let drawn = null;

    /**
     * Draw the whole course; `xs` are the steps' places from 0 to 1.
     * @param {Run} run
     * @param {number[]} xs
     */
    function drawCourse(run, xs) {
      const height = entropyScale(run);
      /** @param {number} k */
      const at = (k) => xs[k] * WIDTH;
      const course = line(run.trace.map((step, k) => [at(k), heightOf(step.accepted / Math.max(1, step.texts))]));
      share.setAttribute("d", course);
      area.setAttribute("d", `${course}L${at(run.trace.length - 1).toFixed(1)} 100L${at(0).toFixed(1)} 100Z`);
      entropy.setAttribute("d", line(run.trace.map((step, k) => [at(k), height(step.meanEntropy)])));
      const goal = run.settings.stop_entropy;
      threshold.setAttribute("d", goal ? `M0 ${height(goal)}H${WIDTH}` : "");
      const borders = run.trace.flatMap((step, k) => (k && step.block !== run.trace[k - 1].block ? [(at(k) + at(k - 1)) / 2] : []));
      ends.setAttribute("d", borders.map((x) => `M${x} 0V100`).join(""));
      const last = run.trace[run.trace.length - 1];
      const since = run.trace.findIndex((step) => step.block === last.block && step.step === last.tailSince);
      found.setAttribute("d", last.tail < last.length && since > 0 ? `M${at(since)} ${BOTTOM - 12}V100` : "");
    }
    /**
     * Show a run, with the playhead at a share of the width.
     * @param {Run} run
     * @param {number} index
     * @param {number[]} xs
     * @param {number} at
     */
    function show(run, index, xs, at) {
      const course = `${run.trace.length} ${xs.at(-1)} ${xs[1]}`;
      if (drawn?.run !== run || drawn.course !== course) drawCourse(run, xs);
      drawn = { run, course };
      head.style.transform = `translateX(${(at * 100).toFixed(3)}%)`;
      const step = run.trace[index];
      write(accepted, `accepted ${step.accepted} of ${step.texts}`);
      write(mean, `mean entropy ${nats(step.meanEntropy)} nats, log scale`);
      write(end, endWords(run, step));
      end.hidden = !endWords(run, step);
      write(limit, run.settings.stop_entropy ? `stop threshold ${run.settings.stop_entropy} nats` : "no stop threshold");
    }
    return { show };
  }

  /**
   * The figures of a run up to a step.
   * @param {Run} run
   * @param {number} index
   * @returns {Figure[]}
   */
  function figuresOf(run, index) {
    const shown = run.trace.slice(0, index + 1);
    const last = run.trace[index];
    const commits = shown.filter((step) => step.phase === "commit");
    const passes = shown.filter((step) => step.phase === "step");
    const tokens = commits.reduce((sum, step) => sum + step.texts, 0);
    const thought = commits.reduce((sum, { parts }) => sum + parts.filter((part) => part === PART.THOUGHT).length, 0);
    const after = last.length - last.tail;
    const ms = passes.reduce((sum, step) => sum + step.elapsedMs - (step.before ?? step).elapsedMs, 0);
    const length = last.length;
    const steps = passes.length;
    const ended = commits.length > 0 && !run.unlearned; // what means nothing is no feat
    return [
      { value: String(steps), name: "steps", brief: `${count(steps, "step")}`,
        about: "Denoising steps: each one forward pass of the decoder over the whole canvas. Reading the prompt, and reading each committed block back, come on top." },
      { value: String(last.block + 1), name: "blocks", brief: count(last.block + 1, "block"),
        about: "Canvases filled one after the other; each reads the committed ones before it." },
      { value: steps ? secondsPerStep(ms / steps) : "–", name: "per step", brief: steps ? `${secondsPerStep(ms / steps)} per step` : "",
        about: "Mean wall-clock time of a denoising step on the machine that ran it, without reading the prompt." },
      { value: String(length), name: "canvas positions per step", brief: "",
        about: "Every step computes all of them, also those accepted before and those after the answer's end." },
      { value: ended && steps ? (tokens / steps).toFixed(1) : "–", name: "answer tokens per forward pass",
        brief: ended && steps ? `${(tokens / steps).toFixed(1)} answer tokens per forward pass` : "",
        about: `Committed answer tokens (${tokens}) over denoising steps (${steps})${thought ? `, ${thought} of a thought among them` : ""}; marks of structure, the stop token and what follows it are not counted.` },
      { value: ended && tokens ? (length * steps / tokens).toFixed(0) : "–", name: "positions computed per answer token", brief: "",
        about: "Canvas positions times steps, over answer tokens: the price of few passes. Here an autoregressive model computes one." },
      { value: ended ? String(tokens) : "–", name: "forward passes of an autoregressive model",
        brief: ended ? `an autoregressive model: ${tokens}` : "",
        about: "For the same answer, one token at a time: one pass a token, each over one position. Such passes are cheaper; this compares counts, not time." },
      { value: after ? String(after) : "–", name: "positions after the end", brief: "",
        about: after ? `Of the last canvas: ${endWords(run, last)}. No other figure counts them but the canvas's own.` : "The canvas has no end yet." },
    ];
  }
  /** A list of figures, each with what it counts. */
  function createList() {
    const list = make("dl");
    /** @type {Record<"box" | "value" | "name" | "about", HTMLElement>[]} */
    const rows = [];

    function addRow() {
      const [box, value, name, about] = [make("div"), make("dd", "dp-value"), make("dt"), make("dd", "dp-about")];
      box.append(name, value, about);
      list.append(box);
      return { box, value, name, about };
    }
    /** @param {FigureBase[]} figures */
    function show(figures) {
      figures.forEach((figure, k) => {
        const row = (rows[k] ??= addRow());
        write(row.value, figure.value);
        write(row.name, figure.name);
        write(row.about, figure.about);
      });
      rows.forEach(({ box }, k) => { box.hidden = k >= figures.length; });
      list.hidden = !figures.length;
    }
    return { list, show };
  }
  /**
   * The figures of a typed run up to a step; of one that was drawn there is no time.
   * @param {Run} run
   * @param {number} index
   * @returns {Figure[]}
   */
  function typedFigures(run, index) {
    const shown = run.trace.slice(0, index + 1);
    const last = shown[index];
    const passes = shown.filter((step) => step.phase === "step").length;
    const tokens = last.texts + shown.reduce((sum, step) => sum + (step.phase === "commit" && step !== last ? step.texts : 0), 0);
    const timed = passes > 0 && run.writing === "typed";
    const figures = [
      { value: String(passes), name: "forward passes", brief: `${passes} forward pass${passes === 1 ? "" : "es"}${timed ? "" : " if typed"}`,
        about: "One token each, also the stop token that ends the answer. Reading the prompt comes on top." },
      { value: String(tokens), name: "answer tokens", brief: count(tokens, "answer token"), about: "Without marks of structure and the stop token." },
    ];
    const rate = { value: timed ? secondsPerStep(last.elapsedMs / passes) : "", name: "per pass", brief: timed ? `${secondsPerStep(last.elapsedMs / passes)} per pass` : "",
      about: "Mean wall-clock time of a pass on the machine that ran it, the reading of the prompt included." };
    return timed ? [...figures, rate] : figures;
  }
  /**
   * The arithmetic of reports that speak of positions a step, on a run that has ended, and what of it is the answer's.
   * @param {Run} run
   */
  function positionsPerStep(run) {
    const steps = run.trace.filter((step) => step.phase === "step").length;
    const ends = run.blockEnds;
    const tokens = ends.reduce((sum, step) => sum + (step.phase === "commit" ? step.texts : 0), 0);
    const positions = ends.reduce((sum, { length }) => sum + length, 0);
    if (!isDenoised(run) || !run.reason || !steps || !tokens || !ends[0]) return null;
    const lengths = ends.every(({ length }) => length === ends[0].length) ? `${ends.length} × ${ends[0].length}` : ends.map(({ length }) => length).join(" + ");
    const [all, own] = [(positions / steps).toFixed(1), (tokens / steps).toFixed(1)];
    return {
      title: `${all} positions a step, or ${own} answer tokens?`,
      text: "Reports of diffusion models like to divide the positions of all blocks by the steps: 123 steps for 9 blocks of 256 are " +
        `9 × 256 / 123 = 18.7 positions a step. By that count this run has ${lengths} / ${steps} = ${all}. ` +
        `But only ${tokens} of its ${positions.toLocaleString("en")} positions hold answer tokens${run.unlearned ? ", which mean nothing here" : ""}; the rest follows the end or marks structure. ` +
        `Of the answer it wrote ${tokens} / ${steps} = ${own} tokens a step.`,
    };
  }
  /**
   * The figures in a `<details>` element: one line, and on demand every figure with what it counts.
   * @param {HTMLDetailsElement} element
   */
  function createFigures(element) {
    const line = make("span", "dp-brief");
    const summary = make("summary");
    summary.append(make("strong", "", "In numbers"), line);
    const ordered = make("p", "dp-about dp-order", "In which order the tokens of the answer were accepted, over the whole run:");
    const [soFar, order] = [createList(), createList()];
    const [sums, title, text] = [make("details", "dp-sums"), make("summary"), make("p", "dp-about")];
    sums.append(title, text);
    element.append(summary, soFar.list, sums, ordered, order.list);
    /** @type {{run: Run, index: number} | null} */
    let drawn = null;

    /**
     * Show the figures of a run up to a step, and those of its order once it has ended.
     * @param {Run} run
     * @param {number} index
     */
    function show(run, index) {
      if (drawn?.run === run && drawn.index === index) return;
      drawn = { run, index };
      const figures = isDenoised(run) ? figuresOf(run, index) : typedFigures(run, index);
      const told = positionsPerStep(run);
      sums.hidden = !told;
      write(title, told?.title ?? "");
      write(text, told?.text ?? "");
      write(line, figures.map(({ brief }) => brief).filter(Boolean).join(" · "));
      soFar.show(figures);
      order.show(run.report?.order ?? []);
      ordered.hidden = !run.report;
    }
    return { show };
  }
  return { createChart, createFigures };
})();
