/** The inspector beside a token: its text and state in words, its candidates now, and its course over the steps. */
const inspectors = (() => {
  "use strict";
  const { CODE, PART, isDenoised, isHeld, isNoise, tokenAt, tokenText, textAt } = decode;
  const { tailWords, endWords, textOf } = folds;
  const { TOP_LEVEL, aboutNats, aboutPercent, quoted, capitalised } = words;
  const { make, draw, write, fill, named, find } = dom;
  const DOCK_BELOW_PX = 560;
  const [WIDTH, HEIGHT] = [316, 44];
  const CANDIDATES = 3;
  /** How a cell is drawn in the strip: its colour's name, from where, how high; and the colour's name of its quote. */
  const STRIPES = {
    [CODE.MASKED]: { name: "masked", y: 11, height: 4, quote: "masked" },
    [CODE.NEW]: { name: "new", y: 0, height: 15, quote: "new" },
    [CODE.DRAFT]: { name: "draft", y: 3, height: 12, quote: "draft" },
    [CODE.COMMITTED]: { name: "committed", y: 3, height: 12, quote: "committed" },
    [CODE.REVERTED]: { name: "reverted", y: 7, height: 8, quote: "masked" },
    [CODE.CHANGED_NEW]: { name: "changed", y: 0, height: 15, quote: "new" },
    [CODE.CHANGED_COMMITTED]: { name: "changed", y: 0, height: 15, quote: "committed" },
  };
  /** What is said of a position that is no answer, by its part. */
  const PART_NOTES = {
    [PART.THOUGHT]: "Part of a thought.", [PART.STRUCTURE]: "A mark of structure, no part of the answer.",
    [PART.TAIL]: "After the end, no part of the answer.",
  };
  const MARKUP = `
    <p class="dp-quote"><span data-ui="quote"></span><small data-ui="place"></small></p>
    <p class="dp-words" data-ui="words"></p><p class="dp-numbers" data-ui="numbers"></p><p class="dp-moves" data-ui="moves"></p>
    <ol class="dp-top" data-ui="top"></ol>
    <p class="dp-note" data-ui="note"></p>
    <figure class="dp-course" data-ui="course"><p class="dp-key"><span class="dp-key-probability">probability</span><span class="dp-key-entropy">entropy</span></p>
      <svg class="dp-curves" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"></svg>
      <svg class="dp-strip" viewBox="0 0 ${WIDTH} 16" preserveAspectRatio="none" aria-hidden="true"></svg>
      <figcaption data-ui="history"></figcaption></figure>
    <button type="button" data-ui="offer" title="The key i does this, too"></button>`;

  /**
   * The state of a position in words.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function stateWords(run, step, i) {
    if (!isDenoised(run)) return step.cells[i] === CODE.COMMITTED ? "Committed." : step.cells[i] === CODE.NEW ? "Typed at this pass." : "Typed at an earlier pass; nothing is taken back.";
    if (isHeld(run, step, i)) return "Held: put here before the run; it stays, and conditions every step.";
    if (step.phase === "noise") return "Noise: a random token; the model has not looked at it yet.";
    const guess = `best guess ${quoted(textAt(run, step, i))}, ${aboutPercent(step.probability[i])}`;
    const was = step.before ? quoted(textAt(run, step.before, i)) : "another token";
    return {
      [CODE.MASKED]: `Noise: not accepted; ${guess}.`,
      [CODE.NEW]: "New: accepted at this step.",
      [CODE.DRAFT]: "Draft: accepted at an earlier step, not committed yet.",
      [CODE.COMMITTED]: "Committed.",
      [CODE.REVERTED]: `Reverted: was accepted as ${was}, is noise again; ${guess}.`,
      [CODE.CHANGED_NEW]: `Changed: accepted again at this step, was ${was}.`,
      [CODE.CHANGED_COMMITTED]: `Changed at the commit: was ${was}.`,
    }[step.cells[i]];
  }
  /**
   * Entropy and probability in words. The probability is the candidate's, which is not always the accepted token.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function numberWords(run, step, i) {
    const entropy = `entropy ${aboutNats(step.entropy[i], step.maxEntropy)}`;
    if (isNoise(step.cells[i])) return entropy; // the words have said the probability
    const own = tokenAt(step, i) === step.candidates[i];
    const whose = own ? "probability" : `most probable: ${quoted(tokenText(run, step.candidates[i]))},`;
    return `${whose} ${aboutPercent(step.probability[i])} · ${entropy}`;
  }
  /**
   * The block's steps up to the last known one, without the first noise and the commit, which measure nothing new.
   * @param {Run} run
   * @param {Step} step
   */
  const courseOf = (run, step) => run.trace.filter((other) => isDenoised(run) && other.block === step.block && other.phase === "step");

  /**
   * When the position was accepted, taken back or changed, in words.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function historyWords(run, step, i) {
    if (!isDenoised(run)) return "";
    if (isHeld(run, step, i)) return "It stood there before the first step.";
    const events = [];
    /** @type {number | null} */
    let token = null;
    for (const other of run.trace.filter(({ block, phase }) => block === step.block && phase !== "noise")) {
      const [code, now] = [other.cells[i], tokenAt(other, i)];
      const at = other.phase === "commit" ? "at the commit" : `at step ${other.step}`;
      if (isNoise(code)) {
        if (token !== null) events.push(`reverted ${at}`);
        token = null;
      } else if (token === null) events.push(`accepted ${at} as ${quoted(textAt(run, other, i))}`);
      else if (now !== token) events.push(`changed ${at} to ${quoted(textAt(run, other, i))}`);
      if (!isNoise(code)) token = now;
    }
    const told = events.length > 6 ? [...events.slice(0, 2), `${events.length - 4} more turns`, ...events.slice(-2)] : events;
    return told.length ? sentence(told.join(", ")) : "Never accepted so far.";
  }
  /** @param {string} words */
  const sentence = (words) => `${capitalised(words)}.`;
  /**
   * The tokens of a stretch, the most frequent one with its number.
   * @param {Run} run
   * @param {Step} step
   * @param {[number, number]} stretch
   */
  function filling(run, step, [from, to]) {
    /** @type {Map<string, number>} */
    const times = new Map();
    for (let i = from; i < to; i++) times.set(textAt(run, step, i), (times.get(textAt(run, step, i)) ?? 0) + 1);
    const [text, most] = [...times].reduce((a, b) => (b[1] > a[1] ? b : a));
    return `${most} × ${quoted(text)}${most < to - from ? `, ${to - from - most} × other tokens` : ""}`;
  }
  /**
   * What is said about a stretch of positions that one cell stands for.
   * @param {Run} run
   * @param {Step} step
   * @param {[number, number]} stretch
   */
  function describeStretch(run, step, [from, to]) {
    const isTail = step.parts[from] === PART.TAIL;
    if (isTail && !isDenoised(run)) to = from + 1; // nothing is written behind the token that ends it
    const opens = step.parts[to] === PART.THOUGHT ? "A thought begins" : to - from > 1 ? "An empty thought" : "A mark of structure";
    const where = to - from > 1 ? `positions ${from + 1} to ${to}` : `position ${from + 1}`;
    return {
      quote: isTail ? tailWords(to - from) : SHARED.structureSign,
      place: `${where} of ${step.length}`,
      words: isTail && !isDenoised(run) ? "The stop token, which ends the answer." : isTail ? sentence(endWords(run, step)) : `${opens}: ${quoted(textOf(run, step, [from, to]))}.`,
      numbers: isTail ? filling(run, step, [from, to]) : "",
      note: "No part of the answer, and not counted. The grid shows every position.",
      ranked: [],
    };
  }
  /**
   * What is said about a position: finished strings, and the ranked candidates.
   * @param {Place} place
   */
  function describe({ run, step, i, stretch }) {
    if (stretch) return describeStretch(run, step, stretch);
    const [measured, others] = [step.phase !== "noise" && run.writing !== "drawn", step.alternatives[i]];
    const ranked = [{ id: step.candidates[i], level: step.probability[i] }, ...(others ? others.ranked : [])];
    const noise = step.noise?.get(i);
    const notes = [
      isHeld(run, step, i) && run.origin ? sentence(run.origin) : "",
      PART_NOTES[step.parts[i]] ?? "",
      noise === undefined ? "" : `The model reads the random token ${quoted(tokenText(run, noise))} here next.`,
      others && others.step !== step.step && isDenoised(run) ? `Second and third place as of step ${others.step}.` : "",
    ];
    return {
      quote: step.phase === "noise" && !run.texts.has(tokenAt(step, i)) ? SHARED.noiseSign : quoted(textAt(run, step, i)),
      place: `position ${i + 1} of ${step.length}${step.block ? `, block ${step.block + 1}` : ""}`,
      words: stateWords(run, step, i),
      numbers: measured ? numberWords(run, step, i) : "",
      note: notes.filter(Boolean).join(" "),
      ranked: measured ? ranked.filter(({ id }, k) => ranked.findIndex((entry) => entry.id === id) === k) : [],
    };
  }
  /**
   * The same in one line, for the ear.
   * @param {Place} place
   */
  function spoken(place) {
    const { quote, place: where, words: state, numbers, note } = describe(place);
    const history = place.stretch || place.step.phase === "noise" ? "" : historyWords(place.run, place.step, place.i);
    return [`${quote}, ${where}.`, state, numbers && `${numbers}.`, note, history].filter(Boolean).join(" ");
  }

  /** A row of the candidates: the token, its bar, its probability. */
  function makeRow() {
    const [row, token, bar, share, percent] = [make("li"), make("span"), make("span", "dp-bar"), make("i"), make("small")];
    bar.append(share);
    row.append(token, bar, percent);
    return { row, token, share, percent };
  }

  /**
   * An inspector in an empty element.
   * @param {HTMLElement} element
   */
  function createInspector(element) {
    element.innerHTML = MARKUP; // static
    const ui = named(element);
    const rows = Array.from({ length: CANDIDATES }, makeRow);
    ui.top.append(...rows.map(({ row }) => row));
    const [curves, strip] = [".dp-curves", ".dp-strip"].map((selector) => find(element, selector, SVGElement));
    const [probability, entropy, now] = ["dp-probability", "dp-entropy", "dp-now"].map((name) => draw("path", { class: name }));
    curves.append(probability, entropy, now);
    /** @type {{run: Run, known: string} | null} */
    let drawn = null; // whose course it is

    /**
     * One candidate with its bar.
     * @param {Run} run
     * @param {ReturnType<typeof makeRow>} parts
     * @param {Candidate | undefined} candidate
     */
    function fillRow(run, { row, token, share, percent }, candidate) {
      row.hidden = !candidate;
      if (!candidate) return;
      write(token, quoted(tokenText(run, candidate.id)));
      fill(share, candidate.level / TOP_LEVEL);
      write(percent, aboutPercent(candidate.level).replace("about", "≈").replace("under", "<").replace("over", ">"));
    }
    /**
     * Probability and entropy of the position over the steps, and its states as a strip.
     * @param {Place} place
     * @param {Step[]} course
     */
    function drawCourse({ run, step, i }, course) {
      /** @param {number} k */
      const x = (k) => ((k + 0.5) / course.length) * WIDTH;
      /** @param {(step: Step) => number} height */
      const path = (height) => course.map((other, k) => `${k ? "L" : "M"}${x(k).toFixed(1)} ${(2 + (HEIGHT - 4) * (1 - height(other))).toFixed(1)}`).join("");
      probability.setAttribute("d", path((other) => other.probability[i] / TOP_LEVEL));
      entropy.setAttribute("d", path((other) => other.entropy[i] / TOP_LEVEL));
      const wide = WIDTH / course.length;
      strip.replaceChildren(...course.map((other, k) => {
        const { name, y, height } = STRIPES[other.cells[i]];
        return draw("rect", { class: `dp-fill-${name}`, x: (k * wide + wide * 0.08).toFixed(1), y, width: (wide * 0.84).toFixed(1), height });
      }));
      write(ui.history, historyWords(run, step, i));
    }
    /**
     * Show a position beside its cell, in a player of a known width.
     * @param {Place} place
     * @param {HTMLElement} cell
     * @param {HTMLElement} root
     * @param {number} width
     * @param {string} offer what a button in it does
     * @param {string} moves what a held token does to it
     */
    function show(place, cell, root, width, offer, moves) {
      const { run, step, i, stretch } = place;
      const { ranked, ...texts } = describe(place);
      write(ui.moves, moves);
      ui.offer.hidden = !offer;
      write(ui.offer, offer);
      element.classList.toggle("dp-stays", Boolean(offer));
      for (const [name, text] of Object.entries(texts)) write(ui[name], text); // by the names of the markup
      rows.forEach((row, k) => fillRow(run, row, ranked[k]));
      const course = stretch ? [] : courseOf(run, step);
      ui.course.hidden = course.length === 0;
      const known = `${step.block} ${i} ${course.length}`;
      if (course.length && (drawn?.run !== run || drawn.known !== known)) drawCourse(place, course);
      drawn = { run, known };
      if (course.length) {
        const x = ((Math.max(0.5, step.step - 0.5)) / course.length) * WIDTH;
        now.setAttribute("d", step.step ? `M${x.toFixed(1)} 0V${HEIGHT}` : "");
      }
      element.dataset.cell = stretch ? "folded" : isHeld(run, step, i) ? "committed" : STRIPES[step.cells[i]].quote;
      element.hidden = false;
      placeBeside(cell, root, width);
    }
    /**
     * Put it under the cell, or above where there is no room; narrow players dock it at their lower edge.
     * @param {HTMLElement} cell
     * @param {HTMLElement} root
     * @param {number} width
     */
    function placeBeside(cell, root, width) {
      const docked = width < DOCK_BELOW_PX;
      element.classList.toggle("dp-docked", docked);
      element.style.marginTop = docked ? `${-element.offsetHeight}px` : ""; // so that it moves nothing
      if (docked) return;
      const [outer, rect] = [root.getBoundingClientRect(), cell.getClientRects()[0] ?? cell.getBoundingClientRect()];
      const above = rect.bottom + element.offsetHeight + 16 > innerHeight && rect.top > element.offsetHeight + 16;
      const left = Math.min(rect.left - outer.left - 12, width - element.offsetWidth - 8);
      element.style.left = `${Math.max(8, left)}px`;
      element.style.top = `${(above ? rect.top - element.offsetHeight - 10 : rect.bottom + 10) - outer.top + root.scrollTop}px`;
    }
    const hide = () => { element.hidden = true; };
    return { show, hide };
  }
  return { createInspector, describe, spoken };
})();
