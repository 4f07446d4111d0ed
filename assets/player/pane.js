/** One run on the page: its state and meters, its canvas, its course and figures, its answer. */
const panes = (() => {
  "use strict";
  const { make, write, fill, attribute, named, find } = dom;
  const { CODE, isDenoised, unitOf, isText, answerAt, thoughtAt } = decode;
  const { endWords } = folds;
  const { seconds, secondsPerStep, nats, day, capitalised } = words;
  const GOAL_SHARE = 0.8; // where on its bar the stop threshold stands
  const FIELD_CHIPS = 260;
  /** @type {Record<Reason, {sign: string, sentence: string}>} */
  const ENDINGS = {
    stop: { sign: "✓", sentence: "Finished: the model ended its answer" },
    length: { sign: "⊣", sentence: "Cut off at the token budget" },
    stopped: { sign: "■", sentence: "Stopped by the visitor" },
    failed: { sign: "✕", sentence: "The run failed" },
  };
  const MARKUP = `
    <p class="dp-prompt" data-ui="prompt" dir="auto" aria-label="Prompt" tabindex="0" hidden></p>
    <section class="dp-status" data-ui="status" aria-label="State of the run" hidden>
      <div class="dp-line">
        <span class="dp-pill" data-ui="pill"><span class="dp-sign" data-ui="sign" aria-hidden="true"></span><span data-ui="state"></span></span>
        <span class="dp-who"><span class="dp-checkpoint" data-ui="checkpoint"></span> <span class="dp-origin" data-ui="origin"></span></span>
        <span class="dp-facts"><span class="dp-fact" data-ui="block"></span><span class="dp-fact dp-fact-step" data-ui="step"></span>
          <span class="dp-fact dp-fact-time" data-ui="time"></span><span class="dp-fact dp-fact-rate" data-ui="rate"></span></span>
      </div>
      <p class="dp-apart" data-ui="apart" hidden></p>
      <p class="dp-came" data-ui="came" hidden><span data-ui="deed"></span> <button type="button" data-ui="undo" title="Back to the run that it was made of">Undo</button></p>
      <div class="dp-meters" data-ui="meters">
        <div class="dp-meter"><p><span data-ui="accepted"></span><small data-ui="seed"></small></p>
          <div class="dp-bar dp-bar-accepted" data-ui="bars"><i class="dp-draft"></i><i class="dp-new"></i><i class="dp-committed"></i></div></div>
        <div class="dp-meter dp-rule" data-ui="entropyHalf"><p><span data-ui="entropy"></span><small data-ui="goal"></small></p>
          <div class="dp-bar"><i data-ui="entropyBar"></i><b style="left: ${GOAL_SHARE * 100}%"></b></div></div>
        <div class="dp-meter dp-rule" data-ui="stableHalf"><p><span data-ui="stable"></span></p>
          <div class="dp-bar"><i data-ui="stableBar"></i></div></div>
      </div>
      <p class="dp-unlearned"><span data-ui="unlearned"></span> <button type="button" data-ui="nearest"></button></p>
      <p class="dp-problem" data-ui="problem"></p>
    </section>
    <div class="dp-panel" data-ui="panel">
      <div class="dp-empty" data-ui="empty"><div class="dp-field" data-ui="field" aria-hidden="true"></div><p data-ui="invitation"></p></div>
      <div class="dp-canvas" data-ui="canvas" role="group" aria-label="Canvas: the arrow keys move token by token" hidden></div>
    </div>
    <p class="dp-caption" data-ui="caption" aria-live="polite" hidden></p>
    <section class="dp-scores" data-ui="scores" aria-label="What the prompt asks for" hidden></section>
    <div class="dp-chart" data-ui="chart" hidden></div>
    <details class="dp-findings" data-ui="findings" hidden></details>
    <details class="dp-inside" data-ui="inside" hidden></details>
    <details class="dp-scaffold" data-ui="scaffold" hidden></details>
    <details class="dp-figures" data-ui="figures" hidden></details>
    <section class="dp-answer" data-ui="answerBox" aria-label="Answer" hidden>
      <details class="dp-aside" data-ui="systemBox" hidden><summary>System prompt</summary><pre data-ui="system"></pre></details>
      <details class="dp-aside" data-ui="thoughtBox" hidden><summary>Thought</summary><pre data-ui="thought"></pre></details>
      <div><h2>Answer</h2><button type="button" data-ui="copy">Copy</button></div>
      <pre data-ui="answer" tabindex="0" role="region" aria-label="Text of the answer"></pre>
    </section>`;

  /**
   * Where the mean entropy stands between pure noise (0) and the threshold (GOAL_SHARE), on a log scale.
   * @param {Step} step
   * @param {number} goal
   */
  function entropyShare(step, goal) {
    const whole = Math.log(step.maxEntropy / Math.max(goal, 1e-6));
    return whole > 0 ? (GOAL_SHARE * Math.log(step.maxEntropy / Math.max(step.meanEntropy, 1e-9))) / whole : 1;
  }

  /**
   * How a run's text was written where that was not by denoising, and its seed, which stands beside the meters else.
   * @param {Run} run
   */
  function writtenAs({ writing, checkpoint, settings }) {
    if (writing === "drawn") return ["typed: drawn, not run"];
    return writing === "typed" ? [`typed by ${checkpoint}`, `seed ${settings.seed}`] : [];
  }

  /**
   * A pane in an empty element.
   * @param {HTMLElement} element
   * @param {InsideEvents & {onVisit: (seen: Finding) => void}} events
   * @param {PlayerPage} [page]
   */
  function createPane(element, events, page) {
    element.classList.add("dp-pane");
    element.innerHTML = MARKUP; // static
    const ui = named(element);
    const bars = ui.bars.querySelectorAll("i");
    const canvas = canvases.createCanvas(ui.canvas);
    const chart = charts.createChart(ui.chart);
    const scores = scoreboards.createScores(ui.scores);
    const inside = insides.createInside(find(element, "details.dp-inside", HTMLDetailsElement), events);
    const scaffold = scoreboards.createScaffold(find(element, "details.dp-scaffold", HTMLDetailsElement), canvas);
    const found = findings.createFindings(find(element, "details.dp-findings", HTMLDetailsElement), events.onVisit);
    const figures = charts.createFigures(find(element, "details.dp-figures", HTMLDetailsElement));
    let run = decode.newRun();
    let [tallest, width, layout, room, wasDirected, compared] = [0, 0, "", "", false, false];
    /** @type {Set<number> | undefined} */
    let moved; // the places that a comparison marks

    /** The panel grows with its text and does not shrink while it moves, unless the page or the layout changes. */
    const growth = new ResizeObserver(([entry]) => { // after the layout, where sizes cost nothing
      const box = entry.contentRect;
      if (Math.round(box.width) !== width) [tallest, room] = [0, ""];
      width = Math.round(box.width);
      if (box.height <= tallest) return;
      tallest = box.height;
      ui.panel.style.minHeight = `${Math.ceil(tallest)}px`;
    });
    growth.observe(ui.canvas);
    ui.undo.addEventListener("click", () => page?.undo(run.source));
    ui.nearest.addEventListener("click", () => window.denoiseForm.denoiseDemo(run.nearest[0]));
    /** Let the panel take the height that its text has now. */
    function settleHeight() {
      tallest = 0;
      growth.unobserve(ui.canvas); // observed anew, it reports once after the next layout
      growth.observe(ui.canvas);
    }

    /**
     * What is going on.
     * @param {Step | undefined} step
     * @param {boolean} atEnd
     */
    function stateOf(step, atEnd) {
      if (!run.reason) return { sign: "", state: !step ? "starting" : isDenoised(run) ? "denoising" : "typing", sentence: "" };
      if (step && !atEnd) return { sign: "⟲", state: "replay", sentence: `An earlier ${unitOf(run)} of a run that has ended` };
      if (run.reason === "stop" && run.unlearned) return { sign: "■", state: "ended", sentence: run.unlearned };
      return { state: SHARED.endings[run.reason], ...ENDINGS[run.reason] };
    }
    /**
     * What is going on, in a sign and in words, and whose run it is.
     * @param {Step | undefined} step
     * @param {boolean} atEnd
     */
    function showState(step, atEnd) {
      const { sign, state, sentence } = stateOf(step, atEnd);
      ui.status.hidden = false;
      write(ui.sign, sign);
      write(ui.state, state);
      ui.pill.title = sentence;
      const title = run.prompt.startsWith(run.label.replace(/…$/, "")) ? "" : run.label; // the prompt stands above
      write(ui.checkpoint, title || run.checkpoint);
      const date = day(run.startedAt);
      const told = [...writtenAs(run), run.settings.think && "thinking"];
      write(ui.origin, run.recorded ? ["recording", title && isDenoised(run) && run.checkpoint, ...told, date].filter(Boolean).join(" · ")
        : step ? ["live", ...told].filter(Boolean).join(" · ") : "");
      ui.origin.title = run.writing === "drawn" ? `The text that ${run.checkpoint} denoised, one token after the other: no model ran, so there is neither time nor probability.`
        : run.recorded ? ["A recorded run, replayed from its file.", run.device, run.fingerprint].filter(Boolean).join(" · ")
        : "The model runs, or ran, for this page.";
      write(ui.problem, run.problem);
      write(ui.unlearned, run.unlearned);
      write(ui.nearest, `Run “${run.nearest[1]}”`);
      ui.nearest.hidden = !window.denoiseForm; // a page that has been exported runs nothing
      const parent = run.origin && page?.parentOf(run.source);
      ui.came.hidden = !run.origin;
      write(ui.deed, capitalised((parent && parent.deed) || run.origin));
      ui.undo.hidden = !parent;
      ui.status.classList.toggle("dp-foreign", Boolean(run.unlearned));
      write(ui.seed, run.reason && run.settings.seed !== undefined ? `seed ${run.settings.seed}` : "");
      ui.status.classList.toggle("dp-waiting", !step); // the numbers keep their room
      ui.block.hidden = !step || run.blockEnds.length < 2;
    }
    /**
     * Step, time and the accepted share of the text; the time per step leaves out the reading of the prompt.
     * @param {Step} step
     */
    function showNumbers(step) {
      write(ui.block, `block ${step.block + 1}`);
      const [drawn, unit] = [run.writing === "drawn", unitOf(run)];
      write(ui.step, isDenoised(run) ? `step ${step.step} of at most ${step.maxSteps}` : `${unit} ${step.step}`);
      write(ui.time, drawn ? "" : seconds(step.elapsedMs));
      write(ui.rate, drawn ? "" : `${step.step ? secondsPerStep((step.elapsedMs - step.blockStartMs) / step.step) : "– s"} per ${unit}`);
      const counts = new Array(7).fill(0);
      step.cells.forEach((code, i) => { if (isText(step.parts[i])) counts[code] += 1; });
      const shares = [counts[CODE.DRAFT], counts[CODE.NEW] + counts[CODE.CHANGED_NEW], counts[CODE.COMMITTED] + counts[CODE.CHANGED_COMMITTED]];
      write(ui.accepted, `${step.accepted} of ${step.texts} accepted`);
      attribute(ui.accepted, "title", endWords(run, step) ? `Without what follows the end; ${endWords(run, step)}.` : undefined);
      const texts = Math.max(1, step.texts);
      let before = 0;
      shares.forEach((number, k) => {
        bars[k].style.setProperty("--from", (before / texts).toFixed(3));
        fill(bars[k], number / texts);
        before += number;
      });
    }
    /**
     * The two halves of the stop rule; a block can also end because its steps are spent, or all is accepted.
     * @param {Step} step
     */
    function showStopRule(step) {
      const { stop_entropy: goal = 0, stability_steps: needed = 1 } = run.settings;
      write(ui.entropy, `mean entropy ${nats(step.meanEntropy)} nats`);
      write(ui.goal, goal > 0 ? `stops below ${goal}` : "");
      fill(ui.entropyBar, entropyShare(step, goal));
      ui.entropyHalf.classList.toggle("dp-met", step.meanEntropy < goal);
      const streak = needed > 1 ? ` (${Math.min(step.unchangedSteps, needed)} of ${needed} steps)` : "";
      write(ui.stable, `candidates unchanged: ${step.step < 2 ? "–" : step.unchangedSteps > 0 ? "yes" : "no"}${streak}`);
      fill(ui.stableBar, step.step < 2 ? 0 : 1 - step.moved / step.length);
      ui.stableHalf.classList.toggle("dp-met", step.unchangedSteps >= needed);
    }
    /**
     * The committed text up to a step, its thought apart; in a comparison the whole answer, with what differs marked.
     * @param {number} index
     */
    function showAnswer(index) {
      const answer = compared ? run.answer : answerAt(run, index);
      const thought = thoughtAt(run, index);
      ui.answerBox.hidden = answer === null;
      ui.systemBox.hidden = !run.settings.system;
      write(ui.system, run.settings.system ?? "");
      ui.thoughtBox.hidden = !thought;
      write(ui.thought, thought);
      if (!compared) write(ui.answer, answer ?? "");
    }
    /**
     * Noise before a directed run is cut to the room of the text to come, so that nothing moves when that begins.
     * @param {boolean} cut
     */
    function fitNoise(cut) {
      if (!cut) room = "";
      else if (!room) {
        ui.canvas.style.maxHeight = "";
        canvas.show(run, run.trace.length - 1, { layout: "settled", view: "states" });
        room = `${ui.canvas.offsetHeight}px`;
      }
      ui.canvas.style.maxHeight = room;
    }
    /**
     * Show the run at a step of its trace (-1: none yet).
     * @param {number} index
     * @param {PaneOptions} options
     */
    function show(index, { atEnd, xs, share, shot, chosen, ...options }) {
      const step = index < 0 ? undefined : run.trace[index];
      showState(step, atEnd);
      [ui.canvas.hidden, ui.empty.hidden] = [!step, Boolean(step)];
      ui.prompt.hidden = !run.prompt;
      write(ui.prompt, run.prompt);
      ui.caption.hidden = !step || !run.shots.length;
      write(ui.caption, run.shots[index]?.caption ?? "");
      ui.canvas.toggleAttribute("data-raw", Boolean(shot?.raw));
      ui.chart.hidden = ui.meters.hidden = ui.inside.hidden = !step || !isDenoised(run);
      ui.figures.hidden = !step;
      ui.scores.hidden = !step || !run.report?.checks.length;
      ui.scaffold.hidden = !step || !run.report;
      ui.findings.hidden = !step || !run.report?.found.length;
      showAnswer(index);
      if (!step) return;
      if (options.layout !== layout && !(shot && wasDirected)) settleHeight(); // a directed run changes it by itself
      [layout, wasDirected] = [options.layout, Boolean(shot)];
      showNumbers(step);
      showStopRule(step);
      fitNoise(Boolean(shot?.raw) && options.layout === "flow");
      canvas.show(run, index, { ...options, apart: moved, lit: options.lit ?? shot?.lit });
      chart.show(run, index, xs, share);
      inside.show(run, index, chosen);
      scores.show(run, index);
      found.show(run, index);
      scaffold.show(run, xs, share);
      figures.show(run, index);
    }
    /**
     * Open a run: the canvas becomes the waiting field again, as tall as it was.
     * @param {Run} newRun
     */
    function open(newRun, invitation = "") {
      [run, compared, layout, moved] = [newRun, false, "", undefined];
      ui.apart.hidden = true;
      write(ui.answer, "");
      canvas.clear();
      if (invitation) invite(invitation);
    }
    /**
     * The same run, known better.
     * @param {Run} newRun
     */
    function adopt(newRun) {
      canvas.adopt(newRun);
      run = newRun;
    }
    /** @param {string} text */
    const invite = (text) => write(ui.invitation, text);
    /**
     * Name what sets this run apart in a comparison, and mark it in its answer and on its canvas.
     * @param {{name: string, value: string}[]} settings
     * @param {Piece[]} parts
     * @param {Set<number>} places that end with other tokens
     */
    function setApart(settings, parts, places) {
      moved = places;
      const apart = settings.flatMap(({ name, value }) => [make("span", "", `${name} `), make("b", "", value)]);
      ui.apart.hidden = false;
      ui.apart.replaceChildren(...(apart.length ? apart : ["the same settings"]));
      compared = true;
      ui.answer.replaceChildren(...parts.map(({ text, differs }) => (differs ? make("mark", "", text) : text)));
    }
    /** Copy the answer; a page without clipboard permission gets it selected instead. */
    async function copyAnswer() {
      try {
        await navigator.clipboard.writeText(ui.answer.textContent ?? "");
        ui.copy.textContent = "Copied";
      } catch {
        getSelection()?.selectAllChildren(ui.answer);
        ui.copy.textContent = "Selected";
      }
      setTimeout(() => (ui.copy.textContent = "Copy"), 1500);
    }
    /** Sow the field behind the invitation: words of noise, the same on every page. */
    function sowField() {
      for (let k = 0, x = 7; k < FIELD_CHIPS; k++) {
        x = (x * 73 + 41) % 997;
        const chip = ui.field.appendChild(make("span"));
        layouts.draw(chip, { classes: "dp-cell dp-masked", text: null, wide: 2 + (x % 8), gap: x % 4 ? 1 : 0, sure: x % 3 });
      }
    }
    function destroy() {
      growth.disconnect();
      inside.destroy();
    }
    ui.copy.addEventListener("click", copyAnswer);
    sowField();
    return { element, canvas, open, adopt, show, invite, settleHeight, setApart, looksInside: inside.isOpen, run: () => run, destroy };
  }
  /**
   * A sentence that says how a run ended.
   * @param {Reason} reason
   */
  const endingOf = (reason) => ENDINGS[reason].sentence;
  return { createPane, endingOf };
})();
