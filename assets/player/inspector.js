/** The card beside a token: its text and state in words, its candidates now, and its course over the steps. */
const inspectors = (() => {
  "use strict";
  const { CODE, isNoise, tokenAt, tokenText, textAt } = decode;
  const { TOP_LEVEL, aboutNats, aboutPercent, quoted, natsOf } = words;
  const { draw, write, fill, named } = dom;
  const DOCK_BELOW_PX = 560;
  const [WIDTH, HEIGHT] = [316, 44];
  const STRIP_CLASSES = ["masked", "new", "draft", "committed", "reverted", "changed", "changed"];
  const MARKUP = `
    <p class="dp-quote"><span data-ui="quote"></span><small data-ui="place"></small></p>
    <p class="dp-words" data-ui="words"></p><p class="dp-numbers" data-ui="numbers"></p>
    <ol class="dp-top">${'<li><span></span><span class="dp-bar"><i></i></span><small></small></li>'.repeat(3)}</ol>
    <p class="dp-note" data-ui="note"></p>
    <figure class="dp-course" data-ui="course"><p class="dp-key"><span class="dp-key-probability">probability</span><span class="dp-key-entropy">entropy</span></p>
      <svg class="dp-curves" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"></svg>
      <svg class="dp-strip" viewBox="0 0 ${WIDTH} 16" preserveAspectRatio="none" aria-hidden="true"></svg>
      <figcaption data-ui="history"></figcaption></figure>`;

  /** The state of a position in words. */
  function stateWords(run, step, i) {
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
  /** Entropy and probability in words. The probability is the candidate's, which is not always the accepted token. */
  function numberWords(run, step, i) {
    const entropy = `entropy ${aboutNats(step.entropy[i], step.maxEntropy)}`;
    if (isNoise(step.cells[i])) return entropy; // the words have said the probability
    const own = tokenAt(step, i) === step.candidates[i];
    const whose = own ? "probability" : `most probable: ${quoted(tokenText(run, step.candidates[i]))},`;
    return `${whose} ${aboutPercent(step.probability[i])} · ${entropy}`;
  }
  /** The block's steps up to the last known one, without the first noise and the commit, which measure nothing new. */
  const courseOf = (run, step) => run.trace.filter((other) => other.block === step.block && other.phase === "step");

  /** When the position was accepted, taken back or changed, in words. */
  function historyWords(run, step, i) {
    const events = [];
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
    const sentence = told.join(", ");
    return sentence ? `${sentence[0].toUpperCase()}${sentence.slice(1)}.` : "Never accepted so far.";
  }
  /** What the card says about a position: finished strings, and the ranked candidates. */
  function describe({ run, step, i }) {
    const [measured, others] = [step.phase !== "noise", step.alternatives[i]];
    const ranked = [{ id: step.candidates[i], level: step.probability[i] }, ...(others ? others.ranked : [])];
    const noise = step.noise?.get(i);
    const notes = [
      i < step.answerLength ? "" : "Outside the answer.",
      noise === undefined ? "" : `The model reads the random token ${quoted(tokenText(run, noise))} here next.`,
      others && others.step !== step.step ? `Second and third place as of step ${others.step}.` : "",
    ];
    return {
      quote: step.phase === "noise" && !run.texts.has(tokenAt(step, i)) ? "░" : quoted(textAt(run, step, i)),
      place: `position ${i + 1} of ${step.length}${step.block ? `, block ${step.block + 1}` : ""}`,
      words: stateWords(run, step, i),
      numbers: measured ? numberWords(run, step, i) : "",
      note: notes.filter(Boolean).join(" "),
      ranked: measured ? ranked.filter(({ id }, k) => ranked.findIndex((entry) => entry.id === id) === k) : [],
    };
  }
  /** The same in one line, for the ear. */
  function spoken(place) {
    const { quote, place: where, words: state, numbers, note } = describe(place);
    const history = place.step.phase === "noise" ? "" : historyWords(place.run, place.step, place.i);
    return [`${quote}, ${where}.`, state, numbers && `${numbers}.`, note, history].filter(Boolean).join(" ");
  }

  /**
   * A card in an empty element.
   * @param {HTMLElement} card
   */
  function createInspector(card) {
    card.innerHTML = MARKUP; // static
    const ui = named(card);
    const rows = Array.from(card.querySelector(".dp-top").children);
    const [curves, strip] = [".dp-curves", ".dp-strip"].map((selector) => card.querySelector(selector));
    let drawn = null; // whose course is drawn

    /** One candidate with its bar. */
    function fillRow(run, row, entry) {
      row.hidden = !entry;
      if (!entry) return;
      write(row.children[0], quoted(tokenText(run, entry.id)));
      fill(row.children[1].firstChild, entry.level / TOP_LEVEL);
      write(row.children[2], aboutPercent(entry.level).replace("about", "≈").replace("under", "<").replace("over", ">"));
    }
    /** Probability and entropy of the position over the steps, and its states as a strip. */
    function drawCourse({ run, step, i }, course) {
      const x = (k) => ((k + 0.5) / course.length) * WIDTH;
      const path = (height) => course.map((other, k) => `${k ? "L" : "M"}${x(k).toFixed(1)} ${(2 + (HEIGHT - 4) * (1 - height(other))).toFixed(1)}`).join("");
      curves.replaceChildren(
        draw("path", { class: "dp-probability", d: path((other) => other.probability[i] / TOP_LEVEL) }),
        draw("path", { class: "dp-entropy", d: path((other) => other.entropy[i] / TOP_LEVEL) }),
        draw("path", { class: "dp-now" }),
      );
      const wide = WIDTH / course.length;
      strip.replaceChildren(...course.map((other, k) => {
        const name = STRIP_CLASSES[other.cells[i]];
        const [y, height] = { masked: [11, 4], reverted: [7, 8], changed: [0, 15], new: [0, 15], draft: [3, 12] }[name] ?? [3, 12];
        return draw("rect", { class: `dp-fill-${name}`, x: (k * wide + wide * 0.08).toFixed(1), y, width: (wide * 0.84).toFixed(1), height });
      }));
      write(ui.history, historyWords(run, step, i));
    }
    /** Fill and place the card for a position under a cell, in a player of a known width. */
    function show(place, cell, root, width) {
      const { run, step, i } = place;
      const { ranked, ...texts } = describe(place);
      for (const [name, text] of Object.entries(texts)) write(ui[name], text);
      rows.forEach((row, k) => fillRow(run, row, ranked[k]));
      const course = courseOf(run, step);
      ui.course.hidden = course.length === 0;
      const known = `${step.block} ${i} ${course.length}`;
      if (course.length && (drawn?.run !== run || drawn.known !== known)) drawCourse(place, course);
      drawn = { run, known };
      if (course.length) {
        const x = ((Math.max(0.5, step.step - 0.5)) / course.length) * WIDTH;
        curves.lastChild.setAttribute("d", step.step ? `M${x.toFixed(1)} 0V${HEIGHT}` : "");
      }
      card.dataset.cell = isNoise(step.cells[i]) ? "masked" : { [CODE.NEW]: "new", [CODE.CHANGED_NEW]: "new", [CODE.DRAFT]: "draft" }[step.cells[i]] ?? "committed";
      card.hidden = false;
      placeBeside(cell, root, width);
    }
    /** Put the card under the cell, or above it where there is no room; narrow players dock it at their lower edge. */
    function placeBeside(cell, root, width) {
      const docked = width < DOCK_BELOW_PX;
      card.classList.toggle("dp-docked", docked);
      card.style.marginTop = docked ? `${-card.offsetHeight}px` : ""; // so that it moves nothing
      if (docked) return;
      const [outer, rect] = [root.getBoundingClientRect(), cell.getClientRects()[0] ?? cell.getBoundingClientRect()];
      const above = rect.bottom + card.offsetHeight + 16 > innerHeight && rect.top > card.offsetHeight + 16;
      const left = Math.min(rect.left - outer.left - 12, width - card.offsetWidth - 8);
      card.style.left = `${Math.max(8, left)}px`;
      card.style.top = `${(above ? rect.top - card.offsetHeight - 10 : rect.bottom + 10) - outer.top + root.scrollTop}px`;
    }
    const hide = () => { card.hidden = true; };
    return { show, hide };
  }
  return { createInspector, spoken, natsOf };
})();
