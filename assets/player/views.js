/** What a position looks like in each view, as a plain value that every layout can draw. */
const views = (() => {
  "use strict";
  const { CODE, PART, isDenoised, isHeld, isNoise, tokenAt, tokenText, textAt, cellsAt } = decode;
  const { foldedLook } = folds;
  const { TOP_LEVEL, inLine, natsOf } = words;
  const STATE_CLASSES = {
    [CODE.MASKED]: "masked", [CODE.NEW]: "new", [CODE.DRAFT]: "draft", [CODE.COMMITTED]: "committed",
    [CODE.REVERTED]: "masked dp-reverted", [CODE.CHANGED_NEW]: "new dp-changed", [CODE.CHANGED_COMMITTED]: "committed dp-changed",
  };
  const HEAT_NATS = SHARED.heatNats; // above each, one step hotter
  const MAX_HEAT = HEAT_NATS.length;
  /** A position that nobody has written yet. @type {TextLook} */
  const UNWRITTEN = { classes: "dp-cell dp-unwritten", text: "" };

  /**
   * Whether the text that a position shows has come.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  const isKnown = (run, step, i) => run.texts.has(tokenAt(step, i)) || step.overrides[i] !== undefined;
  /**
   * How sure the candidate of a position is, from 0.
   * @param {number} level
   */
  const sureness = (level) => Math.min(SHARED.sureLevels - 1, Math.floor((level / TOP_LEVEL) * SHARED.sureLevels));

  /**
   * A noise chip takes the room of its candidate, so that little moves when that is accepted.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   * @param {string} classes
   * @returns {ChipLook}
   */
  function chip(run, step, i, classes) {
    const id = tokenAt(step, i);
    /** @type {ChipLook} */
    const look = { classes: `dp-cell dp-${classes}`, text: null, gap: 0, wide: 1, sure: sureness(step.probability[i]) };
    if (!isKnown(run, step, i)) return { ...look, gap: 1, wide: 2 + (id % 7) };
    const text = textAt(run, step, i);
    const blanks = text.search(/[^ \t]/);
    if (run.signs.has(id) || text.includes("\n") || blanks < 0) return look;
    const whole = Math.min(SHARED.maxNoiseCells, cellsAt(run, step, i));
    const gap = Math.min(whole - 1, blanks);
    return { ...look, gap, wide: whole - gap };
  }
  /**
   * A token's text.
   * @param {Run} run
   * @param {number} id
   * @param {string} text
   * @param {string} classes
   * @param {Extras} more
   * @returns {TextLook}
   */
  const token = (run, id, text, classes, more = {}) => ({ classes: `dp-cell dp-${classes}`, text, sign: run.signs.get(id), ...more });
  /**
   * The shown token's text.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   * @param {string} classes
   * @param {Extras} more
   */
  const shown = (run, step, i, classes, more = {}) => token(run, tokenAt(step, i), textAt(run, step, i), classes, more);

  /**
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function stateLook(run, step, i) {
    const code = step.cells[i];
    if (isHeld(run, step, i)) return shown(run, step, i, "held");
    return isNoise(code) ? chip(run, step, i, STATE_CLASSES[code]) : shown(run, step, i, STATE_CLASSES[code]);
  }
  /**
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function noiseLook(run, step, i) {
    const id = step.noise?.get(i);
    if (id === undefined) return stateLook(run, step, i);
    return token(run, id, inLine(tokenText(run, id)), `raw${step.cells[i] === CODE.REVERTED ? " dp-reverted" : ""}`);
  }
  /**
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function confidenceLook(run, step, i) {
    const nats = natsOf(step.entropy[i], step.maxEntropy);
    const more = { heat: HEAT_NATS.filter((limit) => nats > limit).length, number: nats < 0.05 ? "0" : nats.toFixed(1) };
    if (!isNoise(step.cells[i])) return shown(run, step, i, "plain dp-hot", more);
    if (!isKnown(run, step, i)) return { ...chip(run, step, i, "masked dp-hot"), ...more };
    return token(run, tokenAt(step, i), inLine(textAt(run, step, i)), "guess dp-hot", more);
  }
  /**
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function orderLook(run, step, i) {
    const since = step.since[i];
    if (!since) return chip(run, step, i, "masked");
    const last = Math.max(1, run.blockEnds[step.block].step);
    const heat = Math.max(1, MAX_HEAT - Math.floor((MAX_HEAT * (Math.min(since, last) - 1)) / last));
    return shown(run, step, i, "plain dp-early", { heat, number: String(since) });
  }
  /**
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function revisionsLook(run, step, i) {
    const often = step.revisions[i];
    const more = { heat: Math.min(MAX_HEAT, often), number: often ? String(often) : undefined, loud: often > 0 };
    if (isNoise(step.cells[i])) return { ...chip(run, step, i, "masked dp-moved"), ...more };
    return shown(run, step, i, "plain dp-moved", more);
  }

  /**
   * A sample of a token in the legend, the words beside it, and what they mean.
   * @param {string} text
   * @param {string} classes
   * @param {string} label
   * @param {string} means
   * @param {Extras} more
   * @returns {LegendEntry}
   */
  const sample = (text, classes, label, means, more = {}) => ({ look: { classes: `dp-cell dp-${classes}`, text, ...more }, label, means });
  /**
   * A sample of noise.
   * @param {string} label
   * @param {string} means
   * @returns {LegendEntry}
   */
  const noiseSample = (label, means = MEANS.noise, classes = "masked") => ({ look: { classes: `dp-cell dp-${classes}`, text: null, gap: 0, wide: 4, sure: 2 }, label, means, denoised: true });
  /**
   * Samples of rising heat.
   * @param {string} classes
   * @param {string[]} labels
   * @param {(k: number) => string} means
   */
  const heatSamples = (classes, labels, means) => labels.map((label, k) => sample("token", classes, label, means(k), { heat: 1 + k }));
  const MEANS = {
    noise: "Not accepted at this step: the model reads a random token here, drawn anew each time. The chip is as wide as its best guess, and denser the surer it is of that.",
    new: "Accepted at this step: the model is sure enough of this token.",
    draft: "Accepted at an earlier step and still there. It can be taken back until the block is committed.",
    committed: "The block is finished; this token stays.",
    reverted: "Was accepted, and is noise again: the model has changed its mind.",
    changed: "Accepted before and now, but with another token: the model has changed its mind.",
    held: "Held by you: it stands at every step, and the model takes it for certain.",
    nats: "Nats measure how undecided the model is about a position: 0 is certain, 0.7 are two tokens that are equally good, 2.3 are ten.",
  };
  const STATES = [sample("new", "new", "", MEANS.new), sample("draft", "draft", "", MEANS.draft), sample("committed", "committed", "", MEANS.committed)];
  const HELD = { ...sample("held", "held", "", MEANS.held), held: true };

  /** @type {Record<ViewName, View>} */
  const VIEWS = {
    states: {
      title: "States", look: stateLook, shows: () => true,
      about: "What each position is at this step.",
      legend: [noiseSample("noise"), ...STATES, noiseSample("reverted", MEANS.reverted, "masked dp-reverted"),
        { ...sample("changed", "new dp-changed", "", MEANS.changed), denoised: true }, HELD],
    },
    noise: {
      title: "Raw noise", look: noiseLook, shows: isDenoised,
      about: "The random tokens that the model really reads where nothing is accepted.",
      legend: [sample("random", "raw", "noise, drawn anew at every step", "The random token that the model reads at this position, which is not accepted."), ...STATES, HELD],
    },
    confidence: {
      title: "Confidence", look: confidenceLook, numbers: true, shows: ({ writing }) => writing !== "drawn",
      about: "Entropy of the model's distribution at each position: the taller the bar, the less sure.",
      legend: [sample("accepted", "plain", "", "A token that stands."),
        { ...sample("best guess", "guess", "of noise", "The most probable token of a position that is not accepted."), denoised: true },
        ...heatSamples("plain dp-hot", HEAT_NATS.map((limit) => `> ${limit}`), (k) => `The model is undecided by more than ${HEAT_NATS[k]} nats here.`),
        { label: "nats", means: MEANS.nats }],
    },
    order: {
      title: "Order", look: orderLook, numbers: true, shows: () => true,
      about: "Since which step each position has held its token: the taller the bar, the earlier.",
      legend: [noiseSample("noise"), ...heatSamples("plain dp-early", ["last fifth of the steps", "", "", "", "first fifth"],
        (k) => `Has held its token since the ${["last", "fourth", "third", "second", "first"][k]} fifth of the block's steps.`)],
    },
    revisions: {
      title: "Revisions", look: revisionsLook, numbers: true, shows: isDenoised,
      about: "How often an accepted token was taken back or replaced so far.",
      legend: [noiseSample("noise"), sample("token", "plain", "never", "Never taken back, never replaced."),
        ...[1, 2, 3, 4, 5].map((heat) => sample("token", "plain dp-moved", "", `Taken back or replaced ${["once", "twice", "three times", "four times", "five times or more"][heat - 1]} so far.`, { heat, number: heat < 5 ? String(heat) : "5+", loud: true }))],
    },
    influence: { title: "", look: stateLook, shows: () => false, about: "", legend: [] }, // what it is says influence.js
  };
  /**
   * The look of a position in a view. remark: where the remark of what follows the end stands; null where nothing is
   * folded. parts: by which it is quiet, its own or those of the end.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   * @param {ViewName} view
   * @param {number | null} remark
   * @param {Uint8Array} parts
   */
  function lookAt(run, step, i, view, remark, parts) {
    const folded = remark === null ? null : foldedLook(run, step, i, remark);
    if (folded) return folded;
    if (!isDenoised(run) && isNoise(step.cells[i])) return UNWRITTEN;
    const look = VIEWS[view].look(run, step, i);
    if (parts[i] !== PART.ANSWER) look.classes += parts[i] === PART.TAIL ? " dp-quiet dp-after" : " dp-quiet";
    return look;
  }
  return { VIEWS, lookAt, stateLook, chip, shown, token, sample };
})();
