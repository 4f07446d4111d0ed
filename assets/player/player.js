/**
 * One player for the live view, the replay and exported pages.
 *
 * It decodes the messages of visualizer/messages.py, keeps every step in a trace, and draws the newest step at most
 * once per animation frame. Prompt and model text reach the page through `textContent` only.
 *
 * @param {HTMLElement} root an empty div
 * @returns {{receive: (json: string) => void, destroy: () => void}}
 */
function createPlayer(root) {
  "use strict";

  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const TOP_LEVEL = 63;
  const [MASKED, NEW, DRAFT, COMMITTED, REVERTED, CHANGED_NEW, CHANGED_COMMITTED] = [0, 1, 2, 3, 4, 5, 6];
  const CELL_CLASSES = ["masked", "new", "draft", "committed", "masked dp-reverted", "new dp-changed", "committed dp-changed"];
  const ENDINGS = new Map([
    ["stop", ["✓", "finished", "Finished: the model ended its answer"]],
    ["length", ["⊣", "cut off at the token budget", "Cut off at the token budget"]],
    ["stopped", ["■", "stopped", "Stopped by the visitor"]],
    ["failed", ["✕", "failed", "The run failed"]],
  ]);
  const MAX_CHIP_CELLS = 12;
  const TAB_CELLS = 4;
  const DOCK_BELOW_PX = 560;
  const FIELD_CHIPS = 260;
  const GOAL_SHARE = 0.8; // where on its bar the stop threshold stands (player.css draws the mark there)

  // ---- Messages to steps -----------------------------------------------------------------------------------------

  /** The number in `count` characters of `text`, lowest 6 bits first. */
  function readNumber(text, start, count) {
    let number = 0;
    for (let k = count - 1; k >= 0; k--) number = number * 64 + ALPHABET.indexOf(text[start + k]);
    return number;
  }
  /** One level (0 to 63) per character. */
  const readLevels = (text) => Uint8Array.from(text, (character) => ALPHABET.indexOf(character));

  /** The candidates after a step, and how many of them differ from the step before. */
  function readCandidates(text, length, before) {
    const candidates = before ? before.candidates.slice() : new Uint32Array(length);
    let [next, moved] = [Math.ceil(length / 6), 0];
    for (let i = 0; i < length; i++) {
      if (!((ALPHABET.indexOf(text[Math.floor(i / 6)]) >> i % 6) & 1)) continue;
      candidates[i] = readNumber(text, next, 3);
      next += 3;
      moved += 1;
    }
    return { candidates, moved };
  }
  /** Second and third candidates. Only some positions' are sent, so each remembers the step that it belongs to. */
  function readAlternatives(text, length, before, step) {
    const alternatives = before ? before.alternatives.slice() : new Array(length).fill(null);
    for (let k = 0; k < text.length; k += 10) {
      const ranked = [k + 2, k + 6].map((n) => ({ id: readNumber(text, n, 3), level: readNumber(text, n + 3, 1) }));
      alternatives[readNumber(text, k, 2)] = { step, ranked };
    }
    return alternatives;
  }
  /** A step message as a complete value, which can be drawn without the steps before it. */
  function decodeStep(message, last) {
    const before = last && last.block === message.b ? last : null;
    const length = message.w.length;
    const { candidates, moved } = readCandidates(message.d, length, before);
    const repeats = before && message.ph === "commit"; // a commit shows the last step's readings again
    const stood = before && message.s > 1 && moved === 0; // step 1 has nothing to be equal to but noise
    return {
      block: message.b, step: message.s, maxSteps: message.n, phase: message.ph, temperature: message.T,
      elapsedMs: message.ms, blockStartMs: before ? before.blockStartMs : message.ms, answerLength: message.e,
      maxEntropy: message.hmax, meanEntropy: message.mean, length, before, candidates,
      moved: repeats ? before.moved : moved,
      unchangedSteps: repeats ? before.unchangedSteps : stood ? before.unchangedSteps + 1 : 0,
      cells: Uint8Array.from(message.w, Number),
      entropy: readLevels(message.h),
      probability: readLevels(message.p),
      sampled: new Map(message.x || []),
      alternatives: readAlternatives(message.a || "", length, before, message.s),
      overrides: message.o || {},
    };
  }

  const isNoise = (code) => code === MASKED || code === REVERTED;
  const tokenAt = (step, i) => step.sampled.get(i) ?? step.candidates[i];
  const tokenText = (id) => run.texts.get(id) ?? "\ufffd";
  const textAt = (step, i) => step.overrides[i] ?? tokenText(tokenAt(step, i));

  // ---- Words and numbers -----------------------------------------------------------------------------------------

  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
  const secondsPerStep = (ms) => `${(ms / 1000).toFixed(ms < 100 ? 3 : 2)} s per step`;

  /** Whitespace and control characters made visible, in quotes. */
  function quoted(text) {
    const signs = { " ": "␣", "\n": "⏎", "\t": "⇥" };
    const hex = (sign) => sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `“${text.replace(/[ \p{Cc}\p{Cf}]/gu, (sign) => signs[sign] ?? `⟨U+${hex(sign)}⟩`)}”`;
  }
  /** A probability level in words; the 64 levels are 1.6 percent apart. */
  function aboutPercent(level) {
    if (level === 0) return "under 1 %";
    return level === TOP_LEVEL ? "over 99 %" : `about ${Math.round((level / TOP_LEVEL) * 100)} %`;
  }
  /** An entropy level in words; the levels are finest near zero. */
  function aboutNats(level, maxEntropy) {
    if (level === 0) return "under 0.001 nats";
    return `about ${Number(((level / TOP_LEVEL) ** 2 * maxEntropy).toPrecision(level < 4 ? 1 : 2))} nats`;
  }
  /** A mean entropy, which is sent with four digits. */
  function nats(value) {
    if (value >= 1) return value.toFixed(value >= 10 ? 1 : 2);
    return value >= 0.0001 ? String(Number(value.toPrecision(2))) : "< 0.0001";
  }

  // ---- The page: static markup, filled through textContent -------------------------------------------------------

  root.classList.add("dp");
  root.innerHTML = `
    <section class="dp-status" hidden>
      <div class="dp-line">
        <span class="dp-pill" data-ui="pill"><span class="dp-sign" data-ui="sign" aria-hidden="true"></span><span data-ui="state"></span></span>
        <span class="dp-checkpoint" data-ui="checkpoint"></span>
        <span class="dp-fact" data-ui="block"></span><span class="dp-fact dp-fact-step" data-ui="step"></span>
        <span class="dp-fact dp-fact-time" data-ui="time"></span><span class="dp-fact dp-fact-rate" data-ui="rate"></span>
      </div>
      <div class="dp-meters">
        <div class="dp-meter"><p><span data-ui="accepted"></span><small data-ui="seed"></small></p>
          <div class="dp-bar dp-bar-accepted"><i class="dp-draft"></i><i class="dp-new"></i><i class="dp-committed"></i></div></div>
        <div class="dp-meter dp-rule" data-ui="entropyHalf"><p><span data-ui="entropy"></span><small data-ui="goal"></small></p>
          <div class="dp-bar"><i></i><b></b></div></div>
        <div class="dp-meter dp-rule" data-ui="stableHalf"><p><span data-ui="stable"></span></p>
          <div class="dp-bar"><i></i></div></div>
      </div>
      <p class="dp-problem" data-ui="problem"></p>
    </section>
    <ul class="dp-legend" aria-label="Legend">
      <li><span class="dp-cell dp-masked" style="--wide:4" data-sure="2"></span> noise</li>
      <li><span class="dp-cell dp-new">new</span></li>
      <li><span class="dp-cell dp-draft">draft</span></li>
      <li><span class="dp-cell dp-committed">committed</span></li>
      <li><span class="dp-cell dp-masked dp-reverted" style="--wide:4"></span> reverted</li>
      <li><span class="dp-cell dp-new dp-changed">changed</span></li>
    </ul>
    <div class="dp-panel">
      <div class="dp-empty"><div class="dp-field" aria-hidden="true"></div><p data-ui="invitation"></p></div>
      <div class="dp-canvas" role="group" aria-label="Canvas: the arrow keys move token by token" hidden></div>
    </div>
    <aside class="dp-card" hidden>
      <p class="dp-quote"><span data-ui="quote"></span><small data-ui="place"></small></p>
      <p class="dp-words" data-ui="words"></p><p class="dp-numbers" data-ui="numbers"></p>
      <ol class="dp-top">${'<li><span></span><span class="dp-bar"><i></i></span><small></small></li>'.repeat(3)}</ol>
      <p class="dp-note" data-ui="note"></p>
    </aside>
    <section class="dp-answer" hidden>
      <div><h3>Answer</h3><button type="button">Copy</button></div>
      <pre data-ui="answer" tabindex="0" aria-label="Answer"></pre>
    </section>
    <div class="dp-unseen" role="status" data-ui="announced"></div>
    <div class="dp-unseen" aria-live="polite" data-ui="spoken"></div>`;

  const one = (selector) => root.querySelector(selector);
  const ui = Object.fromEntries(Array.from(root.querySelectorAll("[data-ui]"), (node) => [node.dataset.ui, node]));
  const [panel, empty, canvas, card] = [".dp-panel", ".dp-empty", ".dp-canvas", ".dp-card"].map(one);

  /** Write only what differs: a text set anew costs layout even when it is the same. */
  const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  /** Fill a bar to a share between 0 and 1. */
  const fill = (bar, share) => bar.style.setProperty("--share", Math.max(0, Math.min(1, share)).toFixed(3));

  // ---- A run and its trace ---------------------------------------------------------------------------------------

  let run = newRun({});
  let views = []; // the drawn blocks: { element, cells, keys, drawn }
  let [begun, lastJson, frame] = [false, "", 0];
  let [hovered, focused, lit] = [null, null, null]; // cells
  let [tallest, width] = [0, root.clientWidth];

  /** A run that has just begun; `trace` keeps every step, drawn or not. */
  function newRun({ run: id, checkpoint = "", settings = {} }) {
    const found = { trace: [], blockEnds: [], answer: null, reason: null, problem: "" };
    return { id, checkpoint, settings, texts: new Map(), special: new Set(), ...found };
  }
  /** Open a run: the canvas becomes the waiting field again, as tall as it was. */
  function begin(message) {
    [run, begun] = [newRun(message), true];
    canvas.replaceChildren();
    [views, hovered, focused, lit] = [[], null, null, null];
    [canvas.hidden, empty.hidden] = [true, false];
    write(ui.invitation, "Reading the prompt…");
    write(ui.announced, `Run started on ${run.checkpoint || "the checkpoint"}.`);
  }
  /** Append a step to the trace. Gradio sends its last value twice, and a visitor's stop can come between. */
  function advance(message) {
    const last = run.trace.at(-1);
    if (last && last.block === message.b && last.step === message.s && last.phase === message.ph) return;
    begun = true;
    for (const [id, text] of Object.entries(message.t || {})) run.texts.set(Number(id), text);
    for (const id of message.sp || []) run.special.add(id);
    const step = decodeStep(message, last);
    run.trace.push(step);
    run.blockEnds[step.block] = step;
    run.answer = message.answer ?? run.answer;
    run.reason = message.f ?? run.reason;
    if (step.phase === "commit") write(ui.announced, `Block ${step.block + 1} committed after ${step.step} steps.`);
  }
  /** Close the run with its reason. A stop that comes after the end, or before any run, stops nothing. */
  function finish(message) {
    const unseen = message.run !== undefined && message.run !== run.id && !(begun && run.id === undefined);
    if (unseen) begin({ run: message.run, checkpoint: run.checkpoint }); // refused before it could start
    if (!begun || (run.reason && message.reason === "stopped")) return;
    run.reason = message.reason;
    run.problem = message.message || "";
    const took = run.trace.length ? ` after ${seconds(run.trace.at(-1).elapsedMs)}` : "";
    write(ui.announced, `${endingOf(run.reason)[2]}${took}. ${run.problem}`);
    if (!run.trace.length) write(ui.invitation, "The run ended before its first step.");
  }
  const endingOf = (reason) => ENDINGS.get(reason) ?? ["■", "ended", "The run ended"];

  /** Take one message; exact repeats of the last one, empty strings and unknown kinds are ignored. */
  function receive(json) {
    if (!json || json === lastJson) return;
    lastJson = json;
    const message = JSON.parse(json);
    const take = new Map([["start", begin], ["step", advance], ["end", finish]]).get(message.k);
    if (!take) return;
    take(message);
    if (begun) frame ||= requestAnimationFrame(paint);
  }

  // ---- Painting --------------------------------------------------------------------------------------------------

  /** Draw the newest step. */
  function paint() {
    frame = 0;
    const step = run.trace.at(-1);
    paintState(step);
    if (step) {
      paintNumbers(step);
      paintStopRule(step);
      paintCanvas(step);
      root.dataset.drawn = run.trace.length - 1;
    }
    one(".dp-answer").hidden = run.answer === null;
    write(ui.answer, run.answer ?? "");
    inspect();
    if (!run.reason) return;
    growth.unobserve(canvas); // observed anew, it calls keepHeight after the layout, where heights cost nothing
    growth.observe(canvas);
  }
  /** What is going on, in a sign and in words. */
  function paintState(step) {
    const [sign, words, sentence] = run.reason ? endingOf(run.reason) : ["", step ? "denoising" : "starting", ""];
    root.dataset.state = run.reason || "running";
    one(".dp-status").hidden = false;
    write(ui.sign, sign);
    write(ui.state, words);
    ui.pill.title = sentence;
    write(ui.checkpoint, run.checkpoint);
    write(ui.problem, run.problem);
    write(ui.seed, run.reason && run.settings.seed !== undefined ? `seed ${run.settings.seed}` : "");
    one(".dp-status").classList.toggle("dp-waiting", !step); // the numbers keep their room
    ui.block.hidden = !step || step.block === 0;
  }
  /** Step, time and accepted share; the time per step leaves out the reading of the prompt. */
  function paintNumbers(step) {
    write(ui.block, `block ${step.block + 1}`);
    write(ui.step, `step ${step.step} of at most ${step.maxSteps}`);
    write(ui.time, seconds(step.elapsedMs));
    write(ui.rate, step.step ? secondsPerStep((step.elapsedMs - step.blockStartMs) / step.step) : "– s per step");
    const counts = new Array(CELL_CLASSES.length).fill(0);
    for (const code of step.cells) counts[code] += 1;
    const shares = [counts[DRAFT], counts[NEW] + counts[CHANGED_NEW], counts[COMMITTED] + counts[CHANGED_COMMITTED]];
    write(ui.accepted, `${step.length - counts[MASKED] - counts[REVERTED]} of ${step.length} accepted`);
    shares.forEach((count, k) => fill(one(".dp-bar-accepted").children[k], count / step.length));
  }
  /** The two halves of the stop rule; a block can also end because its steps are spent, or all is accepted. */
  function paintStopRule(step) {
    const { stop_entropy: goal, stability_steps: needed = 1 } = run.settings;
    write(ui.entropy, `mean entropy ${nats(step.meanEntropy)} nats`);
    write(ui.goal, goal > 0 ? `stops below ${goal}` : "");
    fill(ui.entropyHalf.querySelector("i"), entropyShare(step, goal));
    ui.entropyHalf.classList.toggle("dp-met", step.meanEntropy < goal);
    const streak = needed > 1 ? ` (${Math.min(step.unchangedSteps, needed)} of ${needed} steps)` : "";
    const answer = step.step < 2 ? "–" : step.unchangedSteps > 0 ? "yes" : "no";
    write(ui.stable, `candidates unchanged: ${answer}${streak}`);
    fill(ui.stableHalf.querySelector("i"), step.step < 2 ? 0 : 1 - step.moved / step.length);
    ui.stableHalf.classList.toggle("dp-met", step.unchangedSteps >= needed);
  }
  /** Where the mean entropy stands between pure noise (0) and the threshold (GOAL_SHARE), on a log scale. */
  function entropyShare(step, goal) {
    const whole = Math.log(step.maxEntropy / Math.max(goal || 0, 1e-6));
    return whole > 0 ? (GOAL_SHARE * Math.log(step.maxEntropy / Math.max(step.meanEntropy, 1e-9))) / whole : 1;
  }
  /** Draw the blocks up to the step's own; earlier ones as they were committed. */
  function paintCanvas(step) {
    if (!views.length) {
      [canvas.hidden, empty.hidden] = [false, true];
      tallest = 0;
    }
    for (let b = 0; b <= step.block; b++) {
      const shown = b < step.block ? run.blockEnds[b] : step;
      if (!shown) continue; // the block had passed when this page was opened
      const view = (views[b] ??= openBlock(b, shown.length));
      if (view.drawn !== shown) drawBlock(view, shown);
    }
  }
  /** Make the cells of a block, with a hairline before every block but the first. */
  function openBlock(b, length) {
    const line = document.createElement("div");
    line.className = "dp-hairline";
    line.textContent = `block ${b + 1}`;
    const element = document.createElement("div");
    const cells = Array.from({ length }, (_, i) => {
      const cell = element.appendChild(document.createElement("span"));
      cell.tabIndex = -1;
      cell.dataset.position = i;
      return cell;
    });
    if (!canvas.firstChild) cells[0].tabIndex = 0;
    element.className = "dp-block";
    element.dataset.block = b;
    canvas.append(...(b > 0 ? [line] : []), element);
    return { element, cells, keys: new Array(length).fill(""), drawn: null };
  }
  /** Bring a block's cells to a step. The noise is drawn anew at every step, so its grain moves. */
  function drawBlock(view, step) {
    for (let i = 0; i < step.length; i++) drawCell(view, step, i);
    view.element.style.setProperty("--grain", step.step);
    view.drawn = step;
  }
  /** Touch a cell only when what it shows has changed. */
  function drawCell(view, step, i) {
    const [code, text] = [step.cells[i], textAt(step, i)];
    const special = run.special.has(tokenAt(step, i));
    const chip = isNoise(code) ? chipShape(text, special, code === REVERTED, step.probability[i]) : null;
    const outside = i >= step.answerLength ? " dp-outside" : "";
    const key = `${code}${outside} ${chip ? `${chip.wide} ${chip.gap} ${chip.sure}` : text}`;
    if (view.keys[i] === key) return;
    view.keys[i] = key;
    const cell = view.cells[i];
    const sign = special && !chip ? " dp-special" : "";
    cell.className = `dp-cell dp-${CELL_CLASSES[code]}${outside}${sign}${cell === lit ? " dp-here" : ""}`;
    if (sign) cell.title = text;
    else if (cell.title) cell.removeAttribute("title");
    if (chip) fillChip(cell, chip);
    else fillText(cell, special ? glyphOf(text) : text);
  }
  /** A noise chip takes the room of its candidate, so that little moves when that is accepted. */
  function chipShape(text, special, whole, level) {
    const sure = level >> 4;
    if (special || text.includes("\n") || !text.trim()) return { wide: 1, gap: 0, sure };
    const wide = Math.min(MAX_CHIP_CELLS, cellsWide(text));
    return { wide, gap: whole ? 0 : Math.min(wide - 1, text.search(/\S/)), sure };
  }
  /** How many monospace cells a text takes on one line; wide scripts take two a character. */
  function cellsWide(text) {
    let wide = 0;
    for (const character of text) wide += character === "\t" ? TAB_CELLS : character.codePointAt(0) >= 0x1100 ? 2 : 1;
    return wide;
  }
  /** Make a cell a noise chip: the candidate's leading space as text, the rest is drawn by the style sheet. */
  function fillChip(cell, { wide, gap, sure }) {
    cell.textContent = " ".repeat(gap);
    cell.style.setProperty("--wide", wide - gap);
    cell.dataset.sure = sure;
  }
  /** Put a token's exact text in its cell, a faint ⏎ (of the style sheet) before every line break. */
  function fillText(cell, text) {
    const lines = text.split("\n");
    cell.textContent = lines[0];
    for (const line of lines.slice(1)) {
      const sign = document.createElement("span");
      sign.className = "dp-return";
      cell.append(sign, `\n${line}`);
    }
  }
  /** The small sign that stands for a special token. */
  function glyphOf(text) {
    if (/pad/.test(text)) return "·";
    return /turn\||eos|end/.test(text) ? "◼" : "◇";
  }
  /** The panel grows with its text and does not shrink before the run has ended, unless the page's width changes. */
  function keepHeight() {
    if (run.reason || root.clientWidth !== width) tallest = 0;
    width = root.clientWidth;
    tallest = Math.max(tallest, canvas.offsetHeight);
    panel.style.minHeight = `${tallest}px`;
  }

  // ---- The inspector ---------------------------------------------------------------------------------------------

  /** The state of a position in words. */
  function stateWords(step, i) {
    if (step.phase === "noise") return "Noise: a random token; the model has not looked at it yet.";
    const guess = `best guess ${quoted(textAt(step, i))}, ${aboutPercent(step.probability[i])}`;
    const was = step.before ? quoted(textAt(step.before, i)) : "another token";
    return {
      [MASKED]: `Noise: not accepted; ${guess}.`,
      [NEW]: "New: accepted at this step.",
      [DRAFT]: "Draft: accepted at an earlier step, not committed yet.",
      [COMMITTED]: "Committed.",
      [REVERTED]: `Reverted: was accepted as ${was}, is noise again; ${guess}.`,
      [CHANGED_NEW]: `Changed: accepted again at this step, was ${was}.`,
      [CHANGED_COMMITTED]: `Changed at the commit: was ${was}.`,
    }[step.cells[i]];
  }
  /** Entropy and probability in words. The probability is the candidate's, which is not always the accepted token. */
  function numberWords(step, i) {
    const entropy = `entropy ${aboutNats(step.entropy[i], step.maxEntropy)}`;
    if (isNoise(step.cells[i])) return entropy; // the words have said the probability
    const own = tokenAt(step, i) === step.candidates[i];
    const whose = own ? "probability" : `most probable: ${quoted(tokenText(step.candidates[i]))},`;
    return `${whose} ${aboutPercent(step.probability[i])} · ${entropy}`;
  }
  /** What the inspector says about a cell: finished strings, and the ranked candidates. */
  function describe(cell) {
    const [step, i] = [views[cell.parentNode.dataset.block].drawn, Number(cell.dataset.position)];
    const [measured, others] = [step.phase !== "noise", step.alternatives[i]];
    const ranked = [{ id: step.candidates[i], level: step.probability[i] }, ...(others ? others.ranked : [])];
    const notes = [
      i < step.answerLength ? "" : "Outside the answer.",
      others && others.step !== step.step ? `Second and third place as of step ${others.step}.` : "",
    ];
    return {
      quote: quoted(textAt(step, i)),
      place: `position ${i + 1} of ${step.length}${step.block ? `, block ${step.block + 1}` : ""}`,
      words: stateWords(step, i),
      numbers: measured ? numberWords(step, i) : "",
      note: notes.filter(Boolean).join(" "),
      ranked: measured ? ranked.filter(({ id }, k) => ranked.findIndex((entry) => entry.id === id) === k) : [],
    };
  }
  /** Show, refresh or hide the card: of the cell under the pointer, else of the focused one. */
  function inspect() {
    if (lit) lit.classList.remove("dp-here");
    lit = hovered || focused;
    card.hidden = !lit;
    if (!lit) return;
    lit.classList.add("dp-here");
    const { ranked, ...texts } = describe(lit);
    for (const [name, text] of Object.entries(texts)) write(ui[name], text);
    Array.from(one(".dp-top").children, (row, k) => fillRow(row, ranked[k]));
    card.dataset.cell = ["masked", "new", "draft"].find((name) => lit.classList.contains(`dp-${name}`)) ?? "committed";
    placeCard(lit);
  }
  /** One candidate of the inspector with its bar. */
  function fillRow(row, entry) {
    row.hidden = !entry;
    if (!entry) return;
    write(row.children[0], quoted(tokenText(entry.id)));
    fill(row.children[1].firstChild, entry.level / TOP_LEVEL);
    write(row.children[2], aboutPercent(entry.level).replace("about", "≈").replace("under", "<").replace("over", ">"));
  }
  /** Put the card under the cell, or above it where there is no room; narrow players dock it below the canvas. */
  function placeCard(cell) {
    const docked = root.clientWidth < DOCK_BELOW_PX;
    card.classList.toggle("dp-docked", docked);
    if (docked) return;
    const [outer, rect] = [root.getBoundingClientRect(), cell.getClientRects()[0] ?? cell.getBoundingClientRect()];
    const above = rect.bottom + card.offsetHeight + 16 > innerHeight && rect.top > card.offsetHeight + 16;
    const left = Math.min(rect.left - outer.left - 12, root.clientWidth - card.offsetWidth - 8);
    card.style.left = `${Math.max(8, left)}px`;
    card.style.top = `${(above ? rect.top - card.offsetHeight - 10 : rect.bottom + 10) - outer.top}px`;
  }

  // ---- Pointer, keys, copying ------------------------------------------------------------------------------------

  const cellOf = (event) => event.target.closest("[data-position]");

  /** Move the one tab stop of the canvas, and the focus with it. */
  function focusCell(cell) {
    canvas.querySelector('[tabindex="0"]').tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  }
  /** ← → Home End walk over all blocks; Escape closes the card. */
  function onKey(event) {
    if (event.key === "Escape") [hovered, focused] = [null, null];
    const cells = views.flatMap((view) => view.cells);
    const here = cells.indexOf(event.target);
    const there = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: cells.length - 1 }[event.key];
    if (there !== undefined) event.preventDefault();
    if (cells[there]) focusCell(cells[there]);
    inspect();
  }
  /** Only the token that was moved to is spoken, once; not every step that passes under it. */
  function onFocus(event) {
    focused = cellOf(event);
    const { quote, place, words, numbers, note } = describe(focused);
    write(ui.spoken, [`${quote}, ${place}.`, words, numbers && `${numbers}.`, note].filter(Boolean).join(" "));
    inspect();
  }
  /** Copy the answer; a page without clipboard permission gets it selected instead. */
  async function copyAnswer({ currentTarget: button }) {
    try {
      await navigator.clipboard.writeText(run.answer);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(ui.answer);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }
  /** Sow the field behind the invitation: words of noise, the same on every page. */
  function sowField() {
    for (let k = 0, x = 7; k < FIELD_CHIPS; k++) {
      x = (x * 73 + 41) % 997;
      const chip = one(".dp-field").appendChild(document.createElement("span"));
      chip.className = "dp-cell dp-masked";
      fillChip(chip, { wide: 2 + (x % 8), gap: x % 4 ? 1 : 0, sure: x % 3 });
    }
  }
  /** Stop listening and leave the div as it was. */
  function destroy() {
    cancelAnimationFrame(frame);
    growth.disconnect();
    root.replaceChildren(); // the listeners go with their nodes
    root.classList.remove("dp");
    delete root.dataset.state;
  }

  canvas.addEventListener("pointerover", (event) => { hovered = cellOf(event) ?? hovered; inspect(); });
  canvas.addEventListener("pointerleave", () => { hovered = null; inspect(); });
  canvas.addEventListener("click", (event) => { if (cellOf(event)) focusCell(cellOf(event)); });
  canvas.addEventListener("focusin", onFocus);
  canvas.addEventListener("focusout", () => { focused = null; inspect(); });
  canvas.addEventListener("keydown", onKey);
  one("button").addEventListener("click", copyAnswer);
  const growth = new ResizeObserver(keepHeight);
  growth.observe(canvas);

  write(ui.invitation, "Pick a prompt. The canvas starts as pure noise; at every step the model accepts the tokens " +
    "it is sure of, in any order, and the rest goes back to noise.");
  sowField();
  return { receive, destroy };
}
