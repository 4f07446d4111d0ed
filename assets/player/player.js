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

  // ---- What the messages mean ------------------------------------------------------------------------------------

  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const TOP_LEVEL = 63;
  const [MASKED, NEW, DRAFT, COMMITTED, REVERTED, CHANGED_NEW, CHANGED_COMMITTED] = [0, 1, 2, 3, 4, 5, 6];
  const CELL_CLASSES = ["masked", "new", "draft", "committed", "masked reverted", "new changed", "committed changed"]
    .map((names) => names.replace(/\b(?=\w)/g, "dp-"));
  const REASONS = {
    stop: ["✓", "finished", "the model ended its answer"],
    length: ["⊣", "cut off at the token budget", ""],
    stopped: ["■", "stopped", "stopped by the visitor"],
    failed: ["✕", "failed", ""],
  };

  const MAX_CHIP_CELLS = 12;
  const TAB_CELLS = 4;
  const DOCK_BELOW_PX = 560;
  const GOAL_SHARE = 0.8; // where on its bar the stop threshold stands; the rest is "beyond it"
  const EMPTY_FIELD_CHIPS = 260;

  /** The number in `count` characters of `text`, lowest 6 bits first. */
  function readNumber(text, at, count) {
    let number = 0;
    for (let k = count - 1; k >= 0; k--) number = number * 64 + ALPHABET.indexOf(text[at + k]);
    return number;
  }

  /** One level (0 to 63) per character. */
  function readLevels(text) {
    return Uint8Array.from(text, (character) => ALPHABET.indexOf(character));
  }

  /** The candidates after a step, and how many of them differ from the step before. */
  function readCandidates(text, length, before) {
    const candidates = before ? before.slice() : new Uint32Array(length);
    let [at, moved] = [Math.ceil(length / 6), 0];
    for (let i = 0; i < length; i++) {
      if (!((readNumber(text, Math.floor(i / 6), 1) >> i % 6) & 1)) continue;
      candidates[i] = readNumber(text, at, 3);
      at += 3;
      moved += 1;
    }
    return { candidates, moved };
  }

  /** Second and third candidate per position. Only those whose cell changed are sent, so each remembers its step. */
  function readAlternatives(text, length, before, step) {
    const alternatives = before ? before.slice() : new Array(length).fill(null);
    for (let at = 0; at < text.length; at += 10) {
      const ranked = [2, 6].map((k) => ({ id: readNumber(text, at + k, 3), level: readNumber(text, at + k + 3, 1) }));
      alternatives[readNumber(text, at, 2)] = { step, ranked };
    }
    return alternatives;
  }

  /** For how many steps the candidates have stood still: the other half of the stop rule. */
  function unchangedSteps(message, before, moved) {
    if (message.ph === "commit") return before ? before.unchanged : 0; // a commit is not a step of its own
    return before && message.s > 1 && moved === 0 ? before.unchanged + 1 : 0;
  }

  /** A step message as one complete value that can be drawn without the steps before it. */
  function decodeStep(message, trace) {
    const last = trace[trace.length - 1];
    const before = last && last.block === message.b ? last : null;
    const length = message.w.length;
    const { candidates, moved } = readCandidates(message.d, length, before && before.candidates);
    return {
      block: message.b, step: message.s, maxSteps: message.n, phase: message.ph, temperature: message.T,
      elapsedMs: message.ms, answerLength: message.e, maxEntropy: message.hmax, meanEntropy: message.mean,
      length, candidates, before,
      moved: message.ph === "commit" && before ? before.moved : moved,
      unchanged: unchangedSteps(message, before, moved),
      blockStartMs: before ? before.blockStartMs : message.ms,
      cells: Uint8Array.from(message.w, Number),
      entropy: readLevels(message.h),
      probability: readLevels(message.p),
      sampled: new Map(message.x || []),
      alternatives: readAlternatives(message.a || "", length, before && before.alternatives, message.s),
      overrides: message.o || {},
      finish: message.f || null,
      answer: message.answer,
    };
  }

  // ---- Questions to a decoded step -------------------------------------------------------------------------------

  const isNoise = (code) => code === MASKED || code === REVERTED;
  const tokenAt = (step, i) => step.sampled.get(i) ?? step.candidates[i];
  const tokenText = (id) => run.texts.get(id) ?? "\ufffd";
  const textAt = (step, i) => step.overrides[i] ?? tokenText(tokenAt(step, i));
  const countCells = (step, ...codes) => step.cells.reduce((sum, code) => sum + (codes.includes(code) ? 1 : 0), 0);

  /** The small sign that stands for a special token. */
  function glyphOf(text) {
    if (/pad/.test(text)) return "·";
    return /turn\||eos|end/.test(text) ? "◼" : "◇";
  }

  /** How many monospace cells the text takes on one line; wide scripts take two a character. */
  function cellsWide(text) {
    let wide = 0;
    for (const character of text) wide += character === "\t" ? TAB_CELLS : character.codePointAt(0) >= 0x1100 ? 2 : 1;
    return wide;
  }

  /** Width of a noise chip and of the gap before it: those of its candidate, so that little moves when it is accepted. */
  function chipShape(text, special, whole) {
    if (special || text.includes("\n") || !text.trim()) return { wide: 1, gap: 0 };
    const wide = Math.min(MAX_CHIP_CELLS, cellsWide(text));
    return { wide, gap: whole ? 0 : Math.min(wide - 1, text.search(/\S/)) };
  }

  // ---- Words and numbers -----------------------------------------------------------------------------------------

  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
  const secondsPerStep = (ms) => `${(ms / 1000).toFixed(ms < 100 ? 3 : 2)} s per step`;

  /** Whitespace and control characters made visible, in quotes. */
  function quoted(text) {
    const signs = { " ": "␣", "\n": "⏎", "\t": "⇥" };
    const shown = text.replace(/[ \p{Cc}\p{Cf}]/gu, (sign) =>
      signs[sign] ?? `⟨U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
    return `“${shown}”`;
  }

  /** A probability level in words: 64 steps are whole percents at best. */
  function aboutPercent(level) {
    if (level === 0) return "under 1 %";
    return level === TOP_LEVEL ? "over 99 %" : `about ${Math.round((level / TOP_LEVEL) * 100)} %`;
  }

  /** An entropy level in words; the levels are squared, and the lowest is all that rounds to nothing. */
  function aboutNats(level, maxEntropy) {
    if (level === 0) return "under 0.001 nats";
    return `about ${Number(((level / TOP_LEVEL) ** 2 * maxEntropy).toPrecision(level < 4 ? 1 : 2))} nats`;
  }

  /** A mean entropy, sent with four digits. */
  function nats(value) {
    if (value >= 1) return value.toFixed(value >= 10 ? 1 : 2);
    return value >= 0.0001 ? String(Number(value.toPrecision(2))) : "< 0.0001";
  }

  // ---- The page: static markup, filled through textContent -------------------------------------------------------

  root.classList.add("dp");
  root.innerHTML = `
    <section class="dp-status" hidden>
      <div class="dp-line">
        <span class="dp-pill"><span class="dp-sign" aria-hidden="true"></span><span data-at="state"></span></span>
        <span class="dp-checkpoint" data-at="checkpoint"></span>
        <span class="dp-fact" data-at="block" hidden></span>
        <span class="dp-fact dp-fact-step" data-at="step"></span>
        <span class="dp-fact dp-fact-time" data-at="time"></span>
        <span class="dp-fact dp-fact-rate" data-at="rate"></span>
        <span class="dp-fact" data-at="seed" hidden></span>
      </div>
      <div class="dp-meters">
        <div class="dp-meter"><p data-at="accepted"></p>
          <div class="dp-bar dp-bar-accepted"><i class="dp-draft"></i><i class="dp-new"></i><i class="dp-committed"></i></div>
        </div>
        <div class="dp-meter dp-rule" data-at="entropyMeter"><p><span data-at="entropy"></span><small data-at="entropyGoal"></small></p>
          <div class="dp-bar"><i></i><b></b></div>
        </div>
        <div class="dp-meter dp-rule" data-at="stableMeter">
          <p><span>candidates unchanged<span class="dp-wide"> since the last step</span>: <span data-at="stable"></span></span></p>
          <div class="dp-bar"><i></i></div>
        </div>
      </div>
    </section>
    <ul class="dp-legend" aria-label="Legend">
      <li><span class="dp-cell dp-masked" style="--wide:4" data-sure="2"></span> noise</li>
      <li><span class="dp-cell dp-new">new</span></li>
      <li><span class="dp-cell dp-draft">draft</span></li>
      <li><span class="dp-cell dp-committed">committed</span></li>
      <li><span class="dp-cell dp-masked dp-reverted" style="--wide:4" data-sure="2"></span> reverted</li>
      <li><span class="dp-cell dp-new dp-changed">changed</span></li>
    </ul>
    <div class="dp-panel">
      <div class="dp-empty"><div class="dp-field" aria-hidden="true"></div><p data-at="invitation"></p></div>
      <div class="dp-canvas" role="group" aria-label="Canvas: the arrow keys move token by token" hidden></div>
    </div>
    <aside class="dp-card" hidden>
      <p class="dp-quote"><span data-at="quote"></span><small data-at="place"></small></p>
      <p class="dp-words" data-at="words"></p>
      <p class="dp-numbers" data-at="numbers"></p>
      <ol class="dp-top">${'<li><span></span><span class="dp-bar"><i></i></span><small></small></li>'.repeat(3)}</ol>
      <p class="dp-note" data-at="note"></p>
    </aside>
    <section class="dp-answer" hidden>
      <div><h3>Answer</h3><button type="button">Copy</button></div>
      <pre data-at="answer" tabindex="0" aria-label="Answer"></pre>
    </section>
    <div class="dp-unseen" role="status"></div>
    <div class="dp-unseen" aria-live="polite" data-at="spoken"></div>`;

  const one = (selector) => root.querySelector(selector);
  const at = Object.fromEntries([...root.querySelectorAll("[data-at]")].map((node) => [node.dataset.at, node]));
  const [status, panel, empty, canvas, card] = ["status", "panel", "empty", "canvas", "card"].map((n) => one(`.dp-${n}`));
  const listening = new AbortController();

  /** Write only what differs: a text set anew costs layout even when it is the same. */
  function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  /** Fill a bar to a share between 0 and 1. */
  function fill(bar, share) {
    bar.style.setProperty("--share", Math.max(0, Math.min(1, share)).toFixed(3));
  }

  /** Say something to assistive technology; the page shows it elsewhere. */
  function announce(text) {
    one("[role=status]").textContent = text;
  }

  /** Sow the faint field behind the invitation: words of noise, the same on every page. */
  function sowField() {
    const field = one(".dp-field");
    for (let k = 0, x = 7; k < EMPTY_FIELD_CHIPS; k++) {
      x = (x * 73 + 41) % 997;
      const chip = field.appendChild(document.createElement("span"));
      chip.className = "dp-cell dp-masked";
      chip.dataset.sure = x % 3;
      shapeChip(chip, { wide: 2 + (x % 8), gap: x % 4 ? 1 : 0 });
    }
  }

  // ---- A run and its trace ---------------------------------------------------------------------------------------

  let run = newRun({});
  let views = []; // drawn blocks: { element, cells, keys, drawn }
  let [lastJson, frame, tallest] = ["", 0, 0];
  let [hovered, focused] = [null, null]; // cells

  /** A run that has just begun; `trace` keeps every step, drawn or not. */
  function newRun(message) {
    return {
      checkpoint: message.checkpoint || "", settings: message.settings || {}, texts: new Map(), special: new Set(),
      trace: [], blockEnds: [], answer: null, reason: null,
    };
  }

  /** Open a run: clear the canvas, keep its height until the first noise arrives. */
  function begin(message) {
    run = newRun(message);
    clearCanvas();
    write(at.invitation, "Reading the prompt…");
    announce(`Run started on ${run.checkpoint || "the checkpoint"}.`);
  }

  /** Append a step to the trace. */
  function advance(message) {
    for (const [id, text] of Object.entries(message.t || {})) run.texts.set(Number(id), text);
    for (const id of message.sp || []) run.special.add(id);
    const step = decodeStep(message, run.trace);
    run.trace.push(step);
    run.blockEnds[step.block] = step;
    run.answer = step.answer ?? run.answer;
    run.reason = step.finish ?? run.reason;
    if (step.phase === "commit") announce(`Block ${step.block + 1} committed after ${step.step} steps.`);
  }

  /** Close the run with its reason. */
  function finish(message) {
    run.reason = message.reason;
    const [, words, why] = reasonOf(run.reason);
    announce(`Run ${words}${why ? `: ${why}` : ""}. ${run.trace.length ? `${seconds(run.trace.at(-1).elapsedMs)}.` : ""}`);
  }

  const reasonOf = (reason) => (Object.hasOwn(REASONS, reason) ? REASONS[reason] : ["■", "ended", ""]);

  /** Take one message string; exact repeats of the last one, empty strings and unknown kinds are ignored. */
  function receive(json) {
    if (!json || json === lastJson) return;
    lastJson = json;
    const message = JSON.parse(json);
    if (message.k === "start") begin(message);
    else if (message.k === "step") advance(message);
    else if (message.k === "end") finish(message);
    else return;
    frame ||= requestAnimationFrame(paint);
  }

  // ---- Painting --------------------------------------------------------------------------------------------------

  /** Draw the newest step. */
  function paint() {
    frame = 0;
    const step = run.trace.at(-1);
    paintState(step);
    if (step) {
      paintStatus(step);
      paintCanvas(step);
    }
    paintAnswer();
    inspect();
  }

  /** The pill: what is going on, in a sign and in words. */
  function paintState(step) {
    const running = !run.reason;
    const [sign, words, why] = running ? ["", step ? "denoising" : "starting", ""] : reasonOf(run.reason);
    root.dataset.state = run.reason || "running";
    status.hidden = false;
    write(one(".dp-sign"), sign);
    write(at.state, words);
    at.state.parentNode.title = why;
    write(at.checkpoint, run.checkpoint);
    at.seed.hidden = running || run.settings.seed === undefined;
    write(at.seed, `seed ${run.settings.seed}`);
    one(".dp-meters").hidden = at.step.hidden = at.time.hidden = at.rate.hidden = !step;
    at.block.hidden = !step || step.block === 0;
  }

  /** The numbers of the step: time, accepted share, and how far the stop rule is. */
  function paintStatus(step) {
    write(at.block, `block ${step.block + 1}`);
    write(at.step, `step ${step.step} of at most ${step.maxSteps}`);
    write(at.time, seconds(step.elapsedMs));
    write(at.rate, step.step ? secondsPerStep((step.elapsedMs - step.blockStartMs) / step.step) : "– s per step");
    const counts = [[DRAFT], [NEW, CHANGED_NEW], [COMMITTED, CHANGED_COMMITTED]].map((codes) => countCells(step, ...codes));
    write(at.accepted, `${counts[0] + counts[1] + counts[2]} of ${step.length} accepted`);
    counts.forEach((count, k) => fill(one(".dp-bar-accepted").children[k], count / step.length));
    paintStopRule(step);
  }

  /** The two halves of the stop rule; a run may also end because all is accepted or the steps are spent. */
  function paintStopRule(step) {
    const goal = run.settings.stop_entropy;
    const needed = run.settings.stability_steps || 1;
    const [low, stable] = [step.meanEntropy < goal, step.unchanged >= needed];
    write(at.entropy, `mean entropy ${nats(step.meanEntropy)} nats`);
    write(at.entropyGoal, goal > 0 ? `stops below ${goal}` : "");
    fill(at.entropyMeter.querySelector("i"), entropyShare(step, goal));
    at.entropyMeter.classList.toggle("dp-met", low);
    const streak = needed > 1 ? ` (${Math.min(step.unchanged, needed)} of ${needed} steps)` : "";
    write(at.stable, step.step < 2 ? "–" : (step.unchanged > 0 ? "yes" : "no") + streak);
    fill(at.stableMeter.querySelector("i"), step.step < 2 ? 0 : 1 - step.moved / step.length);
    at.stableMeter.classList.toggle("dp-met", stable);
  }

  /** Where the mean entropy stands between pure noise (0) and the threshold (GOAL_SHARE), on a log scale. */
  function entropyShare(step, goal) {
    const whole = Math.log(step.maxEntropy / Math.max(goal || 0, 1e-6));
    if (whole <= 0) return 1;
    return (GOAL_SHARE * Math.log(step.maxEntropy / Math.max(step.meanEntropy, 1e-9))) / whole;
  }

  /** Draw the blocks up to the step's own; earlier ones as they were committed. */
  function paintCanvas(step) {
    if (!views.length) {
      empty.hidden = true;
      canvas.hidden = false;
      tallest = 0;
    }
    for (let b = 0; b <= step.block; b++) {
      const shown = b < step.block ? run.blockEnds[b] : step;
      if (!shown) continue; // this page was opened when the block had passed
      const view = (views[b] ??= openBlock(b, shown.length));
      if (view.drawn !== shown) drawBlock(view, shown);
    }
  }

  /** Make the cells of a block, with a hairline before every block but the first. */
  function openBlock(b, length) {
    if (b > 0) {
      const line = canvas.appendChild(document.createElement("div"));
      line.className = "dp-hairline";
      line.textContent = `block ${b + 1}`;
    }
    const element = canvas.appendChild(document.createElement("div"));
    element.className = "dp-block";
    const cells = Array.from({ length }, (_, i) => {
      const cell = document.createElement("span");
      cell.tabIndex = b === 0 && i === 0 ? 0 : -1;
      cell.dataset.block = b;
      cell.dataset.position = i;
      return cell;
    });
    element.append(...cells);
    return { element, cells, keys: new Array(length).fill(""), drawn: null };
  }

  /** Bring a block's cells to a step; the noise is drawn anew at every step, so its grain moves. */
  function drawBlock(view, step) {
    for (let i = 0; i < step.length; i++) drawCell(view, step, i);
    view.element.style.setProperty("--grain", step.step);
    view.drawn = step;
  }

  /** Touch a cell only when what it shows has changed. */
  function drawCell(view, step, i) {
    const code = step.cells[i];
    const text = textAt(step, i);
    const special = run.special.has(tokenAt(step, i));
    const shape = isNoise(code) ? chipShape(text, special, code === REVERTED) : null;
    const sure = shape ? Math.min(3, step.probability[i] >> 4) : "";
    const outside = i >= step.answerLength;
    const key = `${code} ${outside} ${shape ? `${shape.wide} ${shape.gap} ${sure}` : text}`;
    if (view.keys[i] === key) return;
    view.keys[i] = key;
    const cell = view.cells[i];
    cell.className = `dp-cell ${CELL_CLASSES[code]}${outside ? " dp-outside" : ""}${special && !shape ? " dp-special" : ""}`;
    if (cell === (hovered || focused)) cell.classList.add("dp-here");
    cell.title = special && !shape ? text : "";
    if (shape) {
      cell.dataset.sure = sure;
      shapeChip(cell, shape);
    } else fillText(cell, special ? glyphOf(text) : text);
  }

  /** Make a cell a noise chip: the candidate's leading space as text, the rest drawn by the style sheet. */
  function shapeChip(cell, { wide, gap }) {
    cell.textContent = " ".repeat(gap);
    cell.style.setProperty("--wide", wide - gap);
  }

  /** Put a token's exact text in its cell, a faint ⏎ before every line break. */
  function fillText(cell, text) {
    const lines = text.split("\n");
    cell.textContent = lines[0];
    for (const line of lines.slice(1)) {
      const sign = document.createElement("span");
      sign.className = "dp-return";
      cell.append(sign, `\n${line}`);
    }
  }

  /** Forget the drawn blocks and show the waiting field. */
  function clearCanvas() {
    canvas.replaceChildren();
    [views, hovered, focused] = [[], null, null];
    canvas.hidden = true;
    empty.hidden = false;
  }

  /** The answer so far, once a block is committed. */
  function paintAnswer() {
    one(".dp-answer").hidden = run.answer === null;
    write(at.answer, run.answer ?? "");
  }

  // ---- The inspector ---------------------------------------------------------------------------------------------

  /** The state of a cell in words. */
  function stateWords(step, i) {
    const code = step.cells[i];
    const guess = `best guess ${quoted(textAt(step, i))}, ${aboutPercent(step.probability[i])}`;
    const was = step.before ? quoted(textAt(step.before, i)) : "another token";
    if (step.phase === "noise") return "Noise: a random token; the model has not looked at it yet.";
    return {
      [MASKED]: `Noise: not accepted; ${guess}.`,
      [NEW]: "New: accepted at this step.",
      [DRAFT]: "Draft: accepted at an earlier step, not committed yet.",
      [COMMITTED]: "Committed.",
      [REVERTED]: `Reverted: was accepted as ${was}, is noise again; ${guess}.`,
      [CHANGED_NEW]: `Changed: accepted again at this step, was ${was}.`,
      [CHANGED_COMMITTED]: `Changed at the commit: was ${was}.`,
    }[code];
  }

  /** Probability and entropy in words. Of noise the probability is said already; it is the candidate's, not always the token's. */
  function numberWords(step, i) {
    const entropy = `entropy ${aboutNats(step.entropy[i], step.maxEntropy)}`;
    if (isNoise(step.cells[i])) return entropy;
    const own = tokenAt(step, i) === step.candidates[i];
    const whose = own ? "probability" : `most probable: ${quoted(tokenText(step.candidates[i]))},`;
    return `${whose} ${aboutPercent(step.probability[i])} · ${entropy}`;
  }

  /** What the inspector says about a position: finished strings and levels. */
  function describe(step, i) {
    const measured = step.phase !== "noise";
    const [candidate, others] = [step.candidates[i], step.alternatives[i]];
    const ranked = [{ id: candidate, level: step.probability[i] }, ...(others ? others.ranked : [])];
    const notes = [
      i < step.answerLength ? "" : "After the end of the answer.",
      others && others.step !== step.step ? `Second and third place as of step ${others.step}.` : "",
    ];
    return {
      quote: quoted(textAt(step, i)),
      place: `position ${i + 1} of ${step.length}${step.block ? `, block ${step.block + 1}` : ""}`,
      words: stateWords(step, i),
      numbers: measured ? numberWords(step, i) : "",
      ranked: measured ? ranked.filter((entry, k) => ranked.findIndex(({ id }) => id === entry.id) === k) : [],
      note: notes.filter(Boolean).join(" "),
    };
  }

  /** What a drawn cell shows now. */
  function describeCell(cell) {
    return describe(views[cell.dataset.block].drawn, Number(cell.dataset.position));
  }

  /** Show, refresh or hide the card: of the cell under the pointer, else of the focused one. */
  function inspect() {
    const cell = hovered || focused;
    for (const old of canvas.querySelectorAll(".dp-here")) if (old !== cell) old.classList.remove("dp-here");
    card.hidden = !cell;
    if (!cell) return;
    cell.classList.add("dp-here");
    const { ranked, ...texts } = describeCell(cell);
    for (const [name, text] of Object.entries(texts)) write(at[name], text);
    [...one(".dp-top").children].forEach((row, k) => fillRow(row, ranked[k]));
    card.dataset.cell = ["masked", "new", "draft"].find((name) => cell.classList.contains(`dp-${name}`)) ?? "committed";
    placeCard(cell);
  }

  /** One candidate of the inspector with its bar. */
  function fillRow(row, entry) {
    row.hidden = !entry;
    if (!entry) return;
    write(row.children[0], quoted(tokenText(entry.id)));
    fill(row.children[1].firstChild, entry.level / TOP_LEVEL);
    write(row.children[2], aboutPercent(entry.level).replace("about ", "").replace("under", "<").replace("over", ">"));
  }

  /** Put the card under the cell, or above it where there is no room; narrow players dock it below the canvas. */
  function placeCard(cell) {
    const docked = root.clientWidth < DOCK_BELOW_PX;
    card.classList.toggle("dp-docked", docked);
    if (docked) return;
    const frameRect = root.getBoundingClientRect();
    const rect = cell.getClientRects()[0] || cell.getBoundingClientRect();
    const above = rect.bottom + card.offsetHeight + 16 > innerHeight && rect.top > card.offsetHeight + 16;
    const left = Math.min(rect.left - frameRect.left - 12, root.clientWidth - card.offsetWidth - 8);
    card.style.left = `${Math.max(8, left)}px`;
    card.style.top = `${(above ? rect.top - card.offsetHeight - 10 : rect.bottom + 10) - frameRect.top}px`;
  }

  /** Move the one tab stop of the canvas, and the focus with it. */
  function focusCell(cell) {
    canvas.querySelector('[tabindex="0"]').tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus({ preventScroll: false });
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

  /** Only the token that was moved to is spoken, and once: not every step that passes under it. */
  function onFocus(event) {
    focused = cellOf(event);
    if (!focused) return;
    const { quote, place, words, numbers, note } = describeCell(focused);
    at.spoken.textContent = [`${quote}, ${place}.`, words, numbers, note].filter(Boolean).join(" ");
    inspect();
  }

  const cellOf = (event) => event.target.closest("[data-position]");

  /** Copy the answer; pages without clipboard permission get it selected instead. */
  async function copyAnswer(event) {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText(run.answer);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(at.answer);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }

  /** Listen until the player is destroyed. */
  function on(node, type, handle) {
    node.addEventListener(type, handle, { signal: listening.signal });
  }

  on(canvas, "pointerover", (event) => { hovered = cellOf(event) || hovered; inspect(); });
  on(canvas, "pointerleave", () => { hovered = null; inspect(); });
  on(canvas, "click", (event) => { if (cellOf(event)) focusCell(cellOf(event)); });
  on(canvas, "focusin", onFocus);
  on(canvas, "focusout", () => { focused = null; inspect(); });
  on(canvas, "keydown", onKey);
  on(one("button"), "click", copyAnswer);

  // The panel grows with its text and does not shrink before the next run, unless the page itself gets another width.
  let width = root.clientWidth;
  const growth = new ResizeObserver(() => {
    if (root.clientWidth !== width) [width, tallest] = [root.clientWidth, 0];
    tallest = Math.max(tallest, canvas.offsetHeight);
    panel.style.minHeight = `${tallest}px`;
  });
  growth.observe(canvas);
  growth.observe(root);

  write(at.invitation, "Pick a prompt. The canvas starts as pure noise; at every step the model accepts the tokens " +
    "it is sure of, in any order, and the rest goes back to noise.");
  sowField();

  /** Stop listening and leave the div as it was. */
  function destroy() {
    cancelAnimationFrame(frame);
    growth.disconnect();
    listening.abort();
    root.replaceChildren();
    root.classList.remove("dp");
    delete root.dataset.state;
  }

  return { receive, destroy };
}
